"""Does every screen text have its translation, with the same placeholders, in a catalogue that compiles?"""

from __future__ import annotations

import contextlib
import gettext
import io
import re
from pathlib import Path

import pytest
from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog, Message
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.utils import translation
from django.utils.translation import ngettext

from agencies.access.preview import rows_of, words_of
from agencies.access.terms import kinds
from refugeecm.core.words import called

CATALOGUES = sorted(Path(settings.LOCALE_PATHS[0]).glob("*/LC_MESSAGES/django.po"))
# %(name)s, %s, {name}, a tag, and a name in backticks stand in a translation as they stand in the text.
FIXED = re.compile(r"%\(\w+\)[sd]|(?<!%)%[sd]|\{\w*\}|<[^>]*>|`\w+`")
BARE = re.compile(r"(?<![\u2066\u2068>])%\((?:value|detail|name|agency|recipient|provider)\)s")
SMALL = 3  # Arabic says none, one and two in words; those forms may go without their number


def read(path: Path) -> Catalog:
    """Return the catalogue at `path`."""
    with path.open("rb") as file:
        return pofile.read_po(file, locale=path.parts[-3])


def disagreeing(entry: Message) -> list[str]:
    """Return the translations of one entry whose placeholders are not those of its text."""
    if isinstance(entry.id, str):
        return (
            [] if sorted(FIXED.findall(entry.id)) == sorted(FIXED.findall(str(entry.string))) else [entry.id]
        )
    wanted = set(FIXED.findall(entry.id[1]))
    wrong = []
    for index, form in enumerate(entry.string):
        has = set(FIXED.findall(form))
        if has != wanted and not (index < SMALL and has < wanted):
            wrong.append(form)
    return wrong


def test_there_is_a_catalogue_for_every_other_language():
    assert {path.parts[-3] for path in CATALOGUES} == {code for code, _name in settings.LANGUAGES} - {"en"}


def test_every_text_is_translated():
    missing = io.StringIO()
    with contextlib.suppress(SystemExit):
        call_command("texts", "--check", stderr=missing)
    assert missing.getvalue() == "", "./manage.py texts, then translate"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_placeholders_agree(path: Path):
    assert [one for entry in read(path) if entry.id for one in disagreeing(entry)] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_what_people_typed_keeps_its_direction(path: Path):
    """In a sentence from right to left "+235 12" would turn into "12 235+": such values stand between isolates or in a <bdi>."""
    strings = [
        text for one in read(path) for text in ([one.string] if isinstance(one.string, str) else one.string)
    ]
    assert [text for text in strings if BARE.search(text)] == []


def test_columns_of_histories_and_agreements_have_words():
    """What Django makes of a column's name is a text like others: refugeecm.core.words names it for the catalogues."""
    tracked = [model for model in apps.get_models() if getattr(model, "pgh_tracked_model", None)]
    with translation.override("ar"):
        said = [
            called(one) for model in tracked for one in model._meta.get_fields() if one.name[:4] != "pgh_"
        ]
        said += [str(words_of(model, group)) for model in kinds().values() for group in rows_of(model)]
        assert {text for text in said if text.isascii()} <= {"id"}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_the_catalogue_compiles(path: Path):
    compiled = io.BytesIO()
    catalogue = read(path)
    mofile.write_mo(compiled, catalogue)
    compiled.seek(0)
    texts = gettext.GNUTranslations(compiled)
    for entry in catalogue:
        if isinstance(entry.id, str) and entry.id and not entry.context:
            assert texts.gettext(entry.id) == entry.string


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "لا أشخاص"), (1, "شخص واحد"), (2, "شخصان"), (3, "3 أشخاص"), (11, "11 شخصًا"), (100, "100 شخص")],
)
def test_arabic_counts_with_six_forms(count: int, words: str):
    with translation.override("ar"):
        assert ngettext("%(count)s person", "%(count)s people", count) % {"count": count} == words
