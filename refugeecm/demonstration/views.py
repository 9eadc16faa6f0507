"""How does one enter the demonstration world with one click? Only where manage.py started its own servers."""

from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from refugeecm.core import sessions
from refugeecm.core.models import User
from refugeecm.demonstration import accounts

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@csrf_exempt  # checked below, once it is clear that there is a door at all: before that, everything is the same 404
def enter(request: HttpRequest, key: str) -> HttpResponse:
    """Sign in as one of the demonstration accounts. Where there is none, or for a GET, the answer is that of no page."""
    user = accounts.user_of(key) if request.method == "POST" else None
    if user is None:
        raise Http404
    return _sign_in(request, user)


@csrf_protect
def _sign_in(request: HttpRequest, user: User) -> HttpResponse:
    login(request, user, backend=BACKEND)
    sessions.note(request)
    request.session["second_factor"] = True  # invented people own no telephone
    return redirect("home")
