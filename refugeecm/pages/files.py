"""What is known of this family, of this person? The file, from every floor, as far as the viewer may see it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from agencies import access
from agencies.access import FIELDS_HIDDEN, Permission, Sight, Viewer, live_for, shown_fields
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from agencies.models import Agreement
from cases.enums import OPEN, ClaimStatus
from cases.models import Claim
from cases.reports import KINDS
from refugeecm.core.refusals import told_on
from refugeecm.core.templatetags.ui import fmt_date
from refugeecm.pages import groups
from refugeecm.pages.completion import completion, photo_of
from refugeecm.pages.facts import contact, further_names, household_facts, identity, person_facts
from refugeecm.pages.history import changes, timeline
from refugeecm.pages.people import Line, line_of
from registration.actions.contact import correct_phone, may_correct
from registration.actions.sealing import Contact, Opener
from registration.forms import PhoneForm
from registration.models import Household, Individual, MatchCandidate
from registration.reports import Needs, needs_of, seal_badges
from registration.rules.matching import REASONS
from resettlement.models import Handover, Referral
from resettlement.reports import badge

Text = str | Promise


@dataclass(frozen=True)
class ClaimLine:
    """A claim as shown."""

    url: str
    number: Text
    status: Text
    kind: str
    outcome: Text
    made_on: Text


@dataclass(frozen=True)
class ReferralLine:
    """A referral or a hand-over as shown."""

    url: str
    service: Text
    direction: str
    at: Any
    status: Text
    kind: str


@dataclass
class Member:
    """A member of the family, with what is going on."""

    line: Line
    person: Individual
    claims: list[ClaimLine] = field(default_factory=list)
    may_claim: bool = False
    phone: Text = ""
    documents: list[tuple[Text, Text]] = field(default_factory=list)
    needs: Needs = field(default_factory=Needs)


@dataclass(frozen=True)
class Double:
    """Somebody in the register who may be a member of this family."""

    name: Text
    other_name: Text
    url: str
    number: str
    score: int
    reasons: list[str]


@dataclass
class File:
    """Everything about the members of one household, loaded in a fixed number of statements."""

    members: list[Member]
    referrals: list[ReferralLine]
    doubles: list[Double]
    covering: list[Agreement]
    events: list[dict[str, Any]]


@require_GET
@access.requires(Permission.PERSON_READ)
def household(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the file of a family."""
    viewer, now = request.viewer, timezone.now()
    house = _household(viewer, pk)
    people = _members(viewer, house)
    file = _file(viewer, house, people, subjects=[house.pk], today=timezone.localdate(now))
    past, others = groups.former(house, viewer)
    reads.record(
        viewer=viewer,
        rows=[*people, *(one for one in others if one not in people)],
        view="household",
        now=now,
    )
    first = file.members[0].line if file.members else None
    needs = needs_of(people, viewer, today=timezone.localdate(now))
    for member in file.members:
        member.needs = needs[member.person.pk]
    context = {
        "suggestions": _suggestions(people, needs, viewer),
        "household": house,
        "own": house.agency_id == viewer.agency_id,
        "acts": groups.acts(house, viewer, people),
        "former": past,
        "may_hand_over": viewer.may(Permission.REFERRAL_MAKE),
        "file": file,
        "name": gettext("Family of %(name)s") % {"name": first.name}
        if first and first.named
        else house.number,
        "native": first.native if first else "",
        "reference": house.number if first and first.named else "",
        "facts": household_facts(house, viewer, sum(not groups.gone(one, viewer) for one in people)),
        "badges": [
            *(
                [("neutral", _("Closed"))]
                if house.closed_on and "closed_on" in shown_fields(house, viewer)
                else []
            ),
            *_sharing_badges(house, viewer, file.covering),
            *seal_badges(house),
        ],
        "covering": _covering(house, viewer, file.covering),
        "changes": changes([house], viewer) + changes(people, viewer)
        if house.agency_id == viewer.agency_id
        else [],
        "crumbs": [(_("People"), reverse("people"))],
    }
    return render(request, "pages/household.html", context)


@require_GET
@access.requires(Permission.PERSON_READ)
def individual(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the file of a person."""
    person = _person(request.viewer, pk)
    return _individual(request, person, PhoneForm() if may_correct(person, request.viewer) else None)


@access.requires(Permission.PERSON_REGISTER)
@require_POST
def individual_phone(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Correct the telephone number; what cannot be one stays in its field, on the page of the person."""
    viewer, form = request.viewer, PhoneForm(request.POST)
    person = _person(viewer, pk)
    if form.is_valid():
        with told_on(form, "phone"):
            correct_phone(individual=person, phone=form.cleaned_data["phone"], by=viewer, now=timezone.now())
            messages.success(request, gettext("The telephone number is corrected."))
            return redirect("individual", pk)
    return _individual(request, person, form)


def _individual(request: ViewedRequest, person: Individual, phone_form: PhoneForm | None) -> HttpResponse:
    viewer, now = request.viewer, timezone.now()
    today = timezone.localdate(now)
    file = _file(viewer, person.household, [person], subjects=[], today=today)
    family = [one for one in _members(viewer, person.household) if one.pk != person.pk]
    reads.record(viewer=viewer, rows=[person, *family], view="individual", now=now)
    own = person.agency_id == viewer.agency_id
    member = file.members[0]
    _add_contact(file.members, viewer)
    needs = needs_of([person, *family], viewer, today=today, opener=Opener([person.pk]))
    context = {
        "needs": needs[person.pk],
        "suggestions": _suggestions([person], needs, viewer),
        "person": person,
        "own": own,
        "file": file,
        "member": member,
        "reference": member.line.number if member.line.named else "",
        "facts": person_facts(person, member.line, viewer),
        "badges": [
            (member.line.kind, member.line.status),
            *_sharing_badges(person, viewer, file.covering),
            *seal_badges(_household(viewer, person.household_id)),
            *(
                (one.kind, format_html('<abbr title="{}">{}</abbr>', one.need.label, one.need.code))
                for one in needs[person.pk].open
            ),
        ],
        "covering": _covering(person, viewer, file.covering),
        "identity": [*identity(person, viewer), *further_names(person, viewer)],
        "contact": contact(person, viewer, phone=member.phone, documents=member.documents),
        "phone_form": phone_form,
        "statuses": groups.statuses(person, viewer),
        "earlier": groups.earlier(person, viewer) if own else [],
        "completion": completion(person, viewer),
        "photo": photo_of(person, viewer),
        "family": [line_of(one, viewer, today=today) for one in family],
        "changes": changes([person], viewer) if own else [],
        "crumbs": [
            (_("People"), reverse("people")),
            (member.line.household, reverse("household", args=[person.household_id])),
        ],
    }
    return render(request, "pages/individual.html", context)


def _suggestions(
    people: Sequence[Individual], needs: dict[uuid.UUID, Needs], viewer: Viewer
) -> list[tuple[uuid.UUID, Text, str, str]]:
    """Return (person, name, code, label) of what is suggested about these people."""
    return [
        (one.pk, _name(one, viewer), code, label) for one in people for code, label in needs[one.pk].suggested
    ]


def _person(viewer: Viewer, pk: uuid.UUID) -> Individual:
    found = (
        Individual.objects.visible_to(viewer)
        .with_shown_classes(viewer)
        .select_related("agency", "household", "event")
    )
    person: Individual = get_object_or_404(found, pk=pk)
    return person


def _household(viewer: Viewer, pk: uuid.UUID) -> Household:
    found = (
        Household.objects.visible_to(viewer)
        .with_shown_classes(viewer)
        .with_seal()
        .select_related("agency", "event", "area")
    )
    house: Household = get_object_or_404(found, pk=pk)
    return house


def _members(viewer: Viewer, house: Household) -> list[Individual]:
    """Return the members whom the viewer may see: the focal point first where that is known, then as registered; who left last."""
    found = Individual.objects.visible_to(viewer).with_shown_classes(viewer).filter(household=house)
    people: list[Individual] = list(found.select_related("agency", "household").order_by("pk")[:200])
    return sorted(
        people,
        key=lambda one: (
            groups.gone(one, viewer),
            not ("relationship" in shown_fields(one, viewer) and one.is_focal_point),
        ),
    )


def _file(
    viewer: Viewer, house: Household, people: Sequence[Individual], *, subjects: list[uuid.UUID], today: date
) -> File:
    """Load what is going on with these people; ten statements at most whatever their number."""
    ids = [one.pk for one in people]
    claims = list(
        Claim.objects.visible_to(viewer)
        .with_shown_classes(viewer)
        .filter(individual__in=ids)
        .order_by("-made_on", "-pk")
    )
    referrals = list(
        Referral.objects.visible_to(viewer)
        .filter(individual_id__in=ids)
        .select_related("agency", "recipient")
        .order_by("-made_at")[:50]
    )
    handovers = list(
        Handover.objects.visible_to(viewer)
        .filter(household_id=house.pk)
        .select_related("agency", "recipient")
        .order_by("-made_at")[:20]
    )
    members = [Member(line=line_of(one, viewer, today=today), person=one) for one in people]
    _add_claims(members, claims, viewer)
    shown = {house.pk, *ids, *subjects, *(one.pk for one in (*claims, *referrals, *handovers))}
    return File(
        members=members,
        referrals=[_referral(one, viewer) for one in (*handovers, *referrals)],
        doubles=_doubles(viewer, people),
        covering=_agreements(viewer, house, people),
        events=timeline(shown, viewer),
    )


def _add_claims(members: list[Member], claims: list[Claim], viewer: Viewer) -> None:
    by_person: dict[uuid.UUID, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_person[claim.individual_id].append(claim)
    for member in members:
        theirs = by_person[member.person.pk]
        member.claims = [_claim(one, viewer) for one in theirs]
        member.may_claim = (
            viewer.may(Permission.CLAIM_OPEN)
            and member.line.own
            and not groups.gone(member.person, viewer)
            and not any(one.status in OPEN for one in theirs)
        )


def _claim(claim: Claim, viewer: Viewer) -> ClaimLine:
    shown = Sight(claim, viewer)
    see = shown.text
    return ClaimLine(
        url=reverse("claim", args=[claim.pk]),
        number=see("number", claim.number),
        status=see("status", claim.get_status_display()),
        kind=KINDS.get(ClaimStatus(claim.status), "neutral") if "status" in shown else "neutral",
        outcome=see("outcome", claim.get_outcome_display()) if claim.outcome else "",
        made_on=see("made_on", fmt_date(claim.made_on)),
    )


def _referral(one: Referral | Handover, viewer: Viewer) -> ReferralLine:
    sent = one.agency_id == viewer.agency_id
    who = (
        gettext("to %(agency)s") % {"agency": one.recipient.name}
        if sent
        else gettext("from %(agency)s") % {"agency": one.agency.name}
    )
    kind, status = badge(one)
    of_case = isinstance(one, Referral)
    return ReferralLine(
        url=reverse("referral" if of_case else "handover", args=[one.pk]),
        service=one.get_service_display() if isinstance(one, Referral) else one.get_kind_display(),
        direction=who,
        at=one.made_at,
        status=status,
        kind=kind,
    )


def _add_contact(members: list[Member], viewer: Viewer) -> None:
    """Open phones and document numbers as far as the viewer may see them; the rest reads "not shared"."""
    contact_of = Contact([one.person for one in members], viewer)
    for member in members:
        documents = contact_of.documents(member.person)
        member.phone = contact_of.phone(member.person)
        member.documents = [(_("Documents"), FIELDS_HIDDEN)] if documents is None else list(documents)


def _doubles(viewer: Viewer, people: Sequence[Individual]) -> list[Double]:
    """Return who may be a member of this family, in either direction; the viewer's own agency's findings only."""
    mine = {one.pk: one for one in people}
    pairs = list(
        MatchCandidate.objects.visible_to(viewer)
        .filter(Q(individual__in=mine) | Q(other__in=mine))
        .order_by("-score")[:20]
    )
    wanted = {other for pair in pairs for other in (pair.individual_id, pair.other_id)} - set(mine)
    visible = Individual.objects.visible_to(viewer).with_shown_classes(viewer)
    others = {one.pk: one for one in visible.filter(pk__in=wanted)} if wanted else {}
    everyone = {**others, **mine}
    found = []
    for pair in pairs:
        one_id, other_id = (
            (pair.individual_id, pair.other_id)
            if pair.individual_id in mine
            else (pair.other_id, pair.individual_id)
        )
        other = everyone.get(other_id)
        if other is None:
            continue
        found.append(
            Double(
                name=_name(mine[one_id], viewer),
                other_name=_name(other, viewer),
                url=reverse("individual", args=[other.pk]),
                number=other.number if "number" in shown_fields(other, viewer) else "",
                score=round(pair.score * 100),
                reasons=[gettext(REASONS.get(one, one)) for one in pair.reasons],
            )
        )
    return found


def _name(person: Individual, viewer: Viewer) -> Text:
    return Sight(person, viewer).text("given_name", person.full_name)


def _agreements(viewer: Viewer, house: Household, people: Sequence[Individual]) -> list[Agreement]:
    """Return the live agreements under which these people are shared: with us, or by us with others."""
    if house.agency_id == viewer.agency_id:
        live: QuerySet[Agreement] = Agreement.objects.live().filter(provider_id=viewer.agency_id)
    else:
        live = live_for(viewer)
    covered = live.filter(access_rows__individual_id__in=[one.pk for one in people]).distinct()
    return list(covered.select_related("provider", "recipient").order_by("reference"))


def _covering(
    row: Household | Individual, viewer: Viewer, agreements: list[Agreement]
) -> list[dict[str, Any]]:
    """Return what the banner of a shared record says, one entry per agreement; nothing for one's own records."""
    if row.agency_id == viewer.agency_id:
        return []
    return [
        {"agency": one.provider.name, "agreement": one, "classes": one.class_labels} for one in agreements
    ]


def _sharing_badges(
    row: Household | Individual, viewer: Viewer, agreements: list[Agreement]
) -> list[tuple[str, Text]]:
    if row.agency_id != viewer.agency_id:
        return [("info", gettext("Shared by %(agency)s") % {"agency": row.agency.name})]
    partners = sorted({one.recipient.name for one in agreements})
    return (
        [("info", gettext("Shared with %(agencies)s") % {"agencies": " · ".join(partners)})]
        if partners
        else []
    )
