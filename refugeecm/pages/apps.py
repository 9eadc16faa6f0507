"""Roof: pages that read from every floor."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Home, search, person file."""

    name = "refugeecm.pages"
    label = "pages"

    def ready(self) -> None:
        """Name the lists that can be exported."""
        from refugeecm.pages import listings  # noqa: F401 - models are ready only now
