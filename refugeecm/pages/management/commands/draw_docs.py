"""Which pages under docs/ are drawn from the code, and are they fresh? (On the roof, because they tell of every floor.)"""

from __future__ import annotations

import json
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import TextChoices
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from agencies.access.permissions import CLIENT_PERMISSIONS, ROLES, Permission
from agencies.enums import Role
from refugeecm.core import events

FLOORS = ("agencies", "registration", "cases", "resettlement")
DRAWN = "Drawn by `./manage.py draw_docs`; do not edit.\n"


class Command(BaseCommand):
    """`draw_docs` writes the pages, `draw_docs --check` fails when one is stale."""

    help = "Draw docs/openapi.json, events.md, states.md and permissions.md from the code; --check only compares."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is stale")
        parser.add_argument(
            "--into", type=Path, default=settings.BASE_DIR / "docs", help="another directory than docs/"
        )

    def handle(self, *, check: bool, into: Path, **_options: object) -> None:
        """Write or compare the pages. Raises CommandError that names the stale ones."""
        with translation.override("en"):
            pages = {
                "openapi.json": openapi(),
                "events.md": event_page(),
                "states.md": state_page(),
                "permissions.md": permission_page(),
            }
        stale = [
            name
            for name, text in pages.items()
            if not (into / name).exists() or (into / name).read_text() != text
        ]
        if check and stale:
            raise CommandError(
                f"Stale in docs/: {', '.join(stale)}. Run ./manage.py draw_docs and commit the result."
            )
        for name in stale:
            (into / name).write_text(pages[name])
        self.stdout.write(f"{'Written' if stale else 'Fresh'}: {', '.join(stale or pages)}")


def openapi() -> str:
    """Return the OpenAPI document as JSON. Raises jsonschema's ValidationError when it is none."""
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    validate_schema(document)  # type: ignore[no-untyped-call]
    return json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n"


def event_page() -> str:
    """Return the catalogue of business events; importing the actions fills it."""
    for floor in FLOORS:
        for found in pkgutil.walk_packages(import_module(f"{floor}.actions").__path__, f"{floor}.actions."):
            import_module(found.name)
    rows = "".join(f"| `{name}` | {says} |\n" for name, says in sorted(events.CATALOGUE.items()))
    return f"# Events\n\n{DRAWN}\n| event | what happened |\n|---|---|\n{rows}"


def state_page() -> str:
    """Return a diagram for each table of moves."""
    rooms = [(floor, import_module(f"{floor}.enums")) for floor in FLOORS]
    tables = [
        (floor, name, enums)
        for floor, enums in rooms
        for name in sorted(vars(enums))
        if name.endswith("_MOVES")
    ]
    return f"# States\n\n{DRAWN}\n" + "\n".join(_diagram(*one) for one in tables)


def _diagram(floor: str, name: str, enums: ModuleType) -> str:
    moves: dict[TextChoices, frozenset[TextChoices]] = getattr(enums, name)
    lines = [f"    {was} : {was.label}" for was in moves]
    lines += [f"    [*] --> {next(iter(moves))}"]
    lines += [f"    {was} --> {to}" for was, after in moves.items() for to in moves if to in after]
    lines += [f"    {was} --> [*]" for was, after in moves.items() if not after]
    title = name.removesuffix("_MOVES").replace("_", " ").capitalize()
    body = "\n".join(lines)
    return f"## {title} ({floor})\n\n```mermaid\nstateDiagram-v2\n{body}\n```\n"


def permission_page() -> str:
    """Return the table of who may do what."""
    names = [str(Role(role).label) for role in ROLES] + ["API client"]
    held = [*ROLES.values(), CLIENT_PERMISSIONS]
    rows = "".join(
        f"| `{one}` | {' | '.join('yes' if one in each else '' for each in held)} |\n" for one in Permission
    )
    return (
        f"# Permissions\n\n{DRAWN}\n| permission | {' | '.join(names)} |\n|---|{'---|' * len(names)}\n{rows}"
    )
