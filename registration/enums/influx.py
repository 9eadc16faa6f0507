"""How does an influx go, and who waits at its entry points?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class InfluxStatus(TextChoices):
    """Life of an influx event."""

    DRAFT = "draft", _("Draft")
    ALERT = "alert", _("Proposed")
    DECLARED = "declared", _("Declared")
    SCALED_DOWN = "scaled_down", _("Scaled down")
    CLOSED = "closed", _("Closed")


INFLUX_MOVES = table(
    InfluxStatus,
    draft="alert",
    alert="draft declared",
    declared="scaled_down closed",
    scaled_down="declared closed",
)


class InfluxBasis(TextChoices):
    """On what the people of an influx are received: law-and-practice.md 1.13."""

    PRIMA_FACIE = "PRIMA_FACIE", _("Prima facie recognition")
    TEMPORARY = "TEMP_PROTECTION", _("Temporary protection")
    CRISIS = "EU_CRISIS", _("Crisis (Regulation (EU) 2024/1359)")
    OTHER = "OTHER", _("Other")


class TokenStatus(TextChoices):
    """Life of a number that was given to people who wait."""

    WAITING = "waiting", _("Waiting")
    CALLED = "called", _("Called")
    SERVED = "served", _("Served")
    MISSED = "missed", _("Did not come")


TOKEN_MOVES = table(TokenStatus, waiting="called", called="served missed", missed="called")
