"""Who are the people in the world of the house tests? Families with a marker in every field, their claims, a sealed file."""

from __future__ import annotations

import re
from datetime import date, timedelta
from io import BytesIO
from typing import Any

from django.db import transaction
from django.utils import timezone
from PIL import Image

from agencies.access import enter
from agencies.enums import Role
from cases.actions import claims
from registration.actions import (
    attachments,
    candidates,
    children,
    consents,
    corrections,
    deadlines,
    desk,
    elsewhere,
    exceptions,
    exercises,
    further_facts,
    holding,
    incidents,
    indicators,
    issued,
    movements,
    needs,
    people,
    photos,
    queue,
    rights,
    sealing,
    tracing,
)
from registration.models import (
    BiometricReference,
    Deadline,
    Document,
    Erasure,
    FurtherName,
    Guardian,
    Household,
    HouseholdReader,
    IndicatorAssessment,
    Individual,
    InfluxEvent,
    IssuedDocument,
    MatchCandidate,
    Merge,
    Photo,
    PrintBatch,
    Relative,
    Safeguard,
    SpecificNeed,
    TracingMatch,
)
from registration.rules.arrivals import read_row
from tests.house.marking import Marking, days, word
from tests.house.world import NOW, OWN


class Families(Marking):
    """Registers people through the actions of the house, as its caseworkers would."""

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
        self.papers(code, persons[0])
        self.moves(code, persons[0], to)
        self.held(code, persons[0])
        self.pair(code, persons)
        self.details(code, persons[0], to)
        self.needs(code, persons[1], to)
        self.files(code, persons[1])
        self.care(code, persons[1])
        self.trace(code, persons)
        self.asks(code, persons[0])
        self.claim(code, persons[0], to)

    def moves(self, code: str, person: Individual, to: tuple[str, ...]) -> None:
        """Let somebody arrive from a site that no page names otherwise, and be seen at another; no agreement shows where."""
        caseworker, seen = self.world.actor(code, Role.CASEWORKER).viewer, f"zqseen{person.pk.hex}qz"
        with transaction.atomic():
            enter(caseworker, reason="test")
            movements.record(
                people=[person], kind="departure", on=NOW.date(), site=seen, by=caseworker, now=NOW
            )
            movements.see(people=[person], site=f"{seen}gate", by=caseworker, now=NOW)
        self.mark(code, "C3", "movement.site", seen)
        self.beside(code, person, to)
        if self.readers is None:  # an exercise is the whole agency's: a sealed file is in none
            self.exercise(code, person.site)

    def beside(self, code: str, person: Individual, to: tuple[str, ...]) -> None:
        """Record protection elsewhere, which partners may read of, a rescue, and signs of trafficking for the few who open them."""
        world, caseworker = self.world, self.world.actor(code, Role.CASEWORKER).viewer
        number, vessel = f"zqelsewhere{person.pk.hex}qz", word("vessel")
        with transaction.atomic():
            enter(caseworker, reason="test")
            prior = elsewhere.record(
                individual=person, country="EGY", held="refugee", number=number, evidence="document", reason="family",
                by=caseworker, now=NOW,
            )  # fmt: skip
            facts = {"reference": f"SAR {person.pk.hex[-6:]}", "happened_at": NOW, "vessel": vessel}
            incident = incidents.record(facts=facts, by=caseworker, now=NOW)
            incidents.link(incident=incident, people=[person], by=caseworker, now=NOW)
            indicators.assess(individual=person, codes=["ransom", "debt_bondage"], by=caseworker, now=NOW)
        world.records[code].add("prior", prior.pk)
        self.mark(code, "C3", "prior.number", number, to=to)
        self.mark(code, "C1", "prior.id", str(prior.pk), to=to)
        opening = [world.actor(code, one).user for one in (Role.SUPERVISOR, Role.DECISION_MAKER)]
        standing, few = self.readers, frozenset(one.pk for one in opening if one)
        with transaction.atomic():
            enter(world.actor(code, Role.SUPERVISOR).viewer, reason="test")
            signs = IndicatorAssessment.objects.get(individual=person)
        self.readers = few if standing is None else standing
        world.records[code].add("assessment", signs.pk)
        world.sealed[signs.pk] = self.readers
        self.mark(code, "C4", "assessment.id", str(signs.pk))
        self.readers = standing
        if standing is None:
            world.records[code].add("incident", incident.pk)
            self.mark(code, "C1", "incident.id", str(incident.pk))
            self.mark(code, "C1", "incident.vessel", vessel)

    def exercise(self, code: str, site: str) -> None:
        """Ask the people of a site to come, which nobody outside the agency may know."""
        supervisor, name = self.world.actor(code, Role.SUPERVISOR).viewer, word("exercise")
        with transaction.atomic():
            enter(supervisor, reason="test")
            made = exercises.plan(
                name=name,
                site=site,
                starts_on=NOW.date(),
                ends_on=NOW.date(),
                capacity=9,
                by=supervisor,
                now=NOW,
            )
            exercises.start(exercise=made, by=supervisor, now=NOW)
        self.world.records[code].add("exercise", made.pk)
        self.mark(code, "C1", "exercise.id", str(made.pk))
        self.mark(code, "C1", "exercise.name", name)

    def papers(self, code: str, person: Individual) -> None:
        """Hand a paper over to somebody, prepared in a batch of the clerk's own; no agreement shows either."""
        actor, stock = self.world.actor(code, Role.CASEWORKER), f"zqstock{person.pk.hex[8:]}qz"
        with transaction.atomic():
            enter(actor.viewer, reason="test")
            batch = PrintBatch.objects.create(
                agency_id=actor.agency_id, user=actor.user, kind="TOKEN", status="expired", total=1, created_at=NOW
            )  # fmt: skip
            (made,) = issued.prepare(
                kind="TOKEN", people=[person], until=NOW.date() + timedelta(days=7), by=actor.viewer, now=NOW, batch=batch
            )  # fmt: skip
            paper = IssuedDocument.objects.get(pk=made)
            issued.hand_over(documents=[paper], stock=stock, by=actor.viewer, now=NOW)
        self.world.records[code].add("issued", made)
        self.world.records[code].add("print", batch.pk)
        self.world.sealed[batch.pk] = frozenset([actor.user.pk]) if actor.user else frozenset()
        self.mark(code, "C3", "issued.stock", stock)
        self.mark(code, "C3", "issued.number", paper.number)
        self.mark(code, "C1", "issued.id", str(made))

    def held(self, code: str, person: Individual) -> None:
        """Let a supervisor hold somebody, and another record wait for its erasure; no agreement shows either."""
        supervisor, reason = self.world.actor(code, Role.SUPERVISOR).viewer, f"zqheld{person.pk.hex}qz"
        with transaction.atomic():
            enter(supervisor, reason="test")
            hold = holding.place(individual=person, reason=reason, by=supervisor, now=NOW)
            Erasure.objects.create(
                agency_id=supervisor.agency_id, individual=person, origin="request", reason=reason,
                proposed_by_id=supervisor.user_id, proposed_at=NOW,
            )  # fmt: skip
        self.world.records[code].add("hold", hold.pk)
        self.mark(code, "C2", "hold.reason", reason)

    def pair(self, code: str, persons: list[Individual]) -> None:
        """Let two people wait for a decision, and have been merged once; no agreement shows either."""
        caseworker = self.world.actor(code, Role.CASEWORKER).viewer
        reason = f"zqmerged{persons[0].pk.hex}qz"
        with transaction.atomic():
            enter(caseworker, reason="test")
            two = candidates.Pair(persons[1].pk, persons[0].pk, 8.0, [["names_2", "", 5.0, 1.0]])
            candidates.note([two], found_by="sweep", by=caseworker, now=NOW)
            pair = MatchCandidate.objects.get(individual=persons[1], other=persons[0])
            merge = Merge.objects.create(
                agency_id=caseworker.agency_id, other_agency_id=caseworker.agency_id, survivor=persons[0], merged=persons[1],
                status="undone", made_at=NOW, undone_at=NOW, undone_by_id=caseworker.user_id, reason=reason,
            )  # fmt: skip
        self.world.records[code].add("pair", pair.pk)
        self.world.records[code].add("merge", merge.pk)
        self.mark(code, "C1", "pair.id", str(pair.pk))
        self.mark(code, "C1", "merge.id", str(merge.pk))
        self.mark(code, "C2", "merge.reason", reason)

    def details(self, code: str, person: Individual, to: tuple[str, ...]) -> None:
        """Record what few people have: a further name, a relative elsewhere, a photo, a reference to fingerprints, faith and mail."""
        world, caseworker = self.world, self.world.actor(code, Role.CASEWORKER).viewer
        said = {  # words of their own: the serial decides whom the file resembles
            name: f"zq{name.replace('.', '').replace('_', '')}{person.pk.hex}qz"
            for name in ("individual.ethnicity", "individual.email", "further_name.name", "relative.name", "relative.whereabouts",
                         "biometric.system", "biometric.reference", "photo.image")
        }  # fmt: skip
        with transaction.atomic():
            enter(caseworker, reason="test")
            corrections.correct(
                individual=person, further={"alias": [said["further_name.name"]]}, level=person.level, reason="",
                columns={"ethnicity": said["individual.ethnicity"], "email": f"{said['individual.email']}@own.example"},
                version=corrections.version_of(person), by=caseworker, now=NOW,
            )  # fmt: skip
            further_facts.add_relative(
                individual=person, relationship="SIB", name=said["relative.name"], country="LBY",
                whereabouts=said["relative.whereabouts"], number="", by=caseworker, now=NOW,
            )  # fmt: skip
            further_facts.add_biometric(
                individual=person, system=said["biometric.system"], reference=said["biometric.reference"], result="none",
                checked_on=NOW.date(), by=caseworker, now=NOW,
            )  # fmt: skip
            drawn = BytesIO()
            Image.new("RGB", (64, 64), "white").save(drawn, "JPEG")
            photos.take(individual=person, data=drawn.getvalue(), by=caseworker, now=NOW)
            photo, opener = Photo.objects.get(individual=person), sealing.Opener([person.pk])
            place = sealing.fact_place(photo, "image")
            image = opener.seal(person.pk, said["photo.image"].encode(), place=place)
            Photo.objects.filter(pk=photo.pk).update(image=image)
            made = [
                (Photo, "photo"),
                (FurtherName, "further_name"),
                (Relative, "relative"),
                (BiometricReference, "biometric"),
            ]
            for model, kind in made:
                world.records[code].add(kind, model.objects.get(individual=person).pk)
        classes = {
            "individual.ethnicity": "C4",
            "further_name.name": "C2",
            "biometric.system": "C4",
            "biometric.reference": "C4",
        }
        for name, text in said.items():
            self.mark(code, classes.get(name, "C3"), name, text, to=to)

    def needs(self, code: str, person: Individual, to: tuple[str, ...]) -> None:
        """Record a need that partners may read of, and a restricted one that only some of the agency's own people open."""
        world, caseworker = self.world, self.world.actor(code, Role.CASEWORKER).viewer
        opening = [world.actor(code, one).user for one in (Role.SUPERVISOR, Role.DECISION_MAKER)]
        standing, few = self.readers, frozenset(one.pk for one in opening if one)
        for need, readers, shown in (("DS-BD", standing, to), ("SV-VO", few, ())):
            note = f"zqnote{need[:2]}{person.pk.hex}qz"  # its own word: the serial decides whom the file resembles
            with transaction.atomic():
                enter(caseworker, reason="test")
                needs.flag(flags=[needs.Flag(person.pk, need, note=note)], by=caseworker, now=NOW)
                made = SpecificNeed.objects.get(individual=person, code=need)
            self.readers = readers
            world.records[code].add("need", made.pk)
            self.mark(code, "C1", "need.id", str(made.pk), to=shown)
            self.mark(code, "C4", "need.note", note, to=shown)
            if readers is few:
                world.sealed[made.pk] = few
        self.readers = standing

    def files(self, code: str, person: Individual) -> None:
        """Keep a letter, and a medical paper that only some open; no agreement shows either."""
        caseworker, standing = self.world.actor(code, Role.CASEWORKER).viewer, self.readers
        opening = [self.world.actor(code, one).user for one in (Role.SUPERVISOR, Role.DECISION_MAKER)]
        few = frozenset(one.pk for one in opening if one)
        for kind, readers in (("letter", standing), ("medical", few)):
            title, said = (f"zq{what}{kind}{person.pk.hex}qz" for what in ("title", "text"))
            with transaction.atomic():
                enter(caseworker, reason="test")
                made = attachments.add(
                    individual=person, kind=kind, title=title, data=f"%PDF-1.7\n% {said}\n%%EOF".encode(), by=caseworker, now=NOW,
                )  # fmt: skip
            self.readers = readers
            self.world.records[code].add("attachment", made.pk)
            for name, text in (("id", str(made.pk)), ("title", title), ("content", said)):
                self.mark(code, "C4", f"attachment.{name}", text)
            if readers is few:
                self.world.sealed[made.pk] = few
        self.readers = standing

    def care(self, code: str, person: Individual) -> None:
        """Begin the safeguards of the child, with a marker in each text: only those who may open restricted needs read any of it."""
        world, supervisor = self.world, self.world.actor(code, Role.SUPERVISOR).viewer
        standing = self.readers
        opening = [world.actor(code, one).user for one in (Role.SUPERVISOR, Role.DECISION_MAKER)]
        few = frozenset(one.pk for one in opening if one)
        said = {
            name: f"zq{name}{person.pk.hex}qz" for name in ("panel", "reasons", "numbers", "representative")
        }
        with transaction.atomic():
            enter(supervisor, reason="test")
            child = Safeguard.objects.create(  # the dates of birth of this world are those of adults
                agency_id=supervisor.agency_id, individual=person, kind="SC", made_on=NOW.date(), begun_at=NOW
            )
            due = [deadlines.Due(person.pk, child.pk, rule, NOW.date()) for rule in ("CP-UAM-0", "CP-UAM-1")]
            deadlines.begin(due, agency=supervisor.agency, now=NOW)
            given: Any = {"safeguard": child, "by": supervisor, "now": NOW}
            children.extend(reason=said["numbers"], **given)
            who = children.add_representative(
                name=said["representative"],
                organisation="",
                checked_on=NOW.date(),
                user_id=None,
                by=supervisor,
                now=NOW,
            )
            children.appoint(
                role="representative", representative=who, since=NOW.date(), no_conflict=True, **given
            )
            step = children.record_step(
                kind="bid", what="solution", outcome="deferred", on=NOW.date(), review_by=None, involved=said["panel"],
                text=said["reasons"], **given,
            )  # fmt: skip
            guardian = Guardian.objects.get(individual=person)
            running = Deadline.objects.running().filter(individual=person).first()
        made = {"child": child, "guardian": guardian, "protection_step": step, "deadline": running}
        for kind, row in made.items():
            world.records[code].add(kind, row.pk)
            world.sealed[row.pk] = few if standing is None else standing & few
        self.readers = few if standing is None else standing & few
        for name in ("panel", "reasons", "numbers"):
            self.mark(code, "C4", f"child.{name}", said[name])
        self.readers = few
        self.mark(code, "C1", "child.representative", said["representative"])
        self.readers = standing

    def trace(self, code: str, persons: list[Individual]) -> None:
        """Let the mother look for a brother, and somebody be found who may be him: of her own group, whom no search finds."""
        world, caseworker = self.world, self.world.actor(code, Role.CASEWORKER).viewer
        said = {name: f"zq{name}{persons[0].pk.hex}qz" for name in ("sought", "lastseen")}
        with transaction.atomic():
            enter(caseworker, reason="test")
            made = tracing.open_request(
                individual=persons[0], relationship="SBM", sought={"given_name": said["sought"]}, last_seen=said["lastseen"],
                consent_on=NOW.date(), consent_language="Arabic", by=caseworker, now=NOW,
            )  # fmt: skip
            match = TracingMatch.objects.create(
                agency_id=caseworker.agency_id,
                other_agency_id=caseworker.agency_id,
                request=made,
                individual=persons[1],
                score=1.0,
            )
            tracing.decide(match=match, to="confirmed", by=caseworker, now=NOW)
        world.records[code].add("tracing", made.pk)
        world.records[code].add("traced", match.pk)
        self.mark(code, "C2", "tracing.sought", said["sought"])
        self.mark(code, "C4", "tracing.last_seen", said["lastseen"])

    def asks(self, code: str, person: Individual) -> None:
        """Write down what a person asks for about their own data."""
        caseworker, what = self.world.actor(code, Role.CASEWORKER).viewer, f"zqasks{person.pk.hex}qz"
        with transaction.atomic():
            enter(caseworker, reason="test")
            made = rights.receive(
                individual=person, kind="access", channel="person", asked_by="self", what=what, received_on=NOW.date(),
                by=caseworker, now=NOW,
            )  # fmt: skip
        self.world.records[code].add("rights_request", made.pk)
        self.mark(code, "C1", "rights_request.id", str(made.pk))
        self.mark(code, "C4", "rights_request.what", what)

    def sealed_family(self, event: InfluxEvent) -> None:
        """Register one more family of the shared population and seal its file: a supervisor reads it, and a decision maker who broke
        the glass."""
        world, own = self.world, self.world.records[OWN]
        readers = [world.actor(OWN, one) for one in (Role.SUPERVISOR, Role.DECISION_MAKER)]
        before = {kind: len(keys) for kind, keys in own.of.items()}
        self.readers = frozenset(one.user.pk for one in readers if one.user)
        self.family(OWN, event, covered=[])
        made = {kind: keys[before.get(kind, 0) :] for kind, keys in own.of.items()}
        world.sealed |= dict.fromkeys((key for keys in made.values() for key in keys), self.readers)
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

    def desk(self, code: str, event: InfluxEvent) -> None:
        """Let a caseworker begin a family at a desk, which nobody but them may read, and give a number to people who wait."""
        world, actor, name = self.world, self.world.actor(code, Role.CASEWORKER), word("draft")
        self.readers = frozenset([actor.user.pk]) if actor.user else None
        with transaction.atomic():
            enter(actor.viewer, reason="test")
            draft = desk.start(event=event, content=desk.Content(site=word("site")), by=actor.viewer, now=NOW)
            desk.keep(
                draft=draft, sent={"0-given_name": name}, window="", version=0, by=actor.viewer, now=NOW
            )
            token = queue.give(
                place="zq", day=NOW.date(), people=3, by=actor.viewer, now=NOW, today=NOW.date()
            )
        world.records[code].add("draft", draft.pk)
        world.records[code].add("token", token.pk)
        world.sealed[draft.pk] = self.readers or frozenset()
        self.mark(code, "C2", "draft.given_name", name)
        self.readers = None

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


def _checked(words: dict[str, str]) -> Any:
    row, errors = read_row(words, today=NOW.date())
    assert row is not None, errors
    return row
