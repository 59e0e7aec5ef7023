"""`exclude`, `activate`, `cancel`: commands on users whom the administrator names."""

from typing import TYPE_CHECKING

import typer

from edition_migration.cli.commanding import chosen_users, command
from edition_migration.cli.options import (
    DEFAULT_ACTOR,
    Actor,
    AsJson,
    AtMost,
    CommandId,
    Everybody,
    Org,
    Users,
    UsersFrom,
    Yes,
)
from edition_migration.cli.output import confirm
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from edition_migration.application.chosen_users import Chosen


def exclude(
    ctx: typer.Context,
    users: Users = None,
    org: Org = None,
    users_from: UsersFrom = None,
    everybody: Everybody = False,
    limit: AtMost = None,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Take pending users off the list. They stay blocked."""
    from edition_migration.domain.commands import CommandKind

    chosen = chosen_users(ctx, org, users, users_from, everybody, limit, alternative="--all")
    command(ctx, CommandKind.EXCLUDE, chosen, actor=actor, command_id=command_id, as_json=as_json)


def activate(
    ctx: typer.Context,
    users: Users = None,
    org: Org = None,
    users_from: UsersFrom = None,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Activate users now who have their instructions and wait for it."""
    from edition_migration.domain.commands import CommandKind

    chosen = chosen_users(ctx, org, users, users_from)
    command(ctx, CommandKind.ACTIVATE, chosen, actor=actor, command_id=command_id, as_json=as_json)


def cancel(
    ctx: typer.Context,
    users: Users = None,
    org: Org = None,
    users_from: UsersFrom = None,
    yes: Yes = False,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Cancel migrations that are not finished. Licenses, storage and links are taken back."""
    from edition_migration.domain.commands import CommandKind

    chosen = chosen_users(ctx, org, users, users_from)
    _warn_of_cancel(ctx, chosen, yes)
    command(ctx, CommandKind.CANCEL, chosen, actor=actor, command_id=command_id, as_json=as_json)


def _warn_of_cancel(ctx: typer.Context, chosen: "Chosen", is_agreed: bool) -> None:
    """Says what is lost, more so for who is activated already."""
    from edition_migration.domain.states import AFTER_ACTIVATION, OPEN

    states = session_of(ctx).run(lambda services: services.chosen_users.states(chosen))
    open_count = sum(count for state, count in states.items() if state in OPEN)
    activated = sum(count for state, count in states.items() if state in AFTER_ACTIVATION)
    if not open_count:
        return
    warning = f"Migrations to cancel: {open_count}. The users stay inactive."
    if activated:
        warning += f" Activated already: {activated}; these lose license, storage, links and sessions."
    confirm(warning, is_agreed=is_agreed)
