"""`reconcile`: every difference between rows, ledgers, mails, links and workflows, named and where provable mended."""

from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.options import AsJson
from edition_migration.cli.output import say, show_json, show_table
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from edition_migration.cli.services import CliServices
    from edition_migration.domain.differences import Difference

OneOrg = Annotated[str | None, typer.Option("--org", help="Organization id; without it, all organizations.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Name only; change nothing.")]


def reconcile(ctx: typer.Context, org: OneOrg = None, is_dry: DryRun = False, as_json: AsJson = False) -> None:
    """Name every difference between rows, ledgers, mails, links and workflows; mend what is provable."""
    from edition_migration.domain.differences import DifferencesView

    async def look(services: "CliServices") -> list["Difference"]:
        return await _look(services, org, is_dry=is_dry)

    session = session_of(ctx)
    found = session.run(look) if is_dry else session.change(look)
    if as_json:
        show_json(DifferencesView(differences=tuple(found)))
    else:
        columns = ("Kind", "Organization", "User or wave", "Generation", "What", "Mended", "How, or what to do")
        rows = [
            (it.kind, it.org_id, it.user_id or it.wave_id, it.generation, it.sentence, it.is_mended, it.mend)
            for it in found
        ]
        show_table("Differences", columns, rows)
    if not all(it.is_mended for it in found):
        raise typer.Exit(ExitCode.REFUSED)


async def _look(services: "CliServices", org: str | None, *, is_dry: bool) -> list["Difference"]:
    found: list[Difference] = []
    rows = 0
    async for outcome in services.reconciliation.run(org, is_dry=is_dry):
        found += outcome.differences
        rows += outcome.rows
        if outcome.rows:
            say(f"Migrations looked at: {rows}. Differences: {len(found)}.")
    return found
