"""`pending`, `parked`, `export`: lists of users, each by the same filters, as a table, CSV or JSON."""

from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

import typer

from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import AfterUser, Fitting, Form, Org
from edition_migration.cli.output import Cell, CsvOut, say, show_json, show_table
from edition_migration.cli.progress import Watch
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from edition_migration.application.listings import Scope
    from edition_migration.application.views import UserLine, UserPage
    from edition_migration.cli.services import CliServices

LINES_OF_A_TABLE = 250
LINES_OF_A_DOCUMENT = 1000


@grouped
def pending(ctx: typer.Context, fitting: Fitting, form: Form, org: Org = None, after: AfterUser = "") -> None:
    """List the guests who wait for their migration: who, why inactive, since when."""
    columns = ("User id", "Name", "Address", "Client", "Why inactive", "Since (UTC)", "Attention")

    def line(it: "UserLine") -> tuple[Cell, ...]:
        return (it.user_id, it.display_name, it.email, it.client_version, it.inactive_reason, it.since, it.attention)

    _list(ctx, "pending", fitting, form, org, after, ("Pending migration", "Nobody is pending."), columns, line)


@grouped
def parked(ctx: typer.Context, fitting: Fitting, form: Form, org: Org = None, after: AfterUser = "") -> None:
    """List users whom something stops that you must mend: an address that refuses mail, a policy."""
    columns = ("User id", "Name", "Address", "State", "Why", "Since (UTC)")

    def line(it: "UserLine") -> tuple[Cell, ...]:
        return (it.user_id, it.display_name, it.email, it.state, it.attention, it.attention_at)

    _list(ctx, "parked", fitting, form, org, after, ("Parked", "Nobody is parked."), columns, line)


@grouped
def export(ctx: typer.Context, fitting: Fitting, form: Form, org: Org = None) -> None:
    """Write everybody who has a migration to stdout, as CSV unless --json: where each stands, why, what comes next."""
    if form.as_json:
        _list(ctx, "everybody", fitting, form, org, "", ("", ""), (), lambda _: ())
    else:
        say(f"Users: {_write_csv(ctx, 'everybody', fitting, org, '')}.")


def _list(
    ctx: typer.Context,
    scope: str,
    fitting: Fitting,
    form: Form,
    org: str | None,
    after: str,
    title: tuple[str, str],
    columns: tuple[str, ...],
    line: "Callable[[UserLine], tuple[Cell, ...]]",
) -> None:
    """`title` and what is said instead of an empty table."""
    if form.as_csv:
        _write_csv(ctx, scope, fitting, org, after)
        return
    limit = fitting.limit or (LINES_OF_A_DOCUMENT if form.as_json else LINES_OF_A_TABLE)
    page = _page(ctx, scope, fitting, org, limit, after)
    if form.as_json:
        show_json(page)
    elif not page.total:
        say(title[1])
    else:
        show_table(f"{title[0]}: {page.total} users of {page.org_id}", columns, [line(it) for it in page.users])
        if page.next:
            say(f"More: --after {page.next}")


def _page(ctx: typer.Context, scope: str, fitting: Fitting, org: str | None, limit: int, after: str) -> "UserPage":
    found = fitting.filter
    return session_of(ctx).run(
        lambda services: services.listings.page(_scope(scope), org, found, limit=limit, after=after)
    )


def _write_csv(ctx: typer.Context, scope: str, fitting: Fitting, org: str | None, after: str) -> int:
    """All of them, page by page; how many."""
    from edition_migration.application.views import UserLine

    found = fitting.filter

    async def write(services: "CliServices") -> int:
        total = await services.listings.count(_scope(scope), org, found, after)
        wanted = total if fitting.limit is None else min(total, fitting.limit)
        out: CsvOut | None = None  # the header comes with the first page, so that a refusal writes nothing
        with Watch() as watch:
            async with aclosing(services.listings.all(_scope(scope), org, found, after)) as pages:
                async for page in pages:
                    out = out or CsvOut(UserLine)
                    out.write(page if fitting.limit is None else page[: fitting.limit - out.count])
                    watch.at("Users", out.count, wanted)
                    if out.count == fitting.limit:
                        break
        return (out or CsvOut(UserLine)).count

    return session_of(ctx).run(write)


def _scope(name: str) -> "Scope":
    from edition_migration.application.listings import Scope

    return Scope(name)
