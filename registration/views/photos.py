"""How are photos taken of a family, one person after the other, looked at, and removed?"""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from agencies import access
from agencies.access import Permission, shown_fields
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_to
from registration.actions import photos, sealing
from registration.forms.people import PhotoForm
from registration.models import Individual, Photo
from registration.views.exceptions import own_household


@access.requires(Permission.PERSON_REGISTER)
@require_safe
def family(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """The members of a family, each with a way to take a photo; the one that was just taken is shown."""
    viewer, house = request.viewer, own_household(request, pk)
    members = Individual.objects.visible_to(viewer).active().filter(household=house)
    page = page_of(members.order_by("pk"), number=request.GET.get("page"))
    reads.record(viewer=viewer, rows=page.rows, view="photos", now=timezone.now())
    taken = Photo.objects.owned_by(viewer).filter(individual__in=page.rows)
    when = dict(taken.values_list("individual", "taken_at"))
    context = {
        "household": house,
        "page": page,
        "people": [(one, when.get(one.pk), str(one.pk) == request.GET.get("taken")) for one in page.rows],
        "crumbs": [(_("People"), reverse("people")), (house.number, reverse("household", args=[pk]))],
    }
    return render(request, "registration/photos.html", context)


@access.requires(Permission.PERSON_PHOTO)
@require_http_methods(["GET", "HEAD", "POST"])
def photo(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """The photo itself, kept by no cache, each look at it noted; POST takes the one that is sent, or removes it."""
    if request.method == "POST":
        return _take(request, pk)
    viewer = request.viewer
    found = Photo.objects.visible_to(viewer).with_shown_classes(viewer).filter(individual=pk).first()
    if found is None or "image" not in shown_fields(found, viewer):
        raise Http404
    reads.record(viewer=viewer, rows=[found], view="photo", now=timezone.now())
    image = sealing.Opener([pk]).content(found)
    return HttpResponse(image, content_type="image/jpeg", headers={"Content-Disposition": "inline"})


def _take(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    viewer, now = request.viewer, timezone.now()
    own = Individual.objects.visible_to(viewer).filter(agency_id=viewer.agency_id)
    person: Individual = get_object_or_404(own, pk=pk)
    if request.POST.get("do") == "remove":
        with told_to(request, _("The photo is removed.")):
            photos.remove(individual=person, by=viewer, now=now)
    else:
        form = PhotoForm(request.POST, request.FILES)
        if form.is_valid():
            with told_to(request, _("The photo is saved.")):
                data = form.cleaned_data["photo"].read(photos.LARGEST_FILE + 1)
                photos.take(individual=person, data=data, by=viewer, now=now)
        for text in form.errors.get("photo", []):
            messages.error(request, str(text))
    page = request.POST.get("on")
    if page == "photos":
        return redirect(f"{reverse('photos', args=[person.household_id])}?taken={pk}#person-{pk}")
    return redirect("facts" if page == "facts" else "individual", pk)
