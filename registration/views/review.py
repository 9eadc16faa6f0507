"""Which pages settle who is one person: the queue, two records beside each other, merging them, and taking them apart?"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access
from agencies.access import Permission, Sight, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import NotPermitted, allows, told_on, told_to
from refugeecm.core.words import headed
from registration import policies
from registration.actions import absorbing, merging, review, sealing
from registration.enums import COUNTED, UNDECIDED, MatchKind, MatchState, MergeStatus
from registration.forms import review as forms
from registration.models import Individual, MatchCandidate, Merge, MergeMove
from registration.reports import said
from registration.views import pairs

TABS = {
    "open": gettext_lazy("To decide"),
    "relatives": gettext_lazy("Likely relatives"),
    "unsure": gettext_lazy("Not sure"),
    "same": gettext_lazy("To be merged"),
    "merges": gettext_lazy("Merged"),
}
# What a key decides on the page of a pair, in the order of the buttons (experience.md: single keys can be switched off).
ANSWERS = [
    (MatchState.SAME, "s", gettext_lazy("The same person")),
    (MatchState.DIFFERENT, "d", gettext_lazy("Somebody else")),
    (MatchState.RELATIVE, "r", gettext_lazy("A relative")),
    (MatchState.UNSURE, "u", gettext_lazy("Not sure")),
]
MERGE_KINDS = {MergeStatus.PROPOSED: "warn", MergeStatus.DONE: "good"}


@access.requires(Permission.MATCH_REVIEW)
@require_safe
def index(request: ViewedRequest) -> HttpResponse:
    """What waits: whole families first, by what a decision is worth; or what was merged."""
    viewer, tab = request.viewer, request.GET.get("tab", "open")
    if tab not in TABS:
        raise Http404
    context: dict[str, Any] = {
        "tab": tab,
        "tabs": [
            {
                "label": label,
                "url": f"{reverse('duplicates')}?tab={name}",
                "current": name == tab,
                "count": None,
            }
            for name, label in TABS.items()
        ],
    }
    if tab == "merges":
        found = Merge.objects.visible_to(viewer).exclude(status=MergeStatus.WITHDRAWN)
        rows = found.select_related("survivor", "merged", "agency", "other_agency").order_by(
            "-made_at", "-pk"
        )
        context["page"] = page = page_of(rows, number=request.GET.get("page"))
        context["merges"] = [(one, MERGE_KINDS.get(one.status, "neutral")) for one in page.rows]
        return render(request, "registration/merges.html", context)
    context["page"] = page = pairs.queue(viewer, tab, request.GET.get("page"))
    people = {one.pk: one for family in page.rows for line in family.pairs for one in line.people}
    reads.record(viewer=viewer, rows=list(people.values()), view="duplicates", now=timezone.now())
    return render(request, "registration/duplicates.html", context)


def _pair(viewer: Viewer, pk: uuid.UUID) -> tuple[MatchCandidate, pairs.PairLine]:
    """Return a pair of which the viewer sees both people, or answer 404."""
    found = MatchCandidate.objects.visible_to(viewer).select_related("individual", "other")
    pair: MatchCandidate = get_object_or_404(found, pk=pk)
    line = pairs.lines_of([pair], viewer).get(pair.pk)
    if line is None:
        raise Http404
    return pair, line


@access.requires(Permission.MATCH_REVIEW)
@require_http_methods(["GET", "POST"])
def duplicate(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Two people beside each other, with the evidence and the other pairs of their families; then the next pair."""
    viewer, now = request.viewer, timezone.now()
    pair, line = _pair(viewer, pk)
    family = pairs.between(viewer, pair)
    same = [one for one in pairs.alike(family) if one.state == MatchState.OPEN]
    form = forms.DecisionForm(request.POST or None, sex=line.people[1].sex)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with told_on(form):
            whole = given["to"] == "family"
            _check_seen(request, pair, same if whole else None)
            review.decide(
                pairs=same if whole else [pair], to=MatchState.SAME if whole else given["to"], reason=given["reason"],
                relationship=given["relationship"], by=viewer, now=now,
            )  # fmt: skip
            messages.success(request, _("Decided. Ctrl+Z or “Take back” undoes it."))
            return redirect(*_next(viewer, pairs.between(viewer, pair)))
    one, other = line.people
    reads.record(viewer=viewer, rows=[one, other], view="duplicate", now=now)
    lines = pairs.lines_of(family, viewer)
    context = {
        "pair": pair,
        "line": line,
        "form": form,
        "sides": pairs.sides(one, other, viewer),
        "weights": pairs.weights(pair),
        "answers": [(to, key, label, to in pair.moves[pair.state]) for to, key, label in ANSWERS],
        "likely": MatchState.RELATIVE if pair.kind == MatchKind.RELATIVE else MatchState.SAME,
        "family": [lines[found.pk] for found in family if found.pk in lines and found.pk != pair.pk],
        "same": len(same),
        "open": pair.state in {MatchState.OPEN, MatchState.UNSURE},
        "may_merge": pair.state == MatchState.SAME
        and viewer.may(Permission.PERSON_MERGE)
        and not (one.merged_into_id or other.merged_into_id),
        "crumbs": [(_("Duplicates"), reverse("duplicates"))],
    }
    return render(request, "registration/duplicate.html", context)


def _check_seen(request: ViewedRequest, pair: MatchCandidate, family: list[MatchCandidate] | None) -> None:
    """Refuse to answer for another page than was shown: what a colleague decided meanwhile is not replaced by a key."""
    sent = request.POST
    of = len(family or ())
    if sent.get("was", pair.state) != pair.state or (
        family is not None and sent.get("of", str(of)) != str(of)
    ):
        raise NotPermitted(
            _("These pairs changed since the page was shown. Look again, and decide then: nothing was saved.")
        )


def _next(viewer: Viewer, family: list[MatchCandidate]) -> tuple[Any, ...]:
    """Return where to go after a decision: the next pair of these families, else of the queue; the queue when it is empty."""
    for one in family:
        if one.kind == MatchKind.SAME and one.state == MatchState.OPEN and one.score >= 0:
            return ("duplicate", one.pk)
    waiting = pairs.queue(viewer, "open", "1").rows
    return ("duplicate", waiting[0].first.pair.pk) if waiting else ("duplicates",)


@access.requires(Permission.MATCH_REVIEW)
@require_POST
def take_back(request: ViewedRequest) -> HttpResponse:
    """Undo the viewer's last decision, and show what it was about."""
    with told_to(request, _("Taken back.")):
        undone = review.take_back(by=request.viewer, now=timezone.now())
        return redirect("duplicate", undone[0].pk)
    return redirect("duplicates")


@access.requires(Permission.MATCH_REVIEW)
@require_http_methods(["GET", "POST"])
def bulk(request: ViewedRequest) -> HttpResponse:
    """Say of the strongest pairs that they are one person; how many these are stands there before. They still wait to be merged."""
    form = forms.ThresholdForm(request.POST or request.GET or {"bits": review.SAFE})
    found = review.above(form.cleaned_data["bits"], request.viewer) if form.is_valid() else None
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            done = review.decide_above(bits=form.cleaned_data["bits"], by=request.viewer, now=timezone.now())
            text = ngettext("%(done)d pair waits to be merged.", "%(done)d pairs wait to be merged.", done)
            messages.success(request, text % {"done": done})
            return redirect(reverse("duplicates") + "?tab=same")
    count = len(found.values_list("pk")[: review.AT_ONCE]) if found is not None else None
    context = {
        "form": form,
        "count": count,
        "most": review.AT_ONCE,
        "crumbs": [(_("Duplicates"), reverse("duplicates"))],
    }
    return render(request, "registration/duplicates_bulk.html", context)


@access.requires(Permission.PERSON_MERGE)
@require_http_methods(["GET", "POST"])
def merge(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Choose field by field what the record that stays says, see what goes along, and merge; or ask the other agency."""
    viewer, now = request.viewer, timezone.now()
    pair, line = _pair(viewer, pk)
    if pair.state in {MatchState.DIFFERENT, MatchState.RELATIVE}:
        messages.error(
            request, _("Somebody decided that these are two people. Take that decision back first.")
        )
        return redirect("duplicate", pk)
    newer, older = line.people
    given = request.POST or request.GET
    keep = given.get("keep", "")
    swap = keep == "newer" or (
        not keep and older.process_status not in COUNTED and newer.process_status in COUNTED
    )
    survivor, merged = (newer, older) if swap else (older, newer)
    own = {survivor.agency_id, merged.agency_id} == {viewer.agency_id}
    taken = [name for name in absorbing.CHOICES if given.get(f"take_{name}") == "theirs"]
    form = forms.ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            reason = form.cleaned_data["reason"]
            if own:
                made = merging.merge(
                    survivor=survivor, merged=merged, taken=taken, reason=reason, by=viewer, now=now
                )
                messages.success(request, _("Merged. Both can be taken apart again here."))
            else:
                made = merging.propose(survivor=survivor, merged=merged, reason=reason, by=viewer, now=now)
                messages.success(request, _("The other agency is asked to confirm it."))
            return redirect("merge", made.pk)
    reads.record(viewer=viewer, rows=[survivor, merged], view="merge", now=now)
    context: dict[str, Any] = {
        "pair": pair,
        "form": form,
        "own": own,
        "survivor": survivor,
        "merged": merged,
        "other": "older" if swap else "newer",
        "crumbs": [(_("Duplicates"), reverse("duplicates")), (line.name, reverse("duplicate", args=[pk]))],
    }
    if own:
        context |= _choices(survivor, merged, taken if request.method == "POST" else None)
        context |= _goes_along(request, survivor, merged)
    return render(request, "registration/merge.html", context)


def _choices(survivor: Individual, merged: Individual, taken: list[str] | None) -> dict[str, Any]:
    """Return what both say of each choice of which either says something."""
    opener = sealing.Opener([survivor.pk, merged.pk])
    taken = absorbing.lacking(survivor, merged, opener) if taken is None else taken
    rows = []
    for name in absorbing.CHOICES:
        column = Individual._meta.get_field(name)
        mine, theirs = (str(said(one, column, opener) or "") for one in (survivor, merged))
        if mine or theirs:
            rows.append(
                {"name": name, "label": headed(column), "mine": mine, "theirs": theirs, "taken": name in taken,
                 "differs": mine != theirs}
            )  # fmt: skip
    return {"rows": sorted(rows, key=lambda row: not row["differs"])}


KINDS = {
    "registration_document": gettext_lazy("Documents"),
    "registration_furthername": gettext_lazy("Further names"),
    "registration_relative": gettext_lazy("Relatives elsewhere"),
    "registration_photo": gettext_lazy("Photo"),
    "registration_biometricreference": gettext_lazy("Biometric references"),
    "registration_specificneed": gettext_lazy("Specific needs"),
    "registration_consent": gettext_lazy("Consents"),
    "cases_claim": gettext_lazy("Claims"),
    "resettlement_referral": gettext_lazy("Referrals"),
}


def _goes_along(request: ViewedRequest, survivor: Individual, merged: Individual) -> dict[str, Any]:
    """Return how many records of which kind would go along, or what stands in the way."""
    try:
        counts = merging.preview(
            survivor=survivor, merged=merged, taken=None, by=request.viewer, now=timezone.now()
        )
    except NotPermitted as refused:
        return {"refused": str(refused)}
    return {"moved": [(label, counts[table]) for table, label in KINDS.items() if counts[table]]}


@access.requires(Permission.MATCH_REVIEW)
@require_http_methods(["GET", "POST"])
def merged(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """A merge: what was taken, what went along, what stayed; confirm or decline it, or take both apart."""
    viewer, now = request.viewer, timezone.now()
    found = Merge.objects.visible_to(viewer).select_related("survivor", "merged", "agency", "other_agency")
    one: Merge = get_object_or_404(found, pk=pk)
    form = forms.ReasonForm(request.POST or None)
    act = request.POST.get("do", "")
    if request.method == "POST" and act in {"confirm", "withdraw"}:
        with told_to(request, _("Saved.")):
            (merging.confirm if act == "confirm" else merging.withdraw)(merge=one, by=viewer, now=now)
        return redirect("merge", pk) if act == "confirm" else redirect("duplicates")
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            stayed = merging.part(merge=one, reason=form.cleaned_data["reason"], by=viewer, now=now)
            text = (
                ngettext(
                    "Taken apart. %(many)d record was changed since and stays where it is.",
                    "Taken apart. %(many)d records were changed since and stay where they are.",
                    len(stayed),
                )
                if stayed
                else _("Taken apart. Both stand as before.")
            )
            messages.success(request, text % {"many": len(stayed)} if stayed else text)
            return redirect("merge", pk)
    people = Individual.objects.visible_to(viewer).with_shown_classes(viewer)
    both = people.select_related("agency").in_bulk([one.survivor_id, one.merged_id])
    if len(both) != 2:
        raise Http404
    reads.record(viewer=viewer, rows=list(both.values()), view="merge", now=now)
    pair = MatchCandidate.objects.visible_to(viewer).filter(individual__in=both, other__in=both)
    pair = pair.filter(state__in=[*UNDECIDED, MatchState.SAME])
    moved = MergeMove.objects.filter(merge=one, agency_id=viewer.agency_id, table__in=KINDS)
    moves = list(moved.values_list("table", "stayed"))
    context = {
        "merge": one,
        "form": form,
        "records": zip(
            {"proposed": (_("Goes on"), _("Is closed")), "done": (_("Goes on"), _("Closed"))}.get(
                one.status, ("", "")
            ),
            [
                (person, Sight(person, viewer).text("given_name", person.full_name))
                for person in (both[one.survivor_id], both[one.merged_id])
            ],
            strict=True,
        ),
        "taken": [headed(Individual._meta.get_field(name)) for name in one.taken],
        "moved": [
            (
                label,
                sum(table == name for name, _stayed in moves),
                sum(table == name and stayed for name, stayed in moves),
            )
            for table, label in KINDS.items()
            if any(table == name for name, _stayed in moves)
        ],
        "kind": MERGE_KINDS.get(MergeStatus(one.status), "neutral"),
        "pair": pair.first() if one.status == MergeStatus.UNDONE else None,
        "proposed": one.status == MergeStatus.PROPOSED,
        "ours": not allows(policies.check_confirm, merge=one, by=viewer),
        "may_part": one.status == MergeStatus.DONE and viewer.may(Permission.PERSON_MERGE),
        "crumbs": [(_("Duplicates"), reverse("duplicates") + "?tab=merges")],
    }
    return render(request, "registration/merged.html", context)
