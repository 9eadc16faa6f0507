"""Which agencies are in the world of the house tests, who works there, and what do they keep about themselves?"""

from __future__ import annotations

import uuid
from datetime import timedelta

from allauth.idp.oidc.models import Token
from django.db import transaction
from django.utils import timezone

from agencies.access import Viewer, enter
from agencies.actions import agencies as founding
from agencies.actions import (
    clients,
    invitations,
    registers,
    reviews,
    webhooks,
)
from agencies.enums import AgencyKind, Role
from agencies.models import Agency, WebhookDelivery
from refugeecm.core.models import User
from tests.house.marking import Marking, word
from tests.house.world import NOW, OWN, Actor, Records, Relation


class Offices(Marking):
    """Founds agencies through the actions of the house."""

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
