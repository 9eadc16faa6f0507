"""Which people are registered together, and as what?"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.enums import GroupReason, Level
from registration.models.access import PersonOwned, PersonQuerySet, shared_sql
from registration.models.exceptions import READ_SEALED, Asked, ReaderKind
from registration.models.influx import InfluxEvent
from registration.models.places import AdminArea


def sealing_of(reached: str) -> dict[str, Asked]:
    """Return since when the file of the household that a row reaches is sealed, and until when an emergency opens it."""
    moment = models.DateTimeField()
    sealed = "(SELECT s.sealed_at FROM registration_sealedfile s WHERE s.household_id = {who} AND s.lifted_at IS NULL LIMIT 1)"
    emergency = (
        "(SELECT max(r.expires_at) FROM registration_householdreader r"
        " WHERE r.content_object_id = {who} AND r.kind = {kind} AND r.expires_at > now())"
    )
    return {
        "sealed_at": Asked(sealed, reached, output_field=moment),
        "emergency_until": Asked(emergency, reached, output_field=moment, kind=ReaderKind.BREAK_GLASS),
    }


class HouseholdQuerySet(PersonQuerySet["Household"]):
    """Questions about many households; one is visible when one of its members is."""

    access_by = "household_id"
    reached_by = "pk"

    def to_register(self) -> HouseholdQuerySet:
        """Return the groups that were only counted, of whose members some are still to be registered."""
        return self.filter(level=Level.GROUP, closed_on=None)

    def with_seal(self) -> HouseholdQuerySet:
        """Annotate `sealed_at` and `emergency_until`, None where the file is not sealed or nobody has broken the glass."""
        return self.annotate(**sealing_of("pk"))


@track()
class Household(PersonOwned):
    """A registration group: people who live together and are registered together."""

    number = models.CharField(_("household number"), max_length=24, unique=True)
    event = models.ForeignKey(
        InfluxEvent, on_delete=models.PROTECT, null=True, related_name="households", db_index=False
    )
    site = models.CharField(_("registration site"), max_length=80, blank=True)
    registered_on = models.DateField(_("registered on"))
    arrived_on = models.DateField(_("arrived on"), null=True)
    source_ref = models.CharField(_("number in the source"), max_length=80, blank=True)

    level = models.CharField(
        _("level of registration"), max_length=17, choices=Level, db_default=Level.EMERGENCY
    )
    origin_country = models.CharField(_("country of origin"), max_length=3, blank=True, db_default="")
    area = models.ForeignKey(
        AdminArea,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("place of residence"),
    )
    # Of a group that was only counted (UNHCR Registration Guidance 6.5): whom to ask for, and how many are still to be registered,
    # {"F": {"0-4": 1, …}, "M": {…}}; the count of the first day is in the history.
    focal_name = models.CharField(_("focal point"), max_length=200, blank=True, db_default="")
    counted: models.JSONField[Any, Any] = models.JSONField(blank=True, db_default={})
    closed_on = models.DateField(_("closed on"), null=True)
    closing_reason = models.CharField(
        _("why it was closed"), max_length=30, choices=GroupReason, blank=True, db_default=""
    )

    objects = HouseholdQuerySet.as_manager()
    # Where others of the group stay, what is theirs as well stays; whom to ask for is one name, and goes.
    erased_by = "id = ANY (whole)"
    when_erased: ClassVar[dict[str, str]] = {"source_ref": "''"}
    also_erased = (("id = ANY (houses)", {"focal_name": "''"}),)
    field_classes = classified(
        C1="id agency number event registered_on source_ref level closed_on closing_reason",
        C2="arrived_on origin_country focal_name counted",
        C3="site area",
    )
    wall: ClassVar[Wall] = Wall(shared=shared_sql("registration_household.id", by="household_id"))
    shared_as = _("Household")

    class Meta:
        permissions = [(READ_SEALED, "Can read the sealed file")]  # granted one by one, by HouseholdReader
        indexes = [
            models.Index(fields=["agency", "id"], name="household_newest"),
            models.Index(
                fields=["agency", "arrived_on", "id"],
                name="household_to_register",
                condition=models.Q(level=Level.GROUP, closed_on=None),
            ),
            models.Index(
                fields=["source_ref"], name="household_source_ref", condition=~models.Q(source_ref="")
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def register_by(self) -> date | None:
        """The last day for registering these people, while their event says one."""
        return self.event.register_by(self.arrived_on) if self.event and self.arrived_on else None
