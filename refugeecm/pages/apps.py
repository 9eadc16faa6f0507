"""Roof: pages that read from every floor."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Home, search, person file."""

    name = "refugeecm.pages"
    label = "pages"
