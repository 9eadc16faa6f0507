"""How is the world of the house tests built? Through the actions of the house, as its people would."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from agencies.access import Viewer, enter
from agencies.access.viewer import member
from agencies.actions import (
    agreements,
    documents,
    exports,
    halting,
)
from agencies.channels.lists import LISTS
from agencies.enums import Role
from agencies.models import Agreement, Membership, Notification
from cases.models import Claim
from refugeecm.core import outbox
from refugeecm.core.models import User
from registration.actions import events as influx
from registration.actions import imports
from registration.actions.influx import set_entry_point
from registration.models import (
    Household,
    ImportBatch,
    ImportRow,
    Individual,
    InfluxEvent,
)
from registration.rules.arrivals import FIELDS
from resettlement.actions import handovers, referrals
from resettlement.models import Referral
from tests.house.families import Families
from tests.house.marking import word
from tests.house.offices import Offices
from tests.house.world import NOW, NOWHERE, OWN, RELATIONS, Actor, Records, Relation, World


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


class Builder(Offices, Families):
    """Makes the world: agencies, then families, then what the agencies do with each other."""

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
        self.desk(OWN, event)
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

    def event(self, slug: str, code: str) -> InfluxEvent:
        viewer = self.world.actor(code, Role.CASEWORKER).viewer
        with transaction.atomic():
            enter(viewer, reason="test")
            made = influx.draft(slug=slug, name=f"Arrivals {slug}", by=viewer, now=NOW)
            keeper = self.world.actor(code, Role.SUPERVISOR).viewer
            point = set_entry_point(
                event=made,
                point=None,
                name="The bridge",
                site=f"BRIDGE-{slug}",
                capacity=400,
                by=keeper,
                now=NOW,
            )
        self.world.records[code].add("event", made.pk)
        self.world.records[code].add("entry_point", point.pk)
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
                "given_name": known.given_name, "family_name": known.family_name, "date_of_birth": str(known.birth_date.year + 1),
                **dict.fromkeys(("father_name", "full_name_native", "mother_name", "birth_place", "phone", "document_number"), ""),
                "document_type": "", "sex": known.sex, "nationality": known.nationality,
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
