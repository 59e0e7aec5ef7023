"""CSV files of the product's kind: UTF-8 with or without BOM, or UTF-16LE with BOM; comma, semicolon or tab.

The delimiter is the one most frequent in the header (spreadsheets save UTF-16 with tabs, some locales semicolons).
"""

import codecs
import csv
import os
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from edition_migration.domain.csv_columns import defused
from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.ports.row_files import FileForm, Row

_DELIMITERS = ",;\t"
_ENCODING_MEND = "save it as CSV in UTF-8, or in UTF-16LE with a byte order mark"


class CsvReader:
    """An open CSV file; see `ports.row_files.RowReader`."""

    def __init__(self, file: TextIO, form: FileForm, header: tuple[str, ...]) -> None:
        self._rows = csv.reader(file, delimiter=form.delimiter, strict=True)
        self.form = form
        self.header = header

    def __iter__(self) -> Iterator[Row]:
        number = 1
        try:
            for number, cells in enumerate(self._rows, start=1):
                if number > 1 and any(cells):
                    yield self._row(number, cells)
        except csv.Error as error:
            raise _invalid(f"row {number + 1}", f"is no CSV ({error})", "mend the quotes in this row") from error
        except UnicodeError as error:
            raise _invalid(f"row {number + 1}", f"is not {self.form.encoding}", _ENCODING_MEND) from error

    def _row(self, number: int, cells: list[str]) -> Row:
        if len(cells) > len(self.header):
            reason = f"has {len(cells)} cells, the header {len(self.header)}"
            raise _invalid(f"row {number}", reason, "put quotes around a cell that holds the delimiter")
        padded = [cell.strip() for cell in cells] + [""] * (len(self.header) - len(cells))
        return Row(number, dict(zip(self.header, padded, strict=True)))


class CsvWriter:
    """Writes rows under one header; see `ports.row_files.RowWriter`."""

    def __init__(self, file: TextIO, header: Sequence[str], form: FileForm) -> None:
        self._header = tuple(header)
        self._rows = csv.writer(file, delimiter=form.delimiter)
        self._rows.writerow(defused(name) for name in self._header)

    def write(self, cells: Mapping[str, str]) -> None:
        self._rows.writerow(defused(cells.get(name, "")) for name in self._header)


class CsvFiles:
    """Opens CSV files for imports (`ports.row_files.RowFiles`)."""

    @contextmanager
    def read(self, path: Path) -> Generator[CsvReader]:
        with _opened(path) as file:
            header_line = _header_line(file)
            form = FileForm(file.encoding, _delimiter_of(header_line))
            header = _header_of(header_line, form)
            file.seek(0)
            yield CsvReader(file, form, header)

    @contextmanager
    def write(self, path: Path, header: Sequence[str], form: FileForm) -> Generator[CsvWriter]:
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            file = open(unfinished, "x", encoding=form.encoding, newline="", opener=_for_the_owner_only)  # noqa: SIM115 - closed below
        except OSError as error:
            raise _invalid(str(path), f"cannot be written ({error.strerror})", "give another path") from error
        try:
            with file:
                yield CsvWriter(file, header, form)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def _for_the_owner_only(path: str, flags: int) -> int:
    """Names, addresses and password hashes are nobody else's business."""
    return os.open(path, flags, 0o600)


def _opened(path: Path) -> TextIO:
    try:
        with path.open("rb") as raw:
            start = raw.read(3)
        return path.open(encoding=_encoding_of(start), newline="")
    except OSError as error:
        raise _invalid(str(path), f"cannot be read ({error.strerror})", "give the path of a CSV file") from error


def _encoding_of(start: bytes) -> str:
    """By byte order mark; without one it is UTF-8. The mark itself is read over, and written again in the result."""
    if start.startswith(codecs.BOM_UTF16_LE):
        return "utf-16"
    return "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"


def _header_line(file: TextIO) -> str:
    try:
        line = file.readline()
    except UnicodeError as error:
        raise _invalid("row 1", "is neither UTF-8 nor UTF-16LE", _ENCODING_MEND) from error
    if not line.strip():
        raise _invalid("row 1", "holds no column names", "put the column names into the first row")
    return line


def _delimiter_of(header_line: str) -> str:
    return max(_DELIMITERS, key=header_line.count)


def _header_of(line: str, form: FileForm) -> tuple[str, ...]:
    header = tuple(name.strip() for name in next(csv.reader([line], delimiter=form.delimiter)))
    twice = sorted(name for name, count in Counter(header).items() if count > 1)
    if not twice:
        return header
    problems = tuple(Problem("row 1", f'names the column "{name}" twice', "name each column once") for name in twice)
    raise InvalidInput("the header is not usable", problems=problems)


def _invalid(path: str, reason: str, mend: str) -> InvalidInput:
    problem = Problem(path, reason, mend)
    return InvalidInput(str(problem), problems=(problem,), mend=mend)
