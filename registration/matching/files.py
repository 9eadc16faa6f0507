"""Who in one file is in the other? Two lists of people in a scratch schema of the database, matched as the register is.

The register's rows stand in the schema, its keys in sorted arrays (sorted_keys), and a chunk of the other file at a time is compared,
by as many processes as wanted.
"""

from __future__ import annotations

import csv
import gc
import io
import multiprocessing
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from refugeecm.core.backups.dumping import connected, owner
from registration.importers.csv_file import CsvTable
from registration.matching.engine import Known, Match, Probe, found_by_keys, likely, matches
from registration.matching.sorted_keys import Holder, Part, SortedKeys
from registration.rules import learning
from registration.rules.arrivals import person_of, read_cells
from registration.rules.comparing import Record, compare, record_of, record_of_columns
from registration.rules.keys import Person, PersonKeys, as_text, keys_of
from registration.rules.weights import Names, Weights, chances

BLOCK = 2000  # rows at a time
SAMPLE = 25_000  # people from whom weights are learned, and pairs of each kind
ASKING = 3  # blocks of those who arrive, whose pairs are looked at
CROWD = 600  # people behind one key: it is a common name, and tells nobody apart
_SECRET = b"two files"  # the keys of a scratch schema are thrown away with it
_TABLE = """
    CREATE UNLOGGED TABLE {schema}.people (
        id int PRIMARY KEY, ref text, household text, given text, father text, family text, native text, mother text, place text,
        sex text, birth date, nationality text, keys bigint[], phone boolean, papers text[]
    );
"""
_COLUMNS = "id, ref, household, given, father, family, native, mother, place, sex, birth, nationality, keys, phone, papers"
_COPY = f"""
    COPY people ({_COLUMNS}) FROM STDIN
    WITH (FORMAT csv, FORCE_NOT_NULL (given, father, family, native, mother, place, sex, nationality))
"""
Block = list[tuple[int, list[str]]]  # rows of a file: number, cells
Header = list[str | None]


class Pair(NamedTuple):
    """A pair of two files: the references of both rows, and the match."""

    left: str
    right: str
    match: Match


class _Row(NamedTuple):
    ref: str
    household: str
    person: Person
    keys: PersonKeys

    @property
    def record(self) -> Record:
        return record_of(self.person, keys=self.keys.match, secret=_SECRET)

    @property
    def named(self) -> Record:
        """What is counted of them."""
        one = self.person
        return Record(one.given_name, one.father_name, one.family_name, nationality=one.nationality)

    @property
    def probe(self) -> Probe:
        sure = frozenset(self.keys.sure + self.keys.part)
        # Both lists may number their households from one.
        return Probe(self.record, self.keys.probe, ("arrives", self.household), sure)

    @property
    def columns(self) -> tuple[object, ...]:
        """The row as _COLUMNS has it, without the id."""
        one = self.person
        names = (
            one.given_name,
            one.father_name,
            one.family_name,
            one.native_name,
            one.mother_name,
            one.birth_place,
        )
        papers = "{" + ",".join(filter(None, one.document_types)) + "}"
        return (
            self.ref,
            self.household,
            *names,
            one.sex,
            one.birth_date or "",
            one.nationality,
            as_text(self.keys.match),
            bool(one.phones),
            papers,
        )


def _rows(header: Header, block: Block, today: date, *, probing: bool = True) -> Iterator[tuple[int, _Row]]:
    """Yield number and row of a block; what makes no sense is left out, the rest of a row may still tell who it is."""
    for number, cells in block:
        row, errors = read_cells(header, cells, today=today, nameless=True)
        if row is None:
            wrong = {error.column for error in errors if not error.warning}
            sound = [None if one in wrong else one for one in header]
            row, _errors = read_cells(sound, cells[: len(header)], today=today, nameless=True)
        if row is not None:
            person, ref = person_of(row), row.source_id or f"row {number}"
            yield (
                number,
                _Row(ref, row.household_ref or ref, person, keys_of(person, secret=_SECRET, probing=probing)),
            )


class ScratchRegister:
    """The register of the schema: an engine.Register."""

    def __init__(self, cursor: Any, keys: SortedKeys) -> None:
        self._cursor, self._keys = cursor, keys
        self.refs: dict[Any, str] = {}

    def sharing(self, probes: Sequence[Probe]) -> Iterable[tuple[int, Any]]:
        """Yield (place, id) of people who share a key that is no crowd's, and who are not unlikely."""
        return likely(self._keys.sharing(probes), probes)

    def known(self, refs: Collection[Any]) -> Mapping[Any, Known]:
        """Return what is known of these people."""
        return self._people("id", list(refs))

    def members(self, households: Collection[Any]) -> Mapping[Any, Known]:
        """Return everybody in these households."""
        return self._people("household", list(households))

    def _people(self, column: str, wanted: list[Any]) -> Mapping[Any, Known]:
        if not wanted:
            return {}
        self._cursor.execute(f"SELECT {_COLUMNS} FROM people WHERE {column} = ANY (%s) ORDER BY id", [wanted])  # noqa: S608 - our own words
        found = {}
        for person, ref, household, *columns in self._cursor.fetchall():
            found[person] = Known(record_of_columns(*columns), household)
            self.refs[person] = ref
        return found


class Files:
    """Two files and the schema in which they are matched. Raises importers.Refusal for what is no table of people."""

    def __init__(self, register: Path, arrivals: Path, *, today: date, processes: int) -> None:
        self.register, self.arrivals, self.today = register, arrivals, today
        self.processes = max(processes, 1)
        self.schema = f"scratch_{os.getpid()}"
        self.people = self.rows = 0
        self.keys = SortedKeys([], crowd=CROWD)
        self.weights = learning.shipped(people=1)

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """Connect to the schema as the owner of the tables."""
        with connected(owner()["NAME"]) as cursor:
            cursor.execute(
                f"SET search_path = {self.schema}; SET enable_seqscan = off; SET jit = off; SET work_mem = '64MB'"
            )
            yield cursor

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """Make the schema, and throw it away in the end."""
        with connected(owner()["NAME"]) as cursor:
            cursor.execute(f"CREATE SCHEMA {self.schema};" + _TABLE.format(schema=self.schema))
            try:
                yield
            finally:
                cursor.execute(f"DROP SCHEMA {self.schema} CASCADE")

    def _blocks(self, path: Path) -> Iterator[tuple[Header, Block]]:
        """Yield the rows of a file in blocks, each with the file's header."""
        with path.open("rb") as file:
            table = CsvTable(file)
            header = table.header.columns
            with closing(table.raw_rows()) as rows:  # type: ignore[type-var]
                for _heading in islice(rows, table.header.last):
                    pass
                while block := list(islice(rows, BLOCK)):
                    yield header, block

    def load(self, *, bare: bool) -> None:
        """Put the register into the schema; learn the weights from it and from those who arrive, unless `bare`."""
        names, parts = Names(), []
        for found, part in self._each("_load", self._blocks(self.register)):
            names.add(found)
            parts.append(part)
            self.people += len(part.ids)
        self.keys = SortedKeys(parts, crowd=CROWD)
        with self.connected() as cursor:
            cursor.execute("CREATE INDEX ON people (household)")
            cursor.execute("ANALYZE people (household)")
        names.forget_rare()
        self.weights = learning.weights_of(learning.SHIPPED, names=names, people=self.people)
        if not bare:
            self.weights = self._learned(names)

    def _load(self, given: tuple[Header, Block]) -> tuple[Names, Part]:
        names, out, people = Names(), io.StringIO(), []
        write = csv.writer(out, lineterminator="\n")
        for number, one in _rows(*given, self.today, probing=False):
            names.count(one.named)
            write.writerow((number, *one.columns))
            people.append(Holder(number, one.keys.match, one.person.birth_date, one.person.sex))
        out.seek(0)
        with self.connected() as cursor:
            cursor.copy_expert(_COPY, out)
        return names, Part(people)

    def _learned(self, names: Names) -> Weights:
        levels: list[tuple[int, ...]] = []
        found: list[list[float]] = []
        with self.connected() as cursor:
            register = ScratchRegister(cursor, self.keys)
            share = max(self.people // SAMPLE, 1)
            cursor.execute(
                "SELECT household FROM people WHERE abs(hashtext(household)) %% %s = 0 ORDER BY id LIMIT %s",
                [share, SAMPLE],
            )
            homes = register.members({household for (household,) in cursor.fetchall()})
            arrived = (_rows(*given, self.today) for given in islice(self._blocks(self.arrivals), ASKING))
            rows = (one.probe for some in arrived for _number, one in some)
            while len(levels) < SAMPLE and (probes := list(islice(rows, BLOCK // 8))):
                hits, people = found_by_keys(probes, register)
                for at, ref in hits:
                    record = probes[at].record
                    agree, shared = compare(record, people[ref].record)
                    levels.append(agree)
                    found.append(chances(names, record, agree, shared))
        sample = [(one.household, one.record) for one in homes.values()]
        return learning.learn(
            names,
            people=self.people,
            candidates=learning.arrays(levels, found),
            alike=learning.strangers(sample),
            any_two=learning.anybody(sample),
            kin=learning.relatives(sample),
        )

    def pairs(self, *, cut: float) -> Iterator[Pair]:
        """Yield the pairs of the two files, from `cut` bits on, of one person only; families stay together."""
        for found in self._each("_match", self._families(cut)):
            yield from found

    def _each(self, name: str, tasks: Iterable[Any]) -> Iterator[Any]:
        """Yield what a method returns for each of many tasks, in processes that were forked from this one and know what it knows."""
        gc.freeze()  # what all of them know: else each would copy it, walking through it for garbage
        with multiprocessing.get_context("fork").Pool(self.processes, _be, (self,)) as pool:
            yield from pool.imap_unordered(_do, ((name, task) for task in tasks))

    def _families(self, cut: float) -> Iterator[tuple[Header, Block, float]]:
        """Yield the rows of those who arrive in blocks, each household in one."""
        houses: dict[str, Block] = defaultdict(list)
        header: Header = []
        for header, block in self._blocks(self.arrivals):
            at = header.index("household_id") if "household_id" in header else len(header)
            for number, cells in block:
                ref = cells[at] if at < len(cells) else ""
                houses[ref or f"row {number}"].append((number, cells))
        chunk: Block = []
        for rows in houses.values():
            chunk += rows
            self.rows += len(rows)
            if len(chunk) >= BLOCK // 2:
                yield header, chunk, cut
                chunk = []
        if chunk:
            yield header, chunk, cut

    def _match(self, given: tuple[Header, Block, float]) -> list[Pair]:
        header, block, cut = given
        rows = [one for _number, one in _rows(header, block, self.today)]
        probes = [one.probe for one in rows]
        with self.connected() as cursor:
            register = ScratchRegister(cursor, self.keys)
            found = matches(probes, register, self.weights, cut=cut)
        return [
            Pair(one.ref, register.refs[match.ref], match)
            for one, some in zip(rows, found, strict=True)
            for match in some
            if match.same
        ]


_files: Files  # of this process, which was forked for one task after the other


def _be(files: Files) -> None:
    global _files
    _files = files


def _do(given: tuple[str, Any]) -> Any:
    name, task = given
    return getattr(_files, name)(task)
