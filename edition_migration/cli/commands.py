"""`exclude`, `activate`, `cancel`: commands on users whom the administrator names."""

import typer

from edition_migration.cli.commanding import agree, agree_unless_named, chosen_users, command, preview
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import Form, How, Who


@grouped
def exclude(ctx: typer.Context, who: Who, how: How, form: Form) -> None:
    """Take pending users off the list for good. They stay blocked."""
    chosen = chosen_users(ctx, who, "exclude")
    if users := preview(ctx, "exclude", chosen).users:
        agree(f"Users to take off the list for good: {users}. They stay blocked, and are not offered again.", how)
    command(ctx, "exclude", chosen, how, form)


@grouped
def activate(ctx: typer.Context, who: Who, how: How, form: Form) -> None:
    """Activate users now who have their instructions and wait for it."""
    chosen = chosen_users(ctx, who, "activate")
    agree_unless_named(who, chosen, "Users to activate now", how)
    command(ctx, "activate", chosen, how, form)


@grouped
def cancel(ctx: typer.Context, who: Who, how: How, form: Form) -> None:
    """Cancel migrations that are not finished. Licenses, storage and links are taken back."""
    chosen = chosen_users(ctx, who, "cancel")
    it = preview(ctx, "cancel", chosen)
    warning = f"Migrations to cancel: {it.users}. The users stay inactive."
    if it.activated:
        warning += f" Activated already: {it.activated}; these lose license, storage, links and sessions."
    if it.users:
        agree(warning, how)
    command(ctx, "cancel", chosen, how, form)
