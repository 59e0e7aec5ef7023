"""The two passes over a file that is imported: check every row and write nothing, then write in repeatable chunks.

Memory stays flat: a chunk of rows, and eight bytes a row to find those that come twice. Used by `imports`.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from itertools import islice, pairwise
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from edition_migration.domain.csv_columns import Header
from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.ports.row_files import Row, RowFiles, RowReader, RowWriter
from edition_migration.ports.store import Store, UnitOfWork

CHUNK = 500
STATUS_COLUMN = "importStatus"
REASON_COLUMN = "importReason"
NEXT_COLUMN = "importNextStep"
RESULT_COLUMNS = (STATUS_COLUMN, REASON_COLUMN, NEXT_COLUMN)

Parsed = TypeVar("Parsed", bound=BaseModel)


class RowStatus(StrEnum):
    """What became of a row. `superseded`: a newer event had spoken; `not_imported`: a strict import wrote nothing;
    `imported`: a contact, new or overwritten."""

    CREATED = "created"
    IMPORTED = "imported"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    REFUSED = "refused"
    NOT_IMPORTED = "not_imported"


NEXT_STEP = {
    RowStatus.REFUSED: "mend the row, and import it again",
    RowStatus.NOT_IMPORTED: "mend the refused rows, and import the file again",
    RowStatus.SUPERSEDED: "nothing; what a newer event said stays",
}


class Outcome(NamedTuple):
    status: RowStatus
    reason: str = ""


class Progress(NamedTuple):
    """How far a pass is: `total` is known in the second only."""

    is_writing: bool
    rows: int
    total: int | None


class ImportReport(BaseModel):
    """What became of a file: rows by status, refused ones also by their first problems, and where the result is."""

    model_config = ConfigDict(frozen=True)

    rows: int
    counts: dict[RowStatus, int]
    skipped_columns: tuple[str, ...]
    result: str
    is_written: bool

    @property
    def refused(self) -> int:
        return self.counts.get(RowStatus.REFUSED, 0)


class Kind(Protocol, Generic[Parsed]):
    """What users and contacts do differently."""

    def header(self, names: Sequence[str]) -> Header: ...
    def parse(self, cells: dict[str, str]) -> Parsed | tuple[Problem, ...]: ...

    def keys(self, row: Parsed) -> tuple[str, ...]:
        """What may stand in one row of the file only."""
        ...

    async def refusals(self, uow: UnitOfWork, rows: Sequence[Parsed]) -> Mapping[int, str]:
        """By place in `rows`, why the store's own content forbids one."""
        ...

    async def write(self, uow: UnitOfWork, rows: Sequence[Parsed]) -> Sequence[Outcome]:
        """Writes rows that nothing forbids; one outcome each, in order."""
        ...


@dataclass(frozen=True, slots=True)
class _Checked(Generic[Parsed]):
    """A row with what was read from it, or why not."""

    row: Row
    parsed: Parsed | None
    refusal: str = ""


class FileImport(Generic[Parsed]):
    """One kind of file."""

    def __init__(self, *, store: Store, files: RowFiles, kind: Kind[Parsed]) -> None:
        self._store = store
        self._files = files
        self._kind = kind

    async def run(
        self, path: Path, result: Path, *, is_strict: bool = False, progress: Callable[[Progress], None] | None = None
    ) -> ImportReport:
        """Imports the file and writes the result: the same columns, and status, reason and next step of each row.

        A bad row never stops a good one, unless strict: then nothing is written at all. Raises InvalidInput for a file
        that cannot be read to its end, before anything is written. Interrupted, it is simply run again.
        """
        report = progress or _silence
        with self._files.read(path) as reader:
            header = self._header(reader)
            bad, digests = await self._check(reader, report)
        is_writing = not (is_strict and (bad or digests.twice))
        with self._files.read(path) as reader:
            columns = [name for name in reader.header if name not in RESULT_COLUMNS]
            with self._files.write(result, [*columns, *RESULT_COLUMNS], reader.form) as writer:
                counts = await self._write(reader, writer, _Twice(digests.twice), report, digests.rows, is_writing)
        return ImportReport(
            rows=counts.total(),
            counts=dict(sorted(counts.items())),
            skipped_columns=header.skipped,
            result=str(result),
            is_written=is_writing,
        )

    def _header(self, reader: RowReader) -> Header:
        header = self._kind.header(reader.header)
        if header.problems:
            raise InvalidInput("the header of the file is not usable; nothing was imported", problems=header.problems)
        return header

    async def _check(self, reader: RowReader, progress: Callable[[Progress], None]) -> "tuple[int, _Digests]":
        """The first pass: how many rows are bad by themselves or by the store's content, and which keys come twice."""
        bad, digests = 0, _Digests()
        for chunk in _chunks(reader):
            checked = [self._parsed(row) for row in chunk]
            async with self._store.read() as uow:
                checked = await self._refused(uow, checked)
            bad += sum(it.parsed is None for it in checked)
            for it in checked:
                digests.count(self._kind.keys(it.parsed) if it.parsed is not None else ())
            progress(Progress(False, digests.rows, None))
        digests.find_twice()
        return bad, digests

    async def _write(
        self,
        reader: RowReader,
        writer: RowWriter,
        twice: "_Twice",
        progress: Callable[[Progress], None],
        total: int,
        is_writing: bool,
    ) -> Counter[RowStatus]:
        """The second pass, one transaction a chunk; the result's rows follow the commit."""
        counts: Counter[RowStatus] = Counter()
        for chunk in _chunks(reader):
            checked = [self._first_only(self._parsed(row), twice) for row in chunk]
            outcomes = await self._write_chunk(checked, is_writing)
            for it, outcome in zip(checked, outcomes, strict=True):
                added = (outcome.status, outcome.reason, NEXT_STEP.get(outcome.status, ""))
                writer.write({**it.row.cells, **dict(zip(RESULT_COLUMNS, added, strict=True))})
                counts[outcome.status] += 1
            progress(Progress(True, counts.total(), total))
        return counts

    async def _write_chunk(self, checked: "list[_Checked[Parsed]]", is_writing: bool) -> list[Outcome]:
        async with self._store.write() if is_writing else self._store.read() as uow:
            checked = await self._refused(uow, checked)
            good = [it.parsed for it in checked if it.parsed is not None]
            written = iter(await self._kind.write(uow, good) if is_writing else ())
            if is_writing:
                await uow.commit()
        unwritten = Outcome(RowStatus.NOT_IMPORTED, "other rows are refused, and the import is strict")
        return [
            Outcome(RowStatus.REFUSED, it.refusal) if it.parsed is None else next(written, unwritten) for it in checked
        ]

    def _parsed(self, row: Row) -> _Checked[Parsed]:
        parsed = self._kind.parse(row.cells)
        if isinstance(parsed, tuple):
            return _Checked(row, None, " | ".join(str(problem) for problem in parsed))
        return _Checked(row, parsed)

    def _first_only(self, it: _Checked[Parsed], twice: "_Twice") -> _Checked[Parsed]:
        if it.parsed is None:
            return it
        first = twice.first_of(self._kind.keys(it.parsed), it.row.number)
        return it if first is None else _Checked(it.row, None, f"duplicate_in_file: the same as row {first}")

    async def _refused(self, uow: UnitOfWork, checked: list[_Checked[Parsed]]) -> list[_Checked[Parsed]]:
        places = [place for place, it in enumerate(checked) if it.parsed is not None]
        refusals = await self._kind.refusals(uow, [it.parsed for it in checked if it.parsed is not None])
        by_place = {places[number]: reason for number, reason in refusals.items()}
        return [
            _Checked(it.row, None, by_place[place]) if place in by_place else it for place, it in enumerate(checked)
        ]


class _Digests:
    """Eight bytes of each key, so that a million rows take some megabytes; equal ones are compared as text later."""

    def __init__(self) -> None:
        self._digests = array("Q")
        self.rows = 0
        self.twice: frozenset[int] = frozenset()

    def count(self, keys: tuple[str, ...]) -> None:
        self.rows += 1
        self._digests.extend(_digest(key) for key in keys)

    def find_twice(self) -> None:
        """Sorted in sixteen parts, which keeps the sorted copy small."""
        parts = (sorted(it for it in self._digests if it >> 60 == part) for part in range(16))
        self.twice = frozenset(one for part in parts for one, two in pairwise(part) if one == two)
        self._digests = array("Q")


class _Twice:
    """Remembers the first row of each key that may come twice."""

    def __init__(self, digests: frozenset[int]) -> None:
        self._digests = digests
        self._first: dict[str, int] = {}

    def first_of(self, keys: tuple[str, ...], number: int) -> int | None:
        """The earlier row with one of these keys; None where this is the first."""
        suspect = [key for key in keys if _digest(key) in self._digests] if self._digests else []
        first = min((self._first[key] for key in suspect if key in self._first), default=None)
        if first is None:
            self._first.update(dict.fromkeys(suspect, number))
        return first


def _silence(progress: Progress) -> None:
    """Nobody watches."""


def _digest(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest())


def _chunks(reader: RowReader) -> Iterator[list[Row]]:
    rows = iter(reader)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
