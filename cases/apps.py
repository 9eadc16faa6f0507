"""Third floor: claims for asylum and their procedure."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Claims."""

    name = "cases"

    def ready(self) -> None:
        """Tell the floor below who may be told of claims, and name the lists that can be exported."""
        from cases import listings, receivers  # noqa: F401 - models are ready only now
