"""`import users` and `import contacts`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.options import AsJson, DryRun, InputFile
from edition_migration.cli.output import say, show_json, show_table
from edition_migration.cli.progress import Watch
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from edition_migration.application.import_file import ImportReport, Progress
    from edition_migration.cli.services import CliServices

app = typer.Typer(no_args_is_help=True, help="The product's CSV files: UTF-8, or UTF-16LE with a byte order mark.")

Result = Annotated[
    Path | None,
    typer.Option("--result", metavar="FILE", help="Where the result goes.", show_default="beside the input"),
]
Strict = Annotated[bool, typer.Option("--strict", help="Write nothing at all if one row is refused.")]


@app.command()
def users(
    ctx: typer.Context,
    file: InputFile,
    result: Result = None,
    strict: Strict = False,
    is_dry: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Import users: new ones, and known addresses overwritten. The result is the same file plus status and reason."""
    target = result or result_path(file)

    async def run(services: "CliServices") -> "ImportReport":
        with Watch() as watch:
            return await services.user_import.run(file, target, is_strict=strict, progress=_on(watch))

    _show(session_of(ctx).change(run, is_dry=is_dry), is_dry, as_json)


@app.command()
def contacts(
    ctx: typer.Context,
    file: InputFile,
    result: Result = None,
    strict: Strict = False,
    is_dry: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Import contact lists of guests. They are kept, and never carried over."""
    target = result or result_path(file)

    async def run(services: "CliServices") -> "ImportReport":
        with Watch() as watch:
            return await services.contact_import.run(file, target, is_strict=strict, progress=_on(watch))

    _show(session_of(ctx).change(run, is_dry=is_dry), is_dry, as_json)


def _on(watch: Watch) -> "Callable[[Progress], None]":
    return lambda it: watch.at("Writing rows" if it.is_writing else "Checking rows", it.rows, it.total)


def result_path(file: Path) -> Path:
    """`users.csv` has its result in `users.result.csv`."""
    return file.with_name(f"{file.stem}.result{file.suffix}")


def _show(report: "ImportReport", is_dry: bool, as_json: bool) -> None:
    if as_json:
        show_json(report)
    else:
        show_table("Rows", ("Status", "Rows"), [*report.counts.items(), ("all", report.rows)])
    if report.skipped_columns:
        say(f"Skipped columns: {', '.join(report.skipped_columns)}")
    say(f"Status and reason of each row: {report.result}")
    if is_dry:
        say("Dry run: nothing was imported.")
    if not report.is_written:
        say(f"Nothing was imported, because the import is strict. Rows refused: {report.refused}.")
        raise typer.Exit(ExitCode.INVALID_INPUT)
    if report.refused:
        raise typer.Exit(ExitCode.REFUSED)
