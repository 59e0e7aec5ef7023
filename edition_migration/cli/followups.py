"""`retry`, `fix-address`, `resend`: following up on users who cannot go on, or have not answered."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli.as_typed import as_typed
from edition_migration.cli.commanding import agree_unless_named, chosen_users, command, show_command
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import Form, How, Order, Org, Who
from edition_migration.cli.output import say
from edition_migration.cli.session import session_of
from edition_migration.cli.typed import quoted

if TYPE_CHECKING:
    from edition_migration.cli.services import CliServices
    from edition_migration.domain.commands import CommandAnswer

AllParked = Annotated[bool, typer.Option("--parked", help="Everybody whom `parked` shows; the same as --all.")]


@grouped
def retry(ctx: typer.Context, who: Who, how: How, form: Form, all_parked: AllParked = False) -> None:
    """Let parked users go on where they stopped: send again what was refused, start again what is missing."""
    whole = replace(who, everybody=who.everybody or all_parked)
    chosen = chosen_users(ctx, whole, "retry")
    agree_unless_named(who, chosen, "Parked users who go on, and are sent again what was refused", how)
    command(ctx, "retry", chosen, how, form)


@grouped
def fix_address(
    ctx: typer.Context,
    user: Annotated[str, typer.Argument(help="User id or the address as it is.", show_default=False)],
    address: Annotated[str, typer.Argument(help="The right address.", show_default=False)],
    how: Order,
    form: Form,
    org: Org = None,
) -> None:
    """Correct a user's address; what was refused is sent to the new one."""
    chosen, key = chosen_users(ctx, Who(users=[user], org=org), "fix_address"), how.key

    async def fix(services: "CliServices") -> "CommandAnswer":
        return await services.commands.fix_address(
            chosen.org_id, chosen.user_ids[0], address, actor=how.actor, command_id=key
        )

    with as_typed({"email": "address"}, {"address": address}):
        answer = session_of(ctx).change(fix, is_dry=how.is_dry)
    if answer.verdict == "refused":
        say(f"The address given is {quoted(address)}.")
    show_command(chosen, key, [answer], how, form)


@grouped
def resend(ctx: typer.Context, who: Who, how: How, form: Form) -> None:
    """Send a new link to users who have not chosen a password, or the instructions once more.

    --older-than means here: whose last such mail is longer ago than this.
    """
    chosen = chosen_users(ctx, who, "resend")
    agree_unless_named(who, chosen, "Users who get a new link, or their instructions once more", how)
    command(ctx, "resend", chosen, how, form)
