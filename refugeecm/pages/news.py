"""What happened elsewhere that concerns us? Lines on the home page, an inbox of them, and which of them come by mail."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies import access
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.actions import agreements, documents, halting, webhooks
from agencies.actions import notifications as acts
from agencies.enums import MailWhen
from agencies.forms.fields import narrowed_by
from agencies.models import Agreement, Membership, Notification, Review, WebhookEndpoint
from agencies.models.notification import NotificationQuerySet
from refugeecm.core import seals
from refugeecm.core.events import CATALOGUE
from refugeecm.core.ids import of_number
from refugeecm.core.paging import page_of
from refugeecm.core.templatetags.ui import figure, fmt_date
from registration.actions import asking, children, contact, erasing, indicators, merging, tracing
from registration.models import IndicatorAssessment, Individual, Merge, Safeguard, TracingMatch
from resettlement.actions import handovers, referrals
from resettlement.models import Handover, Referral

Text = str | Promise
# The events of partners, from the side of the agency that is told; others as the catalogue says them.
TOLD = {
    agreements.PROPOSED: _("A partner proposes an agreement to your agency."),
    agreements.SIGNED: _("Somebody at your partner signed the agreement; two have to."),
    agreements.REPLACED: _("A newer version of an agreement is in force."),
    halting.SUSPENDED: _("Your partner suspended an agreement: nothing is shown until it resumes."),
    halting.RESUMED: _("Your partner resumes an agreement; it is about to open again."),
    halting.ENDING: _("An agreement ends soon."),
    halting.REVIEWED: _("Your partner reviewed an agreement and keeps it."),
    documents.FILED: _("Your partner added a signed document to an agreement."),
    contact.CORRECTED: _("A partner corrected the telephone number of a person of yours."),
    agreements.ACCEPTED: _("Your partner accepted the agreement; it is about to open."),
    agreements.DECLINED: _("Your partner declined the agreement."),
    agreements.ACTIVE: _("An agreement is in force: what it names is shown."),
    agreements.ENDED: _("Your partner ended an agreement: nothing is shown any more."),
    agreements.EXPIRED: _("An agreement has run out: nothing is shown any more."),
    webhooks.PAUSED: _("A system of your agency did not take webhooks for three days; it is paused."),
    webhooks.ENDED: _("A system of your agency wants no more webhooks."),
    indicators.REFERRED: _(
        "A colleague saw signs of trafficking or smuggling: somebody is referred for protection."
    ),
    asking.RECEIVED: _("A partner asks whether one of your people is one of theirs."),
    asking.ANSWERED: _("A partner answered whether it knows one of your people."),
    tracing.CONFIRMED: _(
        "A partner looks for a relative of one of its people, who may be one of yours. Ask the person."
    ),
    tracing.ANSWERED: _("It is known whether somebody who was traced wants contact."),
    children.MISSED: _("A deadline for the protection of a child has passed. Act at once."),
    children.ENDED: _("A child has turned 18: its safeguards ended."),
    merging.PROPOSED: _(
        "A partner says that a record of yours and one of theirs are one person. Somebody of you confirms it."
    ),
    merging.CONFIRMED: _("A partner confirmed that two records are one person."),
    merging.WITHDRAWN: _("A partner took back, or declined, that two records are one person."),
    erasing.ERASED: _(
        "A partner erased a person whose record it had shared with you. Erase your copies too."
    ),
    referrals.PROPOSED: _("A partner referred a case to your agency."),
    referrals.ANSWERED: _("A partner answered your referral."),
    referrals.REVOKED: _("A partner took a referral back."),
    referrals.WRITTEN: _("A partner wrote to you on a referral."),
    handovers.PROPOSED: _("A partner proposes a hand-over, or asks for one."),
    handovers.ANSWERED: _("A partner answered a hand-over."),
    handovers.REVOKED: _("A partner took a hand-over back."),
    seals.BROKEN: _("Something was changed after it was sealed. Keep the database as it is."),
    handovers.DONE: _("A household came to your agency's responsibility."),
}


@dataclass(frozen=True)
class Line:
    """A notification as a sentence."""

    pk: uuid.UUID
    says: Text
    at: Any
    url: str
    about: str
    is_new: bool = True


class NewsFilter(forms.Form):
    """Narrows the inbox."""

    kind = forms.ChoiceField(label=_("About"), required=False)
    all = narrowed_by(_("Show"), _("What is new"), [("1", _("Everything"))])

    def __init__(self, *args: Any, kinds: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = [(one, acts.KINDS[one][0]) for one in kinds]
        self.fields["kind"].choices = [("", _("All")), *labels]  # type: ignore[attr-defined]


class MailForm(forms.Form):
    """When a mail comes, for each kind of news."""

    def __init__(self, *args: Any, chosen: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, how in chosen.items():
            self.fields[kind] = forms.ChoiceField(
                label=str(acts.KINDS[kind][0]),
                choices=[
                    one for one in MailWhen.choices if kind not in acts.URGENT or one[0] != MailWhen.DAILY
                ],
                initial=how,
            )


def news_for(viewer: Viewer) -> NotificationQuerySet:
    """Return those that are this person's business: agreements for who manages access, referrals for who works on cases."""
    return Notification.objects.visible_to(viewer).filter(subject_type__in=acts.kinds_for(viewer.permissions))


@require_GET
@access.requires(Permission.HOME)
def inbox(request: ViewedRequest) -> HttpResponse:
    """Everything that partners told us, newest first; at first what nobody has put aside."""
    viewer = request.viewer
    form = NewsFilter(request.GET, kinds=acts.kinds_for(viewer.permissions))
    chosen = form.cleaned_data if form.is_valid() else {}
    found = news_for(viewer)
    if chosen.get("kind"):
        found = found.filter(subject_type=chosen["kind"])
    if not chosen.get("all"):
        found = found.unread()
    page = page_of(found.order_by("-at", "-id"), number=request.GET.get("page"))
    context = {
        "filters": form,
        "filtered": any(chosen.values()),
        "kind": chosen.get("kind", ""),
        "page": page,
        "lines": lines_of(page.rows, viewer),
    }
    return render(request, "pages/news.html", context)


@require_POST
@access.requires(Permission.HOME)
def put_aside(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Put one notification aside."""
    notification = get_object_or_404(news_for(request.viewer), pk=pk)
    acts.put_aside(notification=notification, by=request.viewer, now=timezone.now())
    return redirect("notifications" if request.POST.get("from") == "inbox" else "home")


@require_POST
@access.requires(Permission.HOME)
def put_all_aside(request: ViewedRequest) -> HttpResponse:
    """Put everything aside that is my business, or everything of one kind."""
    kinds = acts.kinds_for(request.viewer.permissions)
    kind = request.POST.get("kind", "")
    done = acts.put_all_aside(
        kinds=[one for one in kinds if kind in {"", one}], by=request.viewer, now=timezone.now()
    )
    told = ngettext("%(count)s line put aside.", "%(count)s lines put aside.", done)
    messages.success(request, told % {"count": figure(done)})
    return redirect("notifications")


@require_http_methods(["GET", "POST"])
@access.requires(Permission.HOME)
def mail(request: ViewedRequest) -> HttpResponse:
    """Choose which news come by mail, and when."""
    chosen = acts.mail_choices(by=request.viewer)
    form = MailForm(request.POST or None, chosen=chosen)
    if request.method == "POST" and form.is_valid():
        acts.choose_mail(by=request.viewer, chosen=form.cleaned_data)
        messages.success(request, gettext("Noted. It counts from the next news on."))
        return redirect("notifications")
    crumbs = [(gettext("News"), reverse("notifications"))]
    return render(request, "pages/news_mail.html", {"form": form, "crumbs": crumbs})


def unread(viewer: Viewer, *, at_most: int) -> list[Line]:
    """Return the newest lines that nobody has put aside."""
    return lines_of(list(news_for(viewer).unread().order_by("-at", "-id")[:at_most]), viewer)


def lines_of(found: Sequence[Notification], viewer: Viewer) -> list[Line]:
    """Return notifications as sentences, each with what it is about as far as the viewer may see that."""
    wanted = {kind: [one.subject_id for one in found if one.subject_type == kind] for kind in acts.KINDS}
    receivers = WebhookEndpoint.objects.visible_to(viewer).filter(pk__in=wanted["webhook"])
    about: dict[uuid.UUID, str] = dict(receivers.values_list("pk", "url"))
    if wanted["agreement"]:
        for agreement in Agreement.objects.visible_to(viewer).filter(pk__in=wanted["agreement"]):
            about[agreement.pk] = f"{agreement.reference} · {agreement.title}"
    if wanted["individual"]:
        people = Individual.objects.owned_by(viewer).filter(pk__in=wanted["individual"])
        about |= dict(people.values_list("pk", "number"))
    if wanted["indicators"]:
        seen = IndicatorAssessment.objects.visible_to(viewer).filter(pk__in=wanted["indicators"])
        about |= dict(seen.values_list("pk", "individual__number"))
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
    about |= _numbered(wanted, viewer)
    for review in Review.objects.visible_to(viewer).filter(pk__in=wanted["review"]):
        about[review.pk] = gettext("Due %(day)s") % {"day": strip_tags(fmt_date(review.due_on))}
    return [
        Line(
            pk=one.pk,
            says=TOLD.get(one.event) or gettext(CATALOGUE.get(one.event, one.event)),
            at=one.at,
            url=_url(one) if one.subject_id in about else "",
            about=about.get(one.subject_id, ""),
            is_new=one.read_at is None,
        )
        for one in found
    ]


def _numbered(wanted: Mapping[str, Sequence[uuid.UUID]], viewer: Viewer) -> dict[uuid.UUID, str]:
    """Return what is said of merges, and of members and batches of seals, which have numbers for ids."""
    merges = (
        Merge.objects.visible_to(viewer).filter(pk__in=wanted["merge"]).select_related("survivor", "merged")
    )
    numbers = [one.int for one in wanted["member"] if one.int < 2**63]
    members = Membership.objects.filter(agency_id=viewer.agency_id, pk__in=numbers).select_related("user")
    batch = gettext("Seal %(number)s")
    about = {one.pk: f"{one.survivor.number} · {one.merged.number}" for one in merges}
    if wanted["child"]:
        safeguards = Safeguard.objects.visible_to(viewer).filter(pk__in=wanted["child"])
        about |= dict(safeguards.values_list("pk", "individual__number"))
    if wanted["traced"]:
        traced = TracingMatch.objects.visible_to(viewer).filter(pk__in=wanted["traced"])
        about |= dict(traced.values_list("pk", "individual__number"))
    return (
        about
        | {of_number(member.pk): member.user.name for member in members}
        | {one: batch % {"number": one.int} if one.int else gettext("The seals") for one in wanted["seal"]}
    )


def _url(one: Notification) -> str:
    """Return where the subject of a notification is shown; members are numbered."""
    if one.subject_type == "seal":
        return reverse("audit")
    return reverse(
        one.subject_type, args=[one.subject_id.int if one.subject_type == "member" else one.subject_id]
    )
