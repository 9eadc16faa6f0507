"""Which pages are there about who works for an agency, and where they are signed in?"""

from __future__ import annotations

import uuid
from typing import Any

from allauth.account.views import PasswordResetFromKeyView
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access, reports
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import invitations
from agencies.actions import members as acts
from agencies.enums import InvitationStatus
from agencies.forms import members as forms
from agencies.forms.fields import errors_of
from agencies.models import ApiClient, Invitation, Membership
from refugeecm.core import scanning, sessions
from refugeecm.core.ids import of_number
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on, told_to
from refugeecm.core.templatetags.ui import fmt_date, fmt_time

_CRUMB = (gettext_lazy("Members"), "members")


def badge(membership: Membership) -> tuple[str, str]:
    """Return (kind, label): what the membership gives today."""
    if not membership.is_active:
        return "neutral", membership.get_closed_for_display() or _("Closed")
    if membership.expires_on and membership.expires_on < timezone.now().date():
        return "neutral", _("Run out")
    if membership.reminded_days:
        return "warn", _("Away for %(days)s days") % {"days": membership.reminded_days}
    return "good", _("Active")


@access.requires(Permission.MEMBER_READ)
@require_safe
def members(request: ViewedRequest) -> HttpResponse:
    """Who works here, as what, since and until when, and when they were last seen; and who is invited."""
    viewer = request.viewer
    found = Membership.objects.filter(agency_id=viewer.agency_id).select_related("user")
    page = page_of(found.order_by("-is_active", "user__name", "pk"), number=request.GET.get("page"))
    waiting = Invitation.objects.visible_to(viewer).filter(status=InvitationStatus.OPEN)
    now = timezone.now()
    return render(
        request,
        "agencies/members.html",
        {
            "page": page,
            "rows": [{"member": one, "badge": badge(one)} for one in page.rows],
            "invitations": [
                {"invitation": one, "good": one.expires_at > now}
                for one in waiting.select_related("user").order_by("-invited_at")[:200]
            ],
            "live": viewer.agency.live_since is not None,
            "domains": forms.DomainsForm(initial={"domains": viewer.agency.invite_domains}),
            "scanner": scanning.is_there(),
            "scans": viewer.agency.scans_uploads,
        },
    )


@access.requires(Permission.MEMBER_MANAGE)
@require_http_methods(["GET", "POST"])
def member_invite(request: ViewedRequest) -> HttpResponse:
    """Invite one person."""
    form = forms.InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            invitations.invite(invitees=[form.invitee()], by=request.viewer, now=timezone.now())
            messages.success(request, _("Invited. The link in the e-mail is good for 72 hours."))
            return redirect("members")
    return _form(request, form, _("Invite somebody"), _("Invite"))


@access.requires(Permission.MEMBER_MANAGE)
@require_http_methods(["GET", "POST"])
def members_invite(request: ViewedRequest) -> HttpResponse:
    """Invite the people of a CSV file: all of them, or nobody."""
    form = forms.InviteListForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        invitees = form.cleaned_data["file"]
        try:
            made = invitations.invite(invitees=invitees, by=request.viewer, now=timezone.now())
        except invitations.NotInvited as refusal:
            for place, text in refusal.errors:
                form.add_error("file", forms.row_error(place, text))
        else:
            said = ngettext("%(n)s person was invited.", "%(n)s people were invited.", len(made))
            messages.success(request, said % {"n": len(made)})
            return redirect("members")
    return _form(request, form, _("Invite a list"), _("Invite all"))


def _form(request: ViewedRequest, form: Any, title: str, action: str) -> HttpResponse:
    context = {"form": form, "title": title, "action": action, "crumbs": [(_CRUMB[0], reverse(_CRUMB[1]))]}
    return render(request, "agencies/member_invite.html", context)


@access.requires(Permission.MEMBER_MANAGE)
@require_POST
def members_domains(request: ViewedRequest) -> HttpResponse:
    """Say at which domains addresses may be invited."""
    form = forms.DomainsForm(request.POST)
    if form.is_valid():
        acts.set_domains(
            agency=request.viewer.agency, by=request.viewer, now=timezone.now(), **form.cleaned_data
        )
        messages.success(request, _("Saved."))
    else:
        messages.error(request, errors_of(form))
    return redirect("members")


@access.requires(Permission.MEMBER_MANAGE)
@require_POST
def members_scanning(request: ViewedRequest) -> HttpResponse:
    """Say whether uploaded files go to the virus scanner."""
    viewer = request.viewer
    with told_to(request, _("Saved.")):
        acts.set_scanning(agency=viewer.agency, scans="scans" in request.POST, by=viewer, now=timezone.now())
    return redirect("members")


@access.requires(Permission.MEMBER_MANAGE)
@require_POST
def invitation_withdraw(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Withdraw an invitation."""
    visible = Invitation.objects.visible_to(request.viewer).select_related("user", "agency")
    with told_to(request, _("Withdrawn. The link in the e-mail opens nothing any more.")):
        invitations.withdraw(
            invitation=get_object_or_404(visible, pk=pk), by=request.viewer, now=timezone.now()
        )
    return redirect("members")


@access.requires(Permission.HOME)
@require_http_methods(["GET", "POST"])
def invitation_accept(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Become a member of one more agency. Used, expired, withdrawn and somebody else's invitations look like none."""
    now, user_id = timezone.now(), request.viewer.user_id or 0
    mine = invitations.open_for(user_id=user_id, now=now)
    if by := request.session.get("provider"):
        mine = mine.filter(agency_id=by)
    found = get_object_or_404(mine, pk=pk)
    if request.method == "POST":
        membership = invitations.accept(invitation=found, user=found.user, now=now)
        request.session["membership"] = membership.pk
        messages.success(request, _("You now work for %(agency)s.") % {"agency": found.agency})
        return redirect("home")
    return render(
        request, "agencies/invitation_accept.html", {"invitation": found, "facts": _invitation_facts(found)}
    )


def _invitation_facts(found: Invitation) -> list[tuple[str, str]]:
    """Return what an invited person has to know before they accept."""
    return [
        (_("Agency"), found.agency.name),
        (_("Invited by"), found.invited_by.name if found.invited_by else _("Those who run this system")),
        (_("Role"), found.get_role_display()),
        (_("Membership until"), fmt_date(found.member_until) if found.member_until else _("no end set")),
        (_("The invitation holds until"), fmt_time(found.expires_at)),
    ]


class PasswordByLinkView(PasswordResetFromKeyView):
    """A password is chosen by the link of a mail; who comes by an invitation reads whose it is and until when it holds."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the facts of the invitations that the password accepts."""
        found = invitations.by_password(self.reset_user, now=timezone.now()) if self.reset_user else []
        return super().get_context_data(**kwargs) | {"invitations": [_invitation_facts(one) for one in found]}


def _member(request: ViewedRequest, pk: int) -> Membership:
    own = Membership.objects.filter(agency_id=request.viewer.agency_id).select_related("user", "agency")
    return get_object_or_404(own, pk=pk)


@access.requires(Permission.MEMBER_READ)
@require_safe
def member(request: ViewedRequest, pk: int) -> HttpResponse:
    """One member: what they are, where they are signed in, and what has changed."""
    found, viewer = _member(request, pk), request.viewer
    manage = viewer.may(Permission.MEMBER_MANAGE) and found.user_id != viewer.user_id
    return render(
        request,
        "agencies/member.html",
        {
            "member": found,
            "badges": [badge(found)],
            "facts": [
                (_("E-mail"), found.user.email, "ltr"),
                (_("Role"), found.get_role_display()),
                (_("Since"), fmt_date(found.created_at)),
                (_("Until"), fmt_date(found.expires_on) if found.expires_on else _("no end set")),
                (_("Last seen"), fmt_time(found.last_seen_at) if found.last_seen_at else _("Never")),
            ],
            "form": forms.MemberForm(initial={"role": found.role, "expires_on": found.expires_on})
            if manage and found.is_active
            else None,
            "manage": manage,
            "own": found.user_id == viewer.user_id,
            "sessions": sessions.of(found.user_id, now=timezone.now()),
            "entries": reports.story(viewer=viewer, subjects=[of_number(found.pk)]),
            "crumbs": [(_CRUMB[0], reverse(_CRUMB[1]))],
        },
    )


@access.requires(Permission.MEMBER_MANAGE)
@require_POST
def member_change(request: ViewedRequest, pk: int) -> HttpResponse:
    """Give a member another role or another last day."""
    found, form = _member(request, pk), forms.MemberForm(request.POST)
    if not form.is_valid():
        messages.error(request, errors_of(form))
    else:
        with told_to(request, _("Saved. It holds from their next request.")):
            acts.change(membership=found, by=request.viewer, now=timezone.now(), **form.cleaned_data)
    return redirect("member", found.pk)


@access.requires(Permission.MEMBER_MANAGE)
@require_http_methods(["GET", "POST"])
def member_close(request: ViewedRequest, pk: int) -> HttpResponse:
    """Say what stops, then close a membership."""
    found = _member(request, pk)
    if request.method == "POST":
        with told_to(request, _("Closed. Their next request is refused.")):
            acts.close(membership=found, by=request.viewer, now=timezone.now())
        return redirect("member", found.pk)
    issued = ApiClient.objects.filter(
        agency_id=request.viewer.agency_id, is_active=True, created_by=found.user
    )
    return render(
        request,
        "agencies/member_close.html",
        {
            "member": found,
            "clients": issued.count(),
            "crumbs": [
                (_CRUMB[0], reverse(_CRUMB[1])),
                (found.user.name, reverse("member", args=[found.pk])),
            ],
        },
    )


@access.requires(Permission.MEMBER_MANAGE)
@require_POST
def member_open(request: ViewedRequest, pk: int) -> HttpResponse:
    """Open a closed membership again."""
    found = _member(request, pk)
    with told_to(request, _("Open again.")):
        acts.open_again(membership=found, by=request.viewer, now=timezone.now())
    return redirect("member", found.pk)


@access.requires(Permission.MEMBER_MANAGE)
@require_POST
def member_sessions(request: ViewedRequest, pk: int) -> HttpResponse:
    """End one session of a member, or all."""
    found = _member(request, pk)
    with told_to(request, _("Ended. The next request from there has to sign in.")):
        acts.end_sessions(membership=found, by=request.viewer, now=timezone.now(), only=_chosen(request))
    return redirect("member", found.pk)


@access.requires(Permission.HOME)
@require_http_methods(["GET", "POST"])
def my_sessions(request: ViewedRequest) -> HttpResponse:
    """Where am I signed in? One session, or all but this one, can be ended."""
    user_id, key = request.viewer.user_id or 0, request.session.session_key
    if request.method == "POST":
        chosen = _chosen(request)
        sessions.end(user_id, only=None if chosen is None else [chosen], but=key)
        messages.success(request, _("Ended. The next request from there has to sign in."))
        return redirect("my-sessions")
    found = sessions.of(user_id, now=timezone.now(), current=key)
    return render(request, "agencies/my_sessions.html", {"sessions": found, "manage": True})


def _chosen(request: ViewedRequest) -> int | None:
    """Return the session that the form names; None means all, and nonsense names none."""
    text = request.POST.get("session", "")
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
