"""Second floor: people, households, documents, influx events, imports."""

from django.apps import AppConfig


class RegistrationConfig(AppConfig):
    """Who is registered, and how they came to be."""

    name = "registration"

    def ready(self) -> None:
        """Connect what the first floor announces, and name the lists that can be exported."""
        from registration import listings, receivers  # noqa: F401 - models are ready only now
