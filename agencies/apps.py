"""First floor: who works here, and what they agreed to show each other."""

from django.apps import AppConfig


class AgenciesConfig(AppConfig):
    """Agencies, members, agreements, access, notifications."""

    name = "agencies"

    def ready(self) -> None:
        """Register the handlers of the outbox, and the lists that can be exported."""
        from agencies import listings, receivers  # noqa: F401 - models are ready only now
