"""`parked`, `retry`, `fix-address`, `resend`: following up on users who cannot go on, or have not answered."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from edition_migration.cli.commanding import chosen_users, command, show_command
from edition_migration.cli.options import (
    DEFAULT_ACTOR,
    Actor,
    AfterUser,
    AsJson,
    CommandId,
    Org,
    PageSize,
    Users,
    UsersFrom,
    duration,
)
from edition_migration.cli.output import say, show_json, show_table
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from edition_migration.application.chosen_users import Chosen
    from edition_migration.cli.services import CliServices
    from edition_migration.domain.commands import CommandAnswer

AllParked = Annotated[bool, typer.Option("--parked", help="Everybody whom `parked` shows.")]
OlderThan = Annotated[
    timedelta | None,
    typer.Option(
        "--older-than",
        parser=duration,
        metavar="SPAN",
        help="Whose last such mail is longer ago, e.g. 3d; of the users named, or of all.",
    ),
]


def parked(
    ctx: typer.Context, org: Org = None, limit: PageSize = 250, after: AfterUser = "", as_json: AsJson = False
) -> None:
    """List users whom something stops that you must mend: an address that refuses mail, a policy."""
    page = session_of(ctx).run(lambda services: services.followups.parked(org, limit=limit, after=after))
    if as_json:
        show_json(page)
        return
    if not page.total:
        say("Nobody is parked.")
        return
    rows = [(it.user_id, it.display_name, it.email, it.state, it.attention, it.since) for it in page.users]
    columns = ("User id", "Name", "Address", "State", "Why", "Since (UTC)")
    show_table(f"Parked: {page.total} users of {page.org_id}", columns, rows)
    if page.next:
        say(f"More: --after {page.next}")


def retry(
    ctx: typer.Context,
    users: Users = None,
    org: Org = None,
    users_from: UsersFrom = None,
    all_parked: AllParked = False,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Let parked users go on where they stopped: send again what was refused, start again what is missing."""
    from edition_migration.domain.commands import CommandKind

    if not all_parked:
        chosen = chosen_users(ctx, org, users, users_from, alternative="--parked")
    elif users or users_from:
        raise typer.BadParameter("name users, or use --from, or --parked: exactly one of them")
    else:
        chosen = session_of(ctx).run(lambda services: services.followups.all_parked(org))
    command(ctx, CommandKind.RETRY, chosen, actor=actor, command_id=command_id, as_json=as_json)


def fix_address(
    ctx: typer.Context,
    user: Annotated[str, typer.Argument(help="User id or the address as it is.", show_default=False)],
    address: Annotated[str, typer.Argument(help="The right address.", show_default=False)],
    org: Org = None,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Correct a user's address; what was refused is sent to the new one."""
    chosen, key = chosen_users(ctx, org, [user], None), command_id or uuid4().hex

    async def fix(services: "CliServices") -> "CommandAnswer":
        return await services.commands.fix_address(
            chosen.org_id, chosen.user_ids[0], address, actor=actor, command_id=key
        )

    show_command(chosen.org_id, key, [session_of(ctx).change(fix)], as_json=as_json)


def resend(
    ctx: typer.Context,
    users: Users = None,
    org: Org = None,
    users_from: UsersFrom = None,
    older_than: OlderThan = None,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Send a new link to users who have not chosen a password, or the instructions once more."""
    from edition_migration.domain.commands import CommandKind

    chosen = _to_be_told_again(ctx, org, users, users_from, older_than)
    command(ctx, CommandKind.RESEND, chosen, actor=actor, command_id=command_id, as_json=as_json)


def _to_be_told_again(
    ctx: typer.Context,
    org: str | None,
    users: list[str] | None,
    users_from: str | None,
    older_than: timedelta | None,
) -> "Chosen":
    named = None
    if users or users_from or older_than is None:
        named = chosen_users(ctx, org, users, users_from, alternative="--older-than")
    if older_than is None:
        assert named is not None, "chosen above"
        return named
    org_id, among = (named.org_id, named.user_ids) if named else (org, None)
    return session_of(ctx).run(lambda services: services.followups.told_longer_ago(org_id, older_than, among))
