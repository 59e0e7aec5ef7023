"""`user show`: everything about one user on one page."""

from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli.options import AsJson
from edition_migration.cli.output import Cell, show_fields, show_json, show_table
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from edition_migration.application.views import EffectivePolicy, MigrationView, UserView

app = typer.Typer(no_args_is_help=True, help="Single users.")


@app.command()
def show(
    ctx: typer.Context,
    user: Annotated[str, typer.Argument(help="User id or address.")],
    as_json: AsJson = False,
) -> None:
    """Show a user's facts, migration, effective policy and which rule decided, journal and mails."""
    view = session_of(ctx).run(lambda services: services.queries.user(user))
    if as_json:
        show_json(view)
        return
    _show_facts(view)
    if view.migration is not None:
        _show_migration(view.migration)
    if view.policy is not None:
        _show_policy(view.policy)
    show_table(
        "Journal",
        ("At (UTC)", "Generation", "Action", "By", "From", "To", "Detail"),
        [(it.at, it.generation, it.action, it.actor, it.source, it.target, _detail(it.detail)) for it in view.journal],
    )
    show_table(
        "Mails",
        ("Mail", "Round", "State", "Attempts", "Reply", "Queued (UTC)", "Accepted (UTC)"),
        [(it.kind, it.round, it.state, it.attempts, it.reply_code, it.created_at, it.accepted_at) for it in view.mails],
    )


def _show_facts(view: "UserView") -> None:
    apart = {"migration", "policy", "journal", "mails"}
    show_fields("User", [(name, getattr(view, name)) for name in type(view).model_fields if name not in apart])


def _show_migration(migration: "MigrationView") -> None:
    fields: list[tuple[str, Cell]] = [
        (name, getattr(migration, name)) for name in type(migration).model_fields if name != "ticket"
    ]
    if (ticket := migration.ticket) is not None:
        state = ticket.waits_for or ticket.state
        fields.append(("ticket", f"number {ticket.number}, {state}, {ticket.storage_mb} MB"))
    show_fields("Migration", fields)


def _show_policy(policy: "EffectivePolicy") -> None:
    force = "not yet in force" if policy.assigned_revision is None else f"revision {policy.assigned_revision}"
    newest = "" if policy.assigned_revision in {None, policy.current_revision} else f" (now {policy.current_revision})"
    show_table(
        f"Policy, {force}{newest}, group {policy.group or '-'}",
        ("Action", "Allowed", "Rule"),
        [(it.action, it.is_allowed, it.rule) for it in policy.lines],
    )


def _detail(detail: dict[str, str | int | bool | None]) -> str:
    return ", ".join(f"{name}={value}" for name, value in detail.items() if value is not None)
