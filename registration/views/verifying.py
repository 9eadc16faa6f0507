"""Is this paper good? Asked by anybody, without signing in, by the address in its code; answered with one word."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from registration.actions.verifying import State, state_of

OFTEN = {"verify": "120/m/ip"}  # a checkpoint scans a queue; nobody needs more
# (mark, what it is, what that means)
SAYS = {
    State.VALID: ("good", _("This document is valid"), _("The authority that stands on it issued it, and it is in force.")),
    State.EXPIRED: ("warn", _("This document has expired"), _("It is genuine, and its last day is over.")),
    State.REPLACED: ("warn", _("This document was replaced"), _("It is genuine. The holder was given a newer one.")),
    State.WITHDRAWN: ("bad", _("This document is not valid"), _("It was withdrawn, reported as missing, or never handed over.")),
    State.NOT_OURS: ("bad", _("This is not one of ours"), _("Nothing with this address was issued here. It may be forged.")),
}  # fmt: skip


@require_safe
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """Say what is to say of one paper: the same page for each answer, kept by no cache."""
    if not ratelimit.consume(request, app="allauth.account", action="verify", config=OFTEN, limit_get=True):
        return ratelimit.respond_429(request)
    now = timezone.now()
    state = state_of(code, today=timezone.localdate(now))
    kind, title, text = SAYS[state]
    context = {"kind": kind, "title": title, "text": text, "state": state.value, "now": now}
    return render(request, "registration/verify.html", context)
