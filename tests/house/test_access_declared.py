"""Does every view, and every task, say which permission it needs, and does everything else refuse the anonymous? (trust.md P1)"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import include, path, reverse

from agencies.access import Permission
from agencies.access.declaration import OPEN, SIGNED_IN
from agencies.access.permissions import CLIENT_PERMISSIONS, ROLES
from tests.house.addresses import ARGUMENTS, METHODS, addresses, untaught

ROOT = Path(settings.BASE_DIR)
ROOMS = ("views", "api", "pages", "tasks", "admin")


def undeclared() -> list[str]:
    """Return the addresses whose view neither declares a permission nor is named in OPEN or SIGNED_IN."""
    return [
        one.name or one.route for one in addresses() if not one.declared and one.name not in OPEN | SIGNED_IN
    ]


def test_every_address_declares_its_access():
    assert undeclared() == []
    assert len(addresses()) >= 30


def test_what_is_declared_is_a_permission_that_somebody_has():
    held = frozenset().union(*ROLES.values()) | CLIENT_PERMISSIONS
    for one in addresses():
        assert one.declared is None or one.declared in held, one.name


def test_every_address_has_a_name_of_its_own():
    names = [one.name for one in addresses()]
    assert all(names)
    assert len(set(names)) == len(names)


def test_few_addresses_are_open_and_none_is_both():
    assert len(OPEN) <= 13
    assert not OPEN & SIGNED_IN
    stand = {one.name for one in addresses()}
    assert stand >= OPEN - {"demonstration-enter"}, (
        "an open address that does not exist is a door for a later one"
    )
    declared = {one.name for one in addresses() if one.declared}
    assert not declared & (OPEN | SIGNED_IN)


def test_every_argument_is_explained():
    assert untaught() == []
    assert set(ARGUMENTS) <= {one.name for one in addresses()}, "an explained address that does not exist"


def test_the_anonymous_are_denied_everywhere(db):
    browser, wrong, asked = Client(raise_request_exception=False), [], 0
    for one in addresses():
        if one.name in OPEN:
            continue
        words = {
            name: what[0] if isinstance(what, tuple) else None
            for name, what in ARGUMENTS.get(one.name, {}).items()
        }
        given = {name: word or _anything(one.route, name) for name, word in words.items()}
        for method in METHODS:
            asked += 1
            address = reverse(one.name, kwargs=given)
            answer = browser.generic(method, address)
            to_sign_in = answer.status_code == 302 and answer["Location"].startswith(
                reverse(settings.LOGIN_URL)
            )
            if not to_sign_in and answer.status_code not in {401, 404, 405}:
                wrong.append((method, address, answer.status_code, answer.get("Location", "")))
    assert wrong == []
    assert asked >= 100


def _anything(route: str, name: str) -> object:
    return 1 if f"int:{name}" in route else "018f0000-0000-7000-8000-000000000001"


def test_the_open_ones_tell_the_anonymous_nothing(db, cast, family):
    browser = Client(raise_request_exception=False)
    words = [
        cast.caseworker.user.email,
        cast.admin.user.email,
        family[0].number,
        family[1].number,
        str(family[0].pk),
    ]
    for one in addresses():
        if one.name in OPEN and not one.arguments:
            text = browser.get(reverse(one.name)).content.decode(errors="replace")
            assert not [word for word in words if word in text], one.name


# ---- a view without a declaration


def forgotten(request):
    return HttpResponse("everybody's file")


def declared(request):
    return HttpResponse("a declared file")


declared.access = Permission.HOME
urlpatterns = [
    path("", include(settings.ROOT_URLCONF)),
    path("forgotten/", forgotten, name="forgotten"),
    path("declared/", declared, name="declared"),
]


@pytest.mark.parametrize("method", METHODS)
def test_a_view_that_declares_nothing_is_refused_and_found(cast, method):
    with override_settings(ROOT_URLCONF=__name__):
        assert undeclared() == ["forgotten"]
        for browser in (Client(), cast.caseworker.browser(), cast.admin.browser()):
            answer = browser.generic(method, "/forgotten/")
            assert answer.status_code == 403
            assert b"everybody" not in answer.content
        assert cast.caseworker.browser().get("/declared/").status_code == 200


def test_a_new_address_has_to_be_explained():
    with override_settings(ROOT_URLCONF="tests.house.new_address"):
        assert untaught() == ["forgotten-file: say in tests/house/addresses.py what pk is"]


# ---- tasks


def test_every_task_declares_its_access():
    current_app.loader.import_default_modules()
    ours = {name: task for name, task in current_app.tasks.items() if not name.startswith("celery.")}
    assert len(ours) >= 3
    for name, task in ours.items():
        assert isinstance(getattr(task, "access", None), Permission), f"{name} declares no access"


# ---- the source itself


def sources(*rooms: str) -> list[Path]:
    """Return the files of the named rooms: a module, or every module of a package of that name."""
    found = []
    for app in ("agencies", "registration", "cases", "resettlement", "refugeecm"):
        for room in rooms:
            found += [
                *ROOT.glob(f"{app}/{room}.py"),
                *ROOT.glob(f"{app}/{room}/**/*.py"),
                *ROOT.glob(f"{app}/*/{room}.py"),
            ]
    return sorted(set(found))


# (file, function): why the rows need no viewer.
UNSCOPED = {
    ("agencies/api.py", "authenticate"): "finds the client behind a token, before anybody is known",
    ("agencies/tasks.py", "end_expired"): "goes through all agencies, entering the context of each",
    ("agencies/tasks.py", "sweep_exports"): "counts turns, which bear no data",
    ("registration/tasks.py", "sweep_imports"): "counts steps, which bear no data",
    ("cases/views.py", "claim"): "a subquery that only narrows visible people to one household",
    (
        "refugeecm/pages/history.py",
        "timeline",
    ): "of subjects that were found visible; an event is read by its agency only (policy)",
    (
        "refugeecm/pages/history.py",
        "changes",
    ): "of rows that were found visible; history is read by the owner only (policy)",
}
UNSCOPED |= {
    (
        "refugeecm/pages/trail.py",
        "_reads",
    ): "reads by others of the own agency's people, which the policy shows to it",
    (
        "refugeecm/pages/disclosures.py",
        "looks",
    ): "reads of a person who was found visible; the function and the policy keep to the own agency's people",
    (
        "refugeecm/pages/explained.py",
        "_seen",
    ): "asks live_for in the place of the one whose view is explained",
}
# Tables that are nobody's: public among agencies, or one's own account.
FREE = {
    "AdminArea",
    "Agency",
    "DeskPin",
    "EntryPoint",
    "InfluxEvent",
    "Membership",
    "Seal",
    "SealCheck",
    "User",
}


@dataclass
class Chain:
    """One `Model.objects.…` of a module: the function it stands in, the methods called along it, and their keywords."""

    function: str
    model: str
    line: int
    methods: set[str] = field(default_factory=set)
    keywords: dict[str, str] = field(default_factory=dict)

    @property
    def scoped(self) -> bool:
        """By the viewer, by their agency, or as part of a file that was found by the viewer."""
        mine = any(value.endswith("viewer.agency_id") for value in self.keywords.values())
        part = self.keywords.get("batch") == "batch" or self.keywords.get("batch_id") == "batch.pk"
        return bool(self.methods & {"visible_to", "owned_by"}) or mine or part


def chains(tree: ast.AST) -> list[Chain]:
    """Return every use of a manager in a module."""
    found, parents = [], {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"objects", "_base_manager", "_default_manager"}:
            one, place = Chain("", ast.unparse(node.value).split(".")[-1], node.lineno), node
            while (up := parents.get(place)) and getattr(up, "func", getattr(up, "value", None)) is place:
                place = up
                if isinstance(place, ast.Attribute):
                    one.methods.add(place.attr)
                elif isinstance(place, ast.Call):
                    one.keywords |= {word.arg or "": ast.unparse(word.value) for word in place.keywords}
                else:
                    break
            while place in parents and not isinstance(place, ast.FunctionDef):
                place = parents[place]
            one.function = getattr(place, "name", "")
            found.append(one)
    return found


def unscoped(file: Path) -> list[str]:
    """Return the lines of a file that read rows without saying who is looking."""
    short = str(file.relative_to(ROOT))
    return [
        f"{short}:{one.line}: {one.model}.objects without .visible_to(viewer) or .owned_by(viewer)"
        for one in chains(ast.parse(file.read_text()))
        if not one.scoped and one.model not in FREE and (short, one.function) not in UNSCOPED
    ]


def test_rows_are_read_through_the_viewer():
    files = sources(*ROOMS)
    assert len(files) >= 8
    assert [line for file in files for line in unscoped(file)] == []


def test_reasons_are_not_stale():
    for short, function in UNSCOPED:
        assert function in {one.function for one in chains(ast.parse((ROOT / short).read_text()))}, (
            short,
            function,
        )


def test_the_check_sees_what_it_should():
    lines = {
        "Claim.objects.filter(pk=1)": False,
        "Claim.objects.filter(agency_id=request.GET['agency'])": False,
        "list(Claim.objects.all())": False,
        "Claim.objects.visible_to(viewer).get(pk=1)": True,
        "Claim.objects.filter(agency_id=viewer.agency_id)": True,
        "ImportRow.objects.filter(batch=batch, number=1)": True,
    }
    for line, scoped in lines.items():
        assert [one.scoped for one in chains(ast.parse(f"def view(request):\n    return {line}"))] == [
            scoped
        ], line


def test_nothing_is_fetched_from_a_bare_model():
    """`get_object_or_404(Model, …)` asks the whole table."""
    wrong = []
    for file in sources(*ROOMS, "forms", "serializers", "actions", "reports"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("_or_404"):
                continue
            bare = isinstance(node.args[0], ast.Name) and node.args[0].id[:1].isupper()
            if bare and node.args[0].id not in FREE:
                wrong.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_no_other_gate_is_built_beside_the_one():
    forbidden = (
        "guardian.shortcuts",
        "user_passes_test",
        "login_required",
        "permission_required",
        ".raw(",
        "is_superuser",
    )
    for file in sources(*ROOMS, "forms", "serializers", "actions", "policies", "reports", "models"):
        text = file.read_text()
        assert not [one for one in forbidden if one in text], file


def test_forms_cannot_be_sent_from_elsewhere():
    """Only systems, which hold a token, need no form token; the door of the demonstration checks by itself."""
    exempt = {
        one.name
        for one in addresses()
        if getattr(one.view, "csrf_exempt", False) and not hasattr(one.view, "cls")
    }
    assert exempt <= {"demonstration-enter"}
