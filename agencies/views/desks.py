"""How does a person lock a shared desk, and come back to it?"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agencies import access
from agencies.access import Permission, desks
from agencies.access.declaration import ViewedRequest, enter, viewer_of
from agencies.actions import desks as acts
from agencies.forms import desks as forms
from agencies.models import DeskPin
from refugeecm.core.models import User
from refugeecm.core.refusals import told_on

REMEMBERED = 90 * 24 * 3600  # seconds for which a browser is known


@access.requires(Permission.HOME)
@require_http_methods(["GET", "POST"])
@reauthentication_required
def desk(request: ViewedRequest) -> HttpResponse:
    """Set a PIN for this browser, or change it."""
    form = forms.DeskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        token = request.COOKIES.get(desks.COOKIE) or secrets.token_hex(32)
        request.COOKIES[desks.COOKIE] = token
        with told_on(form, "pin"):
            made = acts.enrol(
                by=request.viewer,
                browser=desks.browser_of(request),
                pin=form.cleaned_data["pin"],
                now=timezone.now(),
            )
            request.session["desk"] = str(made.pk)
            messages.success(request, _("This desk locks with your PIN now."))
            answer = redirect("home")
            answer.set_cookie(
                desks.COOKIE, token, max_age=REMEMBERED, httponly=True, samesite="Strict",
                secure=settings.SESSION_COOKIE_SECURE,
            )  # fmt: skip
            return answer
    return render(
        request,
        "agencies/desk.html",
        {
            "form": form,
            "enrolled": bool(request.session.get("desk")),
            "minutes": settings.DESK_LOCK_SECONDS // 60,
        },
    )


@access.requires(Permission.HOME)
@require_POST
def desk_forget(request: ViewedRequest) -> HttpResponse:
    """Give this desk up."""
    found = get_object_or_404(DeskPin, pk=_desk_of(request), user_id=request.viewer.user_id)
    acts.forget(desk=found, by=request.viewer, now=timezone.now())
    request.session.pop("desk", None)
    messages.success(request, _("This desk no longer locks with a PIN."))
    return redirect("home")


@require_POST
def desk_lock(request: HttpRequest) -> HttpResponse:
    """Lock the session, where the person has a PIN on this browser; unlocking leads back to this page."""
    if request.session.get("desk"):
        from_page = urlsplit(request.headers.get("Referer", ""))
        request.session["locked"] = f"/{from_page.path.lstrip('/')}?{from_page.query}".rstrip("?")
        return redirect("desk-unlock")
    return redirect("desk")


@require_http_methods(["GET", "POST"])
def desk_unlock(request: HttpRequest) -> HttpResponse:
    """Ask for the PIN; the page says no more than initials. Five wrong ones end the session."""
    if not request.session.get("locked"):
        return redirect("home")
    found = DeskPin.objects.filter(pk=_desk_of(request), user_id=request.user.pk or 0).first()
    with transaction.atomic():
        viewer = viewer_of(request)
        if found is None or viewer is None or bytes(found.browser) != desks.browser_of(request):
            return _out(request, _("Please sign in again."))
        enter(viewer, reason="desk_unlock")
        form = forms.UnlockForm(request.POST or None)
        if request.method == "POST":
            now = timezone.now()
            if form.is_valid() and acts.opens(desk=found, pin=form.cleaned_data["pin"], now=now):
                back = request.session.pop("locked")
                request.session.cycle_key()
                return redirect(back if isinstance(back, str) else "home")
            if form.is_valid():
                left = acts.left(desk=found, by=viewer, now=now)
                if not left:
                    return _out(request, _("Five wrong PINs: please sign in again."))
                form.add_error("pin", _("That is not the PIN. Tries left: %(left)s") % {"left": left})
    user = request.user
    initials = "".join(part[0] for part in user.name.split()[:2]) if isinstance(user, User) else ""
    return render(request, "agencies/desk_unlock.html", {"form": form, "initials": initials})


def _desk_of(request: HttpRequest) -> UUID:
    known = request.session.get("desk")
    return UUID(known) if known else UUID(int=0)


def _out(request: HttpRequest, says: str) -> HttpResponse:
    logout(request)
    messages.error(request, says)
    return redirect("account_login")
