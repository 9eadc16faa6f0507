"""Which benchmarks are there? A name for `./manage.py bench NAME`, and the function that measures (design.md section 6)."""
