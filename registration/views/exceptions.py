"""Which pages are there about consent, sealed files, emergencies and conflicts of interest?"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access
from agencies.access import Permission, Sight
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on, told_to
from registration import forms
from registration.actions import consents, exceptions
from registration.models import (
    ConflictOfInterest,
    Consent,
    Household,
    HouseholdReader,
    Individual,
    SealedFile,
)


def own_person(request: ViewedRequest, pk: uuid.UUID) -> Individual:
    """Return a person of the viewer's own agency, or answer 404."""
    own = Individual.objects.visible_to(request.viewer).filter(agency_id=request.viewer.agency_id)
    found: Individual = get_object_or_404(own.select_related("household"), pk=pk)
    return found


def own_household(request: ViewedRequest, pk: uuid.UUID) -> Household:
    """Return a family of the viewer's own agency, or answer 404."""
    own = Household.objects.visible_to(request.viewer).filter(agency_id=request.viewer.agency_id)
    found: Household = get_object_or_404(own, pk=pk)
    return found


def _crumbs(*further: tuple[str, str]) -> list[tuple[Any, str]]:
    return [(_("People"), reverse("people")), *further]


@access.requires(Permission.PERSON_READ)
@require_safe
def consent_list(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """To what a person has agreed, and what they have withdrawn; newest first."""
    viewer, person = request.viewer, own_person(request, pk)
    found = (
        Consent.objects.owned_by(viewer).filter(individual=person).select_related("recipient", "recorded_by")
    )
    page = page_of(found.order_by("-recorded_at", "-pk"), number=request.GET.get("page"))
    reads.record(viewer=viewer, rows=[person], view="consents", now=timezone.now())
    rows = [
        {
            "consent": one,
            "confirms": _confirmations(one, person),
            "may_confirm": viewer.may(Permission.CONSENT_RECORD)
            and consents.goes_home(person, one.recipient)
            and not one.withdrawn_at
            and not one.confirmed_again_by_id
            and viewer.user_id not in {one.recorded_by_id, one.confirmed_by_id},
        }
        for one in page.rows
    ]
    context = {
        "person": person,
        "name": Sight(person, viewer).text("given_name", person.full_name),
        "page": page,
        "rows": rows,
        "may_record": viewer.may(Permission.CONSENT_RECORD),
        "crumbs": _crumbs((person.number, reverse("individual", args=[pk]))),
    }
    return render(request, "registration/consents.html", context)


def _confirmations(consent: Consent, person: Individual) -> int | None:
    """Return how many of two people have confirmed a consent towards the person's own country; None where none is asked."""
    if not consents.goes_home(person, consent.recipient):
        return None
    return bool(consent.confirmed_by_id) + bool(consent.confirmed_again_by_id)


@access.requires(Permission.CONSENT_RECORD)
@require_http_methods(["GET", "POST"])
def consent_new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Record a consent."""
    person, now = own_person(request, pk), timezone.now()
    form = forms.ConsentForm(request.POST or None, viewer=request.viewer)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            consents.record(individual=person, by=request.viewer, now=now, **form.cleaned_data)
            messages.success(request, _("The consent is recorded. It can be withdrawn at any time."))
            return redirect("consents", pk)
    return form_page(
        request, form, _("Record a consent"), pgettext("verb", "Record"), reverse("consents", args=[pk]), of=person.number,
        lead=_("Refusing it changes nothing for the person: registration, protection and assistance do not depend on it."),
    )  # fmt: skip


@access.requires(Permission.CONSENT_RECORD)
@require_http_methods(["GET", "POST"])
def consent_withdraw(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Withdraw a consent; what rested on it closes at the next request."""
    consent = _consent(request, pk)
    back = reverse("consents", args=[consent.individual_id])
    form = forms.HowForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_to(request, _("Withdrawn. What rested on it is closed from now on.")):
            consents.withdraw(consent=consent, by=request.viewer, now=timezone.now(), **form.cleaned_data)
        return redirect(back)
    lead = _("%(agency)s sees nothing more that rests on this consent, from its next request on.")
    return form_page(
        request, form, _("Withdraw the consent"), _("Withdraw"), back, of=consent.individual.number,
        lead=lead % {"agency": consent.recipient.name},
    )  # fmt: skip


@access.requires(Permission.CONSENT_RECORD)
@require_POST
def consent_confirm(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Confirm that a consent towards the person's own country is free."""
    consent = _consent(request, pk)
    with told_to(request, _("Confirmed.")):
        consents.confirm(consent=consent, by=request.viewer, now=timezone.now())
    return redirect("consents", consent.individual_id)


def _consent(request: ViewedRequest, pk: uuid.UUID) -> Consent:
    visible = Consent.objects.visible_to(request.viewer).filter(agency_id=request.viewer.agency_id)
    found: Consent = get_object_or_404(visible.select_related("individual", "recipient"), pk=pk)
    return found


@access.requires(Permission.FILE_SEAL)
@require_http_methods(["GET", "POST"])
def seal(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Seal a family's file; or, when it is sealed, say who reads it, add a reader, or lift the seal."""
    household, viewer, now = own_household(request, pk), request.viewer, timezone.now()
    back = reverse("household", args=[pk])
    sealed = (
        SealedFile.objects.filter(agency_id=viewer.agency_id, household_id=pk, lifted_at=None)
        .select_related("sealed_by")
        .first()
    )
    form = forms.SealForm(request.POST or None, viewer=viewer)
    if request.method == "POST" and form.is_valid():
        reader, reason = form.cleaned_data["reader"].user_id, form.cleaned_data["reason"]
        with told_on(form):
            if sealed is None:
                exceptions.seal(household=household, reason=reason, readers=[reader], by=viewer, now=now)
            else:
                exceptions.name_reader(household=household, user_id=reader, reason=reason, by=viewer, now=now)
            messages.success(request, _("The file is sealed: only its readers see it."))
            return redirect("seal", pk)
    if sealed is None:
        return form_page(
            request, form, _("Seal the file"), _("Seal"), back, of=household.number,
            lead=_("No partner sees this family any more, by any agreement, and of your agency only the readers and you."),
        )  # fmt: skip
    readers = HouseholdReader.objects.filter(
        agency_id=viewer.agency_id, content_object=household
    ).select_related("user", "granted_by")
    context = {
        "household": household,
        "sealed": sealed,
        "readers": readers.order_by("kind", "user__name")[:200],
        "form": form,
        "now": now,
        "crumbs": _crumbs((household.number, back)),
    }
    return render(request, "registration/sealed.html", context)


@access.requires(Permission.FILE_SEAL)
@require_POST
def seal_lift(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Lift the seal."""
    with told_to(request, _("The seal is lifted.")):
        exceptions.lift(household=own_household(request, pk), by=request.viewer, now=timezone.now())
    return redirect("household", pk)


@access.requires(Permission.FILE_SEAL)
@require_POST
def seal_reader(request: ViewedRequest, pk: uuid.UUID, user: int) -> HttpResponse:
    """Take a reader off the list."""
    with told_to(request):
        exceptions.remove_reader(
            household=own_household(request, pk), user_id=user, by=request.viewer, now=timezone.now()
        )
        if user == request.viewer.user_id:
            return redirect("people")
    return redirect("seal", pk)


@access.requires(Permission.GLASS_BREAK)
@require_http_methods(["GET", "POST"])
def emergency(request: ViewedRequest) -> HttpResponse:
    """Ask to read a sealed file in an emergency. The answer is the same for every number."""
    form = forms.GlassForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            exceptions.break_glass(by=request.viewer, now=timezone.now(), **form.cleaned_data)
            said = _(
                "Your administrators have been told. For three hours you see below all that this number opens to you."
            )
            messages.warning(request, said)
            return redirect(f"{reverse('people')}?{urlencode({'q': form.cleaned_data['number']})}")
    return form_page(
        request, form, _("Emergency access"), _("Open for three hours"), reverse("home"),
        lead=_("For danger to life or health only. Your administrators are told at once who asked, for which number and why."),
    )  # fmt: skip


@access.requires(Permission.PERSON_READ)
@require_http_methods(["GET", "POST"])
def conflict_new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Declare a conflict of interest about a family: one's own, or as a supervisor a colleague's."""
    household, viewer = own_household(request, pk), request.viewer
    form = forms.ConflictForm(request.POST or None, viewer=viewer)
    if request.method == "POST" and form.is_valid():
        user_id = form.cleaned_data["member"].user_id
        with told_on(form):
            exceptions.declare_conflict(
                household=household,
                user_id=user_id,
                reason=form.cleaned_data["reason"],
                by=viewer,
                now=timezone.now(),
            )
            messages.success(request, _("Declared. The file is closed to them from now on."))
            return redirect("people") if user_id == viewer.user_id else redirect("household", pk)
    return form_page(
        request, form, _("Declare a conflict of interest"), _("Declare"), reverse("household", args=[pk]),
        of=household.number,
        lead=_("The file is closed at once. Only a supervisor other than the person concerned can open it again."),
    )  # fmt: skip


@access.requires(Permission.CONFLICT_DECLARE)
@require_safe
def conflicts(request: ViewedRequest) -> HttpResponse:
    """Conflicts of interest that stand in the agency, without names of the people concerned."""
    viewer = request.viewer
    standing = ConflictOfInterest.objects.filter(agency_id=viewer.agency_id, ended_at=None)
    first = standing.order_by("household_id", "user_id", "pk").distinct("household_id", "user_id")
    found = ConflictOfInterest.objects.filter(
        agency_id=viewer.agency_id, pk__in=first.values("pk")
    ).select_related("user", "declared_by")
    page = page_of(
        found.exclude(user_id=request.viewer.user_id or 0).order_by("-declared_at", "-pk"),
        number=request.GET.get("page"),
    )
    numbers = dict(
        Household.objects.visible_to(request.viewer)
        .filter(pk__in=[one.household_id for one in page.rows])
        .values_list("pk", "number")
    )
    rows = [{"conflict": one, "number": numbers.get(one.household_id, "")} for one in page.rows]
    return render(request, "registration/conflicts.html", {"page": page, "rows": rows, "crumbs": _crumbs()})


@access.requires(Permission.CONFLICT_DECLARE)
@require_POST
def conflict_end(request: ViewedRequest, pk: uuid.UUID, user: int) -> HttpResponse:
    """End a colleague's conflict of interest."""
    household = own_household(request, pk)
    with told_to(request, _("Ended. They see the file again as their colleagues do.")):
        exceptions.end_conflict(
            household_id=household.pk, user_id=user, by=request.viewer, now=timezone.now()
        )
    return redirect("conflicts")


def form_page(
    request: ViewedRequest, form: Any, title: str, action: str, back: str, *, lead: str = "", of: str = ""
) -> HttpResponse:
    """Return the page of one small form, with its consequence said above it; `of` is the number of the file, at `back`."""
    context = {
        "form": form,
        "title": title,
        "action": action,
        "back": back,
        "lead": lead,
        "of": of,
        "crumbs": _crumbs((of, back)) if of else _crumbs(),
    }
    return render(request, "registration/exception_form.html", context)
