"""What did the rows of a file say, and who in the register may they be? Reads the sealed content, page by page."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agencies.access import FIELDS_HIDDEN, Permission, Sight, Viewer
from refugeecm.core.paging import Page, page_of
from refugeecm.core.templatetags.ui import country, fmt_date
from registration.actions.imports import content
from registration.actions.people import individual_id
from registration.actions.sealing import Contact
from registration.enums import DocumentKind, MaritalStatus, Outcome, Relationship, Sex, StepKind
from registration.importers.errors_file import FailedRow
from registration.models import ImportBatch, ImportChunk, ImportRow, ImportStep, Individual, MatchCandidate
from registration.reports import reasons
from registration.rules.arrivals import ArrivalRow
from registration.rules.columns import LABELS
from registration.rules.evidence import percent, unpacked

SIZE = 25
KEPT_BACK = "needs"  # the column whose cell no page repeats: it may name what is restricted
Text = str | Promise


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong in a row: the column's label, what stood there, and what to do."""

    column: str
    value: str
    message: str
    warning: bool


@dataclass
class Side:
    """A field of a row beside the same field of whom it may be."""

    label: Text
    left: Text
    right: Text
    hidden: bool = False

    @property
    def differs(self) -> bool:
        """Whether both are known and not the same."""
        return not self.hidden and bool(self.left) and bool(self.right) and str(self.left) != str(self.right)


@dataclass
class FileRow:
    """A row of the file as shown on screen."""

    number: int
    name: str = ""
    native: str = ""
    reference: str = ""
    household: str = ""
    facts: ArrivalRow | None = None
    findings: list[Finding] = field(default_factory=list)
    other: Individual | None = None
    other_name: Text = ""
    other_url: str = ""
    other_row: int | None = None
    score: int | None = None
    reasons: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    family: int = 0  # rows of its household on the page that resemble the same registered family
    pair: MatchCandidate | None = None  # once the row is registered
    sides: list[Side] = field(default_factory=list)

    @property
    def news(self) -> list[Side]:
        """What the row says more than the register, or otherwise."""
        return [one for one in self.sides if one.left and not one.hidden and str(one.left) != str(one.right)]

    @property
    def sex(self) -> Text:
        """The sex in words."""
        return _label(Sex, self.facts.sex) if self.facts else ""


def page_of_rows(
    batch: ImportBatch, outcome: str, *, viewer: Viewer, number: str | None, likeliest: int = 0
) -> Page[Any]:
    """Return one page of the rows of an outcome; or so many of the likeliest. Only the chunks that bear them are opened."""
    if outcome == Outcome.NEW:
        wanted, page = _new(batch, number)
    else:
        found = ImportRow.objects.filter(batch=batch, outcome=outcome)
        order = ("-score", "number") if likeliest else ("number",)
        page = page_of(found.order_by(*order), number=number, size=likeliest or SIZE)
        wanted = {}
        for one in page.rows:
            wanted.setdefault(one.chunk_seq, {})[one.number] = one
    rows = sorted(_read(batch, wanted), key=lambda one: one.number)
    _resolve(
        batch, rows, {one.number: one for group in wanted.values() for one in group.values() if one}, viewer
    )
    return Page(
        rows=rows, number=page.number, size=SIZE, has_next=page.has_next, total=page.total, limit=page.limit
    )


def _new(batch: ImportBatch, number: str | None) -> tuple[dict[int, dict[int, ImportRow | None]], Page[Any]]:
    """Return the rows of a page of those that are new. They have no finding: what is not found otherwise is new."""
    per_chunk = dict(
        ImportStep.objects.filter(batch_id=batch.pk, kind=StepKind.CHECK)
        .order_by("seq")
        .values_list("seq", "rows")
    )
    special = ImportRow.objects.filter(batch=batch).exclude(outcome=Outcome.NEW).order_by()
    for seq, count in special.values_list("chunk_seq").annotate(people=Count("pk")):
        per_chunk[seq] = per_chunk.get(seq, 0) - count
    total = sum(per_chunk.values())
    text = number or ""
    wanted_page = int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 7 else 1
    start = (max(wanted_page, 1) - 1) * SIZE
    skip, left = start, SIZE
    wanted: dict[int, dict[int, ImportRow | None]] = {}
    key = content.key_of(batch)
    for seq, count in sorted(per_chunk.items()):
        if left <= 0:
            break
        if skip >= count:
            skip -= count
            continue
        chunk = ImportChunk.objects.get(batch=batch, seq=seq)
        standing = {one.number: one for one in ImportRow.objects.filter(batch=batch, chunk_seq=seq)}
        fresh = [
            row
            for row, _cells in content.raw_rows(chunk, key)
            if row not in standing or standing[row].outcome == Outcome.NEW
        ]
        taken = fresh[skip : skip + left]
        wanted[seq] = {row: standing.get(row) for row in taken}
        left -= len(taken)
        skip = 0
    page: Page[Any] = Page(
        rows=[], number=max(wanted_page, 1), size=SIZE, has_next=start + SIZE < total, total=total
    )
    return wanted, page


def chunks_with(batch: ImportBatch, outcome: str) -> list[int]:
    """Return the numbers of the chunks that may bear rows of an outcome."""
    if outcome == Outcome.NEW:
        rows = ImportStep.objects.filter(batch_id=batch.pk, kind=StepKind.CHECK)
        return list(rows.order_by("seq").values_list("seq", flat=True))
    found = ImportRow.objects.filter(batch=batch, outcome=outcome)
    return list(found.order_by("chunk_seq").values_list("chunk_seq", flat=True).distinct())


def rows_of_chunk(batch: ImportBatch, outcome: str, seq: int, *, viewer: Viewer) -> list[FileRow]:
    """Return all rows of an outcome in one chunk."""
    standing = {one.number: one for one in ImportRow.objects.filter(batch=batch, chunk_seq=seq)}
    wanted: dict[int, ImportRow | None] = {
        number: one for number, one in standing.items() if one.outcome == outcome
    }
    if outcome == Outcome.NEW:
        chunk = ImportChunk.objects.get(batch=batch, seq=seq)
        raw = content.raw_rows(chunk, content.key_of(batch))
        wanted |= {number: None for number, _cells in raw if number not in standing}
    rows = sorted(_read(batch, {seq: wanted}), key=lambda one: one.number)
    _resolve(batch, rows, {number: one for number, one in wanted.items() if one}, viewer)
    return rows


def _read(batch: ImportBatch, wanted: dict[int, dict[int, ImportRow | None]]) -> Iterator[FileRow]:
    """Open the chunks, and yield the wanted rows."""
    if not wanted:
        return
    key = content.key_of(batch)
    for chunk in ImportChunk.objects.filter(batch=batch, seq__in=wanted):
        numbers = wanted[chunk.seq]
        checked = {number: row for number, row in content.checked_rows(chunk, key) if number in numbers}
        for number, cells in content.raw_rows(chunk, key):
            if number in numbers:
                given = values_of(batch, cells)
                found = numbers[number]
                yield FileRow(
                    number=number,
                    name=" ".join(
                        part
                        for part in (
                            given.get(name, "") for name in ("given_name", "father_name", "family_name")
                        )
                        if part
                    ),
                    native=given.get("full_name_native", ""),
                    reference=given.get("record_id", ""),
                    household=given.get("household_id", ""),
                    facts=checked.get(number),
                    findings=findings_of(batch, found.problems if found else [], cells),
                )


def error_rows(batch: ImportBatch) -> Iterator[FailedRow]:
    """Yield the rows with errors as `error_lines` takes them; those of chunks that cannot be opened are lost."""
    for _chunk, rows, found in content.with_errors(batch):
        for number, cells in rows:
            if number in found:
                problems = found[number].problems
                said = [
                    (one.column, str(problem[1]), one.message)
                    for problem, one in zip(problems, findings_of(batch, problems, cells), strict=True)
                ]
                wrong = {
                    batch.columns.index(one[0]) for one in problems if one[0] in batch.columns and not one[3]
                }
                yield number, cells, said, wrong


def values_of(batch: ImportBatch, cells: Sequence[str]) -> dict[str, str]:
    """Return {field: cell} of the recognised columns of a row."""
    return {name: cell.strip() for name, cell in zip(batch.columns, cells, strict=False) if name}


def findings_of(batch: ImportBatch, problems: Iterable[Sequence[Any]], cells: Sequence[str]) -> list[Finding]:
    """Return what is wrong in a row, in the reader's language, with what stood in the cell."""
    values = values_of(batch, cells)
    return [
        Finding(
            column=label_of(batch, column),
            value="" if column == KEPT_BACK else values.get(column, ""),
            message=gettext(message) % {"value": values.get(column, ""), "column": label_of(batch, column)},
            warning=bool(warning),
        )
        for column, _code, message, warning in problems
    ]


def label_of(batch: ImportBatch, column: str) -> str:
    """Return what the clerk calls a column: the header of her file, else ours."""
    if column and column in batch.columns:
        header: str = batch.header[batch.columns.index(column)]
        return header.strip() or gettext(LABELS[column])
    return gettext(LABELS.get(column, column))


def _resolve(batch: ImportBatch, rows: list[FileRow], found: dict[int, ImportRow], viewer: Viewer) -> None:
    """Say of each row who it is or may be, and lay the fields of both side by side."""
    ids = {one.other for one in found.values() if one.other}
    people: dict[uuid.UUID, Individual] = {}
    if ids:
        visible = Individual.objects.visible_to(viewer).with_shown_classes(viewer)
        people = {one.pk: one for one in visible.filter(pk__in=ids).select_related("agency", "household")}
    register = Register(list(people.values()), viewer)
    pairs = _pairs(batch, found.values(), viewer)
    twins = _same_file(batch, {one.other_row for one in found.values() if one.other_row})
    for row in rows:
        finding = found.get(row.number)
        if finding is None:
            continue
        person = people.get(finding.other) if finding.other else None
        twin = twins.get(finding.other_row) if finding.other_row else None
        if person is not None or twin is not None:  # of whom somebody may not see nothing is said
            row.score = None if finding.score is None else percent(finding.score)
            row.reasons, row.against = reasons(unpacked(finding.reasons))
            row.pair = pairs.get(row.number)
        if person is not None:
            row.other = person
            row.other_name = register.name(person)
            row.other_url = reverse("individual", args=[person.pk])
            if row.facts:
                row.sides = _sides(row.facts, register.values(person))
        elif twin is not None:
            row.other_row = finding.other_row
            row.other_name = full_name(twin)
            if row.facts:
                row.sides = _sides(row.facts, values_of_row(twin))
    alike = Counter((row.household, row.other.household_id) for row in rows if row.household and row.other)
    for row in rows:
        row.family = alike[row.household, row.other.household_id] if row.other else 0


def _pairs(batch: ImportBatch, found: Iterable[ImportRow], viewer: Viewer) -> dict[int, MatchCandidate]:
    """Return by row the likeliest pair to be reviewed, of the rows that were registered."""
    if batch.accepted_at is None or not viewer.may(Permission.MATCH_REVIEW):
        return {}
    numbers = [one.number for one in found if one.outcome == Outcome.POSSIBLE]
    ids = {individual_id(batch.created_at, batch.pk.bytes, one): one for one in numbers}
    noted = MatchCandidate.objects.visible_to(viewer).standing().filter(individual__in=ids)
    return {ids[one.individual_id]: one for one in noted.order_by("score")}


def _same_file(batch: ImportBatch, numbers: set[int | None]) -> dict[int | None, ArrivalRow]:
    """Return the rows of these numbers of the same file, as checked."""
    wanted = sorted(one for one in numbers if one)
    if not wanted:
        return {}
    key = content.key_of(batch)
    spans = ImportChunk.objects.filter(batch=batch, first_row__lte=wanted[-1], last_row__gte=wanted[0])
    holding = [
        seq
        for seq, first, last in spans.values_list("seq", "first_row", "last_row")
        if any(first <= one <= last for one in wanted)
    ]
    return {
        number: row
        for chunk in ImportChunk.objects.filter(batch=batch, seq__in=holding)
        for number, row in content.checked_rows(chunk, key)
        if number in numbers
    }


# (field of both, label)
FIELDS: list[tuple[str, Text]] = [
    ("name", _("Name")),
    ("native_name", _("Name as on the document")),
    ("mother_name", _("Mother's name")),
    ("sex", _("Sex")),
    ("birth_date", _("Date of birth")),
    ("birth_place", _("Place of birth")),
    ("nationality", _("Nationality")),
    ("relationship", _("Relationship")),
    ("marital_status", _("Marital status")),
    ("phone", _("Phone")),
    ("document", _("Document")),
    ("site", _("Registration site")),
]


def _sides(row: ArrivalRow, other: dict[str, Text | None]) -> list[Side]:
    """Return the fields side by side; None on the right is what the viewer may not see."""
    mine = values_of_row(row)
    sides = []
    for name, label in FIELDS:
        left, right = mine[name], other[name]
        if left or right:
            sides.append(
                Side(label, left or "", FIELDS_HIDDEN if right is None else right, hidden=right is None)
            )
    return sides


def full_name(row: ArrivalRow) -> str:
    """Return the name of a row in the order given, father, family; or as on the document."""
    return (
        " ".join(part for part in (row.given_name, row.father_name, row.family_name) if part)
        or row.native_name
    )


def values_of_row(row: ArrivalRow) -> dict[str, Text | None]:
    """Return the comparable fields of a checked row, as shown."""
    document = _document(str(_label(DocumentKind, row.document_type)), row.document_number)
    own = {"name": full_name(row), "phone": row.phone, "document": document, "site": row.registration_site}
    return _texts(row) | own


def _texts(one: ArrivalRow | Individual) -> dict[str, Text | None]:
    """Return what rows and records say alike, as shown."""
    return {
        "native_name": one.native_name,
        "mother_name": one.mother_name,
        "sex": _label(Sex, one.sex),
        "birth_date": fmt_date(one.birth_date) if one.birth_date else "",
        "birth_place": one.birth_place,
        "nationality": country(one.nationality) if one.nationality else "",
        "relationship": _label(Relationship, one.relationship),
        "marital_status": _label(MaritalStatus, one.marital_status),
    }


def _label(codes: Any, code: str) -> Text:
    return codes(code).label if code in codes.values else code


def _document(kind: Text, number: Text) -> str:
    return " ".join(part for part in (str(kind), str(number)) if part) if number else ""


class Register:
    """The comparable fields of people in the register, as far as the viewer may see them."""

    def __init__(self, people: list[Individual], viewer: Viewer) -> None:
        self._viewer = viewer
        self._contact = Contact(people, viewer)

    def name(self, person: Individual) -> Text:
        """Return the name, or that it is not shared."""
        return Sight(person, self._viewer).text("given_name", person.full_name)

    def values(self, person: Individual) -> dict[str, Text | None]:
        """Return {field: text, or None for what is not shared}."""
        sight, documents = Sight(person, self._viewer), self._contact.documents(person)
        texts = _texts(person) | {"name": person.full_name, "site": person.site}
        field_of = {"name": "given_name"}
        seen = {
            name: sight.text(field_of.get(name, name), text) if sight.sees(field_of.get(name, name)) else None
            for name, text in texts.items()
        }
        phone = self._contact.phone(person)
        return seen | {
            "phone": None if phone is FIELDS_HIDDEN else phone,
            "document": None
            if documents is None
            else ", ".join(_document(kind, number) for kind, number in documents),
        }
