"""`deselect`, `extend`, `undo`: an administrator changes his mind."""

from datetime import timedelta
from typing import Annotated

import typer

from edition_migration.cli.commanding import agree, agree_unless_named, chosen_users, command, preview
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import Form, How, Who, duration

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


@grouped
def deselect(ctx: typer.Context, who: Who, how: How, form: Form) -> None:
    """Put selected users back on the list, as long as they have no instructions. Later, cancel them."""
    chosen = chosen_users(ctx, who, "deselect")
    agree_unless_named(who, chosen, "Users to put back on the list", how)
    command(ctx, "deselect", chosen, how, form)


@grouped
def extend(ctx: typer.Context, who: Who, how: How, form: Form, by: By = None) -> None:
    """Give users more time to choose a password or to sign in for the first time."""
    chosen = chosen_users(ctx, who, "extend_deadline")
    agree_unless_named(who, chosen, "Users who get more time", how)
    command(ctx, "extend_deadline", chosen, how, form, extension=by)


@grouped
def undo(ctx: typer.Context, who: Who, how: How, form: Form) -> None:
    """Take finished migrations back, within the organization's undo window (30 days by default)."""
    chosen = chosen_users(ctx, who, "undo")
    if (it := preview(ctx, "undo", chosen)).users:
        agree(
            f"Migrations to take back: {it.users}. The users become inactive guests again and are told so. "
            f"Taken back: licenses {it.users}, storage {it.storage_mb} MB, policies {it.users}, "
            f"open sessions {it.sessions}. Their new passwords are not valid any more.",
            how,
        )
    command(ctx, "undo", chosen, how, form)
