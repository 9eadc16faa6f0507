"""Why can somebody see this person's file, or why not?

The verdict is the answer of the queries that decide (visible_to, with_shown_classes, shown_fields, live_for), asked in the other's
place; the sentences say which facts lead there, and decide nothing. Whoever asks must see that the person exists: a sealed file is
a number that does not exist to whoever does not read it. Askers who read no files (docs/decisions/0008) read the number that they
gave, and nothing that would tell them more of the person.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agencies import access
from agencies.access import Permission, Viewer, editable_fields, live_for, masked_fields, shown_fields
from agencies.access.declaration import ViewedRequest
from agencies.access.terms import kinds
from agencies.enums import AgencyKind, Channel, LegalBasis, Purpose, Role
from agencies.models import Agreement
from refugeecm.core import events
from refugeecm.core.templatetags.ui import DATE, TIME
from refugeecm.pages.whose import ExplainForm, Reason
from registration.models import (
    ConflictOfInterest,
    Consent,
    HouseholdReader,
    Individual,
    PersonAccess,
    ReaderKind,
    SealedFile,
)

Text = str | Promise
EXPLAINED = events.declare(
    "access.explained", "Somebody who oversees asked why a file can be seen by someone, or not."
)
AT_MOST = 20  # agreements between two agencies that are gone through, the newest first
# What opens a file by each door.
NEEDED = {
    Channel.PAGES: Permission.PERSON_READ,
    Channel.API: Permission.API_STATUS,
    Channel.EXPORT: Permission.EXPORT,
}


@dataclass(frozen=True)
class Shown:
    """What is shown of one kind of record: names of fields in full, masked, and open to change."""

    record: Text
    full: list[Text]
    masked: list[Text]
    editable: list[Text]


@dataclass
class Explanation:
    """The verdict of the real queries, and what led to it."""

    sees: bool
    own: bool
    shown: list[Shown] = field(default_factory=list)
    opening: frozenset[Any] = frozenset()  # keys of the agreements that open something by this door now
    reasons: list[Reason] = field(default_factory=list)


@require_safe
@access.requires(Permission.ACCESS_EXPLAIN)
def explained(request: ViewedRequest) -> HttpResponse:
    """Ask why somebody can see a person's file, or why not."""
    viewer, now = request.viewer, timezone.now()
    given = request.GET if request.GET.get("who") else None
    form = ExplainForm(given, viewer=viewer, initial={"person": request.GET.get("person", "")})
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        person = form.cleaned_data["person"]
        subject, name, standing = form.subject()
        found = explain(person, subject, viewer=viewer, standing=standing)
        asked = {"who": form.cleaned_data["who"], "door": subject.channel}
        events.note(EXPLAINED, "individual", person.pk, by=viewer, now=now, tell=None, **asked)
        context |= {
            "person": person,
            "found": found,
            "name": name,
            "url": reverse("individual", args=[person.pk]) if viewer.may(Permission.PERSON_READ) else "",
        }
    return render(request, "pages/explained.html", context)


def explain(
    person: Individual, subject: Viewer, *, viewer: Viewer, standing: list[Reason] | None = None
) -> Explanation:
    """Return whether `subject` can see a person of the viewer's agency, and why. Twenty statements, and none that writes."""
    with _in_place_of(subject):
        found = _seen(person, subject)
    found.reasons = [*(standing or []), _by_role(subject)]
    if found.own:
        found.reasons.append(
            Reason("good", _("The person is registered by this agency"), _("No agreement is needed."))
        )
        found.reasons += _exceptions(person, subject, viewer)
    else:
        found.reasons += _agreements(person, subject, found.opening, viewer)
    return found


@contextmanager
def _in_place_of(subject: Viewer) -> Iterator[None]:
    """Enter the other's database context; what is left at the end is that of before, and nothing that was written meanwhile."""
    with transaction.atomic():
        access.enter(subject, reason="explained")
        yield
        transaction.set_rollback(True)


def _seen(person: Individual, subject: Viewer) -> Explanation:
    """Return what the queries of the real pages answer in this context. Two statements."""
    others = {label: one for label, one in kinds().items() if one is not Individual}
    rows = Individual.objects.visible_to(subject).with_shown_classes(subject)
    for place, model in enumerate(others.values()):
        rows = rows.with_shown_classes(subject, of=model, name=f"grants_{place}")
    row = rows.filter(pk=person.pk).first()
    covering = PersonAccess.objects.live_for(subject).filter(individual_id=person.pk)
    opening = live_for(subject).filter(pk__in=covering.values("agreement_id")).values_list("pk", flat=True)
    own = person.agency_id == subject.agency_id
    found = Explanation(
        sees=row is not None and subject.may(NEEDED[Channel(subject.channel)]),
        own=own,
        opening=frozenset(opening),
    )
    if found.sees and not own:
        found.shown.append(_shown(row, subject))
        for place, model in enumerate(others.values()):
            record = model(agency_id=person.agency_id)
            record.shared_grants = getattr(row, f"grants_{place}")  # type: ignore[attr-defined]
            found.shown.append(_shown(record, subject))
    return found


def _shown(record: Any, subject: Viewer) -> Shown:
    def names(of: frozenset[str]) -> list[Text]:
        fields = (one for one in record._meta.concrete_fields if one.name in of)
        return [one.verbose_name for one in fields if isinstance(one.verbose_name, Promise)]

    return Shown(
        record.shared_as,
        names(shown_fields(record, subject)),
        names(masked_fields(record, subject)),
        names(editable_fields(record, subject)),
    )


def _by_role(subject: Viewer) -> Reason:
    if subject.channel == Channel.API:
        may = subject.may(Permission.API_STATUS)
        return Reason("good" if may else "bad", _("Systems may ask for the status of cases"))
    role = Role(subject.role).label
    if subject.may(NEEDED[Channel(subject.channel)]):
        return Reason("good", _("The role %(role)s may read files") % {"role": role})
    hint = _("Who manages or watches access does not read files.") if subject.permissions else ""
    return Reason("bad", _("The role %(role)s reads no files here") % {"role": role}, hint)


def _exceptions(person: Individual, subject: Viewer, viewer: Viewer) -> list[Reason]:
    """Return what seals and conflicts of interest say about a colleague. Three statements."""
    found = []
    if SealedFile.objects.filter(
        agency_id=viewer.agency_id, individual_id=person.pk, lifted_at=None
    ).exists():
        readers = HouseholdReader.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=Now()),
            agency_id=viewer.agency_id,
            content_object_id=person.household_id,
            user_id=subject.user_id or 0,
        )
        reader = readers.order_by("-kind").first()
        if reader is None:
            found.append(
                Reason("bad", _("The file is sealed"), _("They are not among the readers who were named."))
            )
        elif reader.kind == ReaderKind.BREAK_GLASS:
            when = _("Until %(when)s.") % {"when": _day(reader.expires_at)}
            found.append(Reason("good", _("The file is sealed; they opened it in an emergency"), when))
        else:
            since = _("Since %(when)s.") % {"when": _day(reader.granted_at)}
            found.append(Reason("good", _("The file is sealed; they are a named reader"), since))
    conflicts = ConflictOfInterest.objects.filter(
        agency_id=viewer.agency_id, individual_id=person.pk, user_id=subject.user_id or 0, ended_at=None
    )
    for one in conflicts:
        since = _("Since %(when)s.") % {"when": _day(one.declared_at)}
        found.append(Reason("bad", _("A conflict of interest is declared"), since))
    return found


def _agreements(person: Individual, subject: Viewer, opening: frozenset[Any], viewer: Viewer) -> list[Reason]:
    """Return a reason for each agreement with the other agency. Six statements."""
    if SealedFile.objects.filter(
        agency_id=viewer.agency_id, individual_id=person.pk, lifted_at=None
    ).exists():
        return [Reason("bad", _("The file is sealed"), _("No partner sees it, by any agreement."))]
    between = Agreement.objects.visible_to(viewer).filter(
        provider_id=person.agency_id, recipient_id=subject.agency_id
    )
    found = list(between.select_related("recipient").order_by("-created_at", "-pk")[:AT_MOST])
    if not found:
        return [Reason("bad", _("There is no agreement under which this agency is shown anything"))]
    live = set(
        Agreement.objects.visible_to(viewer)
        .live()
        .filter(pk__in=[one.pk for one in found])
        .values_list("pk", flat=True)
    )
    given: dict[str, Consent] = {}
    consents = Consent.objects.owned_by(viewer).filter(individual=person, recipient_id=subject.agency_id)
    for consent in consents.order_by("recorded_at"):
        given[consent.purpose] = consent  # the newest of each purpose
    reasons = []
    for one in sorted(found, key=lambda one: one.pk not in opening):
        label = _("Agreement %(reference)s, version %(version)s: %(title)s") % {
            "reference": one.reference,
            "version": one.version,
            "title": one.title,
        }
        kind = "good" if one.pk in opening else "bad"
        lines = (
            _opens(one, person, given, viewer)
            if one.pk in opening
            else [_stops(one, person, subject, given, viewer, live=one.pk in live)]
        )
        reasons.append(Reason(kind, label, " ".join(map(str, lines)), reverse("agreement", args=[one.pk])))
    return reasons


def _opens(one: Agreement, person: Individual, given: dict[str, Consent], viewer: Viewer) -> list[str]:
    """Return the sentences about an agreement that opens something."""
    lines = [
        _("By: %(channels)s.") % {"channels": _(", ").join(str(Channel(by).label) for by in one.channels)}
    ]
    lines.append(_("Until %(day)s.") % {"day": _day(one.ends_on)} if one.ends_on else _("Until it is ended."))
    parts = [str(name) for name, wanted, _value in _population(one, person) if wanted]
    if not parts:
        lines.append(_("It covers everybody of your agency."))
    elif viewer.may(Permission.PERSON_READ):
        lines.append(_("The person fits: %(parts)s.") % {"parts": _(", ").join(parts)})
    else:
        lines.append(_("The person belongs to those whom it covers."))
    if _rests_on_consent(one) and (consent := given.get(one.purpose)):
        lines.append(
            _("It rests on the person's consent of %(day)s, text %(version)s.")
            % {"day": _day(consent.given_on), "version": consent.text_version}
        )
    return lines


def _stops(
    one: Agreement,
    person: Individual,
    subject: Viewer,
    given: dict[str, Consent],
    viewer: Viewer,
    *,
    live: bool,
) -> str:
    """Return the sentence about the first thing for which an agreement opens nothing."""
    if not live:
        said = _("It is not in force: %(status)s.") % {"status": one.get_status_display()}
        return f"{said} {one.end_reason}".strip()
    if subject.channel not in one.channels:
        return _("It does not open this door: %(door)s.") % {"door": Channel(subject.channel).label}
    if not viewer.may(Permission.PERSON_READ):
        return _("It does not cover this person. A supervisor can see why.")
    if astray := [
        str(name) for name, wanted, value in _population(one, person) if wanted and wanted != value
    ]:
        return _("It does not cover this person, who does not fit: %(parts)s.") % {
            "parts": _(", ").join(astray)
        }
    if _rests_on_consent(one):
        consent = given.get(one.purpose)
        if consent is None:
            return _("It rests on consent, and the person has given none for this purpose.")
        if consent.withdrawn_at:
            return _("The person withdrew the consent on %(day)s.") % {"day": _day(consent.withdrawn_at)}
    if one.recipient.kind == AgencyKind.GOVERNMENT and person.may_have_fled(one.recipient.country):
        return _("Nothing goes to the authorities of a person's own country.")
    return _("It does not cover this person.")


def _population(one: Agreement, person: Individual) -> list[tuple[Text, str, str]]:
    """Return the parts of the population: (name, what is asked for, what the person has)."""
    return [
        (_("influx event"), one.event_slug, person.event.slug if person.event else ""),
        (_("registration site"), one.site, person.site),
        (_("country of origin"), one.origin, person.origin),
    ]


def _rests_on_consent(one: Agreement) -> bool:
    return one.legal_basis == LegalBasis.CONSENT or one.purpose == Purpose.VOLUNTARY_RETURN


def _day(value: date | None) -> str:
    """Return a day, or a moment, as a sentence says it."""
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), f"{DATE}, {TIME}")
    return date_format(value, DATE) if value else "–"
