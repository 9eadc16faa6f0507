"""First floor: who works here, and what they agreed to show each other."""

from django.apps import AppConfig


class AgenciesConfig(AppConfig):
    """Agencies, members, agreements, access, notifications."""

    name = "agencies"

    def ready(self) -> None:
        """Register the handlers of the outbox."""
        from agencies import receivers  # noqa: F401 - models are ready only now
