"""`audit verify` and `audit export`: the journal's chain recomputed, and the journal itself, pseudonyms only."""

import csv
import json
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import Form, WrongUsage
from edition_migration.cli.output import Cell, say, show_list
from edition_migration.cli.progress import Watch
from edition_migration.cli.session import session_of
from edition_migration.cli.typed import unfit
from edition_migration.domain.csv_columns import defused

if TYPE_CHECKING:
    from edition_migration.application.audit import Anchor, ChainView
    from edition_migration.cli.services import CliServices
    from edition_migration.ports.store_audit import AuditLine

app = typer.Typer(no_args_is_help=True, help="The journal: prove that nobody changed it, and hand it to an auditor.")

COLUMNS = (
    "entry_id",
    "org_id",
    "user_id",
    "generation",
    "key",
    "action",
    "actor",
    "at",
    "source",
    "target",
    "detail",
    "position",
    "hash",
)


def utc(text: str) -> datetime:
    """A day, or a moment of one, in UTC unless it names its offset. Parser of an option."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the latter at both ends of the calendar
        raise unfit(text, "is no time", "write it like 2026-11-23 or 2026-11-23T08:00:00Z") from None


OneOrg = Annotated[str | None, typer.Option("--org", help="Organization id; without it, all organizations.")]
Since = Annotated[
    datetime | None, typer.Option("--since", parser=utc, metavar="TIME", help="Entries from then on (UTC).")
]
Until = Annotated[
    datetime | None, typer.Option("--until", parser=utc, metavar="TIME", help="Entries before then (UTC).")
]
Expected = Annotated[
    str | None,
    typer.Option(
        "--expect", metavar="POSITION:HASH", help="A head that was shown before; finds a chain cut off at its end."
    ),
]


@app.command()
@grouped
def verify(ctx: typer.Context, form: Form, org: OneOrg = None, expect: Expected = None) -> None:
    """Recompute every chain and name the first position that does not hold. What is not sealed yet is no fault."""
    from edition_migration.application.audit import ChainView

    anchor = _anchor(expect)
    view = session_of(ctx).run(lambda services: services.audit.verify(org, anchor))
    columns = ("Organization", "Sealed", "Head", "Not sealed yet", "Oldest of them", "Broken at", "How")
    show_list(form, view, view.chains, ChainView, "Chains", columns, _row)
    if not view.is_intact:
        raise typer.Exit(ExitCode.REFUSED)


@app.command()
def export(
    ctx: typer.Context,
    org: OneOrg = None,
    since: Since = None,
    until: Until = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a header; the default.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array, an entry a line.")] = False,
) -> None:
    """Write the journal to stdout, oldest first, with positions and hashes. It holds ids, no names and no addresses."""
    if as_csv and as_json:
        raise WrongUsage("choose one of --csv and --json")
    if since is not None and until is not None and until <= since:
        reason = "must be later than --since; give a later time, or leave one of them out"
        raise typer.BadParameter(reason, param_hint="--until")
    write = _write_json if as_json else _write_csv

    async def run(services: "CliServices") -> int:
        pages = await services.audit.lines(org, since, until)
        return await write(_watched(pages, await services.audit.newest(org, until)))

    say(f"Entries: {session_of(ctx).run(run)}.")


async def _watched(pages: AsyncIterator["Sequence[AuditLine]"], newest: int) -> AsyncIterator["Sequence[AuditLine]"]:
    """The same pages; shows how far they are on the way to the last entry that is asked for."""
    with Watch() as watch:
        async for page in pages:
            yield page
            watch.at("Journal", page[-1].numbered.entry_id, newest)


async def _write_csv(pages: AsyncIterator["Sequence[AuditLine]"]) -> int:
    writer, count = csv.writer(sys.stdout, lineterminator="\n"), 0
    writer.writerow(COLUMNS)
    async for page in pages:
        count += len(page)
        for line in page:
            record = _record(line)
            writer.writerow([_cell(record[name]) for name in COLUMNS])
    return count


async def _write_json(pages: AsyncIterator["Sequence[AuditLine]"]) -> int:
    count = 0
    sys.stdout.write("[")
    async for page in pages:
        for line in page:
            sys.stdout.write(",\n" if count else "\n")
            sys.stdout.write(json.dumps(_record(line), ensure_ascii=False))
            count += 1
    sys.stdout.write("\n]\n")
    return count


def _record(line: "AuditLine") -> dict[str, object]:
    from edition_migration.domain.seals import instant

    entry = line.numbered.entry
    mine = {"entry_id": line.numbered.entry_id, "position": line.position, "hash": line.hash, "at": instant(entry.at)}
    return {name: mine[name] if name in mine else getattr(entry, name) for name in COLUMNS}


def _cell(value: object) -> str:
    """As a spreadsheet may have it: nothing for None, JSON for what has parts, no formula."""
    if value is None:
        return ""
    return defused(json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value))


def _row(chain: "ChainView") -> tuple[Cell, ...]:
    from datetime import timedelta

    from edition_migration.domain.seals import BREAKS

    return (
        chain.org_id,
        chain.head.position if chain.head else 0,
        str(chain.head) if chain.head else None,
        chain.unsealed,
        timedelta(seconds=chain.unsealed_seconds) if chain.unsealed else None,
        chain.broken_at,
        BREAKS[chain.broken] if chain.broken else None,
    )


def _anchor(text: str | None) -> "Anchor | None":
    from edition_migration.application.audit import Anchor

    if text is None:
        return None
    position, _, digest = text.partition(":")
    if not position.isdecimal() or not digest:
        raise unfit(text, "is no head", "write it like POSITION:HASH, as `audit verify` shows it", option="--expect")
    return Anchor(position=int(position), hash=digest)
