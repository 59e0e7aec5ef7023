"""`event FILE|-` and `inbox`."""

from pathlib import Path
from typing import Annotated

import typer

from edition_migration.cli.documents import read_json
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import AsJson, DryRun, Form
from edition_migration.cli.output import Cell, say, show_json, show_list
from edition_migration.cli.session import session_of


def event(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="One CloudEvent as JSON; - is stdin.")],
    is_dry: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Enter one provisioning event, as if it had come signed over HTTP."""
    document = read_json(file)
    receipt = session_of(ctx).change(lambda services: services.intake.receive(document), is_dry=is_dry)
    if as_json:
        from edition_migration.application.views import ReceiptView

        show_json(ReceiptView.model_validate(receipt, from_attributes=True))
        return
    whose = f" of organization {receipt.org_id}" if receipt.org_id else ""
    if not receipt.is_known_type:
        say("Its type is not known here: it is kept and shown by `starter.py inbox`, and changes nothing.")
    if is_dry:
        say("Dry run: the event was checked, and not kept.")
    typer.echo(f"{receipt.outcome}: event {receipt.event_id}{whose}")


@grouped
def inbox(
    ctx: typer.Context,
    form: Form,
    org: Annotated[str | None, typer.Option("--org", help="Only of this organization.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="The newest so many.")] = 50,
) -> None:
    """Show the newest provisioning events and what became of them."""
    from edition_migration.application.views import EventLine

    view = session_of(ctx).run(lambda services: services.queries.inbox(org, limit=limit))

    def cells(it: EventLine) -> tuple[Cell, ...]:
        return it.received_at, it.type, it.org_id, it.user_id, it.state, it.reason, it.source, it.event_id

    columns = ("Received (UTC)", "Type", "Organization", "User id", "State", "Reason", "Source", "Id")
    show_list(form, view, view.events, EventLine, "Events, newest first", columns, cells)
