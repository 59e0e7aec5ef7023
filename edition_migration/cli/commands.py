"""`select`, `exclude`, `activate`, `cancel`: commands on users whom the administrator names."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from edition_migration.cli.commanding import chosen_users, command, exit_by, show_answers
from edition_migration.cli.options import (
    DEFAULT_ACTOR,
    ActivationName,
    Actor,
    AsJson,
    AtMost,
    CommandId,
    Everybody,
    Org,
    Users,
    UsersFrom,
    Yes,
    duration,
)
from edition_migration.cli.output import confirm, say, show_json
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from edition_migration.application.chosen_users import Chosen

WhenActivated = Annotated[
    ActivationName | None,
    typer.Option("--activation", help="When users are activated.", show_default="the organization's setting"),
]
ActivationDelay = Annotated[
    timedelta | None,
    typer.Option("--activation-delay", parser=duration, metavar="SPAN", help="With --activation delayed, e.g. 2d."),
]

Administrator = Annotated[
    bool, typer.Option("--administrator", help="Select one user although he administers the organization; asks twice.")
]


def select(
    ctx: typer.Context,
    users: Users = None,
    org: Org = None,
    users_from: UsersFrom = None,
    everybody: Everybody = False,
    limit: AtMost = None,
    activation: WhenActivated = None,
    activation_delay: ActivationDelay = None,
    administrator: Administrator = False,
    yes: Yes = False,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Select pending users for migration, as one wave, in the given order."""
    from edition_migration.application.selection import SelectionOrder
    from edition_migration.domain.organization import Activation

    chosen = chosen_users(ctx, org, users, users_from, everybody, limit, alternative="--all")
    if administrator:
        _confirm_administrator(chosen, yes)
    order = SelectionOrder(
        org_id=chosen.org_id,
        user_ids=chosen.user_ids,
        actor=actor,
        command_id=command_id or uuid4().hex,
        activation=Activation(activation) if activation else None,
        activation_delay=activation_delay,
        confirm_administrator=administrator,
    )
    answer = session_of(ctx).change(lambda services: services.selection.select(order))
    if as_json:
        show_json(answer)
    else:
        show_answers(answer.answers)
        say(f"Licenses free: {answer.licenses_free}. Users waiting for capacity: {answer.waiting_for_capacity}.")
    exit_by(answer.answers)


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


def _confirm_administrator(chosen: "Chosen", is_agreed: bool) -> None:
    """Twice, since a mistake can lock the organization out of its own administration; one user at a time."""
    if len(chosen.user_ids) != 1:
        raise typer.BadParameter("name exactly one user", param_hint="--administrator")
    confirm(
        f"{chosen.user_ids[0]} may administer the organization: until a new password is chosen, "
        "this user cannot sign in, and nobody else may be able to help.",
        is_agreed=is_agreed,
    )
    confirm("Make sure that another administrator can sign in meanwhile.", is_agreed=is_agreed)


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
