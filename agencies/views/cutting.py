"""Which page cuts a partner off, and shows what was cut?"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies import access
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.actions import halting
from agencies.forms.agreements import EndForm
from agencies.models import Agency, Agreement
from refugeecm.core.refusals import told_to
from refugeecm.core.templatetags.ui import fmt_time


@access.requires(Permission.AGREEMENT_END)
@require_http_methods(["GET", "POST"])
def agency_cut(request: ViewedRequest, pk: int) -> HttpResponse:
    """Say what would be cut, ask for the reason, cut, and show what was cut the last time."""
    partner, viewer = (
        get_object_or_404(Agency.objects.exclude(pk=request.viewer.agency_id), pk=pk),
        request.viewer,
    )
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_to(request):
            halting.cut_off(
                partner=partner, by=viewer, now=timezone.now(), reason=form.cleaned_data["reason"]
            )
            messages.success(request, _("Cut off. %(agency)s sees nothing any more.") % {"agency": partner})
        return redirect("agency-cut", partner.pk)
    context = {
        "agency": partner,
        "form": form,
        "standing": halting.standing_with(partner, by=viewer),
        "last": _last(viewer, partner),
        "crumbs": [
            (_("Agencies"), reverse("agencies")),
            (partner.name, reverse("agency", args=[partner.pk])),
        ],
    }
    return render(request, "agencies/agency_cut.html", context)


def _last(viewer: Viewer, partner: Agency) -> dict[str, object] | None:
    """Return what our agency cut of this partner the last time: (label, value) and the agreements."""
    event = halting.last_cut(partner, by=viewer)
    if event is None:
        return None
    cut = event.details
    facts: list[tuple[str, object]] = [
        (_("When"), fmt_time(event.at)),
        (_("Agreements suspended"), str(len(cut["opened"]))),
        (_("Their systems with access to the API"), str(cut["clients"])),
        (_("Last seen"), cut["last_seen"] or _("never")),
        *((_(words), str(count)) for words, count in cut["stopped"].items()),
    ]
    ids = [one["agreement"] for one in cut["opened"]]
    known = {str(one.pk): one for one in Agreement.objects.visible_to(viewer).filter(pk__in=ids)}
    rows = [(known[one["agreement"]], one["people"]) for one in cut["opened"] if one["agreement"] in known]
    return {"facts": facts, "rows": rows}
