"""The ground: mechanics that know no refugee."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Users, events, outbox, transitions, encryption, the wall in the database."""

    name = "refugeecm.core"
    label = "core"

    def ready(self) -> None:
        """Declare the functions of the seals."""
        from refugeecm.core import seals  # noqa: F401 - models are ready only now
