"""`pending`: the Migration tab. It is shown only while it is not empty."""

import typer

from edition_migration.cli.options import AfterUser, AsJson, Org, PageSize
from edition_migration.cli.output import say, show_json, show_table
from edition_migration.cli.session import session_of


def pending(
    ctx: typer.Context,
    org: Org = None,
    limit: PageSize = 250,
    after: AfterUser = "",
    as_json: AsJson = False,
) -> None:
    """List the guests who wait for their migration: who, why inactive, since when."""
    page = session_of(ctx).run(lambda services: services.queries.pending(org, limit=limit, after=after))
    if as_json:
        show_json(page)
        return
    if not page.total:
        say("Nobody is pending.")
        return
    rows = [
        (it.user_id, it.display_name, it.email, it.client_version, it.inactive_reason, it.since, it.attention)
        for it in page.users
    ]
    columns = ("User id", "Name", "Address", "Client", "Why inactive", "Since (UTC)", "Attention")
    show_table(f"Pending migration: {page.total} users of {page.org_id}", columns, rows)
    if page.next:
        say(f"More: --after {page.next}")
