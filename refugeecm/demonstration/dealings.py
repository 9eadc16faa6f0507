"""What goes on in the demonstration world: claims and decisions, agreements, referrals, the API client of a partner."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from agencies.actions import agreements as acts
from agencies.enums import Channel, LegalBasis, Purpose
from agencies.models import Agreement
from cases.actions import claims
from cases.enums import ClaimStatus, Outcome
from cases.models import Claim
from refugeecm.core import outbox
from refugeecm.demonstration.cast import Cast
from registration.enums import Relationship
from registration.models import Individual, PersonAccess
from resettlement.actions import referrals as sending
from resettlement.enums import ReferralOutcome, ReferralStatus, Service, Urgency
from resettlement.models import Referral

DAY = timedelta(days=1)
_SIGNERS, _AT_PARTNERS, _HOSTS = {"BORDER": ("adam", "alma")}, ("petra", "pavel"), ("office", "deputy")
_BOTH = [Channel.PAGES, Channel.API]
_STATUS, _IDENTITY, _CONTACT = ["C1"], ["C1", "C2"], ["C1", "C2", "C3"]
# How claims stand: share, status. Of those under examination, a third wait for the second person.
_STANDS: dict[str, float] = {
    ClaimStatus.REGISTERED: 0.26,
    ClaimStatus.EXAMINATION: 0.34,
    ClaimStatus.SUSPENDED: 0.07,
    ClaimStatus.WITHDRAWN: 0.05,
    ClaimStatus.DECIDED: 0.28,
}
# Shares of substantive decisions worldwide lie near these (UNHCR Refugee Data Finder, asylum decisions).
_OUTCOMES: dict[str, float] = {Outcome.RECOGNISED: 0.45, Outcome.COMPLEMENTARY: 0.2, Outcome.REJECTED: 0.35}


def agreements(cast: Cast, *, sudan: str, now: datetime) -> None:
    """Make agreements in every state, between the border office and others. `sudan` is the event of its largest group."""
    border, unra = "BORDER", "UNRA"
    year_ago, in_a_year = (now - 200 * DAY).date(), (now + 365 * DAY).date()
    stands: dict[str, Any] = {"now": now - 60 * DAY, "starts_on": year_ago, "ends_on": in_a_year}
    consented: dict[str, Any] = {"legal_basis": LegalBasis.CONSENT}
    agree(
        cast,
        border,
        unra,
        "Status of claims, arrivals from Sudan",
        _IDENTITY,
        event_slug=sudan,
        channels=_BOTH,
        **stands,
    )
    agree(cast, border, "OPENDOOR", "Legal aid in Farchana", _CONTACT, site="Farchana", **consented, **stands)
    agree(
        cast, border, "NORRES", "Resettlement from Chad", _IDENTITY, origin="SDN", purpose=Purpose.RESETTLEMENT,
        channels=_BOTH, **consented, **stands,
    )  # fmt: skip
    agree(
        cast, "EGYREG", border, "Families divided between Egypt and Chad", _IDENTITY, origin="SDN",
        purpose=Purpose.REUNIFICATION, **stands,
    )  # fmt: skip
    long_ago: dict[str, Any] = stands | {"now": now - 150 * DAY}
    ended = agree(cast, border, "SAFECHILD", "Children alone in Gaga", _CONTACT, site="Gaga", **long_ago)
    over: dict[str, Any] = stands | {"now": now - 190 * DAY, "ends_on": (now - 30 * DAY).date()}
    expired = agree(cast, border, "CAMPHEALTH", "Vaccination in Adre", _STATUS, site="Adre", **over)
    with transaction.atomic():
        viewer = cast.act(border, "adam")
        acts.end(agreement=ended, by=viewer, now=now - 20 * DAY, reason="The programme has closed")
        acts.expire(agreement=expired, now=now - 29 * DAY)
    asked: dict[str, Any] = {"now": now - 70 * DAY, "starts_on": year_ago}
    declined = _propose(cast, border, "OPENDOOR", "Whole register of Adre", _CONTACT, site="Adre", **asked)
    with transaction.atomic():
        acts.decline(agreement=declined, by=cast.act("OPENDOOR", "petra"), now=now - 68 * DAY)
    for days, provider, recipient, title, classes, site in (
        (2, border, "CAMPHEALTH", "Referrals to the clinic in Farchana", _IDENTITY, "Farchana"),
        (1, "LBYREG", border, "Onward movement from Kufra", _STATUS, "Kufra"),
        (3, border, unra, "Arrivals in Gore, identity", _IDENTITY, "Gore"),
    ):
        waits: dict[str, Any] = {"now": now - days * DAY, "starts_on": now.date(), "site": site}
        _propose(cast, provider, recipient, title, classes, **waits)


def _propose(
    cast: Cast, provider: str, recipient: str, title: str, classes: object, *, now: datetime, **terms: Any
) -> Agreement:
    usual = {"purpose": Purpose.PROTECTION, "legal_basis": LegalBasis.MANDATE, "channels": [Channel.PAGES]}
    given = {**usual, "title": title, "classes": classes, **terms}
    with transaction.atomic():
        viewer = cast.act(provider, _SIGNERS.get(provider, _HOSTS)[0])
        theirs = Individual.objects.filter(agency=viewer.agency)
        if given.get("site") and theirs.exists() and not theirs.filter(site=given["site"]).exists():
            given |= {"site": "", "origin": "SDN"}  # a world too small for anybody to be there
        agreement = acts.draft(by=viewer, other=cast.agencies[recipient], now=now, **given)
    _sign(cast, agreement, provider, now=now)
    return agreement


def _sign(cast: Cast, agreement: Agreement, code: str, *, now: datetime) -> None:
    partners = (code, "petra") in cast.members
    for who in _SIGNERS.get(code, _AT_PARTNERS if partners else _HOSTS):
        with transaction.atomic():
            acts.sign(agreement=agreement, by=cast.act(code, who), now=now)


def agree(
    cast: Cast, provider: str, recipient: str, title: str, classes: object, *, now: datetime, **terms: Any
) -> Agreement:
    """Have two agencies agree: signed by two of each side, opened by the worker. `terms` as agreements.draft takes them."""
    agreement = _propose(cast, provider, recipient, title, classes, now=now, **terms)
    _sign(cast, agreement, recipient, now=now + DAY)
    drain(now=now + DAY)  # the worker's part: it writes who is covered, then opens
    with transaction.atomic():
        cast.act(provider, "adam" if provider == "BORDER" else "office")
        agreement.refresh_from_db()
    return agreement


def drain(*, now: datetime) -> None:
    """Do what workers do with the outbox, in one transaction, since nobody else is there yet."""
    with transaction.atomic():
        while outbox.drain(now=now, limit=500):
            pass


def cases(cast: Cast, chance: random.Random, *, now: datetime) -> dict[str, int]:
    """Open claims for heads of households and bring them as far as they have come by now."""
    counts: Counter[str] = Counter()
    for code, agency in cast.agencies.items():
        if (code, "desk") not in cast.members and code != "BORDER":
            continue
        opener, decider = ("boris", "dana") if code == "BORDER" else ("desk", "decisions")
        with transaction.atomic():
            cast.act(code, opener)
            heads = list(
                Individual.objects.filter(agency=agency, relationship=Relationship.PA)
                .select_related("household")
                .order_by("registered_on", "number")
            )
            for head in heads:
                if chance.random() < (0.75 if code == "BORDER" else 0.3):
                    counts[_case(cast, code, opener, decider, head, chance, now)] += 1
        drain(now=now)
    return {"claims": counts.total()}


def _case(
    cast: Cast, code: str, opener: str, decider: str, head: Individual, chance: random.Random, now: datetime
) -> str:
    """Open one claim and move it on. Returns the status that it has come to."""
    midday = now.replace(hour=12, minute=0)
    start = min(
        midday.replace(
            year=head.registered_on.year, month=head.registered_on.month, day=head.registered_on.day
        )
        + DAY * chance.randint(0, 20),
        now - timedelta(hours=2),
    )
    officer = cast.act(code, opener)
    claim = claims.open_claim(individual=head, made_on=start.date(), by=officer, now=start)
    old = (now - start) / DAY
    status = _one_of(_STANDS, chance) if old > 15 else ClaimStatus.REGISTERED

    def after(part: float) -> datetime:
        return start + (now - start) * part

    if status == ClaimStatus.REGISTERED:
        return status
    if status == ClaimStatus.WITHDRAWN:
        claims.change_status(claim=claim, to=status, by=officer, now=after(0.6))
        return status
    claims.change_status(claim=claim, to=ClaimStatus.EXAMINATION, by=officer, now=after(0.3))
    if status == ClaimStatus.SUSPENDED:
        claims.change_status(claim=claim, to=status, by=officer, now=after(0.7))
    if status == ClaimStatus.DECIDED or (status == ClaimStatus.EXAMINATION and chance.random() < 0.33):
        claims.propose_decision(claim=claim, outcome=_one_of(_OUTCOMES, chance), by=officer, now=after(0.8))
    if status == ClaimStatus.DECIDED:
        claims.approve_decision(claim=claim, by=cast.act(code, decider), now=after(0.9))
    return status


def _one_of(weighted: Mapping[str, float], chance: random.Random) -> str:
    return chance.choices(list(weighted), list(weighted.values()))[0]


_MESSAGES = {
    Service.LEGAL_AID: "Interview in two weeks; asks for help to prepare.",
    Service.CHILD_PROTECTION: "Separated from both parents; stays with an aunt.",
    Service.HEALTH: "Needs a follow-up of treatment that began before the flight.",
    Service.SHELTER: "Family of six in a shelter for three.",
    Service.RESETTLEMENT: "Recognised; no durable solution here.",
}


def referrals(cast: Cast, chance: random.Random, *, now: datetime) -> dict[str, int]:
    """Refer covered cases to partners, answered in every way; and one from another state to the border office."""
    made = 0
    plan = (
        ("BORDER", "UNRA", (Service.SHELTER, Service.CHILD_PROTECTION, Service.HEALTH), 9),
        ("BORDER", "OPENDOOR", (Service.LEGAL_AID,), 6),
        ("BORDER", "NORRES", (Service.RESETTLEMENT,), 5),
        ("EGYREG", "BORDER", (Service.CHILD_PROTECTION, Service.SHELTER), 3),
    )
    answers = (
        None,
        ReferralStatus.ACCEPTED,
        ReferralStatus.DONE,
        ReferralStatus.DECLINED,
        ReferralStatus.REVOKED,
        ReferralStatus.IN_PROGRESS,
    )
    for sender, receiver, services, count in plan:
        with transaction.atomic():
            officer = cast.act(sender, "amina" if sender == "BORDER" else "desk")
            agreement = (
                Agreement.objects.live()
                .filter(provider=cast.agencies[sender], recipient=cast.agencies[receiver])
                .first()
            )
            if agreement is None:
                continue
            covered = PersonAccess.objects.filter(agreement=agreement).values("individual_id")
            found = list(Claim.objects.open().filter(individual_id__in=covered).order_by("number"))
            for place, claim in enumerate(chance.sample(found, min(count, len(found)))):
                service = chance.choice(services)
                moment = claim.opened_at + (now - claim.opened_at) * 0.6
                officer = cast.act(sender, "amina" if sender == "BORDER" else "desk")
                referral = sending.refer(
                    claim=claim,
                    agreement=agreement,
                    service=service,
                    urgency=chance.choice(Urgency.values),
                    message=_MESSAGES[service],
                    by=officer,
                    now=moment,
                )
                made += 1
                _answer(cast, referral, sender, receiver, answers[place % len(answers)], moment, now)
                if receiver == "UNRA" and place % 2:
                    partner = cast.act(receiver, "paula")
                    claims.set_reference(claim=claim, value=f"UNRA-{1000 + place}", by=partner, now=moment)
    return {"referrals": made}


def _answer(
    cast: Cast,
    referral: Referral,
    sender: str,
    receiver: str,
    status: str | None,
    sent: datetime,
    now: datetime,
) -> None:
    if status is None:
        return
    if status == ReferralStatus.REVOKED:
        sending.revoke(
            referral=referral,
            by=cast.act(sender, "amina" if sender == "BORDER" else "desk"),
            now=sent + (now - sent) * 0.5,
        )
        return
    partner = cast.act(receiver, "samir" if receiver == "BORDER" else "paula")
    first = ReferralStatus.DECLINED if status == ReferralStatus.DECLINED else ReferralStatus.ACCEPTED
    reply = "No place this month." if status == ReferralStatus.DECLINED else "We meet the family this week."
    sending.answer(referral=referral, to=first, answer=reply, by=partner, now=sent + (now - sent) * 0.4)
    if status in {ReferralStatus.DONE, ReferralStatus.IN_PROGRESS}:
        done = status == ReferralStatus.DONE
        sending.answer(
            referral=referral,
            to=status,
            answer="Done; the family has our card." if done else "",
            outcome=ReferralOutcome.GIVEN if done else "",
            by=partner,
            now=sent + (now - sent) * 0.8,
        )
