"""A world to try the software in, made by `./manage.py seed`."""

from django.apps import AppConfig


class DemonstrationConfig(AppConfig):
    """The demonstration world, benchmarks and long proofs."""

    name = "refugeecm.demonstration"
    label = "demonstration"
