"""Which pages are there about an agency's systems that are told of events?"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access, channels, reports
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import webhooks as acts
from agencies.enums import DeliveryStatus, EndpointStatus
from agencies.forms import webhooks as forms
from agencies.models import WebhookDelivery, WebhookEndpoint
from agencies.policies import NotPermitted
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on, told_to
from refugeecm.core.templatetags.ui import fmt_time

_KINDS = {
    DeliveryStatus.WAITING: "info",
    DeliveryStatus.DELIVERED: "good",
    DeliveryStatus.DEAD: "bad",
    DeliveryStatus.CANCELLED: "neutral",
}


def badge(endpoint: WebhookEndpoint) -> tuple[str, str]:
    """Return (kind, label): the status, except that an active receiver which does not answer is not well."""
    if endpoint.status == EndpointStatus.ACTIVE and endpoint.failures:
        return "warn", _("Does not answer")
    kinds = {EndpointStatus.ACTIVE: "good", EndpointStatus.PAUSED: "warn"}
    return kinds.get(EndpointStatus(endpoint.status), "neutral"), endpoint.get_status_display()


def reason(endpoint: WebhookEndpoint) -> str:
    """Return why a receiver is paused or ended, in words; two reasons are the machine's own."""
    machine = {
        "410": _("It answered that it is gone for good (410)."),
        "failing": _("It did not answer for three days."),
    }
    return machine.get(endpoint.why, endpoint.why)


@access.requires(Permission.WEBHOOK_READ)
@require_safe
def webhooks(request: ViewedRequest) -> HttpResponse:
    """The systems that are told of events."""
    found = WebhookEndpoint.objects.visible_to(request.viewer).order_by("-created_at", "-pk")
    page = page_of(found, number=request.GET.get("page"))
    deliveries = WebhookDelivery.objects.visible_to(request.viewer).filter(
        endpoint__in=[one.pk for one in page.rows]
    )
    open_ones = deliveries.filter(status__in=[DeliveryStatus.WAITING, DeliveryStatus.DEAD]).values(
        "endpoint_id"
    )
    counts = {
        one["endpoint_id"]: one
        for one in open_ones.annotate(
            waiting=Count("pk", filter=Q(status=DeliveryStatus.WAITING)),
            dead=Count("pk", filter=Q(status=DeliveryStatus.DEAD)),
        ).order_by()
    }
    rows = [
        {"endpoint": one, "badge": badge(one), "counts": counts.get(one.pk, {"waiting": 0, "dead": 0})}
        for one in page.rows
    ]
    return render(request, "agencies/webhooks.html", {"page": page, "rows": rows})


@access.requires(Permission.WEBHOOK_MANAGE)
@require_http_methods(["GET", "POST"])
def webhook_new(request: ViewedRequest) -> HttpResponse:
    """Add a receiver. The answer to the POST is the only page that ever shows the secret, so there is no redirect."""
    form = forms.WebhookForm(request.POST or None)
    crumbs = [(_("Webhooks"), reverse("webhooks"))]
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            made, secret = acts.add(by=request.viewer, now=timezone.now(), **form.cleaned_data)
            shown = {"endpoint": made, "secret": secret, "rotated": False, "crumbs": crumbs}
            return render(request, "agencies/webhook_secret.html", shown)
    return render(request, "agencies/webhook_new.html", {"form": form, "crumbs": crumbs})


def _endpoint(request: ViewedRequest, pk: uuid.UUID) -> WebhookEndpoint:
    visible = WebhookEndpoint.objects.visible_to(request.viewer).select_related("agency__key", "created_by")
    return get_object_or_404(visible, pk=pk)


def _crumbs(endpoint: WebhookEndpoint) -> list[tuple[str, str]]:
    return [(_("Webhooks"), reverse("webhooks")), (endpoint.url, reverse("webhook", args=[endpoint.pk]))]


@access.requires(Permission.WEBHOOK_READ)
@require_safe
def webhook(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One receiver: how it is, and what was sent to it with what success."""
    found, now = _endpoint(request, pk), timezone.now()
    form = forms.DeliveryFilter(request.GET)
    wanted = form.cleaned_data["status"] if form.is_valid() else ""
    deliveries = WebhookDelivery.objects.visible_to(request.viewer).filter(endpoint=found)
    dead = deliveries.filter(status=DeliveryStatus.DEAD)[:1001].count()
    page = page_of(
        (deliveries.filter(status=wanted) if wanted else deliveries).order_by("-id"),
        number=request.GET.get("page"),
    )
    return render(
        request,
        "agencies/webhook.html",
        {
            "endpoint": found,
            "badges": [badge(found)],
            "facts": [
                (_("Added"), fmt_time(found.created_at)),
                (_("By"), found.created_by.name if found.created_by else ""),
                (_("Last try"), fmt_time(found.tried_at) if found.tried_at else _("Never")),
            ],
            "topics": [channels.label(one) for one in found.topics],
            "reason": reason(found),
            "changing_until": found.previous_until
            if found.previous_until and found.previous_until > now
            else None,
            "resting_until": found.resume_at if found.resume_at and found.resume_at > now else None,
            "filters": form,
            "filtered": bool(wanted),
            "page": page,
            "rows": [_line(one, found) for one in page.rows],
            "dead": dead,
            "active": found.status == EndpointStatus.ACTIVE,
            "ended": found.status == EndpointStatus.ENDED,
            "entries": reports.story(viewer=request.viewer, subjects=[found.pk]),
            "crumbs": [(_("Webhooks"), reverse("webhooks"))],
        },
    )


def _line(delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Return one line of the log; a receiver that is paused or ended is not tried again by itself."""
    waits = delivery.status == DeliveryStatus.WAITING and endpoint.status == EndpointStatus.ACTIVE
    return {
        "delivery": delivery,
        "topic": channels.label(delivery.topic),
        "kind": _KINDS[DeliveryStatus(delivery.status)],
        "next_at": _next_try(delivery, endpoint) if waits and delivery.attempts else None,
        "dead": delivery.status == DeliveryStatus.DEAD,
    }


def _next_try(delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> datetime:
    return max(delivery.next_at, endpoint.resume_at) if endpoint.resume_at else delivery.next_at


@access.requires(Permission.WEBHOOK_MANAGE)
@require_http_methods(["GET", "POST"])
def webhook_rotate(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Say what happens, then give a receiver a new secret and show it, once."""
    found = _endpoint(request, pk)
    if request.method == "POST":
        try:
            secret = acts.rotate(endpoint=found, by=request.viewer, now=timezone.now())
        except NotPermitted as refusal:
            messages.error(request, str(refusal))
            return redirect("webhook", found.pk)
        shown = {"endpoint": found, "secret": secret, "rotated": True, "crumbs": _crumbs(found)}
        return render(request, "agencies/webhook_secret.html", shown)
    return render(request, "agencies/webhook_rotate.html", {"endpoint": found, "crumbs": _crumbs(found)})


@access.requires(Permission.WEBHOOK_MANAGE)
@require_http_methods(["GET", "POST"])
def webhook_stop(request: ViewedRequest, pk: uuid.UUID, how: str) -> HttpResponse:
    """Ask for the reason, then pause or end a receiver."""
    found, form = _endpoint(request, pk), forms.PauseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = acts.pause if how == "pause" else acts.end
        with told_to(request):
            act(endpoint=found, by=request.viewer, now=timezone.now(), why=form.cleaned_data["why"])
            paused = _("Paused. What happens meanwhile waits here.")
            messages.success(
                request, paused if how == "pause" else _("Ended. Nothing is sent there any more.")
            )
        return redirect("webhook", found.pk)
    return render(
        request,
        "agencies/webhook_stop.html",
        {"form": form, "endpoint": found, "pausing": how == "pause", "crumbs": _crumbs(found)},
    )


@access.requires(Permission.WEBHOOK_MANAGE)
@require_POST
def webhook_act(request: ViewedRequest, pk: uuid.UUID, act: str) -> HttpResponse:
    """Resume a receiver, send it a test event, or send again all that was given up."""
    found, now = _endpoint(request, pk), timezone.now()
    with told_to(request):
        if act == "resume":
            acts.resume(endpoint=found, by=request.viewer, now=now)
            said = _("Resumed. What has waited is being sent.")
        elif act == "test":
            acts.test(endpoint=found, by=request.viewer, now=now)
            said = _("A test event is on its way. Reload this page to see whether it arrived.")
        else:
            said = _again(acts.replay(endpoint=found, by=request.viewer, now=now))
        messages.success(request, said)
    return redirect("webhook", found.pk)


@access.requires(Permission.WEBHOOK_MANAGE)
@require_POST
def delivery_replay(request: ViewedRequest, pk: int) -> HttpResponse:
    """Send one delivery that was given up again."""
    visible = WebhookDelivery.objects.visible_to(request.viewer).select_related("endpoint")
    delivery = get_object_or_404(visible, pk=pk)
    with told_to(request):
        acts.replay(endpoint=delivery.endpoint, by=request.viewer, now=timezone.now(), delivery=delivery)
        messages.success(request, _again(1))
    return redirect("webhook", delivery.endpoint_id)


def _again(count: int) -> str:
    return ngettext("%(count)s delivery is sent again.", "%(count)s deliveries are sent again.", count) % {
        "count": count
    }
