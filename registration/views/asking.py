"""Which pages are there for asking another agency about a person, and for answering it?"""

from __future__ import annotations

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from agencies.models import Agency
from refugeecm.core.refusals import told_on, told_to
from registration.actions import asking
from registration.enums import QuestionState
from registration.forms.asking import AnswerForm, AskForm
from registration.models import Individual
from registration.views.exceptions import form_page, own_person


def _asked(request: ViewedRequest, pk: uuid.UUID, agency: int, state: str) -> tuple[Individual, Agency]:
    """Return one's own person and the agency with which a question stands in this state; else 404."""
    person = own_person(request, pk)
    if not any(one["partner"] == agency and one["state"] == state for one in asking.questions(person)):
        raise Http404
    return person, get_object_or_404(Agency, pk=agency)


@access.requires(Permission.MATCH_ASK)
@require_http_methods(["GET", "POST"])
def ask(request: ViewedRequest, pk: uuid.UUID, agency: int) -> HttpResponse:
    """Say what the other agency will be shown, and ask it."""
    person, partner = _asked(request, pk, agency, QuestionState.POSSIBLE)
    now, form = (
        timezone.now(),
        AskForm(request.POST if request.method == "POST" else None, shown=asking.said(person)),
    )
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            fields = form.cleaned_data["fields_shown"]
            asking.ask(individual=person, partner=partner, fields=fields, by=request.viewer, now=now)
            return redirect("individual", pk)
    reads.record(viewer=request.viewer, rows=[person], view="question", now=now)
    return form_page(
        request, form, _("Ask %(agency)s") % {"agency": partner.name}, _("Show this and ask"),
        reverse("individual", args=[pk]), of=person.number,
        lead=_(
            "%(agency)s is shown what you choose here, and asked whether it knows this person. It stands in the list of what others"
            " have seen of the person. There is an answer within 30 days, or none; then it reads “cannot say”."
        ) % {"agency": partner.name},
    )  # fmt: skip


@access.requires(Permission.MATCH_ASK)
@require_POST
def answer(request: ViewedRequest, pk: uuid.UUID, agency: int) -> HttpResponse:
    """Answer the other agency."""
    person, partner = _asked(request, pk, agency, QuestionState.TO_ANSWER)
    form = AnswerForm(request.POST)
    if form.is_valid():
        with told_to(request, _("Answered. What you were shown is gone.")):
            asking.answer(
                individual=person, partner=partner, by=request.viewer, now=timezone.now(), **form.cleaned_data
            )
    return redirect("individual", pk)
