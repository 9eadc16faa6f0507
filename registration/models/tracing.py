"""Who looks for which relative, who may that be, and has the one who is sought agreed to be found?"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access import OwnedQuerySet, Permission, Viewer
from agencies.models import Agency
from agencies.models.columns import both_or_neither, who
from refugeecm.core.blanking import DELETE
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.enums import (
    TRACED_MOVES,
    TRACING_MOVES,
    Precision,
    Relationship,
    Sex,
    TracedStatus,
    TracingStatus,
)
from registration.models.access import PersonOwned, PersonQuerySet, seen_by
from registration.models.people import Individual
from registration.rules.keys import Person


class TracingQuerySet(PersonQuerySet["TracingRequest"]):
    """Questions about many tracing requests: shared by no agreement."""

    def visible_to(self, viewer: Viewer) -> Any:
        """Return the requests of the viewer's agency, for those who trace."""
        found = super().visible_to(viewer)
        return found if viewer.may(Permission.TRACE) else found.none()

    def shared_with(self, viewer: Viewer) -> models.Q:
        """Return the condition under which another agency sees a row: never; it is told of a match."""
        return models.Q(pk__in=[])


@track()
class TracingRequest(PersonOwned):
    """A registered person looks for a relative, with a consent for tracing that can be withdrawn at any time.

    What is known of the one who is sought stands in clear, as names do: it is compared with the register.
    """

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="tracing_requests")
    relationship = models.CharField(_("who is sought"), max_length=3, choices=Relationship)
    given_name = models.CharField(_("given name"), max_length=200, blank=True)
    father_name = models.CharField(_("father's name"), max_length=200, blank=True)
    family_name = models.CharField(_("family name"), max_length=200, blank=True)
    native_name = models.CharField(_("name as on the document"), max_length=400, blank=True)
    mother_name = models.CharField(_("mother's name"), max_length=200, blank=True)
    sex = models.CharField(_("sex"), max_length=1, choices=Sex, default=Sex.UNKNOWN)
    birth_date = models.DateField(_("date of birth"), null=True)
    birth_precision = models.CharField(
        _("precision of the date of birth"), max_length=5, choices=Precision, blank=True
    )
    birth_place = models.CharField(_("place of birth"), max_length=200, blank=True)
    nationality = models.CharField(_("nationality"), max_length=3, blank=True)
    last_seen = models.BinaryField(_("when and where last seen"), default=b"")  # sealed with the seeker's key
    status = models.CharField(_("status"), max_length=9, choices=TracingStatus, default=TracingStatus.OPEN)
    consent_on = models.DateField(_("consent given on"))
    consent_language = models.CharField(_("language it was explained in"), max_length=40)
    withdrawn_on = models.DateField(_("consent withdrawn on"), null=True)
    searched_at = models.DateTimeField(_("last compared"), null=True)
    made_by = who(db_index=False)
    made_at = models.DateTimeField(_("made"))

    objects = TracingQuerySet.as_manager()
    moves = TRACING_MOVES
    SOUGHT = "given_name father_name family_name native_name mother_name sex birth_date birth_precision birth_place nationality"
    field_classes = classified(
        C1="id agency individual status consent_on consent_language withdrawn_on searched_at made_by made_at",
        C2=f"relationship {SOUGHT}",
        C4="last_seen",
    )
    wall: ClassVar[Wall] = Wall()
    when_erased = DELETE

    class Meta:
        verbose_name = _("tracing request")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(given_name="", father_name="", family_name="", native_name=""),
                name="sought_has_a_name",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_on=None) & ~models.Q(status="withdrawn")
                | models.Q(withdrawn_on__isnull=False, status="withdrawn"),
                name="tracing_withdrawn_on",
            ),
        ]
        indexes = [models.Index(fields=["agency", "status", "-made_at"], name="tracing_newest")]

    def __str__(self) -> str:
        return f"{self.relationship} {self.pk}"

    @property
    def sought(self) -> str:
        """The name of the one who is sought, as given."""
        parts = (self.given_name, self.father_name, self.family_name)
        return " ".join(part for part in parts if part) or self.native_name

    def person(self) -> Person:
        """Return what is known of the one who is sought, as matching asks for it."""
        return Person(**{name: getattr(self, name) for name in self.SOUGHT.split()})


_TOLD = (TracedStatus.CONFIRMED, TracedStatus.AGREED, TracedStatus.REFUSED, TracedStatus.ENDED)
_THEIRS = "other_agency_id = {{agency}} AND status IN ({})".format(
    ", ".join(f"'{one.value}'" for one in _TOLD)
)


class TracingMatchQuerySet(OwnedQuerySet["TracingMatch"]):
    """Questions about many possible matches."""

    def visible_to(self, viewer: Viewer) -> Any:
        """Return those of the viewer's requests whose person they may see, and those of which their agency was told."""
        if not viewer.may(Permission.TRACE):
            return self.none()
        told = models.Q(other_agency_id=viewer.agency_id, status__in=_TOLD)
        return self.filter(
            models.Q(agency_id=viewer.agency_id) | told,
            seen_by(viewer, agency="other_agency_id", reached="individual_id"),
        )

    def waiting_for(self, viewer: Viewer) -> TracingMatchQuerySet:
        """Return those whose person the viewer's agency is to ask."""
        return self.filter(other_agency_id=viewer.agency_id, status=TracedStatus.CONFIRMED)


@track()
class TracingMatch(models.Model):
    """Somebody in a register who may be the one who is sought. `agency` searches, `other_agency` is responsible for who was found.

    Whoever searches sees no place of theirs before they have agreed; the other agency learns of it when a person has confirmed it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    other_agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    request = models.ForeignKey(TracingRequest, on_delete=models.CASCADE, related_name="matches")
    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="traced")
    score = models.FloatField(_("bits"))
    evidence: models.JSONField[Any, Any] = models.JSONField(default=list)
    status = models.CharField(_("status"), max_length=9, choices=TracedStatus, default=TracedStatus.POSSIBLE)
    shown: models.JSONField[Any, Any] = models.JSONField(default=dict)  # the seeker's name, and what they are
    decided_by = who(db_index=False)
    decided_at = models.DateTimeField(null=True)
    answered_by = who(db_index=False)
    answered_at = models.DateTimeField(null=True)

    objects = TracingMatchQuerySet.as_manager()
    moves = TRACED_MOVES
    field_classes = classified(
        C1="id agency other_agency request individual status decided_by decided_at answered_by answered_at",
        C2="score evidence shown",
    )
    wall: ClassVar[Wall] = Wall(shared=_THEIRS, update=f"agency_id = {{agency}} OR {_THEIRS}")
    erased_by = (
        "individual_id = ANY (people) OR request_id IN"
        " (SELECT r.id FROM registration_tracingrequest r WHERE r.individual_id = ANY (people))"
    )
    when_erased = DELETE

    class Meta:
        verbose_name = _("tracing match")
        constraints = [
            models.UniqueConstraint(fields=["request", "individual"], name="traced_once"),
            both_or_neither("decided_at", "decided_by", name="traced_decided_at_by"),
            both_or_neither("answered_at", "answered_by", name="traced_answered_at_by"),
        ]
        indexes = [models.Index(fields=["other_agency", "status"], name="traced_to_ask")]

    def __str__(self) -> str:
        return f"{self.request_id} {self.status}"
