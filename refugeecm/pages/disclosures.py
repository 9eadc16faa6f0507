"""Who outside the agency has seen what of a person, and how is the person told?

The ledger is read from the reads themselves (ReadEvent), so that nothing can be shown without standing in it. A webhook carries an
event and an opaque id only; what the partner's system then fetches stands here as read by its system. The person's right to this
list: GDPR article 15(1)(c), UNHCR policy on the protection of personal data (2015) part 3.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, Func, Max, Min, Q, QuerySet, TextField, UUIDField, Value, When
from django.db.models.expressions import RawSQL
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from agencies import access
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from agencies.enums import Channel
from agencies.models import Agency
from refugeecm.core.classes import FieldClass
from refugeecm.core.models import ReadEvent
from refugeecm.core.paging import page_of
from refugeecm.pages import own_data, trail
from registration.actions.rights import note_statement
from registration.actions.sealing import Opener
from registration.forms.rights import StatementForm
from registration.models import Consent, Individual
from registration.views.exceptions import form_page

Text = str | Promise
# What the person reads instead of the names of classes; reference numbers of the system count as "reference and status".
KINDS: dict[str, Text] = {
    FieldClass.C1: _("The number, and how far the case is"),
    FieldClass.C2: _("Name, date of birth, sex, nationality and family"),
    FieldClass.C3: _("Place of stay, telephone and documents"),
    FieldClass.C4: _("What was told about dangers, violence or health"),
}
DOORS: dict[str, Text] = {
    Channel.PAGES: _("read by staff"),
    Channel.API: _("read by its computer system"),
    Channel.EXPORT: _("taken as a file"),
}
LANGUAGES = {"en": "English", "ar": "العربية"}


@dataclass
class Disclosure:
    """What one agency has seen by one door; `classes` maps each class to when it was shown first, last, and how often."""

    agency: str
    door: str
    first: datetime
    last: datetime
    times: int
    classes: dict[str, int] = field(default_factory=dict)

    @property
    def way(self) -> Text:
        """Return by which way it was seen, in words."""
        return DOORS[self.door]

    @property
    def kinds(self) -> list[Text]:
        """Return the kinds of what was seen, in words for the person."""
        return [KINDS[one] for one in sorted(self.classes) if one in KINDS]


def looks(person: Individual, viewer: Viewer) -> QuerySet[Any]:
    """Return the looks of other agencies at a person of the viewer's agency and what belongs to them, and files taken by anybody.

    Annotated with `door`. Five statements when it is asked: the ids first, then by the index on them.
    """
    ids = list(trail.belonging_to(person.number, viewer) | {person.pk})
    found = RawSQL("SELECT id FROM core_reads_of(%s::uuid[])", [ids], output_field=UUIDField())
    door = Case(
        When(view="export", then=Value(Channel.EXPORT.value)),
        When(~Q(client_id=""), then=Value(Channel.API.value)),
        default=Value(Channel.PAGES.value),
        output_field=TextField(),
    )
    outside = ~Q(agency_id=viewer.agency_id) | Q(view="export")
    return ReadEvent.objects.filter(outside, pk__in=found).annotate(door=door)


def summed(found: QuerySet[Any], *, limit: int = 200) -> list[Disclosure]:
    """Return who has seen what by which door, who looked last first. Three statements."""
    rows = (
        found.values("agency_id", "door")
        .annotate(first=Min("at"), last=Max("at"), times=Count("pk"))
        .order_by("-last", "agency_id", "door")[:limit]
    )
    names = dict(Agency.objects.filter(pk__in=[one["agency_id"] for one in rows]).values_list("pk", "name"))
    ledger = {
        (one["agency_id"], one["door"]): Disclosure(
            names.get(one["agency_id"], ""), one["door"], one["first"], one["last"], one["times"]
        )
        for one in rows
    }
    each = Func(F("classes"), function="unnest", output_field=TextField())
    by_class = found.annotate(one=each).values("agency_id", "door", "one").annotate(times=Count("pk"))
    for row in by_class.order_by("one"):
        if entry := ledger.get((row["agency_id"], row["door"])):
            entry.classes[row["one"]] = row["times"]
    return list(ledger.values())


@require_safe
@access.requires(Permission.PERSON_READ)
def disclosures(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Show to whom a person's data was disclosed: summed up, and look by look."""
    viewer, person = request.viewer, _person(request.viewer, pk)
    found = looks(person, viewer)
    page = page_of(found.order_by("-at", "-pk"), number=request.GET.get("page"))
    summary = summed(found) if page.number == 1 else []
    names = dict(Agency.objects.filter(pk__in={one.agency_id for one in page.rows}).values_list("pk", "name"))
    lines = [
        Disclosure(
            names.get(one.agency_id, ""), one.door, one.at, one.at, 1, dict.fromkeys(one.classes, 1)
        )
        for one in page.rows
    ]  # fmt: skip
    reads.record(viewer=viewer, rows=[person], view="disclosures", now=timezone.now())
    context = {
        "person": person,
        "name": person.full_name,
        "summary": summary,
        "lines": lines,
        "page": page,
        "crumbs": _crumbs(person),
    }
    return render(request, "pages/disclosures.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@access.requires(Permission.RIGHTS_KEEP)
def statement(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask how it was checked who the person is; then show their statement in their language, ready to be printed, and record it."""
    viewer, person, now = request.viewer, _person(request.viewer, pk), timezone.now()
    asked = request.GET.get("language", "")
    chosen = asked if asked in LANGUAGES else translation.get_language() or "en"
    form = StatementForm(request.POST or None, languages=LANGUAGES, initial={"language": chosen})
    crumbs = [*_crumbs(person), (_("Disclosures"), reverse("disclosures", args=[pk]))]
    if not form.is_valid():
        return form_page(
            request, form, gettext("Statement for the person"), gettext("Show the statement"), reverse("disclosures", args=[pk]),
            of=person.number, lead=gettext("All that your agency keeps of them, who has seen it, and what they can do."),
        )  # fmt: skip
    language = form.cleaned_data["language"]
    note_statement(individual=person, by=viewer, now=now, **form.cleaned_data)
    text = _statement(person, viewer, language=language, now=now)
    reads.record(viewer=viewer, rows=[person], view="statement", now=now)
    context = {
        "person": person,
        "text": text,
        "chosen": language,
        "direction": "rtl" if translation.get_language_info(language)["bidi"] else "ltr",
        "crumbs": crumbs,
    }
    return render(request, "pages/statement.html", context)


def _statement(person: Individual, viewer: Viewer, *, language: str, now: datetime) -> SafeString:
    """Return the statement as HTML in a language; the page around it stays in that of who prints it."""
    consents: Sequence[Any] = (
        Consent.objects.owned_by(viewer)
        .filter(individual=person)
        .select_related("recipient")
        .order_by("-given_on", "-pk")[:100]
    )
    with translation.override(language):
        return render_to_string(
            "pages/statement_text.html",
            {
                "person": person,
                "agency": viewer.agency,
                "parts": own_data.parts(person, viewer, Opener([person.pk])),
                "dates": own_data.dates(person, viewer),
                "summary": summed(looks(person, viewer)),
                "consents": consents,
                "now": now,
            },
        )


def _person(viewer: Viewer, pk: uuid.UUID) -> Individual:
    own = Individual.objects.visible_to(viewer).filter(agency_id=viewer.agency_id)
    found: Individual = get_object_or_404(
        own.select_related("household__event", "household__area", "event"), pk=pk
    )
    return found


def _crumbs(person: Individual) -> list[tuple[Text, str]]:
    return [
        (_("People"), reverse("people")),
        (person.full_name, reverse("individual", args=[person.pk])),
    ]
