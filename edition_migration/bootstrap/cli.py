"""The command line's services and its `setup`. Used by `starter.py`; loads neither workers nor the web process."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from edition_migration.adapters.csv_files import CsvFiles
from edition_migration.application.audit import Audit
from edition_migration.application.chosen_users import ChosenUsers
from edition_migration.application.commands import Commands
from edition_migration.application.imports import ContactImport, UserImport
from edition_migration.application.intake import Intake
from edition_migration.application.listings import Listings
from edition_migration.application.mail_samples import MailSamples
from edition_migration.application.organizations import Organizations
from edition_migration.application.own_texts import OwnTexts
from edition_migration.application.pauses import Pauses
from edition_migration.application.planning import Planning
from edition_migration.application.previews import Previews
from edition_migration.application.queries import Queries
from edition_migration.application.rings import Bells
from edition_migration.application.selection import Selection
from edition_migration.application.timeline import Timelines
from edition_migration.application.wave_control import WaveControl
from edition_migration.application.wave_queries import WaveQueries
from edition_migration.bootstrap.foundation import Foundation, foundation, link_keys, purge, reconciliation
from edition_migration.cli.services import CliServices
from edition_migration.observability import configure_logging
from edition_migration.ports.mails import Renderer
from edition_migration.settings import load_settings
from edition_migration.temporal.client import connect, namespace
from edition_migration.temporal.preparation import prepare
from edition_migration.temporal.ui import TemporalUi


def build_cli_services(base: Foundation) -> CliServices:
    """Everything that the command line can do."""
    store, clock, message_domain = base.store, base.clock, base.settings.smtp_message_domain
    files, intake = CsvFiles(), Intake(store=store, clock=clock)
    selection = Selection(store=store, clock=clock)
    return CliServices(
        audit=Audit(store=store, clock=clock),
        bells=Bells(store=store, gateway=base.gateway),
        chosen_users=ChosenUsers(store=store, clock=clock, files=files),
        commands=Commands(store=store, clock=clock, selection=selection, keys=link_keys(base.settings)),
        contact_import=ContactImport(store=store, files=files),
        intake=intake,
        listings=Listings(store=store, clock=clock, message_domain=message_domain),
        mail_samples=MailSamples(
            store=store,
            clock=clock,
            new_renderer=_renderer,
            mailer=base.mailer,
            link_base=base.settings.link_base,
        ),
        organizations=Organizations(store=store, clock=clock, intake=intake),
        own_texts=OwnTexts(store=store, clock=clock),
        pauses=Pauses(store=store, clock=clock),
        planning=Planning(
            store=store, clock=clock, selection=selection, mails_per_second=base.settings.mails_per_second
        ),
        previews=Previews(store=store, clock=clock),
        purge=purge(base),
        queries=Queries(store=store, clock=clock, message_domain=message_domain),
        reconciliation=reconciliation(base),
        selection=selection,
        timelines=Timelines(store=store, clock=clock, pages=TemporalUi(base.settings.temporal_ui, namespace())),
        user_import=UserImport(store=store, clock=clock, files=files),
        wave_control=WaveControl(store=store, clock=clock),
        wave_queries=WaveQueries(store=store, files=files),
    )


def _renderer() -> Renderer:
    """Loaded only where a mail is looked at: jinja2 and babel take a fifth of a second."""
    from edition_migration.adapters.mails.renderer import TemplateRenderer

    return TemplateRenderer()


@asynccontextmanager
async def open_services(*, is_dry: bool = False) -> AsyncGenerator[CliServices]:
    """Opens what one command needs, `is_dry` on a store that keeps nothing; Temporal is not waited for.

    Raises ConfigurationError, StoreUnavailable."""
    settings = load_settings()
    configure_logging("WARNING", "console")
    base = foundation(settings, await connect(identity="starter", lazy=True), is_dry=is_dry)
    try:
        await base.store.check()
        yield build_cli_services(base)
    finally:
        await base.store.dispose()


async def set_up(*, creates_namespace: bool = False) -> Sequence[str]:
    """Schema, then namespace and search attributes. A repeat changes nothing.

    Raises StoreUnavailable, TemporalUnavailable, ConfigurationError (no such namespace); what was done stays done.
    """
    from edition_migration.adapters.store.schema import upgrade  # Alembic, which no other command needs

    settings = load_settings()
    revision = await upgrade(settings.database_url.get_secret_value())
    prepared = await prepare(await connect(identity="starter"), creates_namespace=creates_namespace)
    return (f"Database: the schema is at revision {revision}.", *prepared)
