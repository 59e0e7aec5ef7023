"""`purge`: removes what nobody needs any more, as a Schedule in Temporal does every day."""

from typing import TYPE_CHECKING

import typer

from edition_migration.cli.options import AsJson, DryRun, Yes
from edition_migration.cli.output import confirm, say, show_json, show_table
from edition_migration.cli.progress import Watch
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from edition_migration.cli.services import CliServices
    from edition_migration.domain.purge import PurgeView


def purge(ctx: typer.Context, is_dry: DryRun = False, yes: Yes = False, as_json: AsJson = False) -> None:
    """Remove for good what nobody needs any more: old events, mails, links, former addresses, sign-in sessions."""
    session = session_of(ctx)
    due = session.run(lambda services: services.purge.due())
    if is_dry:
        _show(due, as_json)
        say("Dry run: these rows would go; nothing was removed.")
    elif not due.rows:
        _show(due, as_json)
    else:
        confirm(f"Rows to remove for good: {due.rows} ({_named(due)}).", is_agreed=yes)
        removed = session.change(lambda services: _remove(services, due.rows))
        _show(due.with_rows(removed), as_json)


async def _remove(services: "CliServices", total: int) -> dict[str, int]:
    removed: dict[str, int] = {}
    with Watch() as watch:
        async for counts in services.purge.run():
            removed = counts.removed
            watch.at("Rows removed", sum(removed.values()), total)
    return removed


def _named(view: "PurgeView") -> str:
    return ", ".join(f"{_words(it.kind)} {it.rows}" for it in view.leftovers if it.rows)


def _show(view: "PurgeView", as_json: bool) -> None:
    if as_json:
        show_json(view)
        return
    rows = [(_words(it.kind), it.before, it.rows) for it in view.leftovers]
    show_table("Old rows", ("What", "Older than (UTC)", "Rows"), rows)


def _words(kind: str) -> str:
    return kind.replace("_", " ")
