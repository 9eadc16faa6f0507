"""Which referrals and hand-overs wait for us, and which did we send?"""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from resettlement import forms, reports


@access.requires(Permission.REFERRAL_READ)
@require_safe
def inbox(request: ViewedRequest) -> HttpResponse:
    """Referrals and hand-overs that partners began, or that we began; what waits first, by the time left."""
    viewer, now = request.viewer, timezone.now()
    sent = request.GET.get("side") == "sent"
    form = forms.InboxFilter(request.GET)
    chosen = {
        name: value
        for name, value in (form.cleaned_data if form.is_valid() else {}).items()
        if name != "side"
    }
    page = page_of(reports.inbox(viewer, sent=sent, **chosen), number=request.GET.get("page"))
    lines, people, claims = reports.lines(viewer, page.rows, now=now)
    reads.record(viewer=viewer, rows=people, view="referrals", now=now)
    reads.record(viewer=viewer, rows=claims, view="referrals", now=now)
    waiting = reports.inbox(viewer, sent=False, status="proposed")[:100].count()
    here = reverse("referrals")
    tabs = [
        {"label": _("Received"), "url": here, "current": not sent, "count": waiting or None},
        {"label": _("Sent"), "url": f"{here}?side=sent", "current": sent, "count": None},
    ]
    return render(
        request,
        "resettlement/referrals.html",
        {
            "tabs": tabs,
            "sent": sent,
            "page": page,
            "lines": lines,
            "filters": form,
            "filtered": any(chosen.values()),
        },
    )
