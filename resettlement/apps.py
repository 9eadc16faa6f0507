"""Fourth floor: where cases go next."""

from django.apps import AppConfig


class ResettlementConfig(AppConfig):
    """Referrals and hand-overs."""

    name = "resettlement"

    def ready(self) -> None:
        """Connect what follows after a commit, say who may be told, and name the lists that can be exported."""
        from resettlement import listings, receivers  # noqa: F401 - models are ready only now
