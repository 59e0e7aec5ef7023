"""`deselect`, `extend`, `undo`: an administrator changes his mind."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli.commanding import chosen_users, command
from edition_migration.cli.options import DEFAULT_ACTOR, Actor, AsJson, CommandId, Org, Users, UsersFrom, Yes, duration
from edition_migration.cli.output import confirm
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from edition_migration.application.chosen_users import Chosen

By = Annotated[
    timedelta | None,
    typer.Option(
        "--by",
        parser=duration,
        metavar="SPAN",
        help="By how much, e.g. 7d.",
        show_default="the organization's deadline",
    ),
]


def deselect(
    ctx: typer.Context,
    users: Users = None,
    org: Org = None,
    users_from: UsersFrom = None,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Put selected users back on the list, as long as they have no instructions. Later, cancel them."""
    from edition_migration.domain.commands import CommandKind

    chosen = chosen_users(ctx, org, users, users_from)
    command(ctx, CommandKind.DESELECT, chosen, actor=actor, command_id=command_id, as_json=as_json)


def extend(
    ctx: typer.Context,
    users: Users = None,
    org: Org = None,
    users_from: UsersFrom = None,
    by: By = None,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Give users more time to choose a password or to sign in for the first time."""
    from edition_migration.domain.commands import CommandKind

    chosen = chosen_users(ctx, org, users, users_from)
    command(
        ctx,
        CommandKind.EXTEND_DEADLINE,
        chosen,
        actor=actor,
        command_id=command_id,
        as_json=as_json,
        extension=by,
    )


def undo(
    ctx: typer.Context,
    users: Users = None,
    org: Org = None,
    users_from: UsersFrom = None,
    yes: Yes = False,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Take finished migrations back, within the organization's undo window (30 days by default)."""
    from edition_migration.domain.commands import CommandKind

    chosen = chosen_users(ctx, org, users, users_from)
    _warn_of_undo(ctx, chosen, yes)
    command(ctx, CommandKind.UNDO, chosen, actor=actor, command_id=command_id, as_json=as_json)


def _warn_of_undo(ctx: typer.Context, chosen: "Chosen", is_agreed: bool) -> None:
    """Says in numbers what is taken back; nothing where nobody has migrated."""
    preview = session_of(ctx).run(lambda services: services.followups.of_undo(chosen))
    if not preview.users:
        return
    confirm(
        f"Migrations to take back: {preview.users}. The users become inactive guests again and are told so. "
        f"Taken back: licenses {preview.users}, storage {preview.storage_mb} MB, policies {preview.users}, "
        f"open sessions {preview.sessions}. Their new passwords are not valid any more.",
        is_agreed=is_agreed,
    )
