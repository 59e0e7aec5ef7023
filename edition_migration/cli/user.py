"""`user show`: where one user stands; `user timeline`: how he came there. Each on one page."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import AsJson, Form
from edition_migration.cli.output import Cell, say, show_fields, show_json, show_list, show_table, text_of
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from edition_migration.application.timeline import TimelineLine, TimelineView
    from edition_migration.application.user_views import EffectivePolicy, MailLine, MigrationView, UserView
    from edition_migration.domain.holds import HeldBy

app = typer.Typer(no_args_is_help=True, help="Single users.")

User = Annotated[str, typer.Argument(help="User id or address.", show_default=False)]
OfOrg = Annotated[str | None, typer.Option("--org", help="His migration of this organization, not of the newest one.")]


@app.command()
def show(
    ctx: typer.Context,
    user: User,
    org: OfOrg = None,
    as_json: AsJson = False,
) -> None:
    """Show a user's facts, migration, effective policy and which rule decided, journal and mails."""
    from edition_migration.application.timeline_words import pairs

    view = session_of(ctx).run(lambda services: services.queries.user(user, org))
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
        [(it.at, it.generation, it.action, it.actor, it.source, it.target, pairs(it.detail)) for it in view.journal],
    )
    show_table(
        "Mails",
        ("Mail", "Round", "State", "Attempts", "Reply", "Queued (UTC)", "Accepted (UTC)", "Message-ID"),
        [_mail_cells(it) for it in view.mails],
    )


@app.command()
@grouped
def timeline(ctx: typer.Context, user: User, form: Form, org: OfOrg = None) -> None:
    """Show all that happened to a user, in order: journal, mails, links, sign-ins, events and pauses."""
    from edition_migration.application.timeline import TimelineLine

    view = session_of(ctx).run(lambda services: services.timelines.of_user(user, org))
    if form.as_json or form.as_csv:
        show_list(form, view, view.lines, TimelineLine, "", (), lambda _: ())
        return
    zone = view.zone if view.zone not in {None, "UTC"} else None
    times = ("At (UTC)", f"At ({zone})") if zone else ("At (UTC)",)
    show_table(
        f"Timeline of {view.user_id}",
        (*times, "Generation", "What", "By", "From", "To"),
        [(*_times(it.at, zone), *_line(it)) for it in view.lines],
    )
    _show_where(view)


def _times(at: datetime, zone: str | None) -> tuple[str, ...]:
    """To the second, so that the order can be seen; also as the user's own clock shows it."""
    shown = f"{at:%Y-%m-%d %H:%M:%S}"
    return (shown, f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}") if zone else (shown,)


def _line(it: "TimelineLine") -> tuple[Cell, ...]:
    is_still = it.source == it.target
    return it.generation, it.text, it.actor, None if is_still else it.source, None if is_still else it.target


def _show_where(view: "TimelineView") -> None:
    """Where he stands now, and where an operator sees it."""
    if view.state is None:
        return
    deadline = f", until {text_of(view.deadline)} (UTC)" if view.deadline else ""
    say(f"Now: {view.state}. Next: {view.next} ({view.who}){deadline}.")
    if view.held_by is not None:
        say(f"He is {_held(view.held_by, view.held_until, view.zone)}.")
    say(f"Workflow: {view.workflow_page or view.workflow_id}")


def _held(by: "HeldBy", until: datetime | None, zone: str | None) -> str:
    """Also as the user's own clock shows it."""
    from edition_migration.domain.holds import said

    there = f" ({until.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone})" if until and zone else ""
    return f"{said(by, until)}{there}"


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


def _mail_cells(it: "MailLine") -> tuple[Cell, ...]:
    from edition_migration.domain.holds import said

    state = it.state if it.held_by is None else f"{it.state}, {said(it.held_by, it.held_until)}"
    return it.kind, it.round, state, it.attempts, it.reply_code, it.created_at, it.accepted_at, it.message_id
