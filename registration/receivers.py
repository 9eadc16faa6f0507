"""What does this floor do when the one below announces something, in the same transaction?"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from django.dispatch import receiver

from agencies.access import Viewer
from agencies.models import Agency, Agreement
from agencies.signals import agreement_opening, population_asked, purging
from refugeecm.core import backups, crypto
from registration import reports
from registration.actions import access_rows, batches, desk, movements, sealing
from registration.actions.imports import content
from registration.models import Document, ImportBatch, ImportChunk, ImportPiece, Individual

Row = TypeVar("Row")
SAMPLE = 200  # of each kind of sealed value


@receiver(agreement_opening)
def cover(sender: type[Agreement], agreement: Agreement, **_: object) -> None:
    """Write who is covered before the agreement opens."""
    access_rows.cover_agreement(agreement)


@receiver(population_asked)
def populations(
    sender: type[Agreement], agreement: Agreement, by: Viewer, **_: object
) -> dict[str, tuple[list[str], bool]]:
    """Answer which influx events there are, and which sites of the viewer's own people."""
    return reports.populations(agreement, by=by)


@receiver(purging)
def purge(sender: type[Agency], agency: Agency, now: datetime, at_most: int, **_: object) -> int:
    """Remove drafts and numbers of the desks that are over, batches of documents, who was where and what files held long ago."""
    given: dict[str, Any] = {"agency": agency, "now": now, "at_most": at_most}
    done: list[int] = [one.purge(**given) for one in (desk, batches, movements)]
    return sum(done, content.destroy_old(**given))


@receiver(backups.restored)
def sealed_values_open(sender: type, **_: object) -> list[backups.Finding]:
    """Open a sample of phones, document numbers and staged files of a restored database."""
    people = list(Individual.objects.exclude(phone=b"").order_by("?")[:SAMPLE])
    papers = list(Document.objects.order_by("?")[:SAMPLE])
    batches = list(ImportBatch.objects.exclude(key=b"").select_related("agency").order_by("?")[:SAMPLE])
    return [
        _opened("telephone numbers", people, _open_phone),
        _opened("document numbers", papers, _open_number),
        _opened("staged files", batches, _open_staged),
    ]


def _opened(what: str, rows: Sequence[Row], opens: Callable[[Row], object]) -> backups.Finding:
    good = 0
    for row in rows:
        with suppress(crypto.Unreadable):
            opens(row)
            good += 1
    return backups.Finding(f"{good} of {len(rows)} {what} open", good=good == len(rows))


def _open_phone(individual: Individual) -> str:
    return sealing.Opener([individual.pk]).phone(individual)


def _open_number(document: Document) -> None:
    number = sealing.Opener([document.individual_id]).number(document)
    if number and sealing.document_index(number) != bytes(document.number_index):
        raise crypto.Unreadable("BLIND_INDEX_KEY is another than that of the time of the backup.")


def _open_staged(batch: ImportBatch) -> None:
    key = content.key_of(batch)
    for piece in ImportPiece.objects.filter(batch=batch).order_by("seq")[:1]:
        crypto.unseal(piece.sealed, key=key, place=content.place("piece", batch.pk, piece.seq))
    for chunk in ImportChunk.objects.filter(batch=batch).order_by("seq")[:1]:
        content.raw_rows(chunk, key)
