"""`event FILE|-` and `inbox`."""

from pathlib import Path
from typing import Annotated

import typer

from edition_migration.cli.documents import read_json
from edition_migration.cli.options import AsJson
from edition_migration.cli.output import say, show_json, show_table
from edition_migration.cli.session import session_of


def event(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="One CloudEvent as JSON; - is stdin.")],
    as_json: AsJson = False,
) -> None:
    """Enter one provisioning event, as if it had come signed over HTTP."""
    document = read_json(file)
    receipt = session_of(ctx).change(lambda services: services.intake.receive(document))
    if as_json:
        from edition_migration.application.views import ReceiptView

        show_json(ReceiptView.model_validate(receipt, from_attributes=True))
        return
    whose = f" of organization {receipt.org_id}" if receipt.org_id else ""
    if not receipt.is_known_type:
        say("Its type is not known here: it is kept and shown by `starter.py inbox`, and changes nothing.")
    typer.echo(f"{receipt.outcome}: event {receipt.event_id}{whose}")


def inbox(
    ctx: typer.Context,
    org: Annotated[str | None, typer.Option("--org", help="Only of this organization.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="The newest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the newest provisioning events and what became of them."""
    view = session_of(ctx).run(lambda services: services.queries.inbox(org, limit=limit))
    if as_json:
        show_json(view)
        return
    rows = [(it.received_at, it.type, it.org_id, it.state, it.reason, it.source, it.event_id) for it in view.events]
    show_table("Events, newest first", ("Received", "Type", "Organization", "State", "Reason", "Source", "Id"), rows)
