"""Is a backup whole or refused, does it need its key, and do administrators hear when nobody has tried it lately?"""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from refugeecm.core import backups
from refugeecm.core.backups.envelope import PIECE, Writer
from refugeecm.core.models import RestoreDrill
from tests.conftest import NOW, Cast

KEY = "a sentence that nobody else would think of"


def written(dump: bytes, *, key: str = KEY) -> bytes:
    file = io.BytesIO()
    with Writer(file, secret=key, manifest={"rows": {}}) as output:
        for start in range(0, len(dump), 100_000):
            output.write(dump[start : start + 100_000])
    return file.getvalue()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_is_written_is_read(size: int) -> None:
    dump = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    manifest, pieces = backups.read(io.BytesIO(written(dump)), secret=KEY)
    assert manifest == {"rows": {}}
    assert b"".join(pieces) == dump


def test_nothing_is_readable_and_no_two_files_are_alike() -> None:
    dump = b"Halima Saleh " * 1000
    assert b"Halima" not in written(dump)
    assert b"rows" not in written(dump)
    assert written(dump) != written(dump)


def test_pieces_cannot_be_cut_off_moved_left_out_or_taken_from_another_file() -> None:
    whole = written(b"a" * PIECE + b"b" * PIECE + b"c")
    size = 4 + PIECE + 16
    tail = 4 + 1 + 16
    second = len(whole) - tail - size
    first = second - size
    forged = {
        "the last byte": whole[:-1],
        "the last piece": whole[:-tail],
        "all but the head": whole[:42],
        "two swapped": whole[:first] + whole[second : second + size] + whole[first:second] + whole[-tail:],
        "one left out": whole[:first] + whole[second:],
        "something added": whole + b"\0",
        "a piece added": whole + whole[-tail:],
        "another file's end": whole[:-tail] + written(b"c")[-tail:],
        "nothing": b"",
        "something else": b"PGDMP" + whole,
    }
    for what, damaged in forged.items():
        with pytest.raises(backups.Damaged):
            backups.verify(io.BytesIO(damaged), secret=KEY)
            pytest.fail(what)


def test_an_interrupted_backup_is_none() -> None:
    file = io.BytesIO()
    with pytest.raises(KeyboardInterrupt), Writer(file, secret=KEY, manifest={}) as output:
        output.write(b"half")
        raise KeyboardInterrupt
    with pytest.raises(backups.Damaged):
        backups.verify(io.BytesIO(file.getvalue()), secret=KEY)


def test_another_key_opens_nothing_and_no_key_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(backups.Damaged, match="BACKUP_KEY is not the key"):
        backups.verify(io.BytesIO(written(b"dump")), secret=KEY + ".")
    for short in ("", "too short"):
        monkeypatch.setattr(settings, "BACKUP_KEY", short)
        with pytest.raises(CommandError, match="BACKUP_KEY"):
            call_command("dump", str(tmp_path / "no.backup"))
    assert not list(tmp_path.iterdir())


def test_a_database_in_use_is_not_written_over(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "BACKUP_KEY", KEY)
    file = tmp_path / "some.backup"
    with (
        file.open("wb") as output,
        Writer(output, secret=KEY, manifest={"migrations": [], "rows": {}}) as writer,
    ):
        writer.write(b"PGDMP")
    with pytest.raises(CommandError, match="is in use"):
        call_command("restore", str(file), into=connection.settings_dict["NAME"])


def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "BACKUP_KEY", KEY)
    file = tmp_path / "newer.backup"
    with (
        file.open("wb") as output,
        Writer(output, secret=KEY, manifest={"migrations": [["core", "9999_tomorrow"]]}),
    ):
        pass
    with pytest.raises(CommandError, match=r"another version.*core\.9999_tomorrow"):
        call_command("restore", str(file), into="nowhere")


def test_administrators_hear_when_the_restore_was_not_tried_for_eight_days(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(who: object) -> str:
        return who.browser().get(reverse("home")).content.decode()  # type: ignore[attr-defined]

    line = "whether the backup can be restored"
    assert line not in page(cast.admin)
    monkeypatch.setattr(settings, "INSECURE_COOKIES", False)
    assert "Never proven yet" in page(cast.admin)
    assert line not in page(cast.caseworker)
    RestoreDrill.objects.create(at=timezone.now() - timedelta(days=9), good=True)
    RestoreDrill.objects.create(at=timezone.now(), good=False)
    assert "Last proven on" in page(cast.admin)
    RestoreDrill.objects.create(at=timezone.now() - timedelta(days=7), good=True)
    assert line not in page(cast.admin)
    assert backups.last_good() > NOW
