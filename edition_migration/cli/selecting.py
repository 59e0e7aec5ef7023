"""`select`: users named, of a file, or all who are pending and fit a filter; now, at a time, or with a pilot."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from edition_migration.cli.commanding import chosen_users, exit_by, show_answers
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
    from edition_migration.application.selection import SelectionOrder


def moment(text: str) -> datetime:
    """ISO 8601 with its offset, since nobody can guess whose clock is meant. Parser of an option."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("must be a time like 2026-11-23T08:00+01:00") from None
    if at.tzinfo is None:
        raise typer.BadParameter("lacks the offset; write it like 2026-11-23T08:00+01:00, or with Z for UTC")
    return at


InDomain = Annotated[str | None, typer.Option("--domain", help="All pending with an address in this domain.")]
OnClient = Annotated[
    str | None,
    typer.Option("--client", help="All pending on this client version, e.g. 5.2 or 5; unknown for those without one."),
]
OlderThan = Annotated[
    timedelta | None,
    typer.Option("--older-than", parser=duration, metavar="SPAN", help="All who have been pending longer than this."),
]
WhenReleased = Annotated[
    datetime | None,
    typer.Option("--at", parser=moment, metavar="TIME", help="Begin then, e.g. 2026-11-23T08:00+01:00."),
]
Pilot = Annotated[
    int | None,
    typer.Option("--pilot", min=1, metavar="N", help="N users first; then the wave pauses until `wave resume`."),
]
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
    in_domain: InDomain = None,
    on_client: OnClient = None,
    older_than: OlderThan = None,
    limit: AtMost = None,
    release_at: WhenReleased = None,
    pilot: Pilot = None,
    activation: WhenActivated = None,
    activation_delay: ActivationDelay = None,
    administrator: Administrator = False,
    yes: Yes = False,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Select pending users for migration, as one wave, in the given order. Filters mean all who fit each of them."""
    from edition_migration.application.chosen_users import Filter
    from edition_migration.application.selection import SelectionOrder
    from edition_migration.domain.organization import Activation

    fitting = Filter(domain=in_domain, client=on_client, older_than=older_than)
    chosen = chosen_users(
        ctx, org, users, users_from, everybody, limit, alternative="--all or a filter", fitting=fitting
    )
    if administrator:
        _confirm_administrator(chosen, yes)
    _select(
        ctx,
        SelectionOrder(
            org_id=chosen.org_id,
            user_ids=chosen.user_ids,
            actor=actor,
            command_id=command_id or uuid4().hex,
            activation=Activation(activation) if activation else None,
            activation_delay=activation_delay,
            confirm_administrator=administrator,
            release_at=release_at,
            pilot=pilot,
        ),
        as_json,
    )


def _select(ctx: typer.Context, order: "SelectionOrder", as_json: bool) -> None:
    answer = session_of(ctx).change(lambda services: services.selection.select(order))
    if as_json:
        show_json(answer)
    else:
        show_answers(answer.answers)
        if answer.wave_id:
            say(f"Wave: {answer.wave_id}. See `starter.py wave show {answer.wave_id}`.")
        say(f"Licenses free: {answer.licenses_free}. Users waiting for capacity: {answer.waiting_for_capacity}.")
    exit_by(answer.answers)


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
