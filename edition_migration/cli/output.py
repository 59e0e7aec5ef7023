"""What the command line prints: data on stdout (tables for people, JSON for programs), everything else on stderr.

NO_COLOR is honored. Names come from outside, so nothing of them is taken for markup.
"""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from edition_migration.cli.options import Form, WrongUsage
from edition_migration.cli.typed import line_of, listed
from edition_migration.domain.errors import NOTHING, EditionMigrationError, InvalidInput, NotFound, StoreUnavailable

if TYPE_CHECKING:
    from pydantic import BaseModel

Line = TypeVar("Line", bound="BaseModel")
Cell = str | int | bool | datetime | timedelta | None
WIDTH_OF_PIPES = 200
"""Columns where nobody says how wide the output is, so that no line breaks."""
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def say(text: str = "") -> None:
    """One line for people, on stderr."""
    typer.echo(text, err=True)


def show_json(model: "BaseModel") -> None:
    """The model as one JSON document on stdout."""
    typer.echo(model.model_dump_json(indent=2))


def show_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A header, unless there is none, and rows on stdout; times in ISO 8601, cells defused of formulas."""
    from edition_migration.domain.csv_columns import defused

    writer = csv.writer(sys.stdout, lineterminator="\n")
    if columns:
        writer.writerow(columns)
    writer.writerows([defused(csv_cell(cell)) for cell in row] for row in rows)


def csv_cell(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case datetime():
            return cell.isoformat().replace("+00:00", "Z")
        case timedelta():
            return duration(cell)
        case dict() | list() | tuple():
            return json.dumps(cell, sort_keys=True, default=str)
        case _:
            return str(cell)


def camel(field: str) -> str:
    """`user_id` as the product's files have it: `userId`."""
    first, *rest = field.split("_")
    return first + "".join(part.capitalize() for part in rest)


class CsvOut:
    """A list of these models on stdout as CSV, a column each field, named as the product's files name columns."""

    def __init__(self, kind: "type[BaseModel]") -> None:
        self._fields = tuple(kind.model_fields)
        self.count = 0
        show_csv([camel(name) for name in self._fields], ())

    def write(self, lines: "Sequence[BaseModel]") -> None:
        show_csv((), ([getattr(line, name) for name in self._fields] for line in lines))
        self.count += len(lines)


def show_list(
    form: Form,
    document: "BaseModel",
    lines: "Sequence[Line]",
    kind: "type[Line]",
    title: str,
    columns: Sequence[str],
    cells: "Callable[[Line], Sequence[Cell]]",
) -> None:
    """A list in the form that was asked for: `document` as JSON, every field of `lines` as CSV, `cells` as a table."""
    if form.as_json:
        show_json(document)
    elif form.as_csv:
        CsvOut(kind).write(lines)
    else:
        show_table(title, columns, [cells(line) for line in lines])


def show_fields(title: str, fields: Sequence[tuple[str, Cell]]) -> None:
    """Name and value of one thing, line by line; empty ones are left out. Of times it is said that they are UTC."""
    show_table(title, ("", ""), [(name, _with_zone(value)) for name, value in fields if value not in {None, ""}])


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """A table on stdout; an empty one is its title and "none"."""
    from rich import box  # loaded with the first table only
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        typer.echo(f"{title}: none")
        return
    has_header = any(columns)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD if has_header else None, title_style="bold")
    table.show_header, table.show_edge = has_header, False
    for place, name in enumerate(columns):
        table.add_column(name, overflow="fold", no_wrap=place == 0)  # ids stand there: they are copied whole
    for row in rows:
        table.add_row(*(Text(text_of(cell)) for cell in row))
    width = None if sys.stdout.isatty() else WIDTH_OF_PIPES
    console = Console(file=sys.stdout, width=width, highlight=False)
    with console.capture() as shown:
        console.print(table)
    typer.echo("\n".join(line.rstrip() for line in shown.get().splitlines()))


def _with_zone(cell: Cell) -> Cell:
    return f"{text_of(cell)} (UTC)" if isinstance(cell, datetime) else cell


def text_of(cell: Cell) -> str:
    """How a value reads in a table; times are UTC."""
    match cell:
        case None | "":
            return "-"
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M")
        case timedelta():
            return duration(cell)
        case _:
            return str(cell)


def duration(span: timedelta) -> str:
    """In the units that files use too: `7d`, `1d 12h`, `0s`."""
    seconds = round(span.total_seconds())
    parts: list[str] = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"


def show_error(error: EditionMigrationError) -> None:
    """What, why, and the mend; with what was typed, since only who typed it reads this."""
    problems = error.problems if isinstance(error, InvalidInput) else ()
    is_said_below = bool(problems) and " | ".join(map(str, problems)) in error.message
    names = f": {listed(error.typed)}" if isinstance(error, NotFound) and error.typed else ""
    say(f"Error: {'the input is not valid' if is_said_below else error.message}{names}")
    for problem in problems:
        say(f"  {line_of(problem, error.typed if isinstance(error, InvalidInput) else NOTHING)}")
    if isinstance(error, NotFound) and error.nearest:
        say(f"  Near it: {', '.join(error.nearest)}")
    if error.mend and not problems:
        say(f"What helps: {error.mend}")
    if isinstance(error, StoreUnavailable):
        say("On a new machine, run `starter.py setup` first.")


def let_go_of_stdout() -> None:
    """What is still to be written goes nowhere: nobody reads it any more, and the end must not fail for it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def has_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def confirm(warning: str, *, is_agreed: bool) -> None:
    """Says what will happen and asks; `--yes` agrees beforehand. Without a terminal and `--yes` it is wrong usage."""
    say(warning)
    if is_agreed:
        return
    if not has_terminal():
        raise WrongUsage("nobody can be asked here; add --yes if this is what you want")
    typer.confirm("Go on?", abort=True, err=True)
