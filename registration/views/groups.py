"""Which pages change a registration group, and the status and record of a person?"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from refugeecm.core.refusals import NotPermitted, told_on
from registration import forms
from registration.actions import groups, status
from registration.enums import PROCESS_MOVES, GroupReason, Precision, ProcessStatus
from registration.models import Household, Individual
from registration.rules.arrivals import ArrivalRow, read_row
from registration.rules.relations import child_of
from registration.views.exceptions import form_page, own_household, own_person

_BOTH = require_http_methods(["GET", "POST"])


@access.requires(Permission.PERSON_REGISTER)
@_BOTH
def member_new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Register somebody more into a group: a birth, a late arrival."""
    house, now = own_household(request, pk), timezone.now()
    today, members = timezone.localdate(now), groups.active(house)
    mothers = [one for one in members if one.sex != "M"]
    form = forms.MemberForm(request.POST or None, today=today, mothers=mothers)
    if request.method == "POST" and form.is_valid():
        given, mother = form.cleaned_data, form.chosen_of("mother", mothers)
        with told_on(form):
            row = _row(form, house, mother if given["reason"] == GroupReason.BIRTH else None)
            born = given["reason"] == GroupReason.BIRTH and row.birth_precision == Precision.DAY
            groups.add(
                household=house, members=[row], reason=given["reason"], on=row.birth_date if born and row.birth_date else given["on"],
                mother=mother, by=request.viewer, now=now,
            )  # fmt: skip
            messages.success(request, _("Registered into this group."))
            return redirect("household", pk)
    return _page(request, form, _("Add a member"), _("Register"), house)


def _row(form: forms.MemberForm, house: Household, mother: Individual | None) -> ArrivalRow:
    """Return what was filled in as a row of arrivals, by the rules of a file; a newborn takes from the mother what is left out."""
    given = form.cleaned_data
    values = {
        name: given[name]
        for name in ("given_name", "father_name", "family_name", "sex", "date_of_birth", "nationality")
    }
    values |= {"registration_site": house.site, "registration_date": timezone.localdate().isoformat()}
    relationship = given["relationship"]
    if mother is not None:
        values |= {"mother_name": mother.full_name, "nationality": given["nationality"] or mother.nationality}
        relationship = relationship or child_of(mother.relationship, sex=given["sex"])
    row, errors = read_row(values, today=timezone.localdate())
    for error in errors:
        if not error.warning:
            field = error.column if error.column in form.fields else "given_name"
            raise NotPermitted(_(error.message) % {"value": error.value}, field=field)
    if row is None:
        raise NotPermitted(_("This cannot be registered as it is."))
    return row._replace(relationship=relationship or "U")


@access.requires(Permission.PERSON_REGISTER)
@_BOTH
def group_arrange(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Say who leads a group; then what the others are to them, as proposed or corrected."""
    house, now = own_household(request, pk), timezone.now()
    members = groups.active(house)
    focal = next((one for one in members if str(one.pk) == request.GET.get("focal")), None)
    if focal is None:
        context = {"household": house, "members": members, "crumbs": _crumbs(house)}
        return render(request, "registration/group_focal.html", context)
    others = [one for one in members if one.pk != focal.pk]
    age = focal.age_on(timezone.localdate(now))
    form = forms.PlacesForm(
        request.POST or None,
        today=timezone.localdate(now),
        others=others,
        proposed=groups.proposed(members, focal),
        child=age is not None and age < groups.ADULT,
        initial={"reason": GroupReason.CORRECTION if focal.is_focal_point else GroupReason.FOCAL_POINT},
    )
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            groups.arrange(
                household=house, focal_point=focal, relationships=form.relationships(), reason=form.cleaned_data["reason"],
                on=form.cleaned_data["on"], child_headed=form.cleaned_data.get("child_headed", False), by=request.viewer, now=now,
            )  # fmt: skip
            messages.success(request, _("The places in the group are written."))
            return redirect("household", pk)
    lead = _("What is everybody to %(name)s? This is proposed from what is known; correct what is not so.")
    title = _("Focal point and relationships")
    return _page(request, form, title, _("Save"), house, lead=lead % {"name": focal.full_name})


@access.requires(Permission.PERSON_REGISTER)
@_BOTH
def group_split(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Divide a group: some of its members make a new one."""
    return _leave(request, pk, new=True)


@access.requires(Permission.PERSON_REGISTER)
@_BOTH
def group_move(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Let members of a group go into another one of the agency."""
    return _leave(request, pk, new=False)


def _leave(request: ViewedRequest, pk: uuid.UUID, *, new: bool) -> HttpResponse:
    house, now, viewer = own_household(request, pk), timezone.now(), request.viewer
    members = groups.active(house)
    form = forms.LeavingForm(
        request.POST or None, today=timezone.localdate(now), members=members, new=new,
        initial={"members": request.GET.getlist("member"), "reason": GroupReason.SPLIT if new else GroupReason.MOVED},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        common: dict[str, Any] = {
            "members": form.going(), "successor": form.chosen_of("successor", members), "child_headed": given["child_headed"],
            "reason": given["reason"], "on": given["on"], "by": viewer, "now": now,
        }  # fmt: skip
        with told_on(form):
            if new:
                focal = form.chosen_of("focal_point", members) or members[0]
                target = groups.split(focal_point=focal, **common)
            else:
                target = _numbered(request, given["number"])
                groups.move(household=target, relationships={}, **common)
                focal = next(one for one in groups.active(target) if one.is_focal_point)
            messages.success(
                request, _("They are in this group now. Check what everybody is to the focal point.")
            )
            return redirect(f"{reverse('group-arrange', args=[target.pk])}?focal={focal.pk}")
    if new:
        lead = _("They get a number of their own. The history of both groups says who was where until when.")
        return _page(request, form, _("Divide the group"), _("Divide"), house, lead=lead)
    lead = _("If nobody stays, this group is closed.")
    return _page(request, form, _("Move to another group"), _("Move"), house, lead=lead)


def _numbered(request: ViewedRequest, number: str) -> Household:
    """Return the agency's group with a number, as far as the viewer may know of it."""
    wanted = "".join(number.split()).upper()
    found: Household | None = (
        Household.objects.visible_to(request.viewer)
        .filter(agency_id=request.viewer.agency_id, number=wanted)
        .first()
    )
    if found is None:
        raise NotPermitted(
            _("Your agency has no group with this number. Check it in the other family's file."),
            field="number",
        )
    return found


@access.requires(Permission.PERSON_REGISTER)
@_BOTH
def group_close(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Close the records of all in a group for one reason."""
    house, now, viewer = own_household(request, pk), timezone.now(), request.viewer
    form = forms.RecordForm(
        request.POST or None, today=timezone.localdate(now), closes=viewer.may(Permission.RECORD_CLOSE), heirs=[],
        statuses=[ProcessStatus.INACTIVE, ProcessStatus.CLOSED],
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        to, reason = form.cleaned_data["change"].split(" ", 1)
        with told_on(form):
            status.close_group(
                household=house, to=to, reason=reason, on=form.cleaned_data["on"], by=viewer, now=now
            )
            messages.success(request, _("The group is closed."))
            return redirect("household", pk)
    lead = _(
        "This is recorded of everybody in the group. Closed records are opened again by a supervisor only."
    )
    return _page(request, form, _("Close the group"), _("Close"), house, lead=lead)


@access.requires(Permission.PERSON_REGISTER)
@_BOTH
def record_change(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Record a death or departure, put a record on hold, close it, open it again."""
    person, now, viewer = own_person(request, pk), timezone.now(), request.viewer
    heirs = (
        [one for one in groups.active(person.household) if one.pk != person.pk]
        if person.is_focal_point
        else []
    )
    closes = viewer.may(Permission.RECORD_CLOSE)
    to_all = [
        one
        for one in ProcessStatus
        if one in PROCESS_MOVES[person.process_status] or one == person.process_status
    ]
    form = forms.RecordForm(
        request.POST or None, today=timezone.localdate(now), closes=closes, heirs=heirs,
        statuses=[one for one in to_all if one != ProcessStatus.ACTIVE or person.process_status != one],
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        to, reason = given["change"].split(" ", 1)
        with told_on(form):
            status.change_record(
                individual=person, to=to, reason=reason, on=given["on"], successor=form.chosen_of("successor", heirs),
                child_headed=given.get("child_headed", False), by=viewer, now=now,
            )  # fmt: skip
            messages.success(request, _("Recorded."))
            return redirect("individual", pk)
    lead = (
        ""
        if closes
        else _(
            "A death or departure you record yourself; for everything else that closes a record, ask a supervisor."
        )
    )
    return form_page(
        request, form, _("Change the record"), _("Save"), reverse("individual", args=[pk]), of=person.number, lead=lead
    )  # fmt: skip


@access.requires(Permission.RECORD_CLOSE)
@_BOTH
def legal_change(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Change a person's legal status, its basis or category."""
    person, now = own_person(request, pk), timezone.now()
    form = forms.LegalForm(
        request.POST or None,
        today=timezone.localdate(now),
        initial={
            "legal_status": person.legal_status,
            "basis": person.status_basis,
            "category": person.status_category,
        },
    )
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            status.change_legal(individual=person, by=request.viewer, now=now, **form.cleaned_data)
            messages.success(request, _("The status is changed."))
            return redirect("individual", pk)
    lead = _("Each of the three that changes gets this day.")
    return form_page(
        request, form, _("Change the status"), _("Save"), reverse("individual", args=[pk]), of=person.number, lead=lead
    )  # fmt: skip


def _page(
    request: ViewedRequest, form: Any, title: str, action: str, house: Household, *, lead: str = ""
) -> HttpResponse:
    back = reverse("household", args=[house.pk])
    return form_page(request, form, title, action, back, of=house.number, lead=lead)


def _crumbs(house: Household) -> list[tuple[Any, str]]:
    return [(_("People"), reverse("people")), (house.number, reverse("household", args=[house.pk]))]
