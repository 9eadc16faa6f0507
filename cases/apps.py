"""Third floor: claims for asylum and their procedure."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Claims."""

    name = "cases"
