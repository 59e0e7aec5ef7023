"""`plan` and `select`: users named, of a file, or all pending who fit a filter; now, at a time, or with a pilot."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli.as_typed import as_typed
from edition_migration.cli.commanding import agree, agree_unless_named, chosen_users, end_with, show_answers
from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import DEFAULT_ACTOR, ActivationName, Actor, Form, How, Who, WrongUsage, duration
from edition_migration.cli.output import say, show_json
from edition_migration.cli.plan_page import show_plan
from edition_migration.cli.progress import Watch
from edition_migration.cli.session import session_of
from edition_migration.cli.typed import unfit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edition_migration.application.chosen_users import Chosen
    from edition_migration.application.selection_order import SelectionOrder
    from edition_migration.application.views import SelectionView
    from edition_migration.domain.commands import CommandAnswer, SelectionAnswer


def moment(text: str) -> datetime:
    """ISO 8601 with its offset, since nobody can guess whose clock is meant. Parser of an option."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise unfit(text, "lacks the offset", "write it like 2026-11-23T08:00+01:00, or with Z for UTC")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter at both ends of the calendar
        raise unfit(text, "is no time", "write it like 2026-11-23T08:00+01:00") from None


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
    typer.Option(
        "--activation-delay",
        parser=duration,
        metavar="SPAN",
        help="With --activation delayed, e.g. 2d.",
        show_default="the organization's setting",
    ),
]
Administrator = Annotated[
    bool, typer.Option("--administrator", help="Select one user although he administers the organization; asks twice.")
]


OPTIONS = {
    "release_at": "--at",
    "pilot": "--pilot",
    "activation_delay": "--activation-delay",
    "confirm_administrator": "--administrator",
}
"""Under which names the fields of a selection are typed here."""


@dataclass(frozen=True, slots=True)
class Terms:
    """When and how the users of a selection go."""

    release_at: WhenReleased = None
    pilot: Pilot = None
    activation: WhenActivated = None
    activation_delay: ActivationDelay = None
    administrator: Administrator = False


@grouped
def plan(ctx: typer.Context, who: Who, terms: Terms, form: Form, actor: Actor = DEFAULT_ACTOR) -> None:
    """Show what `select` would do with the same users: who goes, who not and why, what it needs. Changes nothing."""
    chosen = chosen_users(ctx, who, "select")
    order = _order(chosen, terms, How(actor=actor))
    with Watch() as watch, as_typed(OPTIONS):
        name = f"Weighing {len(chosen.user_ids)} users"
        view = session_of(ctx).run(lambda services: watch.during(name, services.planning.plan(order)))
    if form.as_json:
        show_json(view.model_copy(update={"answers": _without_wave(view.answers)}))
    elif form.as_csv:
        show_answers(chosen, view.answers, form)
    else:
        show_plan(view)
    if not view.go:
        raise typer.Exit(ExitCode.REFUSED)


@grouped
def select(ctx: typer.Context, who: Who, terms: Terms, how: How, form: Form) -> None:
    """Select pending users for migration, as one wave, in the given order. Filters mean all who fit each of them."""
    chosen = chosen_users(ctx, who, "select")
    if terms.administrator:
        _confirm_administrator(chosen, how)
    else:
        hint = " See first who goes and who not: `starter.py plan`."
        agree_unless_named(who, chosen, "Users to select", how, hint=hint)
    order = _order(chosen, terms, how)
    answer = _selected(ctx, order, how)
    if form.as_json:
        show_json(_view(answer, order, how))
    else:
        show_answers(chosen, answer.answers, form)
        if answer.wave_id and not how.is_dry:
            say(f"Wave: {answer.wave_id}. See `starter.py wave show {answer.wave_id}`.")
        say(f"Licenses free: {answer.licenses_free}. Users waiting for capacity: {answer.waiting_for_capacity}.")
    end_with(answer.answers, how)


def _selected(ctx: typer.Context, order: "SelectionOrder", how: How) -> "SelectionAnswer":
    """One transaction, whatever their number."""
    name = f"Selecting {len(order.user_ids)} users in one transaction"
    with Watch() as watch, as_typed(OPTIONS):
        try:
            return session_of(ctx).change(
                lambda services: watch.during(name, services.selection.select(order)), is_dry=how.is_dry
            )
        except KeyboardInterrupt:
            again = f"give the same command again with --command-id {order.command_id}"
            say(f"All of them are selected, or nobody. To be told, and to go on, {again}.")
            raise


def _view(answer: "SelectionAnswer", order: "SelectionOrder", how: How) -> "SelectionView":
    from edition_migration.application.views import SelectionView

    kept = {"wave_id": None, "answers": _without_wave(answer.answers)} if how.is_dry else {}
    answer = answer.model_copy(update=kept)
    return SelectionView(**answer.model_dump(), org_id=order.org_id, is_dry=how.is_dry, command_id=order.command_id)


def _without_wave(answers: "Sequence[CommandAnswer]") -> "tuple[CommandAnswer, ...]":
    """The wave of a dry run or plan is not kept, so nobody can look for it; whose wave was faster stays."""
    return tuple(it.model_copy(update={"wave_id": None}) if it.verdict == "done" else it for it in answers)


def _order(chosen: "Chosen", terms: Terms, how: How) -> "SelectionOrder":
    from edition_migration.application.selection_order import SelectionOrder
    from edition_migration.domain.organization import Activation

    return SelectionOrder(
        org_id=chosen.org_id,
        user_ids=chosen.user_ids,
        actor=how.actor,
        command_id=how.key,
        activation=Activation(terms.activation) if terms.activation else None,
        activation_delay=terms.activation_delay,
        confirm_administrator=terms.administrator,
        release_at=terms.release_at,
        pilot=terms.pilot,
        fitting=chosen.fitting,
    )


def _confirm_administrator(chosen: "Chosen", how: How) -> None:
    """Twice, since a mistake can lock the organization out of its own administration; one user at a time."""
    if len(chosen.user_ids) != 1:
        raise WrongUsage("--administrator selects exactly one user; name him")
    agree(
        f"{chosen.user_ids[0]} may administer the organization: until a new password is chosen, "
        "this user cannot sign in, and nobody else may be able to help.",
        how,
    )
    agree("Make sure that another administrator can sign in meanwhile.", how)
