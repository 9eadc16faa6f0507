"""Which papers does a person or a group have from us, how are they issued, printed and ended, and which run out?"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import NotPermitted, told_on, told_to
from refugeecm.core.transitions import TransitionNotAllowed
from registration.actions import issued, printing
from registration.channels import papers
from registration.enums import ISSUED_MOVES, PREPARED, IssuedStatus
from registration.forms.issued import RENEWAL, ChangeForm, IssuedFilter, IssueForm
from registration.models import Household, Individual, IssuedDocument
from registration.rules.issued import KINDS
from registration.views.exceptions import own_household, own_person

BADGES = {
    IssuedStatus.DRAFT: "info",
    IssuedStatus.PRINTED: "info",
    IssuedStatus.ISSUED: "good",
    IssuedStatus.EXPIRED: "warn",
    IssuedStatus.RENEWED: "neutral",
    IssuedStatus.RETURNED: "neutral",
}


class Drawn(HttpResponse):
    """A PDF that is drawn when it is first asked for: when the view's transaction is over."""

    def __init__(self, draw: Callable[[], bytes], name: str) -> None:
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        }
        self._draw: Callable[[], bytes] | None = None
        super().__init__(content_type="application/pdf", headers=headers)
        self._draw = draw

    @property
    def content(self) -> bytes:
        """The file."""
        if self._draw:
            draw, self._draw = self._draw, None
            self.content = draw()
        return super().content

    @content.setter
    def content(self, value: Any) -> None:
        HttpResponse.content.fset(self, value)  # type: ignore[attr-defined]

    def __iter__(self) -> Any:
        return iter([self.content])


def lines_of(rows: list[IssuedDocument], *, may_issue: bool, today: Any) -> list[dict[str, Any]]:
    """Return what a table shows of papers, and what can be done with each."""
    return [
        {
            "document": one,
            "kind": BADGES.get(IssuedStatus(one.status), "bad"),
            "over": one.status == IssuedStatus.ISSUED and one.until is not None and one.until < today,
            "prints": may_issue and bool(KINDS[one.kind].design) and one.status in printing.PRINTABLE,
            "gives": may_issue
            and (
                one.status == IssuedStatus.PRINTED or (one.status in PREPARED and not KINDS[one.kind].design)
            ),
            "changes": may_issue and bool(ISSUED_MOVES[one.status] - {IssuedStatus.RENEWED}),
        }
        for one in rows
    ]


def _page(request: ViewedRequest, found: Any, **context: Any) -> HttpResponse:
    viewer, now = request.viewer, timezone.now()
    page = page_of(found.select_related("individual").order_by("-pk"), number=request.GET.get("page"))
    reads.record(viewer=viewer, rows=page.rows, view="issued", now=now)
    may_issue = viewer.may(Permission.DOCUMENT_ISSUE)
    lines = lines_of(page.rows, may_issue=may_issue, today=timezone.localdate(now))
    return render(request, "registration/issued.html", {"page": page, "lines": lines, **context})


def _crumbs(person: Individual) -> list[tuple[Any, str]]:
    return [(_("People"), reverse("people")), (person.number, reverse("individual", args=[person.pk]))]


@access.requires(Permission.PERSON_READ)
@require_safe
def of_person(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """The papers that a person has from us, the newest first."""
    person = own_person(request, pk)
    found = IssuedDocument.objects.visible_to(request.viewer).filter(individual=person)
    new = reverse("issued-new", args=[pk])
    return _page(request, found, of=person.number, new=new, crumbs=_crumbs(person))


@access.requires(Permission.PERSON_READ)
@require_safe
def of_group(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """The papers of a group and of its members, the newest first."""
    house = own_household(request, pk)
    about = Q(household=house) | Q(individual__household=house, household=None)
    found = IssuedDocument.objects.visible_to(request.viewer).filter(
        about, agency_id=request.viewer.agency_id
    )
    crumbs = [(_("People"), reverse("people")), (house.number, reverse("household", args=[pk]))]
    new = reverse("issued-group-new", args=[pk])
    return _page(request, found, of=house.number, new=new, group=True, crumbs=crumbs)


@access.requires(Permission.DOCUMENT_ISSUE)
@require_http_methods(["GET", "POST"])
def new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Prepare a paper for a person."""
    person = own_person(request, pk)
    return _new(request, person, back=reverse("issued", args=[pk]), crumbs=_crumbs(person))


@access.requires(Permission.DOCUMENT_ISSUE)
@require_http_methods(["GET", "POST"])
def group_new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Prepare a paper for a group, in the name of its focal point."""
    house: Household = own_household(request, pk)
    leads = Individual.objects.visible_to(request.viewer).filter(household=house).focal_points()
    person: Individual = get_object_or_404(leads, agency_id=request.viewer.agency_id)
    crumbs = [(_("People"), reverse("people")), (house.number, reverse("household", args=[pk]))]
    return _new(request, person, back=reverse("issued-group", args=[pk]), crumbs=crumbs, group=True)


def _new(
    request: ViewedRequest,
    person: Individual,
    *,
    back: str,
    crumbs: list[tuple[Any, str]],
    group: bool = False,
) -> HttpResponse:
    """Ask what and until when, show the answers to be checked, and prepare it."""
    now, viewer = timezone.now(), request.viewer
    today, check = timezone.localdate(now), False
    form = IssueForm(request.POST or None, viewer=viewer, today=today, group=group)
    if request.method == "POST" and form.is_valid() and "change" not in request.POST:
        given = form.cleaned_data
        with told_on(form):
            issued.check_until(given["kind"], given["until"], dated=today)
            if why := issued.unfit(given["kind"], person):
                raise NotPermitted(why, field="kind")
            check = "confirm" not in request.POST
            if not check:
                issued.prepare(people=[person], by=viewer, now=now, **given)
                messages.success(
                    request, _("The document is prepared. Print it, then note that it was handed over.")
                )
                return redirect(back)
    check = check and not form.errors
    context = {"form": form, "check": check, "person": person, "group": group, "back": back, "crumbs": crumbs}
    if check:
        context["answers"] = [
            (_("For"), person.household.number if group else person.full_name),
            *form.answers(),
        ]
    return render(request, "registration/issued_new.html", context)


def _own(request: ViewedRequest, pk: uuid.UUID) -> IssuedDocument:
    own = IssuedDocument.objects.visible_to(request.viewer).filter(agency_id=request.viewer.agency_id)
    found: IssuedDocument = get_object_or_404(own.select_related("individual"), pk=pk)
    return found


def back_to(request: ViewedRequest, document: IssuedDocument) -> HttpResponse:
    """Return to the list from which something was done."""
    if request.POST.get("on") == "group" and document.household_id:
        return redirect("issued-group", document.household_id)
    return redirect("issued", document.individual_id)


@access.requires(Permission.DOCUMENT_ISSUE)
@require_POST
def printed(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Give the PDF of a paper, and count that it was printed."""
    document = _own(request, pk)
    try:
        content = printing.print_again(document=document, by=request.viewer)
    except (NotPermitted, TransitionNotAllowed) as refusal:
        messages.error(request, str(refusal))
        return back_to(request, document)
    reads.record(viewer=request.viewer, rows=[document], view="issued-print", now=timezone.now())
    return Drawn(lambda: papers.draw(content), f"{document.number}.pdf")


@access.requires(Permission.DOCUMENT_ISSUE)
@require_POST
def given(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Note that a paper was handed over; the one of before is replaced."""
    document = _own(request, pk)
    stock = request.POST.get("stock", "").strip()[:40]
    with told_to(request, _("Handed over. It is valid from now on; what it takes the place of is not.")):
        issued.hand_over(documents=[document], stock=stock, by=request.viewer, now=timezone.now())
    return back_to(request, document)


@access.requires(Permission.DOCUMENT_ISSUE)
@require_http_methods(["GET", "POST"])
def change(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Say what became of a paper: lost, stolen, damaged, returned; withdrawn by a supervisor."""
    document = _own(request, pk)
    decides = request.viewer.may(Permission.DOCUMENT_WITHDRAW)
    form = ChangeForm(request.POST or None, document=document, decides=decides)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            issued.change(document=document, by=request.viewer, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Noted. The document is not valid any more."))
            return redirect("issued", document.individual_id)
    context = {
        "form": form,
        "title": _("What became of this document?"),
        "action": pgettext("verb", "Record"),
        "back": reverse("issued", args=[document.individual_id]),
        "of": document.number,
        "lead": _("Whoever scans its code is told at once that it is not valid. A new one can be issued."),
        "crumbs": _crumbs(document.individual),
    }
    return render(request, "registration/exception_form.html", context)


@access.requires(Permission.PERSON_READ)
@require_safe
def index(request: ViewedRequest) -> HttpResponse:
    """The papers of the agency: all by number, type and status, or those that run out within some days."""
    viewer, today = request.viewer, timezone.localdate()
    own = IssuedDocument.objects.visible_to(viewer).filter(agency_id=viewer.agency_id)
    form = IssuedFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    days = request.GET.get("within", "")
    within = int(days) if days in {str(one) for one in RENEWAL} else None
    found = own if within is None else own.running_out(today + timedelta(days=within))
    for name in ("kind", "status"):
        if wanted.get(name):
            found = found.filter(**{name: wanted[name]})
    if text := wanted.get("q", "").strip().upper():
        found = found.filter(Q(number=text) | Q(stock__iexact=text))
    here = reverse("documents")
    tabs = [
        {"label": _("All"), "url": here, "current": within is None, "count": None},
        *(
            {
                "label": _("To renew within %(days)s days") % {"days": one}, "url": f"{here}?within={one}", "current": within == one,
                "count": own.running_out(today + timedelta(days=one))[:1001].count(),
            }
            for one in RENEWAL
        ),
    ]  # fmt: skip
    return _page(request, found, form=form, tabs=tabs, within=within, listed=True)
