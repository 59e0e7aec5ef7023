"""`status`: where everybody of an organization stands."""

import typer

from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import Form, Org
from edition_migration.cli.org import show_capacity
from edition_migration.cli.output import say, show_list, show_table, text_of
from edition_migration.cli.pauses import scope_name
from edition_migration.cli.session import session_of


@grouped
def status(ctx: typer.Context, form: Form, org: Org = None) -> None:
    """Count users by state and reason, and show capacity, waves and mails. --csv has the counts of users."""
    from edition_migration.application.views import StateCount

    view = session_of(ctx).run(lambda services: services.queries.status(org))
    if form.as_json or form.as_csv:
        show_list(form, view, view.states, StateCount, "", (), lambda _: ())
        return
    for pause in view.pauses:
        say(f"Paused: {scope_name(pause.org_id)}, since {text_of(pause.started_at)} (UTC) by {pause.actor}.")
    show_table(
        f"Users of {view.org_id}",
        ("State", "Reason", "Users"),
        [(it.state, it.reason, it.users) for it in view.states],
    )
    show_capacity(view.capacity)
    show_table(
        "Waves",
        ("Wave", "By", "State", "Users", "Activation", "Delay", "Made (UTC)"),
        [
            (it.wave_id, it.actor, it.state, it.users, it.activation, it.activation_delay, it.created_at)
            for it in view.waves
        ],
    )
    show_table("Mails", ("Mail", "State", "Mails"), [(it.kind, it.state, it.mails) for it in view.mails])
    if view.pending:
        say(f"Users pending: {view.pending}. See `starter.py pending --org {view.org_id}`.")
    if view.parked:
        say(f"Users parked: {view.parked}. See `starter.py parked --org {view.org_id}`.")
