"""Which pages are there about agencies, their agreements and their systems?"""

from __future__ import annotations

import uuid
from datetime import date

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access, forms, policies, reports
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import agreements as acts
from agencies.actions import clients as client_acts
from agencies.enums import AgreementStatus, Channel
from agencies.models import Agency, Agreement, ApiClient, Membership
from agencies.policies import NotPermitted
from refugeecm.core.classes import FieldClass
from refugeecm.core.paging import page_of
from refugeecm.core.templatetags.ui import country, fmt_date
from refugeecm.core.transitions import TransitionNotAllowed

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
    ]
    return _(", ").join(part for part in parts if part)


# ---- agencies


@access.requires(Permission.AGENCY_READ)
@require_safe
def agencies(request: ViewedRequest) -> HttpResponse:
    """All agencies of the deployment, and those between which I can switch."""
    page = page_of(Agency.objects.order_by("name"), number=request.GET.get("page"))
    between = _between(request, page.rows)
    mine = {
        one.agency_id: one
        for one in Membership.objects.filter(user_id=request.viewer.user_id or 0, is_active=True)
    }
    rows = [
        {
            "agency": one,
            "agreements": between.get(one.pk, 0),
            "membership": mine.get(one.pk),
            "own": one.pk == request.viewer.agency_id,
        }
        for one in page.rows
    ]
    return render(request, "agencies/agencies.html", {"page": page, "rows": rows})


def _between(request: ViewedRequest, rows: list[Agency]) -> dict[int, int]:
    """Return {agency: how many agreements are in force between it and ours}."""
    found: dict[int, int] = {}
    ids = [one.pk for one in rows]
    ours = (
        Agreement.objects.visible_to(request.viewer)
        .live()
        .filter(Q(provider_id__in=ids) | Q(recipient_id__in=ids))
    )
    for provider, recipient in ours.values_list("provider_id", "recipient_id"):
        other = recipient if provider == request.viewer.agency_id else provider
        found[other] = found.get(other, 0) + 1
    return found


@access.requires(Permission.AGENCY_READ)
@require_safe
def agency(request: ViewedRequest, pk: int) -> HttpResponse:
    """One agency: who they are, what we have agreed; of our own also who works there."""
    found = get_object_or_404(Agency, pk=pk)
    own = found.pk == request.viewer.agency_id
    members = (
        Membership.objects.filter(agency_id=request.viewer.agency_id)
        .select_related("user")
        .order_by("-is_active", "user__name")
    )
    between = (
        Agreement.objects.visible_to(request.viewer)
        .select_related("provider", "recipient")
        .order_by("-created_at")
    )
    if not own:
        between = between.filter(Q(provider=found) | Q(recipient=found))
    page = page_of(between, number=request.GET.get("page"))
    return render(
        request,
        "agencies/agency.html",
        {
            "agency": found,
            "own": own,
            "facts": [
                (_("Code"), found.code, "ltr"),
                (_("Kind"), found.get_kind_display()),
                (_("Country"), country(found.country)),
            ],
            "members": members[:500] if own else [],
            "page": page,
            "rows": _lines(page.rows),
            "crumbs": [(_("Agencies"), reverse("agencies"))],
        },
    )


@access.requires(Permission.HOME)
@require_POST
def switch_agency(request: ViewedRequest) -> HttpResponse:
    """Go on as a member of another of my agencies."""
    wanted = request.POST.get("membership", "")
    mine = Membership.objects.filter(user_id=request.viewer.user_id or 0, is_active=True).select_related(
        "agency"
    )
    membership = get_object_or_404(
        mine, pk=int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 0
    )
    request.session["membership"] = membership.pk
    messages.success(request, _("You now work for %(agency)s.") % {"agency": membership.agency})
    return redirect("home")


# ---- agreements


def _lines(rows: list[Agreement]) -> list[dict[str, object]]:
    today = timezone.now().date()
    lines: list[dict[str, object]] = []
    for row in rows:
        kind, label = badge(row, today=today)
        lines.append({"agreement": row, "kind": kind, "label": label, "population": population(row)})
    return lines


@access.requires(Permission.AGREEMENT_READ)
@require_safe
def agreements(request: ViewedRequest) -> HttpResponse:
    """What we share and what we receive."""
    form = forms.AgreementFilter(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    found = (
        Agreement.objects.visible_to(request.viewer)
        .select_related("provider", "recipient")
        .order_by("-created_at")
    )
    if chosen.get("side"):
        found = found.filter(
            **{"provider_id" if chosen["side"] == "given" else "recipient_id": request.viewer.agency_id}
        )
    if chosen.get("status"):
        found = found.filter(status=chosen["status"])
    page = page_of(found, number=request.GET.get("page"))
    return render(
        request,
        "agencies/agreements.html",
        {"filters": form, "filtered": any(chosen.values()), "page": page, "rows": _lines(page.rows)},
    )


@access.requires(Permission.AGREEMENT_PROPOSE)
@require_http_methods(["GET", "POST"])
def agreement_new(request: ViewedRequest) -> HttpResponse:
    """Propose an agreement."""
    now = timezone.now()
    form = forms.AgreementForm(request.POST or None, by=request.viewer, initial={"starts_on": now.date()})
    if request.method == "POST" and form.is_valid():
        try:
            made = acts.propose(by=request.viewer, now=now, **form.cleaned_data)
        except NotPermitted as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request,
                _("The proposal is with %(agency)s. Nothing is shown before they accept.")
                % {"agency": made.recipient},
            )
            return redirect("agreement", made.pk)
    return render(
        request,
        "agencies/agreement_new.html",
        {"form": form, "agency": request.viewer.agency, "crumbs": [(_("Agreements"), reverse("agreements"))]},
    )


def _agreement(request: ViewedRequest, pk: uuid.UUID) -> Agreement:
    visible = Agreement.objects.visible_to(request.viewer).select_related("provider", "recipient")
    return get_object_or_404(visible, pk=pk)


@access.requires(Permission.AGREEMENT_READ)
@require_safe
def agreement(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One agreement: what it opens, where it stands, and what I may do about it."""
    found = _agreement(request, pk)
    return render(
        request,
        "agencies/agreement.html",
        {
            "agreement": found,
            "badges": [badge(found, today=timezone.now().date())],
            "facts": [
                (_("Shares"), found.provider),
                (_("Receives"), found.recipient),
                (_("From"), fmt_date(found.starts_on)),
                (_("Until"), fmt_date(found.ends_on) if found.ends_on else _("no end set")),
            ],
            "terms": [
                (_("Purpose"), found.get_purpose_display()),
                (_("Legal basis"), found.get_legal_basis_display()),
                (_("Whose data"), population(found)),
                (_("How"), _(", ").join(str(Channel(one).label) for one in found.channels)),
            ],
            "shown": [forms.class_words(code) for code in forms.CLASS_WORDS if code in found.classes],
            "withheld": [forms.class_words(code) for code in forms.CLASS_WORDS if code not in found.classes],
            "confidential": FieldClass.C4 in found.classes,
            "entries": reports.story(viewer=request.viewer, subjects=[found.pk]),
            "can_answer": policies.can_answer(agreement=found, by=request.viewer),
            "can_end": policies.can_end(agreement=found, by=request.viewer),
            "given": found.provider_id == request.viewer.agency_id,
            "preparing": found.status == AgreementStatus.PREPARING,
            "crumbs": [(_("Agreements"), reverse("agreements"))],
        },
    )


@access.requires(Permission.AGREEMENT_ANSWER)
@require_POST
def agreement_answer(request: ViewedRequest, pk: uuid.UUID, answer: str) -> HttpResponse:
    """Accept or decline a proposal."""
    found = _agreement(request, pk)
    act = acts.accept if answer == "accept" else acts.decline
    try:
        act(agreement=found, by=request.viewer, now=timezone.now())
    except (NotPermitted, TransitionNotAllowed) as refusal:
        messages.error(request, str(refusal))
    else:
        accepted = _("Accepted. Everything it opens is being prepared; this takes a moment.")
        messages.success(request, accepted if answer == "accept" else _("Declined. Nothing is shown."))
    return redirect("agreement", found.pk)


@access.requires(Permission.AGREEMENT_END)
@require_http_methods(["GET", "POST"])
def agreement_end(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Say what stops, ask for the reason, then end the agreement."""
    found = _agreement(request, pk)
    if not policies.can_end(agreement=found, by=request.viewer):
        messages.error(request, _("This agreement has ended already."))
        return redirect("agreement", found.pk)
    form = forms.EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            acts.end(
                agreement=found, by=request.viewer, now=timezone.now(), reason=form.cleaned_data["reason"]
            )
        except (NotPermitted, TransitionNotAllowed) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, _("Ended. %(agency)s sees nothing of it any more.") % {"agency": found.recipient}
            )
        return redirect("agreement", found.pk)
    return render(
        request,
        "agencies/agreement_end.html",
        {
            "form": form,
            "agreement": found,
            "population": population(found),
            "api": Channel.API in found.channels,
            "crumbs": [
                (_("Agreements"), reverse("agreements")),
                (found.reference, reverse("agreement", args=[found.pk])),
            ],
        },
    )


# ---- API clients


@access.requires(Permission.CLIENT_READ)
@require_safe
def clients(request: ViewedRequest) -> HttpResponse:
    """The systems that ask the API in our agency's name."""
    found = (
        ApiClient.objects.filter(agency_id=request.viewer.agency_id)
        .select_related("created_by")
        .order_by("-is_active", "-pk")
    )
    page = page_of(found, number=request.GET.get("page"))
    return render(
        request,
        "agencies/clients.html",
        {"page": page, "may_issue": request.viewer.may(Permission.CLIENT_ISSUE)},
    )


@access.requires(Permission.CLIENT_ISSUE)
@require_http_methods(["GET", "POST"])
def client_new(request: ViewedRequest) -> HttpResponse:
    """Issue an API client. The answer to the POST is the only page that ever shows the secret, so there is no redirect."""
    form = forms.ClientForm(request.POST or None)
    crumbs = [(_("API clients"), reverse("clients"))]
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = client_acts.issue(
                by=request.viewer, name=form.cleaned_data["name"], now=timezone.now()
            )
        except NotPermitted as refusal:
            form.add_error(None, str(refusal))
        else:
            return render(
                request,
                "agencies/client_issued.html",
                {
                    "client": made,
                    "secret": secret,
                    **_lines_to_paste(request, made, secret),
                    "crumbs": crumbs,
                },
            )
    return render(request, "agencies/client_new.html", {"form": form, "crumbs": crumbs})


def _lines_to_paste(request: HttpRequest, made: ApiClient, secret: str) -> dict[str, str]:
    token, claims = request.build_absolute_uri("/api/v1/token"), request.build_absolute_uri("/api/v1/claims")
    scope = client_acts.SCOPES[0]
    return {
        "token_line": f"curl -sS -u '{made.client_id}:{secret}' -d grant_type=client_credentials -d scope={scope} {token}",
        "claims_line": f'curl -sS -H "Authorization: Bearer $TOKEN" {claims}',
    }


@access.requires(Permission.CLIENT_ISSUE)
@require_http_methods(["GET", "POST"])
def client_revoke(request: ViewedRequest, pk: int) -> HttpResponse:
    """Say what stops, then shut a client out."""
    found = get_object_or_404(
        ApiClient.objects.filter(agency_id=request.viewer.agency_id).select_related("client"), pk=pk
    )
    if request.method == "POST":
        try:
            client_acts.revoke(api_client=found, by=request.viewer)
        except NotPermitted as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, _("%(name)s is shut out. Its tokens no longer work.") % {"name": found.name}
            )
        return redirect("clients")
    return render(
        request,
        "agencies/client_revoke.html",
        {"client": found, "crumbs": [(_("API clients"), reverse("clients"))]},
    )
