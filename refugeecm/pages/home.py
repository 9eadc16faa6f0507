"""What waits for me today? For everyone what their role may do, and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, Value
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from agencies import access
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.enums import AgreementStatus
from agencies.models import Agreement, ApiClient, ExportJob
from agencies.views.exports import label_of
from cases.enums import ClaimStatus
from cases.models import Claim
from refugeecm.core import backups
from refugeecm.core.paging import LIMIT
from refugeecm.core.templatetags.ui import figure, fmt_date, fmt_time
from refugeecm.pages.news import unread
from registration import reports
from registration.enums import BatchStatus
from registration.models import DeskDraft, Household, ImportBatch, RightsRequest
from registration.views.desk import title_of
from resettlement.enums import HandoverStatus, ReferralStatus
from resettlement.models import Handover
from resettlement.reports import inbox, lines

Text = str | Promise
SOON = timedelta(days=30)
DRILL_EVERY = timedelta(days=8)  # a weekly timer, and a day (trust.md 3.6)
SHOWN = 8  # lines of each kind; the list behind shows the rest


@dataclass(frozen=True)
class Tile:
    """A figure that leads to its list."""

    label: Text
    value: str
    url: str
    hint: Text = ""
    kind: str = "neutral"


def _waits(label: Text, count: int, url: str, hint: Text) -> Tile:
    """Return a tile that warns while there is anything."""
    return Tile(label, _count(count), url, hint, "warn" if count else "neutral")


@dataclass(frozen=True)
class Task:
    """One line of what waits: what, why, and how urgent."""

    label: Text
    url: str
    hint: Text
    kind: str
    status: Text


def _numbers(**some: QuerySet[Any]) -> Counter[str]:
    """Return how many rows there are of each, at most LIMIT and one, in one statement."""
    first, *others = (
        one.order_by().annotate(of=Value(name)).values_list("of", flat=True)[: LIMIT + 1]
        for name, one in some.items()
    )
    return Counter(first.union(*others, all=True))


@require_GET
@access.requires(Permission.HOME)
def home(request: ViewedRequest) -> HttpResponse:
    """Show what waits for the viewer."""
    viewer, now = request.viewer, timezone.now()
    tiles: list[Tile] = []
    tasks: list[Task] = []
    running: list[dict[str, Any]] = []
    own = Household.objects.visible_to(viewer).filter(agency_id=viewer.agency_id)
    waiting = _numbers(groups=own.to_register(), asked=RightsRequest.objects.visible_to(viewer).to_answer())
    if viewer.may(Permission.PERSON_REGISTER):
        tasks += _drafts(viewer)
        url = reverse("groups")
        tiles.append(
            _waits(_("Groups to register"), waiting["groups"], url, _("counted, not yet one by one"))
        )
    if viewer.may(Permission.IMPORT_READ):
        batches, running = _imports(viewer, tiles)
        tasks += batches
    if viewer.may(Permission.REFERRAL_READ):
        tasks += _referrals(viewer, tiles, now)
    if viewer.may(Permission.RIGHTS_KEEP):
        url = reverse("rights-requests")
        tiles.append(_waits(_("Requests to answer"), waiting["asked"], url, _("about people's own data")))
    if viewer.may(Permission.CLAIM_READ):
        tasks += _claims(viewer, tiles)
    tasks += _agreements(viewer, tiles, today=timezone.localdate(now))
    if viewer.may(Permission.CLIENT_READ):
        tasks += _clients(viewer, tiles)
    if viewer.may(Permission.CLIENT_ISSUE) and not settings.INSECURE_COOKIES:
        tasks += _drills(now)
    news = unread(viewer, at_most=SHOWN + 1)
    context = {
        "today": timezone.localdate(now),
        "tiles": tiles,
        "tasks": tasks,
        "running": running,
        "notifications": news[:SHOWN],
        "more_notifications": len(news) > SHOWN,
        "exports": [
            {"job": one, "label": label_of(one)}
            for one in ExportJob.objects.visible_to(viewer).open().order_by("created_at")[:3]
        ],
        "next_step": _next_step(viewer),
    }
    return render(request, "pages/home.html", context)


def _drafts(viewer: Viewer) -> list[Task]:
    """Return the families that the viewer began to register."""
    mine = DeskDraft.objects.visible_to(viewer).exclude(people=0).select_related("agency")
    return [
        Task(
            gettext("Go on registering %(name)s") % {"name": title_of(one)},
            reverse("family", args=[one.pk]),
            gettext("Kept on %(when)s") % {"when": strip_tags(fmt_time(one.saved_at))},
            "info",
            _("Draft"),
        )
        for one in mine.order_by("-saved_at", "pk")[:SHOWN]
    ]


def _imports(viewer: Viewer, tiles: list[Tile]) -> tuple[list[Task], list[dict[str, Any]]]:
    """Return the files that wait for a decision, and those that workers are at, with how far they are."""
    open_ones = (
        ImportBatch.objects.visible_to(viewer)
        .filter(status__in=[BatchStatus.REVIEW, BatchStatus.MAPPING, *reports.RUNNING])
        .select_related("event")
        .order_by("created_at")
    )
    waiting = open_ones.filter(status=BatchStatus.REVIEW).order_by()[:1001].count()
    tiles.append(_waits(_("Imports to accept"), waiting, reverse("imports"), _("checked and waiting")))
    tasks: list[Task] = []
    running: list[dict[str, Any]] = []
    for batch in open_ones[:SHOWN]:
        url = reverse("import-detail", args=[batch.pk])
        if batch.status == BatchStatus.MAPPING:
            label = gettext("Say what the columns of %(file)s are") % {"file": batch.file_name}
            tasks.append(Task(label, url, batch.event.name, "warn", _("Import")))
        elif batch.status == BatchStatus.REVIEW:
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
    tiles.append(_waits(_("Referrals to answer"), count, reverse("referrals"), _("sent to your agency")))
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
    hints = {
        ClaimStatus.REGISTERED: _("not yet under examination"),
        ClaimStatus.EXAMINATION: _("in your agency"),
    }
    of_each = [own.filter(status=one).values_list("status", flat=True)[: LIMIT + 1] for one in hints]
    counts = Counter(of_each[0].union(*of_each[1:], all=True))
    for status, hint in hints.items():
        tiles.append(
            Tile(
                gettext("Claims: %(status)s") % {"status": status.label},
                f"{figure(LIMIT)}+" if counts[status] > LIMIT else figure(counts[status]),
                f"{reverse('claims')}?whose=agency&status={status}",
                hint,
            )
        )
    if viewer.role != "decision_maker":
        return []
    proposed = own.filter(status=ClaimStatus.EXAMINATION, proposed_at__isnull=False).exclude(
        proposed_by=viewer.user_id
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
        if one.status == AgreementStatus.PROPOSED and one.answerer_id == viewer.agency_id:
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
        _waits(_("Proposals to answer"), waiting, reverse("agreements"), _("from other agencies")),
        _waits(_("Ending within 30 days"), ending, reverse("agreements"), _("agreements")),
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
