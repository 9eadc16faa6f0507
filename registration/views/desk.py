"""How does a clerk register a family: one page that is kept while it is typed, hints of who is known, and a slip at the end?"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agencies import access
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.forms.fields import country_choices
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import NotPermitted, told_to
from refugeecm.core.templatetags.ui import country
from registration.actions import desk
from registration.enums import Level
from registration.forms.desk import DeskForm, FamilyForm, FamilyMemberForm
from registration.models import DeskDraft, Household, Individual, InfluxEvent, QueueToken
from registration.rules import family as rules
from registration.rules.counts import total
from registration.rules.dates import read_date
from registration.rules.findings import RowError
from registration.rules.words import plain
from registration.views.hints import resembling

SESSION = "registration"  # where a session keeps what the desk's form says
_COLUMNS = {"": "given_name", "age": "date_of_birth", "registration_date": "date_of_birth"}
_OF_HOUSEHOLD = ("phone", "arrival_date")


@require_http_methods(["GET", "POST"])
@access.requires(Permission.PERSON_REGISTER)
def registration(request: ViewedRequest) -> HttpResponse:
    """Show where the desk stands and which families are begun; set where it stands, for this session."""
    standing = standing_of(request)
    form = DeskForm(request.POST or None, initial={**standing, "event": standing.get("event")})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        request.session[SESSION] = {
            "event": given["event"].pk,
            "site": given["site"],
            "level": given["level"],
            "day": given["day"].isoformat() if given["day"] else "",
            "language": given["language"],
        }
        return redirect("registration")
    drafts = DeskDraft.objects.visible_to(request.viewer).exclude(people=0).select_related("event", "agency")
    page = page_of(drafts.order_by("-saved_at", "pk"), number=request.GET.get("page"))
    for draft in page.rows:
        draft.title = title_of(draft)  # type: ignore[attr-defined]
    ready = event_of(standing)
    return render(
        request,
        "registration/desk.html",
        {
            "form": form,
            "page": page,
            "event": ready,
            "standing": standing,
            "changing": "change" in request.GET,
        },
    )


def title_of(draft: DeskDraft) -> str:
    """Return the name of the first person of a draft, as far as it is typed."""
    head = rules.of_member(desk.content_of(draft).typed, 0)
    return " ".join(head[one] for one in ("given_name", "father_name", "family_name") if one in head) or _(
        "No name yet"
    )


def standing_of(request: ViewedRequest) -> dict[str, Any]:
    """Return what this session says of where its desk stands: event, site, level, day, language; nothing before it is said."""
    return request.session.get(SESSION) or {}


def event_of(standing: Mapping[str, Any]) -> InfluxEvent | None:
    """Return the event at which the desk of this session registers, if it still stands."""
    choices: Any = DeskForm().fields["event"]
    found: InfluxEvent | None = choices.queryset.filter(pk=standing.get("event") or 0).first()
    return found


@require_POST
@access.requires(Permission.PERSON_REGISTER)
def family_new(request: ViewedRequest) -> HttpResponse:
    """Open a form for the next family, for the one whose number was called, or for members of a group that was only counted."""
    token = group = None
    if request.POST.get("token"):
        token = get_object_or_404(_tokens(request.viewer), pk=_uuid(request.POST["token"]))
    if request.POST.get("group"):
        group = get_object_or_404(_groups(request.viewer).to_register(), pk=_uuid(request.POST["group"]))
    return _next(request, token, group)


def _next(
    request: ViewedRequest, token: QueueToken | None = None, group: Household | None = None
) -> HttpResponse:
    standing = standing_of(request)
    event = event_of(standing)
    if event is None:
        messages.info(request, _("Say first where this desk stands."))
        return redirect("registration")
    typed = {
        "h-country": event.origins[0] if len(event.origins) == 1 else "",
        "h-language": standing["language"],
    }
    if group is not None:
        event = group.event or event
        arrived = group.arrived_on.isoformat() if group.arrived_on else ""
        typed |= {"h-country": group.origin_country or typed["h-country"], "h-arrival_date": arrived}
    content = desk.Content(
        site=standing["site"], level=standing["level"], day=standing["day"], typed=rules.kept(typed),
        group=str(group.pk) if group else "",
    )  # fmt: skip
    with told_to(request):
        draft = desk.start(event=event, content=content, by=request.viewer, now=timezone.now(), token=token)
        return redirect("family", draft.pk)
    return redirect("registration")


def _tokens(viewer: Viewer) -> QuerySet[QueueToken]:
    return QueueToken.objects.visible_to(viewer)


def _groups(viewer: Viewer) -> Any:
    own = Household.objects.visible_to(viewer).filter(agency_id=viewer.agency_id)
    return own.select_related("event")


def _leader(content: desk.Content, viewer: Viewer) -> Individual | None:
    """Return who leads the group that these people join."""
    if not content.group:
        return None
    led: Individual | None = (
        Individual.objects.visible_to(viewer).filter(household=content.group).focal_points().first()
    )
    return led


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404 from None


def _draft(request: ViewedRequest, pk: uuid.UUID, *, locked: bool) -> DeskDraft:
    """Return a draft of the viewer's; locked, where of two who send it the second shall wait and find it gone."""
    mine = DeskDraft.objects.visible_to(request.viewer).select_related("agency", "event", "token")
    found: DeskDraft = get_object_or_404(mine.select_for_update(of=("self",)) if locked else mine, pk=pk)
    return found


def _sent(request: ViewedRequest) -> dict[str, str]:
    return {
        name: " ".join(values) if name.endswith((rules.DECIDED, rules.NEEDED)) else values[-1]
        for name, values in request.POST.lists()
    }


@require_http_methods(["GET", "POST"])
@access.requires(Permission.PERSON_REGISTER)
def family(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a family's form as it was left, keep what is typed, and register it when asked to."""
    viewer, now = request.viewer, timezone.now()
    try:
        draft = _draft(request, pk, locked=request.method == "POST")
    except Http404:
        made = Individual.objects.owned_by(viewer).filter(pk=desk.first_of(pk))
        if done := made.values_list("household", flat=True).first():  # sent twice, or come back to
            return redirect("slip", done)
        raise
    if request.method == "GET":
        return _form(request, draft, now=now)
    sent, do = _sent(request), request.POST.get("do", "keep")
    held = desk.keep(
        draft=draft, sent=sent, window=sent.get("window", ""), version=_number(sent.get("version")), by=viewer, now=now
    )  # fmt: skip
    if not held:
        says = _(
            "This family was changed in another window. Here is what was typed in this one; saving replaces the other."
        )
        return _form(request, draft, now=now, typed=rules.kept(sent), says=[("", says)], status=409)
    if do in {"register", "next"}:
        return _register(request, draft, now=now, on=do == "next")
    content = desk.content_of(draft)
    more = len(_shown(content.typed, 0)) + (do == "add")
    if do.startswith("remove-"):
        typed = rules.without(content.typed, _number(do.removeprefix("remove-")))
        desk.keep(draft=draft, sent=typed, window=content.window, version=draft.version, by=viewer, now=now)
        more = 0
    return redirect(
        f"{reverse('family', args=[pk])}?members={more}"
        + (f"#id_{more - 1}-given_name" if do == "add" else "")
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else 0


def _shown(typed: Mapping[str, str], at_least: int) -> list[int]:
    """Return the places of the form that are shown."""
    return list(range(min(max(rules.places(typed)[-1] + 1, at_least), rules.MOST)))


@require_POST
@access.requires(Permission.PERSON_REGISTER)
def family_keep(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Keep what is typed so far, as the page asks every few seconds; 409 where another window has saved meanwhile."""
    draft, sent = _draft(request, pk, locked=True), _sent(request)
    held = desk.keep(
        draft=draft, sent=sent, window=sent.get("window", ""), version=_number(sent.get("version")),
        by=request.viewer, now=timezone.now(),
    )  # fmt: skip
    return HttpResponse(status=204 if held else 409)


@require_POST
@access.requires(Permission.PERSON_REGISTER)
def family_hints(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Say who the member may be of whom something was typed."""
    viewer, draft, typed = request.viewer, _draft(request, pk, locked=False), rules.kept(_sent(request))
    content, now, place = desk.content_of(draft), timezone.now(), _number(request.GET.get("row"))
    content.typed = typed
    rows = {at: row for at, row in _rows(content, now, _leader(content, viewer)).items() if at == place}
    hints, _found = resembling(rows, typed, viewer=viewer, now=now)
    return render(request, "registration/family_hints.html", {"hints": hints.get(place, []), "place": place})


@require_http_methods(["GET", "POST"])
@access.requires(Permission.PERSON_REGISTER)
def family_discard(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask whether a draft is to be thrown away, and do it."""
    draft = _draft(request, pk, locked=True)
    if request.method == "POST":
        with told_to(request, _("The draft was thrown away.")):
            desk.discard(draft=draft, by=request.viewer, now=timezone.now())
        return redirect("registration")
    return render(request, "registration/family_discard.html", {"draft": draft, "crumbs": crumbs()})


def crumbs() -> list[tuple[str, str]]:
    """Return what lies above the pages of the desk."""
    return [(_("Registration"), reverse("registration"))]


def _day(content: desk.Content, now: datetime) -> date:
    return date.fromisoformat(content.day) if content.day else timezone.localdate(now)


def _rows(content: desk.Content, now: datetime, led: Individual | None) -> dict[int, dict[str, str]]:
    return rules.rows_of(
        content.typed, site=content.site, day=_day(content, now).isoformat(), countries=_countries(), led=led is not None
    )  # fmt: skip


def _countries() -> dict[str, str]:
    """Return the codes of countries by their names in English and in the language of the page."""
    found = {plain(name): code for code, name in country_choices()[1:]}
    with override("en"):
        return {plain(name): code for code, name in country_choices()[1:]} | found


def _register(request: ViewedRequest, draft: DeskDraft, *, now: datetime, on: bool) -> HttpResponse:
    """Register the family of a locked draft, or show what stands in the way."""
    viewer, content = request.viewer, desk.content_of(draft)
    rows = _rows(content, now, _leader(content, viewer))
    members, wrong = rules.read(rows, today=timezone.localdate(now))
    hints, found = resembling(rows, content.typed, viewer=viewer, now=now)
    asked = request.POST.getlist("asked")
    ask = {
        f"{place}:{hint.person.pk}": hint
        for place, some in hints.items()
        for hint in some
        if hint.strong and not hint.decided
    }
    says: list[tuple[str, str]] = []
    if "h-consent" not in content.typed:
        says.append(
            ("h-consent", _("Tell the family what is registered, and why. Tick the box when they agree."))
        )
    if wrong or says:
        return _form(request, draft, now=now, wrong=wrong, says=says, status=422)
    if not set(ask) <= set(asked):
        told = _("%(name)s may be registered already. Look at the hint, or register the family as it is.")
        says = [(f"{key.partition(':')[0]}-given_name", told % {"name": one.of}) for key, one in ask.items()]
        return _form(request, draft, now=now, says=says, asked=[*asked, *ask], status=422)
    try:
        household = desk.register_family(draft=draft, members=members, found=found, by=viewer, now=now)
    except NotPermitted as refusal:
        return _form(request, draft, now=now, says=[("", str(refusal))], status=422)
    if not on:
        return redirect("slip", household)
    number = Household.objects.owned_by(viewer).values_list("number", flat=True).get(pk=household)
    said = format_html(
        '{} <a href="{}">{}</a>', _("Registered: %(number)s.") % {"number": number},
        reverse("slip", args=[household]), _("Print the slip"),
    )  # fmt: skip
    messages.success(request, said)
    rest = _groups(viewer).to_register().filter(pk=household).first() if content.group else None
    return _next(request, group=rest)


def _form(
    request: ViewedRequest,
    draft: DeskDraft,
    *,
    now: datetime,
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[int, Iterable[RowError]] | None = None,
    says: Iterable[tuple[str, str]] = (),
    asked: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:
    """Show the page: what was typed, beside each field what is wrong there, and who the members may be."""
    content = desk.content_of(draft)
    if typed is not None:
        content.typed = dict(typed)
    leader = _leader(content, request.viewer)
    typed, rows = content.typed, _rows(content, now, leader)
    hints, _found = resembling(rows, typed, viewer=request.viewer, now=now)
    household = FamilyForm(typed, prefix="h")
    household.fields["country"].widget.attrs["autofocus"] = not says and not wrong
    shown = _shown(typed, _number(request.GET.get("members")))
    members = [FamilyMemberForm(typed, prefix=str(place), led=leader is not None) for place in shown]
    problems = [("id_" + name if name else "", text) for name, text in says]
    for name, text in says:
        if name.startswith("h-"):
            household.add_error(name.removeprefix("h-"), text)
    for place, errors in (wrong or {}).items():
        for one in errors:
            field = _COLUMNS.get(one.column, one.column)
            form: Any = household if field in _OF_HOUSEHOLD else members[place]
            if field in form.fields and not (form is household and place):
                text = gettext(one.message) % {"value": one.value}
                form.add_error(field, text)
                problems.append((form[field].auto_id, f"{form[field].label}: {text}"))
    head = rules.of_member(typed, 0)
    for member in members[1:]:
        member.fields["family_name"].widget.attrs["placeholder"] = head.get("family_name", "")
    origin = typed.get("h-country", "")
    for member in (*members, blank := FamilyMemberForm(prefix="__n__")):
        member.fields["nationality"].widget.attrs["placeholder"] = country(origin) if origin else ""
    group = _groups(request.viewer).filter(pk=content.group).first() if content.group else None
    arrived = read_date(rows[0]["arrival_date"])
    context = {
        "draft": draft,
        "content": content,
        "group": group,
        "leader": leader,
        "left": total(group.counted) if group else 0,
        "arrived": arrived.day if arrived else None,
        "register_by": draft.event.register_by(arrived.day) if arrived else None,
        "today": timezone.localdate(now),
        "level": Level(content.level).label,
        "day": _day(content, now),
        "household": household,
        "members": [(place, form, hints.get(place, [])) for place, form in zip(shown, members, strict=True)],
        "blank": blank,
        "problems": problems,
        "form": {"errors": problems},  # for the title
        "asked": asked,
        "window": uuid.uuid4().hex[:12],
        "most": rules.MOST,
        "crumbs": crumbs(),
    }
    return render(request, "registration/family.html", context, status=status)
