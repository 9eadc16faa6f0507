"""Fourth floor: where cases go next."""

from django.apps import AppConfig


class ResettlementConfig(AppConfig):
    """Referrals and hand-overs."""

    name = "resettlement"

    def ready(self) -> None:
        """Connect what follows after a commit, and say who may be told of referrals."""
        from resettlement import receivers  # noqa: F401 - models are ready only now
