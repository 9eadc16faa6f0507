"""Which pages plan a verification exercise, enter who came, and say how far it is?"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import allows, told_on, told_to
from refugeecm.core.templatetags.ui import figure
from registration import policies
from registration.actions import exercises as acts
from registration.enums import ENTERED, EXERCISE_MOVES, ExerciseStatus, VerificationResult
from registration.forms.exercises import ExerciseForm, ManyForm, ResultsForm, TargetFilter
from registration.models import Individual, VerificationExercise, VerificationTarget
from registration.search import Unknown, people_numbered
from registration.views.desk import crumbs
from registration.views.exceptions import form_page

KINDS = {
    ExerciseStatus.RUNNING: "info",
    ExerciseStatus.NOTICE: "warn",
    ExerciseStatus.CLOSING: "warn",
    ExerciseStatus.DONE: "good",
}
PRINTED = 200  # lines on a page of the list: it is printed
_DONE: dict[str, Promise] = {
    ExerciseStatus.RUNNING: gettext_lazy("The list is frozen, and every family has a day."),
    ExerciseStatus.NOTICE: gettext_lazy("Ended. Whoever did not come has a notice from today on."),
    ExerciseStatus.CLOSING: gettext_lazy("Confirmed. Whoever did not come is being made inactive."),
    ExerciseStatus.CANCELLED: gettext_lazy("Cancelled. Nobody is made inactive."),
}
_ACTS: dict[str, Callable[..., object]] = {
    ExerciseStatus.RUNNING: acts.start,
    ExerciseStatus.NOTICE: acts.end,
    ExerciseStatus.CLOSING: acts.confirm,
    ExerciseStatus.CANCELLED: acts.cancel,
}
_ASKED: dict[str, Promise] = {
    ExerciseStatus.RUNNING: gettext_lazy("Begin: freeze the list"),
    ExerciseStatus.NOTICE: gettext_lazy("End: give notice to who did not come"),
    ExerciseStatus.CLOSING: gettext_lazy("Confirm: make them inactive"),
    ExerciseStatus.CANCELLED: gettext_lazy("Cancel it"),
}


def _own(request: ViewedRequest, pk: uuid.UUID) -> VerificationExercise:
    visible = VerificationExercise.objects.visible_to(request.viewer).select_related("event", "agency")
    found: VerificationExercise = get_object_or_404(visible, pk=pk)
    return found


def _above(exercise: VerificationExercise | None = None) -> list[tuple[Any, str]]:
    found = [*crumbs(), (_("Verification exercises"), reverse("exercises"))]
    return [*found, (exercise.name, reverse("exercise", args=[exercise.pk]))] if exercise else found


@access.requires(Permission.PERSON_READ)
@require_safe
def index(request: ViewedRequest) -> HttpResponse:
    """The agency's exercises, newest first."""
    found = VerificationExercise.objects.visible_to(request.viewer).select_related("event")
    page = page_of(found.order_by("-planned_at", "-pk"), number=request.GET.get("page"))
    rows = [(one, KINDS.get(ExerciseStatus(one.status), "neutral")) for one in page.rows]
    return render(request, "registration/exercises.html", {"page": page, "rows": rows, "crumbs": crumbs()})


@access.requires(Permission.VERIFY_PLAN)
@require_http_methods(["GET", "POST"])
def new(request: ViewedRequest) -> HttpResponse:
    """Plan an exercise."""
    form = ExerciseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            made = acts.plan(by=request.viewer, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Planned. Nobody is asked before it begins."))
            return redirect("exercise", made.pk)
    return form_page(
        request, form, _("Plan a verification exercise"), _("Plan"), reverse("exercises"),
        lead=_("Everybody of the agency who is meant by all of this together, and whose record is active or on hold."),
    )  # fmt: skip


@access.requires(Permission.PERSON_READ)
@require_safe
def detail(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """How far an exercise is: what was found, day by day, and what can be done with it now."""
    exercise, viewer = _own(request, pk), request.viewer
    targets = VerificationTarget.objects.visible_to(viewer).filter(exercise=exercise)
    counts = targets.counted()
    total, left = sum(counts.values()), counts.pop("", 0)
    today = timezone.localdate()
    context = {
        "exercise": exercise,
        "kind": KINDS.get(ExerciseStatus(exercise.status), "neutral"),
        "total": total,
        "known": total - left,
        "results": [(one, one.label, counts[one]) for one in VerificationResult if counts.get(one)],
        "days": page_of(targets.by_day(), number=request.GET.get("page")),
        "facts": _facts(exercise),
        "takes": exercise.status in ENTERED and viewer.may(Permission.PERSON_REGISTER),
        "moves": _moves(exercise, request, today=today),
        "waits": exercise.status == ExerciseStatus.NOTICE and today <= (exercise.notice_until or today),
        "crumbs": _above(),
    }
    return render(request, "registration/exercise.html", context)


def _facts(exercise: VerificationExercise) -> list[tuple[Any, Any]]:
    return [
        (_("Event"), exercise.event.name if exercise.event else _("All events")),
        (_("Site"), exercise.site or _("Every site")),
        (_("Legal status"), exercise.get_legal_status_display() or _("Any")),
        (_("People a day at each site"), figure(exercise.capacity)),
        (_("Days of notice"), figure(exercise.notice_days)),
    ]


def _moves(
    exercise: VerificationExercise, request: ViewedRequest, *, today: Any
) -> list[tuple[str, Promise]]:
    """Return what this person may do with the exercise now."""
    may = request.viewer.may(Permission.VERIFY_PLAN)
    closes = partial(allows, policies.check_close_exercise, exercise=exercise, by=request.viewer, today=today)
    return [
        (to, label)
        for to, label in _ASKED.items()
        if may and to in EXERCISE_MOVES[exercise.status] and (to != ExerciseStatus.CLOSING or closes())
    ]


@access.requires(Permission.VERIFY_PLAN)
@require_POST
def change(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Begin, end, confirm or cancel an exercise."""
    exercise, to = _own(request, pk), request.POST.get("to", "")
    if to in _ACTS:
        with told_to(request, str(_DONE[to])):
            _ACTS[to](exercise=exercise, by=request.viewer, now=timezone.now())
    return redirect("exercise", pk)


@access.requires(Permission.PERSON_REGISTER)
@require_http_methods(["GET", "POST"])
def desk(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Enter who came: a number brings the family (`?q=`), Enter keeps what is proposed; or one result for a list of numbers."""
    exercise, viewer = _own(request, pk), request.viewer
    if exercise.status not in ENTERED:
        messages.info(request, _("This exercise takes no results now."))
        return redirect("exercise", pk)
    number = " ".join(request.GET.get("q", "").split()).upper()[:40]
    people, unknown = _family(request, number) if number else ([], [])
    listed = request.method == "POST" and "numbers" in request.POST
    targets = VerificationTarget.objects.visible_to(viewer).filter(exercise=exercise, individual__in=people)
    asked = {one.individual_id: one for one in targets}
    known = {who: one.result for who, one in asked.items()}
    family = ResultsForm(None if listed else request.POST or None, people=people, known=known)
    many = ManyForm(request.POST if listed else None)
    if listed and many.is_valid():
        found, unknown = people_numbered(many.cleaned_data["numbers"], viewer=viewer)
        results = {one.pk: many.cleaned_data["result"] for group in found.values() for one in group}
        with told_on(many):
            _enter(request, exercise, results)
            if not unknown:
                return redirect("exercise-desk", pk)
    elif request.method == "POST" and people and family.is_valid():
        with told_on(family):
            _enter(request, exercise, family.results())
            return redirect("exercise-desk", pk)
    reads.record(viewer=viewer, rows=people, view="exercise-desk", now=timezone.now())
    context = {
        "exercise": exercise,
        "number": number,
        "people": [(one, asked.get(one.pk), family[str(one.pk)]) for one in people],
        "family": family,
        "many": many,
        "unknown": unknown,
        "listed": listed,
        "crumbs": _above(exercise),
    }
    return render(request, "registration/exercise_desk.html", context)


def _family(request: ViewedRequest, number: str) -> tuple[list[Individual], list[Unknown]]:
    """Return everybody of the family that a number is of, whom it names first."""
    found, unknown = people_numbered([number], viewer=request.viewer)
    named = found.get(number, [])
    if not named:
        return [], unknown
    seen = Individual.objects.visible_to(request.viewer).filter(agency_id=request.viewer.agency_id)
    others = seen.active().filter(household=named[0].household_id).exclude(pk__in=[one.pk for one in named])
    return [*named, *others.order_by("pk")[:200]], []


def _enter(request: ViewedRequest, exercise: VerificationExercise, results: dict[uuid.UUID, str]) -> None:
    done = acts.enter(exercise=exercise, results=results, by=request.viewer, now=timezone.now())
    noted = ngettext("%(n)s person is noted.", "%(n)s people are noted.", done.noted)
    messages.success(request, noted % {"n": figure(done.noted)})
    for people, said in (
        (done.not_asked, _("Not on the list of this exercise, so left alone: %(who)s.")),
        (done.closed, _("Noted, but the record is closed; a supervisor opens it again: %(who)s.")),
    ):
        if people:
            messages.warning(request, said % {"who": ", ".join(one.number for one in people[:20])})


@access.requires(Permission.PERSON_READ)
@require_safe
def listed(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """The people of an exercise, by result, day and site; printed, it shows numbers and no names."""
    exercise, viewer = _own(request, pk), request.viewer
    form = TargetFilter(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    found = VerificationTarget.objects.visible_to(viewer).filter(exercise=exercise)
    if given.get("result"):
        found = found.filter(result="" if given["result"] == "open" else given["result"])
    if given.get("day"):
        found = found.filter(appointment_on=given["day"])
    if given.get("site"):
        found = found.filter(site=given["site"])
    people = found.select_related("individual").order_by("site", "appointment_on", "household_id", "pk")
    page = page_of(people, number=request.GET.get("page"), size=PRINTED)
    reads.record(
        viewer=viewer, rows=[one.individual for one in page.rows], view="exercise-list", now=timezone.now()
    )
    context = {
        "exercise": exercise,
        "filters": form,
        "page": page,
        "notice": given.get("result") == VerificationResult.NO_SHOW,
        "crumbs": _above(exercise),
    }
    return render(request, "registration/exercise_list.html", context)
