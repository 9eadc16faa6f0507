"""What is known of this family, of this person? The file, from every floor, as far as the viewer may see it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Case, QuerySet, When
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from agencies import access
from agencies.access import Permission, Sight, Viewer, live_for, shown_fields
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
from refugeecm.pages.doubles import Double, doubles, merges_of, name_of
from refugeecm.pages.facts import (
    contact,
    further_names,
    household_facts,
    identity,
    person_facts,
    relatives,
)
from refugeecm.pages.history import changes, timeline
from refugeecm.pages.people import Line, line_of
from registration.actions.asking import told
from registration.actions.contact import correct_phone, may_correct
from registration.actions.sealing import Contact, Opener
from registration.forms import PhoneForm
from registration.forms.asking import in_words
from registration.models import FurtherName, Household, Individual, Photo, Relative
from registration.reports import Needs, needs_of, seal_badges
from registration.rules.children import is_child
from resettlement.models import Handover, Referral
from resettlement.reports import badge

Text = str | Promise
MEMBERS = 200  # of one household on its page
LISTED = 50  # further names, or relatives, on a page


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
    needs: Needs = field(default_factory=Needs)


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
    needs = needs_of(people, viewer, today=timezone.localdate(now))
    reads.record(
        viewer=viewer,
        rows=[*people, *(one for one in others if one not in people)],
        beside=[row for one in needs.values() for row in one.rows],
        view="household",
        now=now,
    )
    first = file.members[0].line if file.members else None
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
    """Show the file of a person; that of a record that was merged leads to the one that goes on, but for `?record=1`."""
    person, family = _person(request.viewer, pk)
    if person.merged_into_id and "record" not in request.GET:
        seen = Individual.objects.visible_to(request.viewer)
        goes_on = seen.leading_to([pk]).get(pk)
        if seen.filter(pk=goes_on).exists():
            return redirect("individual", goes_on)
    form = PhoneForm() if may_correct(person, request.viewer) else None
    return _individual(request, person, family, form)


@access.requires(Permission.PERSON_REGISTER)
@require_POST
def individual_phone(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Correct the telephone number; what cannot be one stays in its field, on the page of the person."""
    viewer, form = request.viewer, PhoneForm(request.POST)
    person, family = _person(viewer, pk)
    if form.is_valid():
        with told_on(form, "phone"):
            correct_phone(individual=person, phone=form.cleaned_data["phone"], by=viewer, now=timezone.now())
            messages.success(request, gettext("The telephone number is corrected."))
            return redirect("individual", pk)
    return _individual(request, person, family, form)


def _individual(
    request: ViewedRequest, person: Individual, family: Sequence[Individual], phone_form: PhoneForm | None
) -> HttpResponse:
    viewer, now, opener = request.viewer, timezone.now(), Opener([person.pk])
    today = timezone.localdate(now)
    file = _file(viewer, person.household, [person], subjects=[], today=today)
    own = person.agency_id == viewer.agency_id
    member = file.members[0]
    needs = needs_of([person, *family], viewer, today=today, opener=opener)
    names, kin = _about(person, FurtherName, viewer), _about(person, Relative, viewer)
    known = Contact([person], viewer, opener)
    beside = [*names, *kin, *known.papers, *needs[person.pk].rows]
    reads.record(viewer=viewer, rows=[person, *family], beside=beside, view="individual", now=now)
    context = {
        "needs": needs[person.pk],
        "suggestions": _suggestions([person], needs, viewer),
        "minor": is_child(person.birth_date, person.birth_precision, today) is not False,
        "person": person,
        "own": own,
        "file": file,
        "member": member,
        "reference": member.line.number if member.line.named else "",
        "facts": person_facts(person, member.line, viewer),
        "badges": [
            (member.line.kind, member.line.status),
            *([("neutral", _("Erased"))] if person.is_erased else []),
            *_sharing_badges(person, viewer, file.covering),
            *seal_badges(person),
            *(
                (one.kind, format_html('<abbr title="{}">{}</abbr>', one.need.label, one.need.code))
                for one in needs[person.pk].open
            ),
        ],
        "covering": _covering(person, viewer, file.covering),
        "identity": [*identity(person, viewer, opener), *further_names(names, viewer)],
        "contact": contact(person, viewer, known),
        "questions": [
            {**one, "said": [words for _field, words in in_words(one["shown"])]}
            for one in told(person.questions)  # type: ignore[attr-defined]
        ],
        "phone_form": phone_form,
        "statuses": groups.statuses(person, viewer),
        "earlier": groups.earlier(person, viewer) if own else [],
        "completion": None if person.merged_into_id else completion(person, viewer),
        "merges": merges_of(person, viewer) if person.has_merges else [],  # type: ignore[attr-defined]
        "photo": photo_of(person, viewer),
        "family": [line_of(one, viewer, today=today) for one in family],
        "relatives": relatives(kin, viewer, opener),
        "changes": changes([person], viewer) if own else [],
        "crumbs": [
            (_("People"), reverse("people")),
            (member.line.household, reverse("household", args=[person.household_id])),
        ],
    }
    return render(request, "pages/individual.html", context)


def _about(person: Individual, kind: Any, viewer: Viewer) -> list[Any]:
    """Return the first rows of a kind of record about a person, as the viewer may see them."""
    rows = kind.objects.visible_to(viewer).with_shown_classes(viewer)
    return list(rows.filter(individual=person).order_by("pk")[:LISTED])


def _suggestions(
    people: Sequence[Individual], needs: dict[uuid.UUID, Needs], viewer: Viewer
) -> list[tuple[uuid.UUID, Text, str, str]]:
    """Return (person, name, code, label) of what is suggested about these people."""
    return [
        (one.pk, name_of(one, viewer), code, label)
        for one in people
        for code, label in needs[one.pk].suggested
    ]


def _people(viewer: Viewer) -> Any:
    found = Individual.objects.visible_to(viewer).with_shown_classes(viewer)
    return found.select_related("agency", "household")


def _person(viewer: Viewer, pk: uuid.UUID) -> tuple[Individual, list[Individual]]:
    """Return a person with all that their page asks of their row, and the others of the household, in one statement; or 404."""
    rows = _people(viewer).select_related("event").with_shown_classes(viewer, of=Photo, name="photo_grants")
    first = Case(When(pk=pk, then=0), default=1)
    found = list(
        rows.with_records()
        .with_seal()
        .with_questions(pk)
        .filter(household__members=pk)
        .order_by(first, "pk")[:MEMBERS]
    )
    if not found or found[0].pk != pk:
        raise Http404
    return found[0], _in_order(found[1:], viewer)


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
    """Return the members whom the viewer may see."""
    return _in_order(_people(viewer).filter(household=house).order_by("pk")[:MEMBERS], viewer)


def _in_order(people: Iterable[Individual], viewer: Viewer) -> list[Individual]:
    """Return the focal point first where that is known, then as registered; who left last."""
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
        doubles=doubles(viewer, people),
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
