"""Fourth floor: where cases go next."""

from django.apps import AppConfig


class ResettlementConfig(AppConfig):
    """Referrals."""

    name = "resettlement"
