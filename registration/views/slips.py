"""What does a family take along from the desk? A slip with their number, in their language; its QR code holds nothing else."""

from __future__ import annotations

import io
import uuid

import segno
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_info
from django.views.decorators.http import require_GET

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from registration.models import Household, Individual, QueueToken
from registration.rules.family import SPOKEN

WRITTEN = ("en", "ar")  # languages in which there are texts; others get English


def drawn(text: str) -> SafeString:
    """Return a QR code of a number, as SVG."""
    image = io.BytesIO()
    segno.make(text, error="m").save(
        image, kind="svg", xmldecl=False, svgns=False, omitsize=True, svgclass=None, lineclass=None
    )
    return mark_safe(image.getvalue().decode())  # noqa: S308 - drawn here, and bears no text


def written_for(people: list[Individual]) -> dict[str, str | bool]:
    """Return the language for a family's paper: of the first of them who told theirs, as far as there are texts in it."""
    spoken = [SPOKEN.get(one.languages[0], "") for one in people if one.languages]
    code = spoken[0] if spoken and spoken[0] in WRITTEN else WRITTEN[0]
    return {"code": code, "dir": "rtl" if get_language_info(code)["bidi"] else "ltr"}


@require_GET
@access.requires(Permission.PERSON_REGISTER)
def slip(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the slip of a family of the viewer's agency, to be printed."""
    viewer, now = request.viewer, timezone.now()
    visible = Household.objects.visible_to(viewer).filter(agency_id=viewer.agency_id)
    household: Household = get_object_or_404(visible.select_related("event"), pk=pk)
    people = list(
        Individual.objects.visible_to(viewer)
        .with_shown_classes(viewer)
        .active()
        .filter(household=household)
        .order_by("-pk")[:50]
    )
    people.sort(key=lambda one: (not one.is_focal_point, one.birth_date or now.date(), one.number))
    reads.record(viewer=viewer, rows=people, view="slip", now=now)
    coming = QueueToken.objects.visible_to(viewer).filter(
        household=household, day__gte=timezone.localdate(now)
    )
    context = {
        "household": household,
        "people": people,
        "speech": written_for(people),
        "qr": drawn(household.number),
        "appointment": coming.filter(status="waiting").order_by("day", "number").first(),
        "agency": viewer.agency,
        "crumbs": [(household.number, reverse("household", args=[household.pk]))],
    }
    return render(request, "registration/slip.html", context)
