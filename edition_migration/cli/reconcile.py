"""`reconcile`: every difference between rows, ledgers, mails, links and workflows, named and where provable mended."""

from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import Form
from edition_migration.cli.output import Cell, say, show_list
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from edition_migration.cli.services import CliServices
    from edition_migration.domain.differences import Difference

OneOrg = Annotated[str | None, typer.Option("--org", help="Organization id; without it, all organizations.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Name only; change nothing.")]
Restored = Annotated[
    bool,
    typer.Option("--restored", help="After a restore, no worker running: nothing is too young; ring everybody."),
]


@grouped
def reconcile(
    ctx: typer.Context, form: Form, org: OneOrg = None, is_dry: DryRun = False, is_restored: Restored = False
) -> None:
    """Name every difference between rows, ledgers, mails, links and workflows; mend what is provable."""
    from edition_migration.domain.differences import Difference, DifferencesView

    async def look(services: "CliServices") -> list[Difference]:
        return await _look(services, org, is_dry=is_dry, is_restored=is_restored)

    session = session_of(ctx)
    found = session.run(look) if is_dry else session.change(look)

    def cells(it: Difference) -> tuple[Cell, ...]:
        return it.kind, it.org_id, it.user_id or it.wave_id, it.generation, it.sentence, it.is_mended, it.mend

    columns = ("Kind", "Organization", "User or wave", "Generation", "What", "Mended", "How, or what to do")
    show_list(form, DifferencesView(differences=tuple(found)), found, Difference, "Differences", columns, cells)
    if not all(it.is_mended for it in found):
        raise typer.Exit(ExitCode.REFUSED)


async def _look(services: "CliServices", org: str | None, *, is_dry: bool, is_restored: bool) -> list["Difference"]:
    found: list[Difference] = []
    rows = 0
    async for outcome in services.reconciliation.run(org, is_dry=is_dry, is_restored=is_restored):
        found += outcome.differences
        rows += outcome.rows
        if outcome.rows:
            say(f"Migrations looked at: {rows}. Differences: {len(found)}.")
    return found
