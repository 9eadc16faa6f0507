"""Which long proofs are there? A name for `./manage.py prove NAME`, and the function that tries to break the promise."""
