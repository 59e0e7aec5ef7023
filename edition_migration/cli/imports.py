"""`import users` and `import contacts`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli.documents import STDIN
from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import AsJson, DryRun, WrongUsage
from edition_migration.cli.output import say, show_json, show_table
from edition_migration.cli.progress import Watch
from edition_migration.cli.session import session_of
from edition_migration.cli.stdin_file import spooled_stdin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edition_migration.application.import_file import ImportReport, Progress
    from edition_migration.application.imports import ContactImport, UserImport
    from edition_migration.cli.services import CliServices

app = typer.Typer(no_args_is_help=True, help="The product's CSV files: UTF-8, or UTF-16LE with a byte order mark.")

RowsFile = Annotated[Path, typer.Argument(metavar="FILE|-", help="The CSV file; - is stdin.", show_default=False)]
Result = Annotated[
    Path | None,
    typer.Option("--result", metavar="FILE", help="Where the result goes.", show_default="beside the input"),
]
Strict = Annotated[bool, typer.Option("--strict", help="Write nothing at all if one row is refused.")]


@dataclass(frozen=True, slots=True)
class Options:
    """What is imported, and how."""

    file: RowsFile
    result: Result = None
    strict: Strict = False
    is_dry: DryRun = False
    as_json: AsJson = False


@app.command()
@grouped
def users(ctx: typer.Context, options: Options) -> None:
    """Import users: new ones, and known addresses overwritten. The result is the same file plus status and reason."""
    _import(ctx, lambda services: services.user_import, options)


@app.command()
@grouped
def contacts(ctx: typer.Context, options: Options) -> None:
    """Import contact lists of guests. They are kept, and never carried over."""
    _import(ctx, lambda services: services.contact_import, options)


def _import(ctx: typer.Context, kind: "Callable[[CliServices], UserImport | ContactImport]", it: Options) -> None:
    target = it.result or result_path(it.file)

    async def run(services: "CliServices") -> "ImportReport":
        with spooled_stdin(it.file, STDIN) as rows, Watch() as watch:
            return await kind(services).run(rows, target, is_strict=it.strict, progress=_on(watch))

    _show(_done(ctx, run, it.is_dry), it.is_dry, it.as_json)


def _done(ctx: typer.Context, run: "Callable[[CliServices], Awaitable[ImportReport]]", is_dry: bool) -> "ImportReport":
    try:
        return session_of(ctx).change(run, is_dry=is_dry)
    except KeyboardInterrupt:
        say("To go on, give the same command again: rows that are imported already change nothing.")
        raise


def _on(watch: Watch) -> "Callable[[Progress], None]":
    return lambda it: watch.at("Writing rows" if it.is_writing else "Checking rows", it.rows, it.total)


def result_path(file: Path) -> Path:
    """`users.csv` has its result in `users.result.csv`. Raises WrongUsage for stdin, which lies nowhere."""
    if file == STDIN:
        raise WrongUsage("say with --result where the result goes: stdin lies beside nothing")
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
