"""The command line as one typer app. Used by `starter.py`; tests build it over services of their own."""

from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli import (
    audit,
    commands,
    config,
    doctor,
    events,
    followups,
    imports,
    listings,
    mails,
    org,
    pauses,
    purge,
    reconcile,
    selecting,
    setup,
    status,
    takebacks,
    user,
    waves,
)
from edition_migration.cli.exit_codes import help_text
from edition_migration.cli.session import GuardedGroup, Session

if TYPE_CHECKING:
    from edition_migration.cli.doctor import Examine
    from edition_migration.cli.services import OpenServices, SetUp

HELP = "Move an organization's Guest Edition users to its Business Edition."


def build_app(open_services: "OpenServices", set_up: "SetUp", examine: "Examine") -> typer.Typer:
    """The app; each command opens the services for itself and closes them."""
    app = typer.Typer(
        cls=GuardedGroup,
        help=HELP,
        epilog=help_text(),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    session = Session(open_services, set_up)

    @app.callback()
    def root(  # pyright: ignore[reportUnusedFunction] - typer calls it
        ctx: typer.Context,
        debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    ) -> None:
        ctx.obj = session

    app.command()(setup.setup)
    app.command()(setup.secrets)
    app.command()(doctor.command(examine))
    app.command()(config.config)
    app.add_typer(org.app, name="org")
    app.add_typer(imports.app, name="import")
    for command in (events.event, events.inbox, listings.pending, listings.parked, listings.export, status.status):
        app.command()(command)
    for command in (selecting.plan, selecting.select, takebacks.deselect, commands.exclude, commands.activate):
        app.command()(command)
    for command in (commands.cancel, takebacks.undo, takebacks.extend, followups.resend, followups.retry):
        app.command()(command)
    app.command()(followups.fix_address)
    app.add_typer(waves.app, name="wave")
    for command in (pauses.pause, pauses.resume):
        app.command()(command)
    app.add_typer(user.app, name="user")
    app.add_typer(mails.app, name="mails")
    app.command()(reconcile.reconcile)
    app.command()(purge.purge)
    app.add_typer(audit.app, name="audit")
    app.command()(setup.demo)
    return app
