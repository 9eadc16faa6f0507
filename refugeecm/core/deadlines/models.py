"""What is kept of a deadline: its rule, the day of its event, both ends and the calendar, so that anybody can ask why this date?"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from refugeecm.core.deadlines.counting import Counted
from refugeecm.core.deadlines.rules import Rule, rule
from refugeecm.core.transitions import table


class DeadlineStatus(models.TextChoices):
    """Life of a deadline. A missed one can still be met, late; one that was counted anew or needs nothing any more is cancelled."""

    OPEN = "open", _("Open")
    MET = "met", _("Met")
    MISSED = "missed", _("Missed")
    CANCELLED = "cancelled", _("No longer running")


DEADLINE_MOVES = table(DeadlineStatus, open="met missed cancelled", missed="met cancelled", met="cancelled")
RUNNING = (DeadlineStatus.OPEN, DeadlineStatus.MISSED)


class Period(models.Model):
    """A deadline of somebody or something, which the model that inherits names."""

    rule = models.CharField(_("rule"), max_length=16)
    event_on = models.DateField(_("day of the event"))
    raw_end = models.DateField(_("end as counted"))
    legal_end = models.DateField(_("last day"))
    calendar = models.CharField(_("calendar"), max_length=3, blank=True)
    version = models.CharField(_("counted by"), max_length=60)
    skipped: models.JSONField[Any, Any] = models.JSONField(_("days left out"), default=list)  # [day, why], …
    consequence = models.CharField(_("if it is missed"), max_length=60)
    status = models.CharField(_("status"), max_length=9, choices=DeadlineStatus, default=DeadlineStatus.OPEN)
    met_on = models.DateField(_("met on"), null=True)
    stopped_on = models.DateField(_("stopped on"), null=True)
    stopped_for = models.CharField(_("why it was stopped"), max_length=300, blank=True)

    moves = DEADLINE_MOVES
    PERIOD = "rule event_on raw_end legal_end calendar version skipped consequence status met_on stopped_on stopped_for"

    class Meta:
        abstract = True

    @property
    def law(self) -> Rule:
        """The rule in the version by which this was counted."""
        return rule(self.rule, on=self.event_on)

    @property
    def was_late(self) -> bool:
        """Whether it was met after its last day."""
        return self.met_on is not None and self.met_on > self.legal_end

    def is_overdue(self, today: date) -> bool:
        """Answer whether its last day has passed and nobody has met it."""
        return self.status in RUNNING and self.legal_end < today


def columns(counted: Counted) -> dict[str, Any]:
    """Return the columns of a Period that was just counted, as plain values."""
    return {
        "rule": counted.rule.id, "event_on": counted.start, "raw_end": counted.raw_end, "legal_end": counted.legal_end,
        "calendar": counted.calendar.code, "version": counted.version, "consequence": counted.rule.consequence,
        "skipped": [[day.isoformat(), why] for day, why in counted.skipped],
    }  # fmt: skip
