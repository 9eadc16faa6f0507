"""How is a relative looked for, and how does nobody learn where they are before they have agreed?

Somebody who is registered asks, with a consent for tracing. The register is compared as at the desk; a person looks at who was found;
then the one who is sought is asked by the agency that is responsible for them. Only their yes tells the seeker anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from agencies.models import Agency, Agreement
from refugeecm.core import events, wall
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from refugeecm.core.models import ReadEvent
from refugeecm.core.transitions import move
from registration import matching, policies
from registration.actions import sealing
from registration.actions.consents import goes_home
from registration.enums import Relationship, TracedStatus, TracingStatus
from registration.models import Individual, PersonAccess, Relative, TracingMatch, TracingRequest
from registration.policies import NotPermitted
from registration.rules.relations import seen_from

OPENED = events.declare("registration.tracing.opened", "A person asked to trace a relative.")
CLOSED = events.declare("registration.tracing.closed", "A tracing request came to its end.")
CONFIRMED = events.declare(
    "registration.traced.confirmed",
    "Somebody who is sought was found; they are asked whether they agree to contact.",
)
ANSWERED = events.declare(
    "registration.traced.answered", "Somebody who was traced said whether they want contact."
)
WITHDRAWN = events.declare(
    "registration.traced.withdrawn", "Somebody who was traced took back their consent to contact."
)
SHOWN = 20  # of those who may be the one, the likeliest


@transaction.atomic
def open_request(
    *,
    individual: Individual,
    relationship: str,
    sought: dict[str, Any],
    last_seen: str,
    consent_on: date,
    consent_language: str,
    by: Viewer,
    now: datetime,
) -> TracingRequest:
    """Note whom a person of the viewer's agency looks for (`sought`: columns TracingRequest.SOUGHT), and compare the register.

    Raises NotPermitted without a name, or for a day of consent to come.
    """
    policies.check_may(by, Permission.TRACE)
    if individual.agency_id != by.agency_id:
        raise NotPermitted(_("Only the agency that is responsible for this person traces their relatives."))
    if consent_on > now.date():
        raise NotPermitted(
            _("The day on which consent was given cannot lie in the future."), field="consent_on"
        )
    made = TracingRequest(
        id=uuid7(now), agency_id=by.agency_id, individual=individual, relationship=relationship, consent_on=consent_on,
        consent_language=consent_language, made_by_id=by.user_id, made_at=now, **sought,
    )  # fmt: skip
    if not made.sought:
        raise NotPermitted(_("Give at least one name."), field="given_name")
    sealed = sealing.Opener([individual.pk]).seal(
        individual.pk, last_seen.encode(), place=sealing.fact_place(made, "last_seen")
    )
    if sealed is None:
        raise NotPermitted(sealing.erased())
    made.last_seen = sealed
    made.save(force_insert=True)
    events.note(OPENED, "tracing", made.pk, by=by, now=now, tell=None)
    search(request=made, by=by, now=now)
    return made


@transaction.atomic
def search(*, request: TracingRequest, by: Viewer, now: datetime) -> int:
    """Compare the one who is sought with everybody whom the viewer may see, as the desk does; return how many are new.

    Who lives in the seeker's own household is not looked for, and whom somebody ruled out does not come again.
    """
    _check(request, by)
    if request.status != TracingStatus.OPEN:
        raise NotPermitted(_("This request is not searched any more. Reload the page."))
    home = request.individual.household_id
    (found,) = matching.candidates([request.person()], viewer=by, households=[home], cut=matching.HINT)
    likely = [one for one in found if one.same and one.household_id != home][:SHOWN]
    owners = dict(
        Individual.objects.filter(pk__in=[one.individual_id for one in likely]).values_list("pk", "agency_id")
    )
    rows = [
        {
            "id": uuid7(now, ordinal=place), "agency_id": by.agency_id, "other_agency_id": owners[one.individual_id],
            "request_id": request.pk, "individual_id": one.individual_id, "score": round(one.score, 2),
            "evidence": one.evidence, "status": TracedStatus.POSSIBLE, "shown": {},
        }
        for place, one in enumerate(likely)
        if one.individual_id in owners
    ]  # fmt: skip
    TracingRequest.objects.filter(pk=request.pk).update(searched_at=now)
    return insert(TracingMatch, rows, ignore_conflicts=True)


@transaction.atomic
def decide(*, match: TracingMatch, to: str, by: Viewer, now: datetime) -> None:
    """Say that somebody is the one who is sought, who is then asked, or somebody else.

    The agency that is responsible for them learns the seeker's name and what they are to each other: to this the seeker consented.
    Never the authorities of the seeker's own country. Raises NotPermitted.
    """
    request = _request_of(match)
    _check(request, by)
    if to not in {TracedStatus.CONFIRMED, TracedStatus.REJECTED} or request.status != TracingStatus.OPEN:
        raise NotPermitted(_("This is no longer possible. Reload the page."))
    if to == TracedStatus.REJECTED:
        move(match, to=to, decided_by_id=by.user_id, decided_at=now)
        return
    seeker, partner = request.individual, Agency.objects.get(pk=match.other_agency_id)
    if goes_home(seeker, partner):
        raise NotPermitted(_("Nothing of a person goes to the authorities of their own country."))
    shown = {"name": seeker.full_name, "relationship": request.relationship}
    move(match, to=to, decided_by_id=by.user_id, decided_at=now, shown=shown)
    told = [partner.pk] if partner.pk != by.agency_id else None
    events.note(CONFIRMED, "traced", match.pk, by=by, now=now, tell=told)
    if told:
        _disclose(seeker, partner.pk, now)


@transaction.atomic
def answer(*, match: TracingMatch, agrees: bool, by: Viewer, now: datetime) -> None:
    """Note whether the one who is sought agrees to contact, as their own agency was told by them.

    A yes links both records as relatives, each with where to ask for the other: the place within one agency, another agency's name
    otherwise. A no tells the seeker that nobody was found so far. Raises NotPermitted.
    """
    policies.check_may(by, Permission.TRACE)
    if match.other_agency_id != by.agency_id:
        raise NotPermitted(_("The agency that is responsible for this person asks them."))
    to = TracedStatus.AGREED if agrees else TracedStatus.REFUSED
    if agrees and match.agency_id != by.agency_id:
        _check_covered(match)
    # Locked first, as whoever withdraws the request does: of the two, one comes first.
    with wall.within(agency_id=match.agency_id, reason="tracing.answered"):
        request = TracingRequest.objects.select_for_update().get(pk=match.request_id)
        if request.status not in {TracingStatus.OPEN, TracingStatus.FOUND}:
            raise NotPermitted(
                _("The person who was looking took back their consent. Nothing is told to anybody.")
            )
    move(match, to=to, answered_by_id=by.user_id, answered_at=now)
    sought = Individual.objects.get(pk=match.individual_id)
    with wall.within(agency_id=match.agency_id, reason="tracing.answered"):
        seeker = Individual.objects.get(pk=request.individual_id)
        if agrees:
            _link(seeker, sought, request.relationship, now)
            if request.status == TracingStatus.OPEN:
                move(request, to=TracingStatus.FOUND)
    if agrees:
        _link(sought, seeker, seen_from(request.relationship, who=Relationship.PA, sex=seeker.sex), now)
        if match.agency_id != by.agency_id:
            _disclose(sought, match.agency_id, now)
    tell = [match.agency_id] if agrees and match.agency_id != by.agency_id else None
    events.note(ANSWERED, "traced", match.pk, by=by, now=now, tell=tell)


def _link(person: Individual, other: Individual, relationship: str, now: datetime) -> None:
    """Note one as a relative of the other, in the context of the first one's agency."""
    own = person.agency_id == other.agency_id
    relative = Relative(
        id=uuid7(now), agency_id=person.agency_id, individual=person, relationship=relationship, name=other.full_name,
        country=other.agency.country, number=other.number,
    )  # fmt: skip
    where = other.site if own else other.agency.name
    sealed = sealing.Opener([person.pk]).seal(
        person.pk, where.encode(), place=sealing.fact_place(relative, "whereabouts")
    )
    relative.whereabouts = sealed or b""
    relative.save(force_insert=True)


@transaction.atomic
def withdraw(*, request: TracingRequest, by: Viewer, now: datetime) -> None:
    """Note that the seeker took back their consent: nobody is asked any more, and links that it made are gone."""
    _check(request, by)
    matches = list(_open_matches(request))
    move(request, to=TracingStatus.WITHDRAWN, withdrawn_on=now.date())
    _end(matches, request, now)
    events.note(CLOSED, "tracing", request.pk, by=by, now=now, tell=None, status=str(request.status))


@transaction.atomic
def close(*, request: TracingRequest, by: Viewer, now: datetime) -> None:
    """Let a request end: nobody is asked any more; links to those who agreed stay."""
    _check(request, by)
    waiting = [one for one in _open_matches(request) if one.status != TracedStatus.AGREED]
    move(request, to=TracingStatus.CLOSED)
    _end(waiting, request, now)
    events.note(CLOSED, "tracing", request.pk, by=by, now=now, tell=None, status=str(request.status))


@transaction.atomic
def take_back(*, match: TracingMatch, by: Viewer, now: datetime) -> None:
    """Note that the one who was found took back their consent to contact: the links are gone from both records."""
    policies.check_may(by, Permission.TRACE)
    if match.other_agency_id != by.agency_id or match.status != TracedStatus.AGREED:
        raise NotPermitted(_("This is no longer possible. Reload the page."))
    with wall.within(agency_id=match.agency_id, reason="tracing.withdrawn"):
        request = _request_of(match)
        _end([match], request, now)
    tell = [match.agency_id] if match.agency_id != by.agency_id else None
    events.note(WITHDRAWN, "traced", match.pk, by=by, now=now, tell=tell)


def _open_matches(request: TracingRequest) -> Iterable[TracingMatch]:
    going = (TracedStatus.POSSIBLE, TracedStatus.CONFIRMED, TracedStatus.AGREED)
    rows = TracingMatch.objects.filter(request=request, status__in=going)
    return rows.select_for_update(of=("self",)).order_by("pk")


def _end(matches: Iterable[TracingMatch], request: TracingRequest, now: datetime) -> None:
    """End matches, and forget the links of those who had agreed. In the context of the agency that searches."""
    numbers = dict(Individual.objects.filter(pk=request.individual_id).values_list("pk", "number"))
    for match in matches:
        agreed = match.status == TracedStatus.AGREED
        move(match, to=TracedStatus.ENDED, shown={})
        if agreed:
            with wall.within(agency_id=match.other_agency_id, reason="tracing.ended"):
                number = (
                    Individual.objects.filter(pk=match.individual_id).values_list("number", flat=True).first()
                )
                Relative.objects.filter(
                    individual=match.individual_id, number=numbers[request.individual_id]
                ).delete()
            Relative.objects.filter(individual=request.individual_id, number=number or "").exclude(
                number=""
            ).delete()


def _check(request: TracingRequest, by: Viewer) -> None:
    policies.check_may(by, Permission.TRACE)
    if request.agency_id != by.agency_id:
        raise NotPermitted(_("Only the agency that is responsible for this person traces their relatives."))
    request.refresh_from_db(from_queryset=TracingRequest.objects.select_for_update(of=("self",)))


def _request_of(match: TracingMatch) -> TracingRequest:
    return TracingRequest.objects.select_related("individual").get(pk=match.request_id)


def _check_covered(match: TracingMatch) -> None:
    """Refuse to tell another agency of a person whom no live agreement shows to it any more."""
    covered = PersonAccess.objects.filter(
        individual_id=match.individual_id, agency_id=match.agency_id, agreement__in=Agreement.objects.live()
    )
    if not covered.exists():
        raise NotPermitted(_("No agreement shows this person to the agency that asks. Nothing can be told."))


def _disclose(individual: Individual, to: int, now: datetime) -> None:
    """Note in the ledger of disclosures that another agency learns who this person is."""
    read = {
        "id": uuid7(now), "agency_id": to, "actor_id": None, "client_id": "", "at": now, "view": "tracing",
        "subject_type": "registration.individual", "subject_ids": [str(individual.pk)],
        "owner_agency_ids": [individual.agency_id], "classes": ["C2"],
    }  # fmt: skip
    with wall.within(agency_id=to, reason="tracing"):
        insert(ReadEvent, [read])
