"""Does the house keep its own rules: about files, templates, texts, events, locks and migrations?"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.template import engines
from django.utils.module_loading import import_string

from agencies.access.declaration import OPEN, SIGNED_IN
from refugeecm.core import events, outbox
from tests.house.addresses import addresses
from tests.house.asking import Asking
from tests.house.world import OWN, World

ROOT = Path(settings.BASE_DIR)
APPS = ("refugeecm", "agencies", "registration", "cases", "resettlement")
SOURCES = sorted(
    one
    for app in (*APPS, "tests")
    for one in ROOT.glob(f"{app}/**/*.py")
    if "migrations" not in one.parts and one.read_text().strip()
)
TEMPLATES = sorted((ROOT / "templates").glob("**/*.html"))
# Templates that libraries ask for by name.
BY_LIBRARIES = (
    "account/",
    "mfa/",
    "allauth/",
    "django/",
    "400.html",
    "403.html",
    "403_csrf.html",
    "404.html",
    "429.html",
    "500.html",
)


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


# ---- files


def test_files_stay_short():
    long = {short(one): lines for one in SOURCES if (lines := len(one.read_text().splitlines())) > 500}
    assert {name: lines for name, lines in long.items() if not name.startswith("tests/") or lines > 600} == {}


def test_every_file_says_what_it_answers():
    silent = []
    for one in SOURCES:
        said = ast.get_docstring(ast.parse(one.read_text())) or ""
        first = said.split("\n\n")[0].replace("\n", " ").rstrip()
        if not re.search(r"[?.]$|[?.] ", first):
            silent.append(short(one))
    assert silent == []


def test_every_public_function_says_what_it_does():
    silent = []
    for one in SOURCES:
        if one.is_relative_to(ROOT / "tests"):
            continue
        for node in ast.walk(ast.parse(one.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                inner = node.name in {"Meta", "declare", "declared", "register"}
                if not inner and not ast.get_docstring(node) and not _small(node):
                    silent.append(f"{short(one)}:{node.lineno} {node.name}")
    assert silent == []


def _small(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """A few lines that their name explains: a method, or a function inside a function."""
    return (node.end_lineno or 0) - node.lineno <= 3 or node.col_offset > 0


def test_no_drawer_for_everything():
    names = {"utils.py", "helpers.py", "common.py", "misc.py", "tools.py"}
    assert [short(one) for one in SOURCES if one.name in names] == []
    words = re.compile(r"(Manager|Helper|Util|Utils|Data|Info)$")
    named = [
        f"{short(one)}: {node.name}"
        for one in SOURCES
        for node in ast.walk(ast.parse(one.read_text()))
        if isinstance(node, ast.ClassDef) and words.search(node.name)
    ]
    assert named == []


def test_nothing_is_left_to_do():
    words = re.compile(r"#.*\b(TODO|FIXME)\b|@pytest\.mark\.skip\b|\braise NotImplementedError\b")
    left = [short(one) for one in SOURCES if words.search(one.read_text()) and one != Path(__file__)]
    assert left == []


def test_nothing_names_a_machine():
    """Paths of one machine, private hosts and addresses have no place in the repository."""
    words = re.compile(
        r"/work/|/root/|/home/(?!app\b)[a-z]+/|\b(?:10|192\.168)(?:\.\d{1,3}){2,3}\b(?!/)|https?://[\w.-]*\.internal\b"
    )
    known = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    found = []
    for name in known:
        path = ROOT / name
        if (
            not name
            or not path.is_file()
            or path.suffix in {".woff2", ".png", ".ico", ".jpg"}
            or path == Path(__file__)
        ):
            continue
        text = path.read_text(errors="ignore")
        found += [f"{name}: {one.group()}" for one in words.finditer(text)][:1]
    assert found == []


def test_locks_name_no_host():
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    assert len(locks) >= 3
    for lock in locks:
        text = lock.read_text()
        assert not re.search(r"https?://|index-url|file:|trusted-host", text), short(lock)
        pinned = re.findall(r"^[a-z0-9][\w.\[\],-]*==", text, re.MULTILINE | re.IGNORECASE)
        assert len(pinned) >= 20
        assert text.count("--hash=sha256:") >= len(pinned)


def test_migrations_have_names_and_are_complete(db):
    for app in APPS:
        for one in ROOT.glob(f"{app}/**/migrations/0*.py"):
            assert "_auto_" not in one.name, short(one)
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


# ---- events


def test_every_event_that_is_recorded_is_in_the_catalogue():
    names = {name for one in SOURCES if "actions" in one.parts for name in _recorded(one)}
    assert len(names) >= 10
    assert names <= set(events.CATALOGUE)


def _recorded(path: Path) -> Iterator[str]:
    """Yield the values of the names that a module of actions gives to events.record."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"events.record", "_record"}:
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Name) and first.id.isupper():
                yield import_string(f"{module}.{first.id}")
            elif isinstance(first, ast.Constant):
                yield str(first.value)


def test_every_declared_event_is_used_and_says_what_happened():
    text = "\n".join(one.read_text() for one in SOURCES if "tests" not in one.parts)
    for name, says in events.CATALOGUE.items():
        if name.startswith("core.test."):
            continue
        assert says.endswith("."), name
        constant = re.search(rf'^(\w+) = events\.declare\(\s*"{re.escape(name)}"', text, re.MULTILINE)
        assert constant, f"{name} is declared without a constant"
        assert len(re.findall(rf"\b{constant.group(1)}\b", text)) >= 2, f"{name} is never recorded"


def test_handlers_wait_for_events_that_exist():
    importlib.import_module("refugeecm.urls")  # with it every action, and what each declares
    names = set(events.CATALOGUE)
    for topic, function in outbox._handlers:
        waited = {name for name in names if name == topic or (topic.endswith(".") and name.startswith(topic))}
        assert waited, f"{function.__module__}.{function.__name__} waits for {topic}, which never happens"


# ---- templates


def test_every_template_is_used():
    text = "\n".join(one.read_text() for one in [*SOURCES, *TEMPLATES])
    unused = []
    for one in TEMPLATES:
        name = str(one.relative_to(ROOT / "templates"))
        if not name.startswith(BY_LIBRARIES) and not re.search(rf"[\"'/]{re.escape(name)}[\"'#]", text):
            unused.append(name)
    assert unused == []


_BLOCKS = re.compile(r"{%\s*(blocktranslate|comment|verbatim)\b.*?{%\s*end\1\s*%}", re.DOTALL)
_SILENT = re.compile(r"<(script|style|code|kbd|svg)\b.*?</\1>", re.DOTALL)
_CODE = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
_SPOKEN = re.compile(
    r"""\b(?:alt|title|placeholder|aria-label|aria-description|value)=(["'])(.*?)\1""", re.DOTALL
)
_WORDS = re.compile(r"[^\W\d_]{2,}")
# Names that are the same in every language, and entities.
SAME = frozenset(
    ("refugeecm", "API", "REST", "CSV", "XLSX", "PIN", "UNHCR", "HTML", "OpenAPI", "OAuth", "TOTP", "English")
)
_ENTITIES = re.compile(r"&\w+;")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: str(one.relative_to(ROOT / "templates")))
def test_every_text_of_a_template_can_be_translated(template):
    text = _BLOCKS.sub(" ", template.read_text())
    text = _ENTITIES.sub(" ", _SILENT.sub(" ", text))
    plain = _CODE.sub(" ", text)
    spoken = [
        one for _quote, one in _SPOKEN.findall(plain) if not one.strip().isascii() or " " in one.strip()
    ]
    shown = re.sub(r"<[^>]*>", " ", plain)
    words = {one for one in _WORDS.findall(f"{shown} {' '.join(spoken)}") if one not in SAME}
    assert not words, f"put into {{% translate %}}: {sorted(words)}"


def test_texts_of_views_can_be_translated():
    """`messages.…(request, "words")`, `label="words"`, `help_text="words"` without gettext."""
    wrong = []
    for one in SOURCES:
        if (
            "tests" in one.parts
            or "demonstration" in one.parts
            or "serializers" in one.name
            or one.name == "api.py"
        ):
            continue
        for node in ast.walk(ast.parse(one.read_text())):
            if not isinstance(node, ast.Call):
                continue
            said = [
                word.value for word in node.keywords if word.arg in {"label", "help_text", "verbose_name"}
            ]
            if ast.unparse(node.func).startswith("messages.") and len(node.args) > 1:
                said.append(node.args[1])
            wrong += [
                f"{short(one)}:{node.lineno} {text.value}"
                for text in said
                if isinstance(text, ast.Constant) and isinstance(text.value, str) and " " in text.value
            ]
    assert wrong == []


class Undefined(str):
    """Stands for a variable that a template asks for and nobody gave: empty for filters and conditions, seen when shown."""

    __slots__ = ()

    def __html__(self) -> str:
        return "⟦undefined⟧"


def test_no_page_asks_for_a_variable_that_is_not_there(world: World, monkeypatch):
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", Undefined())
    run, found, pages = Asking(world), set(), 0
    for relation, role in (
        (OWN, "caseworker"),
        (OWN, "decision_maker"),
        (OWN, "administrator"),
        ("full", "caseworker"),
        ("status", "caseworker"),
    ):
        actor = world.actor(relation, role)
        client = actor.browser()
        for address in addresses():
            if address.name in OPEN | SIGNED_IN or hasattr(address.view, "cls"):
                continue
            for _whose, key in run.targets(actor, address.kind) if address.kind else [("", None)]:
                for place in range(address.places()):
                    answer = client.get(address.at(key, place))
                    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[arg-type]
                    text = body.decode(errors="replace")
                    pages += 1
                    for hit in re.finditer("⟦undefined⟧", text):
                        found.add(
                            (
                                address.name,
                                re.sub(r"\s+", " ", text[max(0, hit.start() - 80) : hit.end() + 20]),
                            )
                        )
    assert found == set()
    assert pages >= 200


def test_the_apps_are_those_of_the_house():
    assert {one.label for one in apps.get_app_configs()} >= {
        "core",
        "agencies",
        "registration",
        "cases",
        "resettlement",
    }
