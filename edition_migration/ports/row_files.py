"""Files of rows with a header: what imports read, and the result beside it. Used by `application.imports`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol


class FileForm(NamedTuple):
    """How a file is written, so that its result can be written likewise."""

    encoding: str
    delimiter: str


class Row(NamedTuple):
    """One row. `number` counts as a spreadsheet does: the header is row 1. Missing cells at the end are empty."""

    number: int
    cells: dict[str, str]


class RowReader(Protocol):
    """An open file; iterating reads on, row by row, so that memory stays flat. Blank rows are passed over."""

    @property
    def header(self) -> tuple[str, ...]: ...
    @property
    def form(self) -> FileForm: ...

    def __iter__(self) -> Iterator[Row]:
        """Raises InvalidInput naming the row that is no CSV, or has more cells than the header."""
        ...


class RowWriter(Protocol):
    def write(self, cells: Mapping[str, str]) -> None:
        """Writes one row; a cell that a spreadsheet would run as a formula is defused."""
        ...


class RowFiles(Protocol):
    def read(self, path: Path) -> AbstractContextManager[RowReader]:
        """Raises InvalidInput where there is no such file, no header, or neither UTF-8 nor UTF-16LE with a BOM."""
        ...

    def write(self, path: Path, header: Sequence[str], form: FileForm) -> AbstractContextManager[RowWriter]:
        """The file appears under its name whole, at the end; an error on the way leaves an older one as it was.

        Raises InvalidInput where the folder cannot be written to.
        """
        ...
