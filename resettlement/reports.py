"""What do the pages of referrals and hand-overs say: time left, what the partner would see, what waits in the inbox?"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import models
from django.db.models import BooleanField, Case, DateTimeField, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agencies.access import Sight, Viewer, shown_fields
from agencies.enums import Channel, LegalBasis
from agencies.models import Agreement
from cases.models import Claim
from cases.reports import person_line
from refugeecm.core.words import headed
from registration.actions.sealing import Opener
from registration.models import Consent, Individual, PersonAccess
from registration.reports import said
from resettlement.enums import HandoverStatus, ReferralStatus, Urgency
from resettlement.models import Handover, Referral

KINDS = {
    ReferralStatus.PROPOSED: "warn",
    ReferralStatus.ACCEPTED: "info",
    ReferralStatus.IN_PROGRESS: "info",
    ReferralStatus.DECLINED: "bad",
    ReferralStatus.DONE: "good",
}
URGENT = {Urgency.URGENT: "warn", Urgency.EMERGENCY: "bad"}
REFERRAL = "referral"  # beside the kinds of hand-overs
# Names of people and numbers that the partner could read; what is machinery, or points at other rows, says nothing to a reader.
_UNTOLD = frozenset(
    {
        "id",
        "agency",
        "household",
        "event",
        "individual",
        "opened_by",
        "proposed_by",
        "proposed_at",
        "version",
        "keys",
    }
)


def badge(row: Referral | Handover) -> tuple[str, str]:
    """Return (kind, label) of the status."""
    return KINDS.get(ReferralStatus(row.status), "neutral"), row.get_status_display()


def time_left(row: Referral | Handover, *, now: datetime) -> tuple[str, str]:
    """Return (kind of badge, words) of the time left for an answer; ("", "") for what is answered. Days from two on, else hours."""
    if row.status != ReferralStatus.PROPOSED:
        return "", ""
    hours = int(abs(row.due_at - now).total_seconds() // 3600)
    days, late = hours // 24, row.due_at < now
    if days >= 2 and late:
        words = ngettext("%(count)s day overdue", "%(count)s days overdue", days) % {"count": days}
    elif days >= 2:
        words = ngettext("%(count)s day left", "%(count)s days left", days) % {"count": days}
    elif late:
        words = ngettext("%(count)s hour overdue", "%(count)s hours overdue", hours) % {"count": hours}
    else:
        words = ngettext("%(count)s hour left", "%(count)s hours left", hours) % {"count": hours}
    return "bad" if late else "warn" if hours < 24 else "info", words


def badges(row: Referral | Handover, *, now: datetime) -> list[tuple[str, str]]:
    """Return (kind, label) of status and urgency, and of the time left while an answer is waited for."""
    urgent = (URGENT.get(Urgency(row.urgency), "neutral"), row.get_urgency_display())
    left = time_left(row, now=now)
    return [badge(row), urgent, *([left] if left[1] else [])]


def agreements_for(viewer: Viewer, individuals: Iterable[uuid.UUID], *, owner_id: int) -> QuerySet[Agreement]:
    """Return the agreements in force, open to pages, by which the owner shows these people: ours to partners, or one to us."""
    covering = PersonAccess.objects.filter(
        Q(consent_id=None) | Q(consent__withdrawn_at=None),
        individual_id__in=list(individuals),
        owner_id=owner_id,
    )
    return (
        Agreement.objects.visible_to(viewer)
        .live()
        .filter(
            provider_id=owner_id,
            channels__contains=[Channel.PAGES],
            pk__in=covering.values("agreement_id"),
        )
        .select_related("provider", "recipient")
        .order_by("recipient__name", "reference")
    )


def without_consent(viewer: Viewer, person: Individual) -> list[Agreement]:
    """Return our agreements in force that rest on consent and would cover this person, had they given it to that partner."""
    resting = (
        Agreement.objects.live()
        .filter(
            Q(event_slug="") | Q(event_slug=person.event.slug if person.event else ""),
            Q(site="") | Q(site=person.site),
            Q(origin="") | Q(origin=person.origin),
            provider_id=viewer.agency_id,
            legal_basis=LegalBasis.CONSENT,
        )
        .select_related("recipient")
        .order_by("recipient__name", "reference")
    )
    given = Consent.objects.in_force().filter(individual=person)
    towards = set(given.values_list("recipient_id", "purpose"))
    return [one for one in resting if (one.recipient_id, one.purpose) not in towards]


@dataclass(frozen=True)
class Preview:
    """What a partner's caseworker reads of a case on our pages: (label, value) of what is shown, labels of what is not."""

    agreement: Agreement
    basis: list[tuple[str, Any]]
    shown: list[tuple[str, Any]]
    hidden: list[str]


def previews(agreements: Iterable[Agreement], claim: Claim) -> list[Preview]:
    """Return for each agreement what its recipient sees of the claim and its person, by the function that shows it to them."""
    found = []
    for agreement in agreements:
        partner = Viewer(agency=agreement.recipient, permissions=frozenset())
        person = Individual.objects.with_shown_classes(partner).get(pk=claim.individual_id)
        case = Claim.objects.with_shown_classes(partner).get(pk=claim.pk)
        shown: list[tuple[str, Any]] = []
        hidden: list[str] = []
        opener = Opener([person.pk])
        for row in (person, case):
            seen = Sight(row, partner)
            for field in row._meta.concrete_fields:
                if field.name not in row.field_classes or field.name in _UNTOLD:
                    continue
                label = str(_("Opened")) if field.name == "opened_at" else headed(field)
                if not seen.sees(field.name):
                    hidden.append(label)
                else:
                    value = seen(field.name, partial(said, field=field, opener=opener))
                    shown += [(label, value)] if value not in (None, "") else []
        found.append(Preview(agreement, _basis(agreement, person), shown, hidden))
    return found


def _basis(agreement: Agreement, person: Individual) -> list[tuple[str, Any]]:
    """Return why the partner may see it, and the person's own consent for this purpose and recipient, if it is recorded."""
    consent = (
        Consent.objects.in_force()
        .filter(individual=person, recipient_id=agreement.recipient_id, purpose=agreement.purpose)
        .first()
    )
    return [
        (_("Purpose"), agreement.get_purpose_display()),
        (_("Legal basis"), agreement.get_legal_basis_display()),
        (
            _("Consent of the person"),
            _("Given on %(day)s") % {"day": date_format(consent.given_on, "j M Y")}
            if consent
            else _("None recorded"),
        ),
    ]


# ---- the inbox


def inbox(viewer: Viewer, *, sent: bool, kind: str = "", status: str = "", urgency: str = "") -> Any:
    """Return (pk, kind) of referrals and hand-overs that others began (or, `sent`, that we began), as rows of a union.

    What waits comes first, the one that is due next at the top; then what was answered, newest first.
    """
    referrals, handovers = filtered(viewer, sent=sent, kind=kind, status=status, urgency=urgency)
    of_cases = _ranked(referrals.annotate(sort=Value(REFERRAL)))
    of_families = _ranked(handovers.annotate(sort=models.F("kind")))
    return of_cases.union(of_families, all=True).order_by("-waiting", "due", "-status_since")


def filtered(
    viewer: Viewer, *, sent: bool, kind: str = "", status: str = "", urgency: str = ""
) -> tuple[Any, Any]:
    """Return the referrals and the hand-overs that others began (or, `sent`, that we began) and that fit."""
    referrals, handovers = Referral.objects.visible_to(viewer), Handover.objects.visible_to(viewer)
    theirs = Q(recipient_id=viewer.agency_id)
    referrals = referrals.exclude(theirs) if sent else referrals.filter(theirs)
    asking = Q(pk__in=Handover.objects.asking(viewer).values("pk"))
    handovers = handovers.exclude(asking) if sent else handovers.filter(asking)
    chosen = {name: value for name, value in (("status", status), ("urgency", urgency)) if value}
    if kind:
        referrals = referrals if kind == REFERRAL else referrals.none()
        handovers = handovers.filter(kind=kind)
    return referrals.filter(**chosen), handovers.filter(**chosen)


def _ranked(rows: Any) -> Any:
    open_ones = Q(status=ReferralStatus.PROPOSED)
    if rows.model is Handover:
        open_ones |= Q(status=HandoverStatus.ACCEPTED)
    waiting = Case(When(open_ones, then=Value(True)), default=Value(False), output_field=BooleanField())
    due = Case(When(open_ones, then="due_at"), default=None, output_field=DateTimeField())
    return rows.annotate(waiting=waiting, due=due).values("pk", "sort", "waiting", "due", "status_since")


@dataclass(frozen=True)
class Line:
    """One row of the inbox; `of_case` says that it is a referral."""

    row: Referral | Handover
    of_case: bool
    url: str
    title: Any
    person: Any
    reference: Any
    partner: Any
    badge: tuple[str, str]
    urgent: str
    left: tuple[str, str]


def lines(
    viewer: Viewer, chosen: list[dict[str, Any]], *, now: datetime
) -> tuple[list[Line], list[Individual], list[Claim]]:
    """Return the lines of one page of the inbox, and the people and claims of whom something is shown. Four statements."""
    ids = [one["pk"] for one in chosen]
    rows: dict[uuid.UUID, Any] = {}
    for model in (Referral, Handover):
        visible = model.objects.visible_to(viewer).with_shown_classes(viewer)
        rows |= visible.select_related("agency", "recipient").in_bulk(ids)
    visible_people = Individual.objects.visible_to(viewer).with_shown_classes(viewer)
    wanted = {one.individual_id for one in rows.values() if isinstance(one, Referral)}
    people = visible_people.in_bulk(list(wanted))
    claims = (
        Claim.objects.visible_to(viewer)
        .with_shown_classes(viewer)
        .in_bulk([one.claim_id for one in rows.values() if isinstance(one, Referral)])
    )
    found = [_line(rows[pk], people, claims, viewer, now=now) for pk in ids if pk in rows]
    return found, list(people.values()), list(claims.values())


def _line(row: Any, people: Any, claims: Any, viewer: Viewer, *, now: datetime) -> Line:
    of_case = isinstance(row, Referral)
    claim = claims.get(row.claim_id) if of_case else None
    number = claim.number if claim is not None and "number" in shown_fields(claim, viewer) else ""
    return Line(
        row=row,
        of_case=of_case,
        url=reverse(REFERRAL if of_case else "handover", args=[row.pk]),
        title=row.get_service_display() if of_case else row.get_kind_display(),
        person=person_line(people.get(row.individual_id), viewer, today=now.date()).name
        if of_case
        else _("A family"),
        reference=number if of_case else row.number,
        partner=row.agency if row.recipient_id == viewer.agency_id else row.recipient,
        badge=badge(row),
        urgent=URGENT.get(Urgency(row.urgency), ""),
        left=time_left(row, now=now),
    )
