"""Who did, changed and read what, and is that still as it was written?

The list shows numbers and ids, never names of people or what stood in a field: an auditor and an administrator read it who open
no files (docs/decisions/0008). Filters are the address; the filtered list can be taken away as CSV.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from agencies import access
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.channels.sheets import write_csv
from agencies.forms.fields import Day
from agencies.models import Agency, Membership
from refugeecm.core import events
from refugeecm.core.classes import FieldClass
from refugeecm.core.models import Seal, SealCheck
from refugeecm.core.words import called, headed
from refugeecm.pages import trail

Text = str | Promise
PAGE = 50
AT_MOST = 10_000  # lines of a CSV file
TAKEN = events.declare("agencies.audit.exported", "The list of what happened was taken away as a file.")
VIEWS: dict[str, Text] = {
    "individual": _("A person's file"),
    "household": _("A family's file"),
    "people": _("The list of people"),
    "claim": _("A case"),
    "claim_new": _("A case, to open it"),
    "claims": _("The list of cases"),
    "referral": _("A referral"),
    "referrals": _("The list of referrals"),
    "handover": _("A hand-over"),
    "handover_new": _("A family, to hand it over"),
    "import-rows": _("Rows of an import"),
    "import-errors": _("Errors of an import"),
    "api-claims": _("Cases, by a system"),
    "api-claim-status": _("The status of a case, by a system"),
    "export": _("An export"),
    "consents": _("A person's consents"),
    "duplicates": _("The list of possible duplicates"),
    "duplicate": _("Two records, side by side"),
    "merge": _("Two records, to merge them or take them apart"),
    "disclosures": _("Who saw a person's data"),
    "statement": _("The statement for a person"),
    "attachments": _("The files of a person"),
    "attachment": _("A file of a person, opened"),
    "rights-requests": _("Requests about people's own data"),
    "rights-request": _("A request about a person's own data"),
}
KINDS: dict[str, Text] = {
    trail.EVENTS: _("What was done"),
    trail.CHANGES: _("What was changed"),
    trail.READS: _("What was read"),
}
CHANGED: dict[str, Text] = {
    "insert": _("%(what)s: written"),
    "update": _("%(what)s: changed"),
    "delete": _("%(what)s: removed"),
}
PROBLEMS: dict[str, Text] = {
    "row changed": _("was changed after it was sealed"),
    "row removed": _("was removed after it was sealed"),
    "row added": _("was put in as if it had been there before"),
    "seal removed": _("the seal itself was removed"),
    "seal changed": _("the seal itself was changed"),
    "list changed": _("the list of sealed rows was changed; the rows are as they were"),
}


class AuditForm(forms.Form):
    """What is looked for."""

    person = forms.CharField(
        label=_("Person or household"),
        max_length=40,
        required=False,
        widget=forms.TextInput(
            attrs={"class": "ltr", "autocomplete": "off", "spellcheck": "false", "size": 18}
        ),
    )
    user = forms.ModelChoiceField(
        label=_("User"), queryset=Membership.objects.none(), required=False, empty_label=_("Anybody")
    )
    agency = forms.ModelChoiceField(
        label=_("Agency"), queryset=Agency.objects.none(), required=False, empty_label=_("Any agency")
    )
    action = forms.ChoiceField(label=_("Action"), required=False)
    since = forms.DateField(label=_("From"), required=False, widget=Day())
    until = forms.DateField(label=_("Until"), required=False, widget=Day())

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = dict(self.fields)
        fields["user"].queryset = (
            Membership.objects.filter(agency_id=viewer.agency_id)
            .select_related("user")
            .order_by("user__name")
        )
        fields["user"].label_from_instance = lambda one: one.user.name
        fields["agency"].queryset = Agency.objects.order_by("name")
        said = sorted(
            ((f"did:{name}", gettext(says)) for name, says in events.CATALOGUE.items()),
            key=lambda one: one[1],
        )
        fields["action"].choices = [("", _("Anything")), *KINDS.items(), (_("What was done"), said)]

    def asked(self, viewer: Viewer) -> trail.Asked:
        """Return what to look for, of a valid form. Days are those of the installation's time zone."""
        given, zone = self.cleaned_data, timezone.get_current_timezone()
        kind, _sep, name = given["action"].partition(":")
        since, until = given["since"], given["until"]
        return trail.Asked(
            people=trail.belonging_to(given["person"], viewer) if given["person"] else None,
            user_id=given["user"].user_id if given["user"] else None,
            agency_id=given["agency"].pk if given["agency"] else None,
            kind=trail.EVENTS if name else kind,
            name=name,
            since=datetime.combine(since, time.min, zone) if since else None,
            until=datetime.combine(until + timedelta(days=1), time.min, zone) if until else None,
        )


@dataclass(frozen=True)
class Line:
    """One entry in words."""

    at: datetime
    kind: str
    what: str
    who: str
    agency: str
    about: list[tuple[str, str]]  # number, address of the file or nothing
    others: int  # records of other agencies, which are not named
    words: str
    key: str


@require_GET
@access.requires(Permission.AUDIT_READ)
def audit(request: ViewedRequest) -> HttpResponse:
    """Show a page of the list, and whether what was sealed holds."""
    form = AuditForm(request.GET, viewer=request.viewer)
    context: dict[str, Any] = {
        "form": form,
        "seal": seal_status(),
        "filtered": any(request.GET.get(one) for one in form.fields),
    }
    if form.is_valid():
        asked = form.asked(request.viewer)
        before = trail.Place.read(request.GET.get("before", ""))
        found = trail.look(request.viewer, asked, before=before or _now(), limit=PAGE)
        context |= {
            "lines": lines(found.entries, request.viewer),
            "older": _address(request, before=str(found.back_to)) if found.back_to else "",
            "paused_at": found.back_to.at if found.back_to and found.paused else None,
            "newest": _address(request) if before else "",
            "file": reverse("audit-file") + _address(request),
        }
    return render(request, "pages/audit.html", context)


def _now() -> trail.Place:
    return trail.Place(timezone.now() + timedelta(minutes=1))  # clocks of servers differ


def _address(request: ViewedRequest, **changed: str) -> str:
    query = request.GET.copy()
    query.pop("before", None)
    for name, value in changed.items():
        query[name] = value
    return f"?{query.urlencode()}"


@require_GET
@access.requires(Permission.AUDIT_READ)
def audit_file(request: ViewedRequest) -> HttpResponse:
    """Answer with the filtered list as CSV, at most AT_MOST lines; that it was taken is an event."""
    form = AuditForm(request.GET, viewer=request.viewer)
    if not form.is_valid():
        return render(request, "pages/audit.html", {"form": form, "seal": seal_status()}, status=400)
    viewer, now = request.viewer, timezone.now()
    found = trail.look(viewer, form.asked(viewer), before=_now(), limit=AT_MOST, patience=20.0)
    heads = ("Time", "Kind", "Action", "User", "Agency", "About", "Fields", "Row")
    rows = [[gettext(one) for one in heads]]
    for one in lines(found.entries, viewer):
        at, about = one.at.astimezone(UTC), " ".join(number for number, _url in one.about)
        said = (one.kind, one.what, one.who, one.agency, about, one.words, one.key)
        rows.append([at.isoformat(timespec="seconds"), *said])
    if found.back_to:
        more = gettext("More lines follow; narrow the filter to get them.")
        rows.append([more, found.back_to.at.isoformat()])
    output = io.BytesIO()
    write_csv(output, rows)
    events.note(TAKEN, "agency", viewer.request_id, by=viewer, now=now, tell=None, lines=len(found.entries))
    response = HttpResponse(output.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{now:%Y-%m-%d}.csv"'
    return response


def lines(entries: Sequence[trail.Entry], viewer: Viewer) -> list[Line]:
    """Return the entries in words. Six statements, however many there are."""
    numbers = trail.numbers(entries, viewer)
    own = Membership.objects.filter(
        agency_id=viewer.agency_id, user_id__in={one.actor for one in entries if one.actor}
    )
    names = dict(own.values_list("user_id", "user__name"))
    agencies = dict(
        Agency.objects.filter(pk__in={one.agency for one in entries if one.agency}).values_list("pk", "name")
    )
    tables = trail.histories()
    found = []
    for one in entries:
        about = [(*numbers[pk], pk) for pk in one.about if pk in numbers]
        found.append(
            Line(
                at=one.at,
                kind=str(KINDS[one.kind]),
                what=_what(one, tables),
                who=names.get(one.actor or 0, ""),
                agency=agencies.get(one.agency or 0, ""),
                about=[(number, _file(kind, pk, viewer)) for number, kind, pk in about[:5]],
                others=max(0, len(one.about) - min(len(about), 5)) if one.kind == trail.READS else 0,
                words=" · ".join(_words(one, tables)),
                key=f"{one.source} {one.key}",
            )
        )
    return found


def _what(entry: trail.Entry, tables: dict[str, Any]) -> str:
    if entry.kind == trail.EVENTS:
        return gettext(events.CATALOGUE.get(entry.what, entry.what))
    if entry.kind == trail.READS:
        return str(VIEWS.get(entry.what, entry.what))
    return str(CHANGED.get(entry.what, "%(what)s")) % {"what": headed(tables[entry.source]._meta)}


def _words(entry: trail.Entry, tables: dict[str, Any]) -> Iterator[str]:
    """Yield the names of what changed; of a read the classes that were shown."""
    if entry.kind != trail.CHANGES:
        known = {str(one): str(one.label) for one in FieldClass}
        yield from (known.get(one, one) for one in entry.words)
        return
    labels = {one.column: called(one) for one in tables[entry.source]._meta.concrete_fields}
    for column in entry.words:
        yield labels.get(column, column)


def _file(kind: str, pk: Any, viewer: Viewer) -> str:
    """Return where the file is, for who may open it."""
    needed = {
        "individual": Permission.PERSON_READ,
        "household": Permission.PERSON_READ,
        "claim": Permission.CLAIM_READ,
        "agreement": Permission.AGREEMENT_READ,
        "breach": Permission.REGISTER_READ,
        "law-request": Permission.REGISTER_READ,
    }
    return reverse(kind, args=[pk]) if viewer.may(needed[kind]) else ""


# ---- the seals


@dataclass(frozen=True)
class SealStatus:
    """What the page says of the seals: kind (good, warn, bad), a title, and a line each about what does not fit."""

    kind: str
    title: Text
    text: str
    problems: list[str]


def seal_status() -> SealStatus:
    """Return what the last checks found: one of everything, and one of the newest seals. Three statements."""
    newest = Seal.objects.order_by("-number").first()
    if newest is None:
        return SealStatus("info", _("Nothing is sealed yet"), gettext("Workers seal every ten minutes."), [])
    whole = SealCheck.objects.filter(first=1).order_by("-id").first()
    last = SealCheck.objects.order_by("-id").first()
    checks = [one for one in (whole, last) if one is not None]
    found = {
        (one["seal"], one["what"], one["table"], one["row"]): one
        for check in checks
        for one in check.problems
        if check is last or last is None or one["seal"] < last.first
    }
    if found:
        ordered = [one for _key, one in sorted(found.items())]
        return SealStatus(
            "bad",
            _("Something was changed after it was sealed"),
            gettext(
                "First in seal %(number)s. Keep the database as it is, and compare with the heads that partners hold."
            )
            % {"number": ordered[0]["seal"]},
            [_problem(one) for one in ordered[:10]],
        )
    if last is None:
        return SealStatus("info", _("Sealed, not checked yet"), "", [])
    rows = gettext("%(seals)s seals hold; the last check looked at %(rows)s rows.") % {
        "seals": last.last,
        "rows": last.rows,
    }
    late = timezone.now() - newest.made_at > timedelta(days=1)
    return SealStatus(
        "warn" if late else "good",
        _("Nothing was sealed for a day") if late else _("Sealed and checked"),
        rows,
        [],
    )


def _problem(one: dict[str, Any]) -> str:
    says = str(PROBLEMS.get(one["what"], one["what"]))
    if not one["row"]:
        return gettext("Seal %(seal)s: %(says)s") % {"seal": one["seal"], "says": says}
    return gettext("Seal %(seal)s: the row %(row)s of %(table)s %(says)s") % {**one, "says": says}
