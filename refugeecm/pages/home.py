"""What waits for me today? For everyone what their role may do, and nothing else."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from agencies import access
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.actions import agreements, notifications, webhooks
from agencies.enums import AgreementStatus
from agencies.models import Agreement, ApiClient, Membership, Notification, Review, WebhookEndpoint
from agencies.models.notification import NotificationQuerySet
from cases.enums import ClaimStatus
from cases.models import Claim
from refugeecm.core import backups
from refugeecm.core.events import CATALOGUE
from refugeecm.core.templatetags.ui import figure, fmt_date
from registration import reports
from registration.enums import BatchStatus
from registration.models import ImportBatch
from resettlement.actions import handovers, referrals
from resettlement.enums import HandoverStatus, ReferralStatus
from resettlement.models import Handover, Referral
from resettlement.reports import inbox, lines

Text = str | Promise
SOON = timedelta(days=30)
DRILL_EVERY = timedelta(days=8)  # a weekly timer, and a day (trust.md 3.6)
SHOWN = 8  # lines of each kind; the list behind shows the rest
# The events of partners, from the side of the agency that is told; others as the catalogue says them.
TOLD = {
    agreements.PROPOSED: _("A partner proposes an agreement to your agency."),
    agreements.ACCEPTED: _("Your partner accepted the agreement; it is being prepared."),
    agreements.DECLINED: _("Your partner declined the agreement."),
    agreements.ACTIVE: _("An agreement is in force: what it names is shown."),
    agreements.ENDED: _("Your partner ended an agreement: nothing is shown any more."),
    agreements.EXPIRED: _("An agreement has run out: nothing is shown any more."),
    webhooks.PAUSED: _("A system of your agency did not take webhooks for three days; it is paused."),
    webhooks.ENDED: _("A system of your agency wants no more webhooks."),
    referrals.PROPOSED: _("A partner referred a case to your agency."),
    referrals.ANSWERED: _("A partner answered your referral."),
    referrals.REVOKED: _("A partner took a referral back."),
    referrals.WRITTEN: _("A partner wrote to you on a referral."),
    handovers.PROPOSED: _("A partner proposes a hand-over, or asks for one."),
    handovers.ANSWERED: _("A partner answered a hand-over."),
    handovers.REVOKED: _("A partner took a hand-over back."),
    handovers.DONE: _("A household came to your agency's responsibility."),
}


@dataclass(frozen=True)
class Tile:
    """A figure that leads to its list."""

    label: Text
    value: str
    url: str
    hint: Text = ""
    kind: str = "neutral"


@dataclass(frozen=True)
class Task:
    """One line of what waits: what, why, and how urgent."""

    label: Text
    url: str
    hint: Text
    kind: str
    status: Text


@dataclass(frozen=True)
class Line:
    """A notification as a sentence."""

    pk: uuid.UUID
    says: Text
    at: Any
    url: str
    about: str


@require_GET
@access.requires(Permission.HOME)
def home(request: ViewedRequest) -> HttpResponse:
    """Show what waits for the viewer."""
    viewer, now = request.viewer, timezone.now()
    tiles: list[Tile] = []
    tasks: list[Task] = []
    running: list[dict[str, Any]] = []
    if viewer.may(Permission.IMPORT_READ):
        batches, running = _imports(viewer, tiles)
        tasks += batches
    if viewer.may(Permission.REFERRAL_READ):
        tasks += _referrals(viewer, tiles, now)
    if viewer.may(Permission.CLAIM_READ):
        tasks += _claims(viewer, tiles)
    tasks += _agreements(viewer, tiles, today=timezone.localdate(now))
    if viewer.may(Permission.CLIENT_READ):
        tasks += _clients(viewer, tiles)
    if viewer.may(Permission.CLIENT_ISSUE) and not settings.INSECURE_COOKIES:
        tasks += _drills(now)
    lines = _lines(viewer)
    context = {
        "today": timezone.localdate(now),
        "tiles": tiles,
        "tasks": tasks,
        "running": running,
        "notifications": lines[:SHOWN],
        "more_notifications": len(lines) > SHOWN,
        "next_step": _next_step(viewer),
    }
    return render(request, "pages/home.html", context)


@require_POST
@access.requires(Permission.HOME)
def put_aside(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Put one notification aside."""
    notification = get_object_or_404(_notifications(request.viewer), pk=pk)
    notifications.put_aside(notification=notification, by=request.viewer, now=timezone.now())
    return redirect("home")


def _notifications(viewer: Viewer) -> NotificationQuerySet:
    """Return those that are this person's business: agreements for who manages access, referrals for who works on cases."""
    kinds = {
        "agreement": Permission.AGREEMENT_ANSWER,
        "referral": Permission.REFERRAL_READ,
        "handover": Permission.REFERRAL_READ,
        "member": Permission.MEMBER_MANAGE,
        "review": Permission.REVIEW,
        "webhook": Permission.WEBHOOK_READ,
    }
    theirs = [kind for kind, permission in kinds.items() if viewer.may(permission)]
    return Notification.objects.visible_to(viewer).filter(subject_type__in=theirs)


def _lines(viewer: Viewer) -> list[Line]:
    """Return the newest unread notifications, each with what it is about as far as the viewer may see that."""
    found = list(_notifications(viewer).unread().order_by("-at", "-id")[: SHOWN + 1])
    wanted = {
        kind: [one.subject_id for one in found if one.subject_type == kind]
        for kind in ("agreement", "referral", "handover", "member", "review", "webhook")
    }
    receivers = WebhookEndpoint.objects.visible_to(viewer).filter(pk__in=wanted["webhook"])
    about: dict[uuid.UUID, str] = dict(receivers.values_list("pk", "url"))
    if wanted["agreement"]:
        for agreement in Agreement.objects.visible_to(viewer).filter(pk__in=wanted["agreement"]):
            about[agreement.pk] = f"{agreement.reference} · {agreement.title}"
    if wanted["referral"]:
        for referral in (
            Referral.objects.visible_to(viewer)
            .filter(pk__in=wanted["referral"])
            .select_related("agency", "recipient")
        ):
            partner = referral.recipient if referral.agency_id == viewer.agency_id else referral.agency
            about[referral.pk] = f"{referral.get_service_display()} · {partner.name}"
    if wanted["handover"]:
        theirs = Handover.objects.visible_to(viewer).filter(pk__in=wanted["handover"])
        for handover in theirs.select_related("agency", "recipient"):
            partner = handover.recipient if handover.agency_id == viewer.agency_id else handover.agency
            about[handover.pk] = f"{handover.number} · {partner.name}"
    numbers = {one.int: one for one in wanted["member"] if one.int < 2**63}
    for member in Membership.objects.filter(agency_id=viewer.agency_id, pk__in=numbers).select_related(
        "user"
    ):
        about[numbers[member.pk]] = member.user.name
    for review in Review.objects.visible_to(viewer).filter(pk__in=wanted["review"]):
        about[review.pk] = gettext("Due %(day)s") % {"day": strip_tags(fmt_date(review.due_on))}
    return [
        Line(
            pk=one.pk,
            says=TOLD.get(one.event) or gettext(CATALOGUE.get(one.event, one.event)),
            at=one.at,
            url=_url(one) if one.subject_id in about else "",
            about=about.get(one.subject_id, ""),
        )
        for one in found
    ]


def _url(one: Notification) -> str:
    """Return where the subject of a notification is shown; members are numbered."""
    return reverse(
        one.subject_type, args=[one.subject_id.int if one.subject_type == "member" else one.subject_id]
    )


def _imports(viewer: Viewer, tiles: list[Tile]) -> tuple[list[Task], list[dict[str, Any]]]:
    """Return the files that wait for a decision, and those that workers are at, with how far they are."""
    open_ones = (
        ImportBatch.objects.visible_to(viewer)
        .filter(status__in=[BatchStatus.REVIEW, *reports.RUNNING])
        .select_related("event")
        .order_by("created_at")
    )
    waiting = open_ones.filter(status=BatchStatus.REVIEW).order_by()[:1001].count()
    tiles.append(
        Tile(
            _("Imports to accept"),
            _count(waiting),
            reverse("imports"),
            _("checked and waiting"),
            "warn" if waiting else "neutral",
        )
    )
    tasks: list[Task] = []
    running: list[dict[str, Any]] = []
    for batch in open_ones[:SHOWN]:
        url = reverse("import-detail", args=[batch.pk])
        if batch.status == BatchStatus.REVIEW:
            hint = gettext("%(rows)s rows, %(event)s") % {
                "rows": figure(batch.rows),
                "event": batch.event.name,
            }
            label = gettext("Look at the result of %(file)s and accept it") % {"file": batch.file_name}
            tasks.append(Task(label, url, hint, "warn", _("Import")))
        elif len(running) < 3:  # each costs two statements
            how = reports.progress(batch)
            running.append({"batch": batch, "url": url, "done": how.done, "total": how.total})
    return tasks, running


def _referrals(viewer: Viewer, tiles: list[Tile], now: datetime) -> list[Task]:
    """Return the referrals and hand-overs that the viewer's agency should answer, by the time left, then those to approve."""
    waiting = inbox(viewer, sent=False, status=ReferralStatus.PROPOSED)
    count = waiting[:1001].count()
    tiles.append(
        Tile(
            _("Referrals to answer"),
            _count(count),
            reverse("referrals"),
            _("sent to your agency"),
            "warn" if count else "neutral",
        )
    )
    tasks: list[Task] = []
    if viewer.may(Permission.REFERRAL_ANSWER):
        found, _people, _claims = lines(viewer, list(waiting[:SHOWN]), now=now)
        for one in found:
            says = _("Answer the referral: %(what)s") if one.of_case else _("Answer: %(what)s")
            hint = gettext("From %(agency)s") % {"agency": one.partner.name}
            tasks.append(Task(says % {"what": one.title}, one.url, hint, *one.left))
    if viewer.may(Permission.HANDOVER_APPROVE):
        to_approve = Handover.objects.owned_by(viewer).filter(status=HandoverStatus.ACCEPTED)
        for handover in to_approve.select_related("recipient").order_by("status_since")[:SHOWN]:
            label = gettext("Approve the hand-over of %(number)s") % {"number": handover.number}
            hint = gettext("To %(agency)s") % {"agency": handover.recipient.name}
            tasks.append(Task(label, reverse("handover", args=[handover.pk]), hint, "warn", _("Hand-over")))
    return tasks


def _claims(viewer: Viewer, tiles: list[Tile]) -> list[Task]:
    """Count the open claims of the agency; return those whose decision waits for a second person."""
    own = Claim.objects.owned_by(viewer).order_by()
    counts = dict(own.open().values_list("status").annotate(claims=Count("pk")))
    for status, hint in (
        (ClaimStatus.REGISTERED, _("not yet under examination")),
        (ClaimStatus.EXAMINATION, _("in your agency")),
    ):
        tiles.append(
            Tile(
                gettext("Claims: %(status)s") % {"status": status.label},
                figure(counts.get(status, 0)),
                f"{reverse('claims')}?status={status}",
                hint,
            )
        )
    if viewer.role != "decision_maker":
        return []
    proposed = own.filter(status=ClaimStatus.EXAMINATION).exclude(
        Q(proposed_outcome="") | Q(proposed_by=viewer.user_id)
    )
    return [
        Task(
            gettext("Approve the proposed decision on %(claim)s, or send it back") % {"claim": one.number},
            reverse("claim", args=[one.pk]),
            gettext("Proposed by %(name)s") % {"name": one.proposed_by.name if one.proposed_by else ""},
            "warn",
            _("Decision"),
        )
        for one in proposed.select_related("proposed_by").order_by("proposed_at")[:SHOWN]
    ]


def _agreements(viewer: Viewer, tiles: list[Tile], *, today: Any) -> list[Task]:
    """Return proposals to answer and agreements that end soon, for those who manage access."""
    if not viewer.may(Permission.AGREEMENT_ANSWER):
        return []
    open_ones = (
        AgreementStatus.PROPOSED,
        AgreementStatus.PREPARING,
        AgreementStatus.ACTIVE,
        AgreementStatus.SUSPENDED,
    )
    found = (
        Agreement.objects.visible_to(viewer)
        .filter(status__in=open_ones)
        .select_related("provider", "recipient")
        .order_by("ends_on", "created_at")
    )
    tasks: list[Task] = []
    active = waiting = ending = 0
    for one in found:
        other = one.recipient if one.provider_id == viewer.agency_id else one.provider
        url = reverse("agreement", args=[one.pk])
        active += one.status == AgreementStatus.ACTIVE
        if one.status == AgreementStatus.PROPOSED and one.recipient_id == viewer.agency_id:
            waiting += 1
            label = gettext("Answer the proposed agreement “%(title)s”") % {"title": one.title}
            tasks.append(
                Task(label, url, gettext("From %(agency)s") % {"agency": other.name}, "warn", _("Proposed"))
            )
        elif one.status == AgreementStatus.ACTIVE and one.ends_on and one.ends_on <= today + SOON:
            ending += 1
            label = gettext("Renew “%(title)s” or let it end") % {"title": one.title}
            hint = gettext("With %(agency)s") % {"agency": other.name}
            tasks.append(
                Task(
                    label,
                    url,
                    hint,
                    "info",
                    gettext("Ends %(day)s") % {"day": strip_tags(fmt_date(one.ends_on))},
                )
            )
    tiles += [
        Tile(_("Agreements in force"), figure(active), reverse("agreements"), _("given and received")),
        Tile(
            _("Proposals to answer"),
            figure(waiting),
            reverse("agreements"),
            _("from other agencies"),
            "warn" if waiting else "neutral",
        ),
        Tile(
            _("Ending within 30 days"),
            figure(ending),
            reverse("agreements"),
            _("agreements"),
            "warn" if ending else "neutral",
        ),
    ]
    return tasks


def _clients(viewer: Viewer, tiles: list[Tile]) -> list[Task]:
    """Return the API clients that nobody has used: a key that lies around unused is better withdrawn."""
    unused = list(
        ApiClient.objects.filter(agency_id=viewer.agency_id, is_active=True, last_used_at=None).order_by(
            "created_at"
        )[:100]
    )
    tiles.append(
        Tile(_("API clients never used"), figure(len(unused)), reverse("clients"), _("issued by your agency"))
    )
    return [
        Task(
            gettext("The API client “%(name)s” was never used") % {"name": one.name},
            reverse("clients"),
            gettext("Hand its secret over, or revoke it."),
            "neutral",
            _("Unused"),
        )
        for one in unused[:SHOWN]
    ]


def _drills(now: datetime) -> list[Task]:
    """Return a line when backups were not proven to come back lately; not where one person tries this on one machine."""
    last = backups.last_good()
    if last is not None and now - last <= DRILL_EVERY:
        return []
    hint = (
        gettext("Last proven on %(date)s.") % {"date": fmt_date(last)}
        if last
        else gettext("Never proven yet.")
    )
    advice = gettext("Ask who runs the servers to run the restore drill.")
    return [
        Task(
            _("Nobody knows whether the backup can be restored"), "", f"{hint} {advice}", "bad", _("Overdue")
        )
    ]


def _count(found: int) -> str:
    return figure(found) if found <= 1000 else gettext("more than %(limit)s") % {"limit": figure(1000)}


def _next_step(viewer: Viewer) -> dict[str, Text]:
    """Return what somebody with nothing to do may want to do next."""
    if viewer.may(Permission.IMPORT_RUN):
        return {
            "text": _("Send a list of arrivals, or look somebody up."),
            "url": reverse("import-new"),
            "action": _("Send a list"),
        }
    if viewer.may(Permission.PERSON_READ):
        return {"text": _("Look somebody up."), "url": reverse("people"), "action": _("Find people")}
    if viewer.may(Permission.AGREEMENT_PROPOSE):
        return {
            "text": _("Agreements say what partners may see of your people."),
            "url": reverse("agreement-new"),
            "action": _("Propose an agreement"),
        }
    return {"text": "", "url": "", "action": ""}
