"""`import users` and `import contacts`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.options import AsJson, InputFile
from edition_migration.cli.output import say, show_json, show_table
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from edition_migration.application.import_file import ImportReport, Progress

app = typer.Typer(no_args_is_help=True, help="The product's CSV files: UTF-8, or UTF-16LE with a byte order mark.")

Result = Annotated[
    Path | None,
    typer.Option("--result", metavar="FILE", help="Where the result goes.", show_default="beside the input"),
]
Strict = Annotated[bool, typer.Option("--strict", help="Write nothing at all if one row is refused.")]
EVERY = 10_000
"""Rows between two lines of progress where there is no terminal."""


@app.command()
def users(
    ctx: typer.Context, file: InputFile, result: Result = None, strict: Strict = False, as_json: AsJson = False
) -> None:
    """Import users: new ones, and known addresses overwritten. The result is the same file plus status and reason."""
    target = result or result_path(file)
    with Watch() as watch:
        report = session_of(ctx).change(lambda it: it.user_import.run(file, target, is_strict=strict, progress=watch))
    _show(report, as_json)


@app.command()
def contacts(
    ctx: typer.Context, file: InputFile, result: Result = None, strict: Strict = False, as_json: AsJson = False
) -> None:
    """Import contact lists of guests. They are kept, and never carried over."""
    target = result or result_path(file)
    with Watch() as watch:
        report = session_of(ctx).run(lambda it: it.contact_import.run(file, target, is_strict=strict, progress=watch))
    _show(report, as_json)


def result_path(file: Path) -> Path:
    """`users.csv` has its result in `users.result.csv`."""
    return file.with_name(f"{file.stem}.result{file.suffix}")


def _show(report: "ImportReport", as_json: bool) -> None:
    if as_json:
        show_json(report)
    else:
        show_table("Rows", ("Status", "Rows"), [*report.counts.items(), ("all", report.rows)])
    if report.skipped_columns:
        say(f"Skipped columns: {', '.join(report.skipped_columns)}")
    say(f"Status and reason of each row: {report.result}")
    if not report.is_written:
        say(f"Nothing was imported, because the import is strict. Rows refused: {report.refused}.")
        raise typer.Exit(ExitCode.INVALID_INPUT)
    if report.refused:
        raise typer.Exit(ExitCode.REFUSED)


class Watch:
    """Progress on stderr: a bar on a terminal, else a line now and then."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._said = 0

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console  # loaded where it is seen
            from rich.progress import Progress as RichProgress

            self._bar = RichProgress(console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, progress: "Progress") -> None:
        if self._bar is not None:
            self._move(self._bar, progress)
        elif progress.is_writing and progress.rows - self._said >= EVERY:
            self._said = progress.rows
            say(f"{progress.rows} of {progress.total} rows written")

    def _move(self, bar: "RichProgress", progress: "Progress") -> None:
        name = "Writing" if progress.is_writing else "Checking"
        task = next((it.id for it in bar.tasks if it.description == name), None)
        task = bar.add_task(name, total=progress.total) if task is None else task
        bar.update(task, completed=progress.rows)
