"""The ground: mechanics that know no refugee."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Users, events, outbox, transitions, encryption, the wall in the database."""

    name = "refugeecm.core"
    label = "core"
