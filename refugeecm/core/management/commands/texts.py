"""Which screen texts are there, and which are not translated yet? Collects them from code and templates, without gettext's tools."""

from __future__ import annotations

import io
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages import extract, pofile
from babel.messages.catalog import Catalog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation.template import templatize

KEYWORDS: dict[str, Any] = {
    **extract.DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "declare": (2,),  # refugeecm.core.events: what a business event says
}
PLACES = ("agencies", "cases", "refugeecm", "registration", "resettlement", "templates")


def found(root: Path) -> Iterator[tuple[str, Any, str | None]]:
    """Yield (file, text or (singular, plural), context) of every text that is marked for translation."""
    for place in PLACES:
        for path in sorted((root / place).rglob("*")):
            if path.suffix not in {".py", ".html", ".txt"} or "migrations" in path.parts:
                continue
            source = path.read_text(encoding="utf-8")
            if path.suffix != ".py":
                # In brackets, because what is left of a template is indented as no Python is.
                source = f"({templatize(source, origin=str(path))})"
            stream = io.BytesIO(source.encode())
            for _line, text, _comments, context in extract.extract(
                "python", stream, KEYWORDS, (), {"encoding": "utf-8"}
            ):
                yield str(path.relative_to(root)), text, context


class Command(BaseCommand):
    """`texts` brings locale/*/LC_MESSAGES/django.po up to date; `--check` fails when a text is missing or not translated."""

    help = "Collect screen texts into the catalogues; --check only says which are missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare --check."""
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Update or check every catalogue."""
        template = Catalog(charset="utf-8")
        for place, text, context in found(settings.BASE_DIR):
            if text and text != ("", ""):
                template.add(text, context=context, locations=[(place, 0)])
        missing = 0
        for path in sorted(Path(settings.LOCALE_PATHS[0]).glob("*/LC_MESSAGES/django.po")):
            with path.open("rb") as file:
                catalog = pofile.read_po(file, locale=path.parts[-3])
            catalog.update(template, no_fuzzy_matching=True)
            catalog.obsolete.clear()
            absent = [
                one.id
                for one in catalog
                if one.id and not all([one.string] if isinstance(one.string, str) else one.string or [""])
            ]
            missing += len(absent)
            if options["check"]:
                for text in absent:
                    self.stderr.write(f"{path.parts[-3]}: {text!r}")
                continue
            catalog.fuzzy, catalog.project, catalog.version = False, "refugeecm", ""
            catalog.copyright_holder, catalog.msgid_bugs_address = "the authors of refugeecm", ""
            catalog.creation_date = catalog.revision_date = datetime(
                2026, 1, 1, tzinfo=UTC
            )  # no change, no difference
            catalog.header_comment = (
                "# Not yet reviewed by people who know the field's words in this language."
            )
            with path.open("wb") as file:
                pofile.write_po(
                    file,
                    catalog,
                    width=110,
                    sort_output=True,
                    omit_header=False,
                    include_lineno=False,
                    no_location=True,
                )
            self.stdout.write(f"{path.parts[-3]}: {len(catalog)} texts, {len(absent)} not translated")
        if options["check"] and missing:
            sys.exit(1)
