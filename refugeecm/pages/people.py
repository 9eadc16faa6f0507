"""Who is registered? One search box over everything that may be seen, and the newest people when nothing is asked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from agencies import access
from agencies.access import Permission, Sight, Viewer, label
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from cases.models import Claim, ClaimReference
from refugeecm.core.paging import Page, page_among, page_of, reach
from refugeecm.core.templatetags.ui import DATE, country
from registration import search
from registration.actions.sealing import document_index
from registration.enums import LegalStatus, Precision, ProcessStatus, Sex
from registration.models import Document, Household, Individual, InfluxEvent, listing
from registration.rules.asked import around, asked
from registration.rules.countries import codes

Text = str | Promise
LEGAL_KINDS = {
    LegalStatus.REFUGEE: "good",
    LegalStatus.OTHER_PROTECTION: "good",
    LegalStatus.ASYLUM_SEEKER: "info",
    LegalStatus.STATELESS: "info",
}

# What a filter asks for, by its name.
_ASKED = {"sex": "sex", "nationality": "nationality", "born": "birth_date", "event": "event"}


class PeopleForm(forms.Form):
    """What is looked for."""

    q = forms.CharField(label=_("Name, number or telephone"), max_length=200, required=False)
    born = forms.IntegerField(
        label=_("Born about"),
        min_value=1880,
        max_value=2100,
        required=False,
        widget=forms.TextInput(attrs={"class": "short", "inputmode": "numeric", "size": 4, "maxlength": 4}),
    )
    sex = forms.ChoiceField(label=_("Sex"), required=False)
    nationality = forms.ChoiceField(label=_("Nationality"), required=False)
    event = forms.ModelChoiceField(
        label=_("Event"),
        queryset=InfluxEvent.objects.order_by("-created_at"),
        to_field_name="slug",
        required=False,
        empty_label=_("All"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sex"].choices = [("", _("All")), *Sex.choices]  # type: ignore[attr-defined]
        self.fields["nationality"].choices = [  # type: ignore[attr-defined]
            ("", _("All")),
            *_countries(get_language() or ""),
        ]


@cache
def _countries(_language: str) -> list[tuple[str, str]]:
    """Return codes and names, by name, in the language that is active now."""
    return sorted(((code, country(code)) for code in codes()), key=lambda one: one[1])


@dataclass(frozen=True)
class Line:
    """A person in a table, with what the viewer may see of them; the rest reads "not shared"."""

    url: str
    name: Text
    named: bool
    native: str
    sex: Text
    age: int | None
    born: Text
    nationality: Text
    number: Text
    household: Text
    household_url: str
    relationship: Text
    site: str
    agency: str
    own: bool
    status: Text
    kind: str
    record: str


def line_of(person: Individual, viewer: Viewer, *, today: date) -> Line:
    """Return the line of a person loaded with household, agency and shown classes."""
    shown = Sight(person, viewer)

    def see(field: str, value: Text) -> Text:
        return shown.text(field, value) or "–"

    named = shown.sees("given_name")
    return Line(
        url=reverse("individual", args=[person.pk]),
        name=shown.text("given_name", person.full_name) if named else person.number,
        named=named,
        native=person.native_name
        if "native_name" in shown and person.native_name != person.full_name
        else "",
        sex=see("sex", label(person, "sex")),
        age=person.age_on(today) if "birth_date" in shown else None,
        born=see("birth_date", born(person)),
        nationality=see("nationality", country(person.nationality)),
        number=see("number", person.number),
        household=see("household", person.household.number),
        household_url=reverse("household", args=[person.household_id]),
        relationship=see("relationship", label(person, "relationship")),
        site=person.site if "site" in shown else "",
        agency=person.agency.name,
        own=person.agency_id == viewer.agency_id,
        status=see("legal_status", label(person, "legal_status")),
        kind=LEGAL_KINDS.get(LegalStatus(person.legal_status), "neutral")
        if "legal_status" in shown
        else "neutral",
        record=""
        if person.process_status == ProcessStatus.ACTIVE or "process_status" not in shown
        else str(person.get_process_status_display()),
    )


def born(person: Individual) -> str:
    """Return the date of birth as precisely as it is known, as plain text: a day, a month or a year."""
    if person.birth_date is None:
        return ""
    patterns = {Precision.YEAR: "Y", Precision.MONTH: "M Y"}
    text = date_format(person.birth_date, patterns.get(Precision(person.birth_precision), DATE))
    return gettext("about %(when)s") % {"when": text} if person.birth_estimated else text


@require_GET
@access.requires(Permission.PERSON_READ)
def people(request: ViewedRequest) -> HttpResponse:
    """Search by name in any script or spelling, or by number; without a question, the newest people."""
    viewer, now = request.viewer, timezone.now()
    form = PeopleForm(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    text, today = (given.get("q") or "").strip(), timezone.localdate(now)
    page: Page[Any]
    if not given:
        page = Page(rows=[], number=1, size=25, has_next=False, total=0)
    elif text:
        page = _found(text, given, viewer, request.GET.get("page"), today=today)
    else:
        page = _listed(given, viewer, request.GET.get("page"))
    reads.record(viewer=viewer, rows=page.rows, view="people", now=now)
    context = {
        "form": form,
        "lines": [line_of(one, viewer, today=today) for one in page.rows],
        "page": page,
        "search_text": text,
        "chips": _chips(request, given),
    }
    return render(request, "pages/people.html", context)


def _visible(viewer: Viewer) -> QuerySet[Individual]:
    rows: QuerySet[Individual] = (
        Individual.objects.visible_to(viewer).with_shown_classes(viewer).select_related("household", "agency")
    )
    return rows


def _filtered(given: dict[str, Any], viewer: Viewer) -> Any:
    """Return the visible people who fit the filters. Identity is filtered only where it is shown: a filter tells, too."""
    rows: Any = _visible(viewer).standing()  # type: ignore[attr-defined]
    if given.get("event"):
        rows = rows.filter(event=given["event"])
    rows = rows.showing(viewer, *(field for name, field in _ASKED.items() if given.get(name)))
    if given.get("sex"):
        rows = rows.filter(sex=given["sex"])
    if given.get("nationality"):
        rows = rows.filter(nationality=given["nationality"])
    if given.get("born"):
        rows = rows.filter(birth_date__range=around(given["born"]))
    return rows


def _narrowed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the filters as the functions for lists take them, and which fields they tell of."""
    born_from, born_to = around(given["born"]) if given.get("born") else (None, None)
    return {
        "showing": [field for name, field in _ASKED.items() if given.get(name)],
        "event": getattr(given.get("event"), "pk", None),
        "sex": given.get("sex"),
        "nationality": given.get("nationality"),
        "born_from": born_from,
        "born_to": born_to,
    }


def _listed(given: dict[str, Any], viewer: Viewer, number: str | None) -> Page[Any]:
    """Return the newest people who fit the filters."""
    narrowed = _narrowed(given)
    ids = listing.ids(
        "registration_listed", viewer, model=Individual, at_most=reach(number), keys=None, **narrowed
    )
    rows = _filtered(given, viewer)
    return (
        page_of(rows.order_by("-pk"), number=number) if ids is None else page_among(rows, ids, number=number)
    )


def _found(text: str, given: dict[str, Any], viewer: Viewer, number: str | None, *, today: date) -> Page[Any]:
    """Return people found by number first, then by name; 50 at most, for whoever needs more has to say more.

    An age or a year of birth in the text narrows like the filter, unless nobody is left.
    """
    ids, words = _by_number(text, viewer), asked(text, today=today)
    if words.phone:
        ids |= {*search.with_phone(words.phone, viewer=viewer)}
    ids |= {*Individual.objects.visible_to(viewer).leading_to(ids).values()} if ids else set()
    exact = list(_filtered(given, viewer).filter(pk__in=ids).values_list("pk", flat=True)[:50]) if ids else []
    named = []
    if words.year and not given.get("born"):
        named = search.named(words.name, viewer=viewer, **_narrowed({**given, "born": words.year}))
    if not named:
        named = search.named(words.name, viewer=viewer, **_narrowed(given))
    found = list(dict.fromkeys([*exact, *named]))[:50]
    at = int(number) if number and number.isascii() and number.isdigit() and len(number) < 3 else 1
    start = (max(at, 1) - 1) * 25
    shown = found[start : start + 25]
    rows = _visible(viewer).in_bulk(shown) if shown else {}
    return Page(
        rows=[rows[one] for one in shown if one in rows],
        number=max(at, 1),
        size=25,
        has_next=len(found) > start + 25,
        total=len(found),
    )


def sought(given: Mapping[str, Any], viewer: Viewer, *, today: date) -> Any:
    """Return the rows that the page shows for these filters, in no order: for a file of them."""
    text = (given.get("q") or "").strip()
    if not text:
        return _filtered(dict(given), viewer)
    found = [one.pk for page in "12" for one in _found(text, dict(given), viewer, page, today=today).rows]
    return _visible(viewer).filter(pk__in=found)


def _by_number(text: str, viewer: Viewer) -> set[uuid.UUID]:
    """Return whose number this is, exactly: ours, the source's, a claim's, a partner's for a claim, or a document's."""
    if not any(one.isdigit() for one in text):
        return set()
    ours = "".join(text.split()).upper()
    found = set()
    for model, path in ((Individual, "pk"), (Household, "members__pk"), (Claim, "individual_id")):
        rows: Any = model.objects.visible_to(viewer).with_shown_classes(viewer)
        found |= {*rows.filter(number=ours).showing(viewer, "number").values_list(path, flat=True)[:50]}
        if model is not Claim:
            known = rows.filter(source_ref=text).showing(viewer, "source_ref")
            found |= {*known.values_list(path, flat=True)[:50]}
    noted = ClaimReference.objects.owned_by(viewer).filter(value=text).values("claim")
    claims = Claim.objects.visible_to(viewer).filter(pk__in=noted)
    documents: Any = Document.objects.visible_to(viewer).with_shown_classes(viewer)
    documents = documents.filter(number_index=document_index(text)).showing(viewer, "number")
    return {
        *found,
        *claims.values_list("individual_id", flat=True)[:50],
        *documents.values_list("individual_id", flat=True)[:50],
    }


def _chips(request: ViewedRequest, given: dict[str, Any]) -> list[tuple[Text, str]]:
    """Return the filters in force, each with the address without it."""
    labels: dict[str, Text] = {}
    if given.get("born"):
        labels["born"] = gettext("Born about %(year)s") % {"year": given["born"]}
    if given.get("sex"):
        labels["sex"] = Sex(given["sex"]).label
    if given.get("nationality"):
        labels["nationality"] = country(given["nationality"])
    if given.get("event"):
        labels["event"] = given["event"].name
    chips = []
    for name, text in labels.items():
        query = request.GET.copy()
        query.pop(name)
        query.pop("page", None)
        chips.append((text, f"?{query.urlencode()}"))
    return chips
