"""How is the world of the house tests built? Through the actions of the house, as its people would."""

from __future__ import annotations

import csv
import io
import itertools
import re
import uuid
from datetime import date, timedelta
from typing import Any

from allauth.idp.oidc.models import Token
from django.db import transaction
from django.utils import formats, timezone

from agencies.access import Viewer, enter
from agencies.access.viewer import member
from agencies.actions import agencies as founding
from agencies.actions import (
    agreements,
    clients,
    documents,
    exports,
    halting,
    invitations,
    registers,
    reviews,
    webhooks,
)
from agencies.channels.lists import LISTS
from agencies.enums import AgencyKind, Role
from agencies.models import Agency, Agreement, Membership, Notification, WebhookDelivery
from cases.actions import claims
from cases.models import Claim
from refugeecm.core import outbox
from refugeecm.core.models import User
from registration.actions import consents, exceptions, imports, people
from registration.actions import events as influx
from registration.models import (
    Document,
    Household,
    HouseholdReader,
    ImportBatch,
    ImportRow,
    Individual,
    InfluxEvent,
)
from registration.rules.arrivals import FIELDS, read_row
from resettlement.actions import handovers, referrals
from resettlement.models import Referral
from tests.house.world import NOW, NOWHERE, OWN, RELATIONS, Actor, Marker, Records, Relation, World

_serial = itertools.count(1)


def word(hint: str) -> str:
    """Return a name that stands nowhere else: letters only, so that it passes as a name."""
    number, letters = next(_serial), ""
    while number:
        number, rest = divmod(number, 21)
        letters += "bcdfghjklmnpqrstvwxyz"[rest] + "aeiou"[rest % 5]
    return f"Zq{hint}{letters}qz".title()


# What stands in a group of fields, for relations that see it masked.
_OF_GROUP = {
    "name": {
        "individual.given_name",
        "individual.father_name",
        "individual.family_name",
        "individual.full_name_native",
    },
    "birth_place": {"individual.birth_place"},
}
MASKED = {
    code: {name for group in one.withheld for name in _OF_GROUP[group]} for code, one in RELATIONS.items()
}


def days(one: date) -> tuple[str, ...]:
    """Return a date as it may stand on a page or in JSON."""
    shapes = ("Y-m-d", "j F Y", "j M Y", "F j, Y", "N j, Y", "d/m/Y", "d.m.Y", "M. j, Y", "M j, Y")
    return tuple({formats.date_format(one, shape) for shape in shapes})


def signers_of(world: World, code: str) -> list[Viewer]:
    """Return the two administrators of an agency."""
    second = Membership.objects.select_related("agency").get(user__email=f"second@{code}.example")
    return [world.actor(code, Role.ADMINISTRATOR).viewer, member(second)]


def sign(agreement: Agreement, *viewers: Viewer) -> None:
    """Have viewers sign, one after the other."""
    for one in viewers:
        with transaction.atomic():
            enter(one, reason="test")
            agreement.refresh_from_db()
            agreements.sign(agreement=agreement, by=one, now=NOW)


class Builder:
    """Makes the world through the actions of the house, as its people would."""

    def __init__(self) -> None:
        self.world = World()
        self.families = itertools.count(1)  # the people of the imported file have numbers far behind
        self.readers: frozenset[int] | None = None  # of the file that is being made, when it will be sealed
        globals()["_serial"] = itertools.count(
            1
        )  # words are unique within a world; dates of birth stay in the past

    def build(self, relations: tuple[str, ...] = tuple(RELATIONS), *, with_import: bool = True) -> World:
        for code, relation in RELATIONS.items():
            if code in relations:
                self.found(code, relation)
        border = self.world.agencies[OWN]
        event = self.event("zq-east", OWN)
        for code in relations:
            if code != OWN and RELATIONS[code].fate:
                self.agree(code, RELATIONS[code], event.slug)
        covered = [one for one in relations if RELATIONS[one].live]
        self.family(OWN, event, covered=covered)
        self.family(OWN, self.event("zq-hidden", OWN), covered=[])
        self.sealed_family(event)
        for code in covered:
            self.refer(code)
        for code in relations:
            if code != OWN:
                self.family(code, self.event(f"zq-{code}", code), covered=[])
        if with_import:
            self.file(OWN, event)
        outbox.drain(now=NOW, limit=1000)
        for code in relations:
            self.export(code)
            self.let_lapse(code)
            with transaction.atomic():
                enter(self.world.actor(code, Role.CASEWORKER).viewer, reason="test")
                told = Notification.objects.order_by("pk").values_list("pk", flat=True)
                self.world.records[code].add("notification", *told)
        self.mark_staff(border)
        outsider = User.objects.create_user("outsider@nowhere.example", name=word("staff"))
        self.world.actors.append(Actor(NOWHERE, "outsider", 0, user=outsider))
        self.world.records[NOWHERE] = Records()
        return self.world

    # ---- agencies and the people who work there

    def found(self, code: str, relation: Relation) -> None:
        kind = AgencyKind.GOVERNMENT if code == OWN else AgencyKind.NGO
        agency = founding.found(
            code=relation.code, name=f"{relation.code.title()} Agency", kind=kind, country="TCD", now=NOW
        )
        self.world.agencies[code] = agency
        self.world.records[code] = Records()
        for role in Role.values:
            user = User.objects.create_user(f"{role}@{code}.example", name=word("staff"))
            membership = founding.enrol(agency=agency, user=user, role=role)
            self.world.actors.append(Actor(code, role, agency.pk, user=user, membership=membership))
        second = User.objects.create_user(f"second@{code}.example", name=f"Zqsecond{code}qz".title())
        founding.enrol(agency=agency, user=second, role=Role.ADMINISTRATOR)  # an agency goes live with two
        self.mark(code, "C1", "user.name", second.name, staff=True)
        admin = self.world.actor(code, Role.ADMINISTRATOR)
        name = word("system")
        with transaction.atomic():
            enter(admin.viewer, reason="test")
            api, secret = clients.issue(by=admin.viewer, name=name, now=NOW)
        token = uuid.uuid4().hex
        made = Token(
            type=Token.Type.ACCESS_TOKEN, client=api.client, expires_at=timezone.now() + timedelta(hours=2)
        )
        made.set_value(token)
        made.set_scopes(api.client.get_scopes())
        made.save()
        self.world.actors.append(Actor(code, "system", agency.pk, api=api, token=token))
        self.register(code, admin)
        self.world.records[code].add("agency", agency.pk)
        self.world.records[code].add("client", api.pk)
        self.world.records[code].add(
            "membership",
            *[one.membership.pk for one in self.world.actors if one.relation == code and one.membership],
        )
        self.members(code, admin)
        self.mark(code, "C1", "api_client.name", name, staff=True)
        self.mark(code, "C4", "api_client.secret", secret)
        self.receiver(code, admin.viewer)

    def receiver(self, code: str, admin: Viewer) -> None:
        """A system of the agency that is told of decisions, and a test event that did not arrive there."""
        url = f"https://zqhooks{code}qz.example/"
        with transaction.atomic():
            enter(admin, reason="test")
            made, secret = webhooks.add(url=url, topics=["cases.claim.decided"], by=admin, now=NOW)
            webhooks.test(endpoint=made, by=admin, now=NOW)
            WebhookDelivery.objects.update(status="dead", finished_at=NOW)
            delivery = WebhookDelivery.objects.get(endpoint=made)
        self.world.records[code].add("webhook", made.pk)
        self.world.records[code].add("delivery", delivery.pk)
        self.mark(code, "C1", "webhook.url", url, staff=True)
        self.mark(code, "C1", "webhook.event", str(delivery.event_id), staff=True)
        self.mark(code, "C4", "webhook.secret", secret)

    def members(self, code: str, admin: Actor) -> None:
        """Somebody is invited, and a review of access is open."""
        viewer, records = admin.viewer, self.world.records[code]
        guest = f"Zqguest{code}qz".title()
        with transaction.atomic():
            enter(viewer, reason="test")
            invitee = invitations.Invitee(f"{guest}@zq.example", guest, Role.AUDITOR)
            records.add("invitation", invitations.invite(invitees=[invitee], by=viewer, now=NOW)[0].pk)
            review = reviews.open_review(agency=viewer.agency, by=viewer, now=NOW)
            records.add("review", review.pk)
            records.add("review_line", *review.lines.order_by("pk").values_list("pk", flat=True)[:4])
        self.mark(code, "C1", "invitation.name", guest, staff=True)

    def register(self, code: str, admin: Actor) -> None:
        """Write a breach and a request by law enforcement into the agency's registers."""
        moment = NOW - timedelta(hours=3)
        what, whose, asked, police, basis = (
            f"Zq{one}{code}qz".title() for one in ("breach", "whose", "asked", "police", "basis")
        )
        with transaction.atomic():
            enter(admin.viewer, reason="test")
            breach = registers.note_breach(
                by=admin.viewer, now=NOW, noticed_at=moment, what=what, whose=whose
            )
            law = registers.receive_request(
                by=admin.viewer, now=NOW, received_at=moment, asked_by=police, legal_basis=basis, asked_for=asked,
                answer_by=NOW + timedelta(days=5),
            )  # fmt: skip
        self.world.records[code].add("breach", breach.pk)
        self.world.records[code].add("law_request", law.pk)
        for row in (breach, law):
            for name in ("id", "reference", "what", "whose", "asked_by", "legal_basis", "asked_for"):
                if hasattr(row, name):
                    self.mark(
                        code, "C1", f"{row._meta.model_name}.{name}", str(getattr(row, name)), staff=True
                    )

    def mark(
        self, code: str, cls: str, name: str, *texts: str, to: tuple[str, ...] = (), staff: bool = False
    ) -> None:
        """Note a marker that is open to the agencies of `to`, by the channels of their agreements."""
        world = self.world
        open_to = {
            (world.agencies[one].pk, channel)
            for one in to
            for channel in RELATIONS[one].channels
            if (cls in RELATIONS[one].classes and name not in MASKED[one])
            or staff
            or name.startswith("referral.")
        }
        made = Marker(texts, world.agencies[code].pk, cls, name, frozenset(open_to), self.readers, staff)
        world.markers.append(made)

    def mark_staff(self, border: Agency) -> None:
        """The names of BORDER's administrators stand on agreements; those of everybody else are the agency's own affair."""
        parties = tuple(self.world.agreements)
        for actor in self.world.actors:
            if actor.user is not None:
                told = parties if actor.relation == OWN and actor.role == Role.ADMINISTRATOR else ()
                if actor.role == Role.ADMINISTRATOR and actor.relation in parties:
                    told = (OWN, *told)
                self.mark(actor.relation, "C1", "user.name", actor.user.name, to=told, staff=True)
                self.mark(actor.relation, "C1", "user.email", actor.user.email, staff=True)

    # ---- agreements

    def event(self, slug: str, code: str) -> InfluxEvent:
        viewer = self.world.actor(code, Role.CASEWORKER).viewer
        with transaction.atomic():
            enter(viewer, reason="test")
            made = influx.draft(slug=slug, name=f"Arrivals {slug}", by=viewer, now=NOW)
        self.world.records[code].add("event", made.pk)
        return made

    def agree(self, code: str, relation: Relation, slug: str) -> None:
        title = word("terms")
        ours = signers_of(self.world, OWN)
        with transaction.atomic():
            enter(ours[0], reason="test")
            made = agreements.draft(
                by=ours[0], now=NOW, other=self.world.agencies[code], title=title, purpose="protection",
                legal_basis="mandate", classes=relation.classes,
                matrix={f"registration.individual.{one}": "masked" for one in relation.withheld}, channels=relation.channels,
                starts_on=date(2026, 1, 1), event_slug=slug, hands_over=True,
            )  # fmt: skip
        sign(made, *ours)
        if relation.fate != "proposed":
            sign(made, *signers_of(self.world, code))
            outbox.drain(now=NOW, limit=1000)
        with transaction.atomic():
            enter(ours[0], reason="test")
            paper = documents.add(
                agreement=made, name=f"{title}.pdf", content=b"%PDF-1.7", by=ours[0], now=NOW
            )
        self.world.agreements[code] = made
        self.world.records[OWN].add("agreement_document", paper.pk)
        self.world.records[code].add("agreement_document", paper.pk)
        self.world.records[OWN].add("agreement", made.pk)
        self.world.records[code].add("agreement", made.pk)
        self.mark(OWN, "C1", "agreement.title", title, to=(code,), staff=True)
        self.mark(OWN, "C1", "agreement.reference", made.reference, to=(code,), staff=True)
        self.mark(OWN, "C1", "agreement.id", str(made.pk), to=(code,), staff=True)

    def let_lapse(self, code: str) -> None:
        """Let an agreement that was active, with its rows written, come to its end."""
        fate, agreement = RELATIONS[code].fate, self.world.agreements.get(code)
        if agreement is None or fate in {"active", "proposed"}:
            return
        admin = self.world.actor(OWN, Role.ADMINISTRATOR).viewer
        with transaction.atomic():
            enter(admin, reason="test")
            agreement.refresh_from_db()
            assert agreement.status == "active", agreement.status
            if fate == "ended":
                agreements.end(agreement=agreement, by=admin, now=NOW, reason="No longer needed")
            elif fate == "suspended":
                halting.suspend(agreement=agreement, by=admin, now=NOW, reason="Not now")
            else:
                yesterday = timezone.now().date() - timedelta(days=1)
                Agreement.objects.filter(pk=agreement.pk).update(ends_on=yesterday)

    # ---- people

    def family(self, code: str, event: InfluxEvent, *, covered: list[str]) -> None:
        """Register a mother and a child in whose every field a marker stands; claim and decision follow."""
        world, caseworker = self.world, self.world.actor(code, Role.CASEWORKER).viewer
        to, number = tuple(covered), next(self.families)
        common = {"registration_site": word("site"), "nationality": "SDN", "registration_date": "2026-02-20"}
        rows = [
            self.person(number * 2, common | {"relationship_to_head": "head", "sex": "F"}),
            self.person(
                number * 2 + 1,
                common | {"relationship_to_head": "child", "sex": "M", "marital_status": "single"},
            ),
        ]
        group = people.Arrival(
            members=[_checked(one) for one in rows], ordinals=[1, 2], source_ref=word("house")
        )
        with transaction.atomic():
            enter(caseworker, reason="test")
            people.register(arrivals=[group], by=caseworker, now=NOW, event=event)
            household = Household.objects.get(members=group.individuals[0])
            persons = [Individual.objects.get(pk=one) for one in group.individuals]
            documents = list(Document.objects.filter(individual__in=persons))
            old = persons[0].mother_name
            Individual.objects.filter(pk=persons[0].pk).update(mother_name=word("mother"))
            persons[0].refresh_from_db()
        for text, cls, name in [
            (str(household.pk), "C1", "household.id"),
            (household.number, "C1", "household.number"),
            (household.source_ref, "C1", "household.source_ref"),
            (common["registration_site"], "C3", "household.site"),
            (old, "C2", "individual.mother_name (history)"),
            (persons[0].mother_name, "C2", "individual.mother_name"),
        ]:
            self.mark(code, cls, name, text, to=to)
        for row, person in zip(rows, persons, strict=True):
            self.mark(code, "C1", "individual.id", str(person.pk), to=to)
            self.mark(code, "C1", "individual.number", person.number, to=to)
            self.mark(code, "C1", "individual.source_ref", row["record_id"], to=to)
            for name in ("given_name", "father_name", "family_name", "full_name_native", "birth_place"):
                self.mark(code, "C2", f"individual.{name}", row[name], to=to)
            self.mark(
                code, "C2", "individual.birth_date", *days(date.fromisoformat(row["date_of_birth"])), to=to
            )
            self.mark(code, "C3", "individual.phone", row["phone"], re.sub(r"\D", "", row["phone"]), to=to)
            self.mark(code, "C3", "document.number", row["document_number"], to=to)
        records = world.records[code]
        records.add("household", household.pk)
        records.add("individual", *[one.pk for one in persons])
        records.add("document", *[one.pk for one in documents])
        others = [one for relation, one in world.agencies.items() if relation != code]
        if others:
            witness = word("witness")
            with transaction.atomic():
                enter(caseworker, reason="test")
                consent = consents.record(
                    individual=persons[0], purpose="asylum", recipient=others[0], text_version="1", language="Arabic",
                    given_on=NOW.date(), witness=witness, by=caseworker, now=NOW,
                )  # fmt: skip
            records.add("consent", consent.pk)
            self.mark(code, "C2", "consent.witness", witness)
        self.claim(code, persons[0], to)

    def sealed_family(self, event: InfluxEvent) -> None:
        """Register one more family of the shared population and seal its file: a supervisor reads it, and a decision maker who broke
        the glass."""
        world, own = self.world, self.world.records[OWN]
        readers = [world.actor(OWN, one) for one in (Role.SUPERVISOR, Role.DECISION_MAKER)]
        before = {kind: len(keys) for kind, keys in own.of.items()}
        self.readers = frozenset(one.user.pk for one in readers if one.user)
        self.family(OWN, event, covered=[])
        made = {kind: keys[before.get(kind, 0) :] for kind, keys in own.of.items()}
        world.sealed = dict.fromkeys((key for keys in made.values() for key in keys), self.readers)
        supervisor, decider = (one.viewer for one in readers)
        reason = word("reason")
        with transaction.atomic():
            enter(supervisor, reason="test")
            household = Household.objects.get(pk=made["household"][0])
            exceptions.seal(household=household, reason=reason, readers=[], by=supervisor, now=NOW)
        self.mark(OWN, "C4", "sealed.reason", reason)
        with transaction.atomic():
            enter(decider, reason="test")
            exceptions.break_glass(number=household.number, reason=reason, by=decider, now=NOW)
            HouseholdReader.objects.exclude(expires_at=None).update(
                expires_at=timezone.now() + timedelta(hours=2)
            )
        self.readers = None

    def person(self, number: int, common: dict[str, str]) -> dict[str, str]:
        """Return the words of a row of an arrivals file, each a marker."""
        born = date(1950, 1, 3) + timedelta(days=number * 37)
        return {
            "record_id": word("ref"),
            "given_name": word("given"),
            "father_name": word("father"),
            "family_name": word("family"),
            "full_name_native": word("native"),
            "mother_name": word("mother"),
            "birth_place": word("birth"),
            "date_of_birth": born.isoformat(),
            "phone": f"+235 66 {number % 100:02d} {number // 100:02d} 77",
            "document_type": "passport",
            "document_number": f"ZQ{number:07d}X",
            "arrival_date": "2026-02-18",
            **common,
        }

    def claim(self, code: str, person: Individual, to: tuple[str, ...]) -> None:
        """Open a claim, propose a decision, and note the number under which every agency that may know of it knows it."""
        world = self.world
        caseworker, decider = (
            world.actor(code, role).viewer for role in (Role.CASEWORKER, Role.DECISION_MAKER)
        )
        with transaction.atomic():
            enter(caseworker, reason="test")
            made = claims.open_claim(individual=person, made_on=date(2026, 2, 25), by=caseworker, now=NOW)
            claims.change_status(claim=made, to="examination", by=caseworker, now=NOW)
            claims.propose_decision(claim=made, outcome="recognised", by=decider, now=NOW)
        world.records[code].add("claim", made.pk)
        self.mark(code, "C1", "claim.id", str(made.pk), to=to)
        self.mark(code, "C1", "claim.number", made.number, to=to)
        for one in (code, *to):
            viewer, value = world.actor(one, Role.CASEWORKER).viewer, word("theirs")
            with transaction.atomic():
                enter(viewer, reason="test")
                claims.set_reference(claim=made, value=value, by=viewer, now=NOW)
            world.records[one].add("reference", value)
            self.mark(one, "C1", "claim_reference.value", value)

    def refer(self, code: str) -> None:
        """Refer BORDER's shared claim to a partner, with a message that only the two of them may read."""
        world, viewer = self.world, self.world.actor(OWN, Role.CASEWORKER).viewer
        message, answer = word("message"), word("answer")
        with transaction.atomic():
            enter(viewer, reason="test")
            made = referrals.refer(
                claim=Claim.objects.get(pk=world.records[OWN].first("claim")),
                agreement=Agreement.objects.get(pk=world.agreements[code].pk),
                service="legal_aid", urgency="urgent", message=message, by=viewer, now=NOW,
            )  # fmt: skip
            Referral.objects.filter(pk=made.pk).update(answer=answer)
            letter, reason = f"zqletter{code}qz", f"zqreason{code}qz"
            referrals.write(referral=made, text=letter, by=viewer, now=NOW)
            offered = handovers.propose(
                household=Household.objects.get(pk=world.records[OWN].first("household")),
                agreement=made.agreement, urgency="normal", reason=reason, by=viewer, now=NOW,
            )  # fmt: skip
        world.records[OWN].add("referral", made.pk)
        world.records[OWN].add("handover", offered.pk)
        for name, text in (
            ("message", message),
            ("answer", answer),
            ("letter", letter),
            ("id", str(made.pk)),
        ):
            self.mark(OWN, "C1", f"referral.{name}", text, to=(code,))
        for name, text in (("reason", reason), ("id", str(offered.pk))):
            self.mark(OWN, "C1", f"referral.handover.{name}", text, to=(code,))

    # ---- a file of arrivals that waits to be accepted

    def file(self, code: str, event: InfluxEvent) -> None:
        """Upload and check a file with a new person, one who may be registered already, and one with an error."""
        viewer = self.world.actor(code, Role.CASEWORKER).viewer
        head = {
            "relationship_to_head": "head",
            "sex": "F",
            "nationality": "SDN",
            "registration_date": "2026-02-21",
        }
        fresh = self.person(301, head | {"registration_site": word("site"), "household_id": "1"})
        wrong = self.person(
            302, head | {"registration_site": word("site"), "household_id": "2", "date_of_birth": "soon"}
        )
        with transaction.atomic():
            enter(viewer, reason="test")
            known = Individual.objects.get(pk=self.world.records[code].first("individual"))
            again = self.person(303, head | {"registration_site": word("site"), "household_id": "3"}) | {
                "given_name": known.given_name, "father_name": known.father_name, "family_name": known.family_name,
                "date_of_birth": (known.birth_date + timedelta(days=1)).isoformat(),
            }  # fmt: skip
        sheet = io.StringIO()
        writer = csv.DictWriter(sheet, FIELDS)
        writer.writeheader()
        writer.writerows([fresh, wrong, again])
        name = f"{word('file')}.csv"
        with transaction.atomic():
            enter(viewer, reason="test")
            batch = imports.receive(
                data=sheet.getvalue().encode(), file_name=name, event=event, by=viewer, now=NOW
            )
        while imports.run_one(now=NOW):
            pass
        with transaction.atomic():
            enter(viewer, reason="test")
            batch = ImportBatch.objects.get(pk=batch.pk)
        assert batch.status == "review", (batch.status, batch.problem)
        with transaction.atomic():
            enter(viewer, reason="test")
            outcomes = set(ImportRow.objects.filter(batch=batch).values_list("outcome", flat=True))
        assert outcomes >= {"possible", "error"}, outcomes
        self.world.records[code].add("import", batch.pk)
        self.mark(code, "C1", "import.id", str(batch.pk))
        self.mark(code, "C1", "import.file_name", name)
        for row in (fresh, wrong):
            for column in ("record_id", "given_name", "father_name", "family_name", "full_name_native", "mother_name", "birth_place",
                           "phone", "document_number", "registration_site"):  # fmt: skip
                self.mark(code, "C4", f"import_row.{column}", row[column])

    def export(self, code: str) -> None:
        """Take the people that an agency's caseworker sees out as a file, which waits to be downloaded."""
        viewer, now = self.world.actor(code, Role.CASEWORKER).viewer, timezone.now()
        with transaction.atomic():
            enter(viewer, reason="test")
            made = exports.ask(
                listing=LISTS["people"], query={}, purpose="casework", reason=word("reason"), format="csv", by=viewer, now=now,
            )  # fmt: skip
        while exports.run_one(now=now):
            pass
        self.world.records[code].add("export", made.pk)
        self.mark(code, "C1", "export.id", str(made.pk))
        self.mark(code, "C2", "export.reason", made.reason)


def _checked(words: dict[str, str]) -> Any:
    row, errors = read_row(words, today=NOW.date())
    assert row is not None, errors
    return row
