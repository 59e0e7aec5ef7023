"""`select`, `exclude`, `activate`, `cancel`: commands on users whom the administrator names."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from edition_migration.cli.documents import STDIN
from edition_migration.cli.exit_codes import ExitCode
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
from edition_migration.cli.output import confirm, say, show_json, show_table
from edition_migration.cli.session import session_of
from edition_migration.cli.stdin_file import spooled_stdin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edition_migration.application.chosen_users import Chosen
    from edition_migration.domain.commands import CommandAnswer

WhenActivated = Annotated[
    ActivationName | None,
    typer.Option("--activation", help="When users are activated.", show_default="the organization's setting"),
]
ActivationDelay = Annotated[
    timedelta | None,
    typer.Option("--activation-delay", parser=duration, metavar="SPAN", help="With --activation delayed, e.g. 2d."),
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
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Select pending users for migration, as one wave, in the given order."""
    from edition_migration.application.selection import SelectionOrder
    from edition_migration.domain.organization import Activation

    chosen = _chosen(ctx, org, users, users_from, everybody, limit)
    order = SelectionOrder(
        org_id=chosen.org_id,
        user_ids=chosen.user_ids,
        actor=actor,
        command_id=command_id or uuid4().hex,
        activation=Activation(activation) if activation else None,
        activation_delay=activation_delay,
    )
    answer = session_of(ctx).change(lambda services: services.selection.select(order))
    if as_json:
        show_json(answer)
    else:
        _show_answers(answer.answers)
        say(f"Licenses free: {answer.licenses_free}. Users waiting for capacity: {answer.waiting_for_capacity}.")
    _exit_by(answer.answers)


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
    chosen = _chosen(ctx, org, users, users_from, everybody, limit)
    _command(ctx, "exclude", chosen, actor, command_id, as_json)


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
    _command(ctx, "activate", _chosen(ctx, org, users, users_from), actor, command_id, as_json)


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
    chosen = _chosen(ctx, org, users, users_from)
    _warn_of_cancel(ctx, chosen, yes)
    _command(ctx, "cancel", chosen, actor, command_id, as_json)


def _chosen(
    ctx: typer.Context,
    org: str | None,
    users: list[str] | None,
    users_from: str | None,
    everybody: bool = False,
    limit: int | None = None,
) -> "Chosen":
    from edition_migration.application.chosen_users import Choice

    ways = sum((bool(users), users_from is not None, everybody))
    if ways != 1:
        raise typer.BadParameter("name users, or use --from, or --all: exactly one of them")
    with spooled_stdin(Path(users_from) if users_from else None, STDIN) as file:
        choice = Choice(org_id=org, names=users or (), file=file, is_all=everybody, limit=limit)
        return session_of(ctx).run(lambda services: services.chosen_users.of(choice))


def _command(
    ctx: typer.Context, name: str, chosen: "Chosen", actor: str, command_id: str | None, as_json: bool
) -> None:
    from edition_migration.application.views import CommandView
    from edition_migration.domain.commands import CommandKind, CommandRequest

    kind, request = CommandKind(name), CommandRequest(actor=actor)
    key = command_id or uuid4().hex
    answers = session_of(ctx).change(
        lambda services: services.commands.apply_each(
            kind, chosen.org_id, chosen.user_ids, request=request, command_id=key
        )
    )
    if as_json:
        show_json(CommandView(org_id=chosen.org_id, command_id=key, answers=answers))
    else:
        _show_answers(answers)
    _exit_by(answers)


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


def _show_answers(answers: "Sequence[CommandAnswer]") -> None:
    rows = [(it.user_id, it.verdict, it.state, it.reason, it.mend) for it in answers]
    show_table("Answers", ("User id", "Answer", "State", "Reason", "What helps"), rows)


def _exit_by(answers: "Sequence[CommandAnswer]") -> None:
    """Partly refused, or nobody there to do it to: not 0."""
    if not answers or any(it.verdict == "refused" for it in answers):
        raise typer.Exit(ExitCode.REFUSED)
