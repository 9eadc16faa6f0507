"""Which pages are there about agreements?"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from io import BytesIO
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access, policies, reports
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.actions import agreements as acts
from agencies.actions import documents, halting
from agencies.enums import AGREEMENT_MOVES, AgreementStatus, Channel
from agencies.forms import agreements as forms
from agencies.forms.drafts import Matrix
from agencies.forms.fields import errors_of
from agencies.models import Agreement, AgreementDocument, AgreementSignature
from refugeecm.core.classes import FieldClass
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_to
from refugeecm.core.templatetags.ui import country, fmt_date

SOON = timedelta(days=30)
_KINDS = {
    AgreementStatus.PROPOSED: "info",
    AgreementStatus.PREPARING: "info",
    AgreementStatus.ACTIVE: "good",
    AgreementStatus.SUSPENDED: "warn",
    AgreementStatus.DECLINED: "bad",
}


def badge(agreement: Agreement, *, today: date) -> tuple[str, str]:
    """Return (kind, label): the status, except that an active agreement opens something only between its days."""
    if agreement.status == AgreementStatus.ACTIVE and agreement.starts_on > today:
        return "info", _("Starts later")
    if agreement.status == AgreementStatus.ACTIVE and agreement.ends_on and agreement.ends_on < today:
        return "neutral", str(AgreementStatus.EXPIRED.label)
    return _KINDS.get(AgreementStatus(agreement.status), "neutral"), agreement.get_status_display()


def population(agreement: Agreement) -> str:
    """Return whose data it is, in words."""
    parts = [
        _("event %(slug)s") % {"slug": agreement.event_slug} if agreement.event_slug else "",
        _("registered at %(site)s") % {"site": agreement.site} if agreement.site else "",
        _("from %(country)s") % {"country": country(agreement.origin)} if agreement.origin else "",
        _("in %(country)s") % {"country": country(agreement.asylum)} if agreement.asylum else "",
    ]
    return _(", ").join(part for part in parts if part)


def lines_of(rows: list[Agreement]) -> list[dict[str, object]]:
    """Return what the template agencies/agreement_rows.html shows of each agreement."""
    today = timezone.now().date()
    lines: list[dict[str, object]] = []
    for row in rows:
        kind, label = badge(row, today=today)
        lines.append({"agreement": row, "kind": kind, "label": label, "population": population(row)})
    return lines


def filtered(viewer: Viewer, chosen: Mapping[str, Any]) -> QuerySet[Agreement]:
    """Return the agreements of the viewer's agency that fit the filters of the list."""
    found = Agreement.objects.visible_to(viewer).select_related("provider", "recipient")
    if chosen.get("side"):
        side = "provider_id" if chosen["side"] == "given" else "recipient_id"
        found = found.filter(**{side: viewer.agency_id})
    return found.filter(status=chosen["status"]) if chosen.get("status") else found


@access.requires(Permission.AGREEMENT_READ)
@require_safe
def agreements(request: ViewedRequest) -> HttpResponse:
    """What we share and what we receive."""
    form = forms.AgreementFilter(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    found = filtered(request.viewer, chosen).order_by("-created_at")
    page = page_of(found, number=request.GET.get("page"))
    return render(
        request,
        "agencies/agreements.html",
        {"filters": form, "filtered": any(chosen.values()), "page": page, "rows": lines_of(page.rows)},
    )


def found_by(request: ViewedRequest, pk: uuid.UUID) -> Agreement:
    """Return an agreement that the viewer sees, or answer that there is none."""
    visible = Agreement.objects.visible_to(request.viewer).select_related("provider", "recipient")
    return get_object_or_404(visible, pk=pk)


def crumbs_to(found: Agreement) -> list[tuple[str, str]]:
    """Return the way to a page behind that of an agreement."""
    return [
        (_("Agreements"), reverse("agreements")),
        (found.reference, reverse("agreement", args=[found.pk])),
    ]


def terms_of(agreement: Agreement, *, standing: bool = False) -> list[tuple[str, object]]:
    """Return (term in words, value in words) of all terms but the fields; None says that it is not recorded.

    `standing` says that a new version could change them.
    """
    return [
        (_("Title"), agreement.title),
        (_("Purpose"), agreement.get_purpose_display() or None),
        (_("Legal basis"), agreement.get_legal_basis_display() or None),
        (_("Data-protection assessment"), " · ".join(
            one for one in (agreement.dpia_reference, str(fmt_date(agreement.dpia_on)) if agreement.dpia_on else "") if one
        ) or None),
        (_("Whose data"), population(agreement) or None),
        (_("How"), _(", ").join(str(Channel(one).label) for one in agreement.channels) or None),
        (_("Passing on to others"), agreement.get_onward_display()),
        (
            _("Handing cases over"),
            _("Allowed, each time with the recipient's agreement and a supervisor's approval")
            if agreement.hands_over
            else _("Not agreed; a new version can allow it")
            if standing
            else _("Not agreed"),
        ),
        (
            _("Asking about the same people"),
            _("Agreed: each learns that the other may know one of its people, and may ask")
            if agreement.matches
            else _("Not agreed"),
        ),
        (_("From"), fmt_date(agreement.starts_on)),
        (_("Until"), fmt_date(agreement.ends_on) if agreement.ends_on else _("no end set")),
        (_("Review due"), fmt_date(agreement.review_on) if agreement.review_on else None),
        (_("Months between reviews"), agreement.review_months),
        (_("Days the recipient keeps copies"), agreement.retention_days),
        (_("Hours to report a breach"), agreement.breach_hours),
    ]  # fmt: skip


@access.requires(Permission.AGREEMENT_READ)
@require_safe
def agreement(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One agreement: what it opens, where it stands, and what I may do about it."""
    found, viewer, today = found_by(request, pk), request.viewer, timezone.now().date()
    matrix = Matrix(found.matrix)
    signatures = list(
        AgreementSignature.objects.visible_to(viewer)
        .filter(agreement=found)
        .select_related("user")
        .order_by("at")
    )
    given = found.provider_id == viewer.agency_id
    standing = AgreementStatus.REPLACED in AGREEMENT_MOVES[found.status]
    due = found.review_on if standing and found.review_on and found.review_on <= today + SOON else None
    context = {
        "agreement": found,
        "badges": [badge(found, today=today)],
        "facts": [
            (_("Shares"), found.provider),
            (_("Receives"), found.recipient),
            (_("From"), fmt_date(found.starts_on)),
            (_("Until"), fmt_date(found.ends_on) if found.ends_on else _("no end set")),
            (_("Version"), found.version),
        ],
        "terms": terms_of(found, standing=standing)[1:],
        "opened": list(matrix.opened()),
        "withheld": list(matrix.withheld()),
        "confidential": matrix.confidential,
        "today": _opens_today(found, viewer) if standing else [],
        "signatures": _signatures(found, signatures, viewer_agency=viewer.agency_id),
        "entries": reports.story(viewer=viewer, subjects=[found.pk]),
        "documents": found.documents.order_by("-at"),
        "other": found.other_than(viewer.agency_id),
        "given": given,
        "preparing": found.status == AgreementStatus.PREPARING,
        "waiting": found.status == AgreementStatus.PROPOSED and found.proposer_id == viewer.agency_id,
        "drafting": found.status == AgreementStatus.DRAFT,
        "versions": found.version > 1 or found.successors.exists(),
        "review_due": due,
        "can_sign": policies.allows(policies.check_sign, agreement=found, by=viewer, signatures=signatures),
        "can_change": policies.allows(policies.check_draft, agreement=found, by=viewer),
        "can_answer": policies.can_answer(agreement=found, by=viewer),
        "can_end": policies.can_end(agreement=found, by=viewer),
        "can_suspend": policies.can_suspend(agreement=found, by=viewer),
        "can_resume": policies.can_resume(agreement=found, by=viewer),
        "can_revise": policies.allows(policies.check_revise, agreement=found, by=viewer),
        "document_form": forms.DocumentForm()
        if policies.allows(policies.check_document, agreement=found, by=viewer)
        else None,
        "review_form": forms.ReviewForm() if due and viewer.may(Permission.AGREEMENT_ANSWER) else None,
        "crumbs": [(_("Agreements"), reverse("agreements"))],
    }
    return render(request, "agencies/agreement.html", context)


def _signatures(
    found: Agreement, signatures: list[AgreementSignature], *, viewer_agency: int
) -> list[tuple[object, str]]:
    """Return (agency, who signed): names of one's own side; of the other how many, for its staff is its own affair."""
    lines: list[tuple[object, str]] = []
    for agency in (found.provider, found.recipient):
        valid = [one for one in signatures if one.agency_id == agency.pk and one.digest == found.digest]
        if agency.pk == viewer_agency:
            words = _(", ").join(f"{one.user.name} ({fmt_plain(one.at)})" for one in valid)
        else:
            words = _(", ").join(
                _("an administrator (%(day)s)") % {"day": fmt_plain(one.at)} for one in valid
            )
        lines.append((agency, words or _("nobody yet")))
    return lines


def fmt_plain(moment: date) -> str:
    """Return a day as plain text."""
    return strip_tags(fmt_date(moment))


def _opens_today(found: Agreement, viewer: Viewer) -> list[tuple[str, object]]:
    """Return what the agreement opens at this moment, in figures."""
    live = Agreement.objects.visible_to(viewer).live().filter(pk=found.pk).exists()
    people = halting.people_covered(found) if live else 0
    more = _("more than %(count)s") % {"count": halting.COUNTED}
    lines: list[tuple[str, object]] = [
        (_("People covered"), more if people > halting.COUNTED else str(people)),
        (_("Who reads it there"), _(", ").join(reports.readers()) if live else _("nobody")),
    ]
    if found.provider_id == viewer.agency_id:
        seen = reports.last_disclosures(found)
        lines += [
            (_("Last seen there: %(what)s") % {"what": FieldClass(one).label}, fmt_date(at))
            for one, at in seen.items()
            if one in found.classes
        ]
    return lines


@access.requires(Permission.AGREEMENT_PROPOSE)
@require_POST
def agreement_sign(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Sign it."""
    found = found_by(request, pk)
    before = found.status
    with told_to(request):
        acts.sign(agreement=found, by=request.viewer, now=timezone.now())
        said = _("Signed. A second administrator of your agency signs next.")
        if found.status == AgreementStatus.PREPARING:
            said = _("Signed by two of each side. The agreement opens in a moment.")
        elif found.status != before:
            other = found.other_than(request.viewer.agency_id)
            said = _("The proposal is with %(agency)s. Nothing is shown before two of them sign.")
            said %= {"agency": other}
        messages.success(request, said)
    return redirect("agreement", found.pk)


@access.requires(Permission.AGREEMENT_ANSWER)
@require_POST
def agreement_decline(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Decline a proposal."""
    found = found_by(request, pk)
    with told_to(request, _("Declined. Nothing is shown.")):
        acts.decline(agreement=found, by=request.viewer, now=timezone.now())
    return redirect("agreement", found.pk)


@access.requires(Permission.AGREEMENT_END)
@require_POST
def agreement_resume(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Resume what we suspended."""
    found = found_by(request, pk)
    with told_to(request, _("Resumed. The agreement opens again in a moment.")):
        halting.resume(agreement=found, by=request.viewer, now=timezone.now())
    return redirect("agreement", found.pk)


@access.requires(Permission.AGREEMENT_ANSWER)
@require_POST
def agreement_keep(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Note a review."""
    found, form = found_by(request, pk), forms.ReviewForm(request.POST)
    if not form.is_valid():
        messages.error(request, errors_of(form))
        return redirect("agreement", found.pk)
    day = form.cleaned_data["review_on"]
    with told_to(request, _("Noted. The next review is due on %(day)s.") % {"day": fmt_plain(day)}):
        halting.keep(agreement=found, by=request.viewer, now=timezone.now(), review_on=day)
    return redirect("agreement", found.pk)


@access.requires(Permission.AGREEMENT_END)
@require_http_methods(["GET", "POST"])
def agreement_end(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Say what stops, ask for the reason, then end the agreement."""
    return _halt(request, pk, suspend=False)


@access.requires(Permission.AGREEMENT_END)
@require_http_methods(["GET", "POST"])
def agreement_suspend(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Say what stops, ask for the reason, then suspend the agreement."""
    return _halt(request, pk, suspend=True)


def _halt(request: ViewedRequest, pk: uuid.UUID, *, suspend: bool) -> HttpResponse:
    found = found_by(request, pk)
    can = policies.can_suspend if suspend else policies.can_end
    if not can(agreement=found, by=request.viewer):
        messages.error(request, _("This agreement has ended already, or does not stand."))
        return redirect("agreement", found.pk)
    form = forms.EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        action = halting.suspend if suspend else acts.end
        said = _("Suspended.") if suspend else _("Ended.")
        more = _("%(agency)s sees nothing of it any more.") % {"agency": found.recipient}
        with told_to(request, f"{said} {more}"):
            action(agreement=found, by=request.viewer, now=timezone.now(), **form.cleaned_data)
        return redirect("agreement", found.pk)
    context = {
        "form": form,
        "agreement": found,
        "suspend": suspend,
        "stands": policies.can_suspend(agreement=found, by=request.viewer)
        or found.status == AgreementStatus.SUSPENDED,
        "population": population(found),
        "api": Channel.API in found.channels,
        "crumbs": crumbs_to(found),
    }
    return render(request, "agencies/agreement_end.html", context)


@access.requires(Permission.AGREEMENT_READ)
@require_safe
def agreement_versions(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """All versions, and what this one changes against the one that it replaces (or another that is asked for)."""
    found = found_by(request, pk)
    line = (
        Agreement.objects.visible_to(request.viewer)
        .filter(reference__startswith=found.first_reference)
        .select_related("provider", "recipient")
        .order_by("-version")
    )
    page = page_of(line, number=request.GET.get("page"))
    asked = request.GET.get("with", "")
    former = next(
        (one for one in page.rows if str(one.pk) == asked),
        None if asked else next((one for one in page.rows if one.pk == found.replaces_id), None),
    )
    context = {
        "agreement": found,
        "former": former,
        "page": page,
        "rows": lines_of(page.rows),
        "changes": changes(former, found) if former else [],
        "crumbs": crumbs_to(found),
    }
    return render(request, "agencies/agreement_versions.html", context)


def changes(former: Agreement, newer: Agreement) -> list[tuple[str, object, object]]:
    """Return (what, before, after) of every term and every field that differs between two versions."""
    found: list[tuple[str, object, object]] = [
        (words, before if before is not None else "–", after if after is not None else "–")
        for (words, before), (_same, after) in zip(terms_of(former), terms_of(newer), strict=True)
        if before != after
    ]
    was, now = Matrix(former.matrix).levels(), Matrix(newer.matrix).levels()
    found += [
        (f"{kind}: {field}", was[kind, field], level)
        for (kind, field), level in now.items()
        if was[kind, field] != level
    ]
    return found


@access.requires(Permission.AGREEMENT_PROPOSE)
@require_POST
def agreement_document_new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Add a signed paper."""
    found, form = found_by(request, pk), forms.DocumentForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, errors_of(form))
        return redirect("agreement", found.pk)
    sent = form.cleaned_data["document"]
    with told_to(request, _("The document is kept; both agencies can read it.")):
        content = sent.read(documents.AT_MOST + 1)
        documents.add(agreement=found, name=sent.name, content=content, by=request.viewer, now=timezone.now())
    return redirect("agreement", found.pk)


@access.requires(Permission.AGREEMENT_READ)
@require_safe
def agreement_document(request: ViewedRequest, pk: uuid.UUID) -> FileResponse:
    """The signed paper itself, to be saved rather than shown: it comes from outside."""
    visible = AgreementDocument.objects.visible_to(request.viewer).select_related("agency__key")
    found = get_object_or_404(visible, pk=pk)
    return FileResponse(
        BytesIO(documents.read(found)),
        as_attachment=True,
        filename=found.name,
        content_type="application/pdf",
    )
