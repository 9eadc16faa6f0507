"""Which pages complete and correct what is known of one person?"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.refusals import told_on, told_to
from refugeecm.core.templatetags.ui import country, fmt_date
from registration.actions import corrections, further_facts, sealing
from registration.enums import CorrectionReason, Level
from registration.forms.people import (
    BiometricForm,
    DocumentForm,
    PersonForm,
    RelativeForm,
    RemovalForm,
    as_typed,
)
from registration.models import AdminArea, BiometricReference, Document, Individual, Photo, Relative
from registration.rules.levels import above

SUGGESTED = 10  # areas


def person_of(request: ViewedRequest, pk: uuid.UUID) -> Individual:
    """Return a person of the viewer's own agency, as far as the viewer may see them."""
    own = Individual.objects.visible_to(request.viewer).filter(agency_id=request.viewer.agency_id)
    found: Individual = get_object_or_404(
        own.with_records().select_related("household", "agency", "birth_area", "origin_area"), pk=pk
    )
    return found


@access.requires(Permission.PERSON_REGISTER)
@require_http_methods(["GET", "POST"])
def correct(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Everything that is known of a person on one page; `?level=` asks for what a higher level needs.

    Whoever saves what another has changed meanwhile gets both versions beside each other, and chooses.
    """
    person, now = person_of(request, pk), timezone.now()
    version, stands = corrections.version_of(person), _typed(person)
    posted = _chosen(request.POST, stands if request.POST.get("version") == version else {}) or None
    if posted is not None and posted.get("level") not in above(person.level):
        posted["level"] = person.level  # never lowered, even if somebody raised it meanwhile
    wanted = (posted or request.GET).get("level", "")
    form = PersonForm(
        posted,
        initial={
            **stands,
            "version": version,
            "level": wanted if wanted in above(person.level) else person.level,
        },
        level=person.level,
        wanted=wanted if wanted in Level.values else person.level,
        known=corrections.known(person),
        today=timezone.localdate(now),
    )
    if posted is not None and form.is_valid():
        given = form.cleaned_data
        with told_on(form):
            try:
                corrections.correct(
                    individual=person, columns=form.columns(), further=form.further(), level=given["level"],
                    reason=given["reason"], version=given["version"], by=request.viewer, now=now,
                )  # fmt: skip
            except corrections.Stale:
                return _compare(request, person, form, version, stands)
            messages.success(request, _("What is known of this person is saved."))
            return redirect("individual", pk)
    reads.record(viewer=request.viewer, rows=[person], view="correct", now=now)
    context = {"form": form, "person": person, "groups": form.groups(), "crumbs": _crumbs(person)}
    return render(request, "registration/person_form.html", context)


def _typed(person: Individual) -> dict[str, str]:
    """Return what stands, as the form's fields would have been filled in."""
    opener = sealing.Opener([person.pk])
    sealed = {name: opener.value(person, name) for name in sealing.SEALED}
    return as_typed(person, sealed=sealed, further=corrections.further_names(person))


def _typed_then(person: Individual, version: str) -> dict[str, str] | None:
    then = corrections.at_version(person, version)
    if then is None:
        return None
    opener, (record, further) = sealing.Opener([person.pk]), then
    sealed = {
        name: opener.opened(person.pk, getattr(record, name), sealing.value_place(name, person.pk))
        for name in sealing.SEALED
    }
    return as_typed(record, sealed=sealed, further=further)


def _chosen(posted: QueryDict, stands: dict[str, str]) -> QueryDict:
    """Return what was sent, with what stands now in the fields in which somebody chose the other's version."""
    given = posted.copy()
    for name, value in stands.items():
        if posted.get(f"keep_{name}") == "theirs":
            given[name] = value
    return given


def _compare(
    request: ViewedRequest, person: Individual, form: PersonForm, version: str, stands: dict[str, str]
) -> HttpResponse:
    """Show, of each field in which both differ, what it was, theirs and mine; whoever changed it alone is chosen already."""
    before = _typed_then(person, form.cleaned_data["version"]) or stands
    rows = []
    for name, field in form.fields.items():
        mine, theirs, was = form.data.get(name, ""), stands.get(name, ""), before.get(name, "")
        mine = mine.replace("\r\n", "\n").strip()
        if name in stands and mine != theirs:
            rows.append(
                {
                    "name": name,
                    "label": field.label,
                    "was": _words(field, was),
                    "theirs": _words(field, theirs),
                    "mine": _words(field, mine),
                    "chosen": "theirs" if mine == was else "mine" if theirs == was else "",
                }
            )
    sent = [
        (name, version if name == "version" else form.data.get(name, ""))
        for name in form.fields
        if name in form.data or name == "version"
    ]
    context = {"person": person, "rows": rows, "sent": sent, "crumbs": _crumbs(person)}
    reads.record(viewer=request.viewer, rows=[person], view="correct", now=timezone.now())
    return render(request, "registration/person_compare.html", context, status=409)


def _words(field: Any, value: str) -> Any:
    """Return a value of a field as the screen says it."""
    if value == "on":
        return _("yes")
    return dict(getattr(field, "choices", ())).get(value, value) if value else "–"


def _crumbs(person: Individual) -> list[tuple[Any, str]]:
    return [(_("People"), reverse("people")), (person.number, reverse("individual", args=[person.pk]))]


# What is added on the page of further facts: the form, the action, the records and how each is said.
_PARTS: dict[str, tuple[Any, Any, Any, Any]] = {
    "document": (DocumentForm, further_facts.add_document, Document, gettext_lazy("Documents")),
    "relative": (RelativeForm, further_facts.add_relative, Relative, gettext_lazy("Relatives elsewhere")),
    "biometric": (
        BiometricForm,
        further_facts.add_biometric,
        BiometricReference,
        gettext_lazy("Biometric references"),
    ),
}


@access.requires(Permission.PERSON_REGISTER)
@require_http_methods(["GET", "POST"])
def facts(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Documents, relatives elsewhere, references of biometric systems and the photo of a person: read, add and remove."""
    person, now = person_of(request, pk), timezone.now()
    part, forms = request.POST.get("part", ""), {name: one[0]() for name, one in _PARTS.items()}
    if request.method == "POST":
        if part in _PARTS and "row" in request.POST:
            _remove(request, person, part)
            return redirect("facts", pk)
        if part not in _PARTS:
            raise Http404
        form = forms[part] = _PARTS[part][0](request.POST)
        if form.is_valid():
            with told_on(form):
                _PARTS[part][1](individual=person, by=request.viewer, now=now, **form.cleaned_data)
                messages.success(request, _("Saved."))
                return redirect("facts", pk)
    reads.record(viewer=request.viewer, rows=[person], view="facts", now=now)
    context = {
        "person": person,
        "parts": [
            {"name": name, "title": _PARTS[name][3], "form": form, "rows": _rows(request, person, name)}
            for name, form in forms.items()
        ],
        "reasons": CorrectionReason.choices,
        "photo": Photo.objects.owned_by(request.viewer).filter(individual=person).first(),
        "wrong": next((one for one in forms.values() if one.errors), None),
        "crumbs": _crumbs(person),
    }
    return render(request, "registration/facts.html", context)


def _remove(request: ViewedRequest, person: Individual, part: str) -> None:
    form = RemovalForm(request.POST)
    form.is_valid()
    row = get_object_or_404(_PARTS[part][2], pk=form.cleaned_data.get("row"), individual=person)
    with told_to(request, _("Removed.")):
        reason = form.cleaned_data.get("reason", "")
        further_facts.remove(row=row, reason=reason, by=request.viewer, now=timezone.now())


def _rows(request: ViewedRequest, person: Individual, part: str) -> list[tuple[Any, str, list[Any]]]:
    """Return (key, what it is, what is known of it) of each of these records of a person, as first recorded."""
    opener = sealing.Opener([person.pk])
    own = _PARTS[part][2].objects.owned_by(request.viewer)
    found: list[Any] = list(own.filter(individual=person).order_by("pk")[:200])
    if part == "document":
        return [(one.pk, one.get_kind_display(), [opener.number(one)]) for one in found]
    if part == "relative":
        return [
            (
                one.pk,
                f"{one.get_relationship_display()}: {one.name}",
                [country(one.country) if one.country else "", opener.fact(one, "whereabouts"), one.number],
            )
            for one in found
        ]
    return [
        (
            one.pk,
            one.system,
            [opener.fact(one, "reference"), one.get_result_display(), fmt_date(one.checked_on)],
        )
        for one in found
    ]


@access.requires(Permission.PERSON_READ)
@require_safe
def areas(request: ViewedRequest) -> HttpResponse:
    """Suggest areas for the first letters of a name or P-code, of the country that is chosen beside it: options of a list."""
    asked = request.GET.dict()
    text = next((str(value).strip() for name, value in asked.items() if name.endswith("area")), "")
    within = next((str(value) for name, value in asked.items() if name.endswith("country")), "")
    found = AdminArea.objects.starting_with(text, country=within)[:SUGGESTED] if len(text) > 1 else []
    return render(request, "registration/areas.html", {"areas": found})
