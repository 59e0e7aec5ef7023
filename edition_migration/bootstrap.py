"""The composition root, the only place that knows adapters: what worker, web and command line need is built here."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from temporalio.client import Client

from activities.commands import CommandActivities
from activities.mails import MailActivities
from activities.organization import OrganizationActivities
from activities.steps import StepActivities
from activities.waves import WaveActivities
from edition_migration.adapters.clock import SystemClock, SystemPace
from edition_migration.adapters.csv_files import CsvFiles
from edition_migration.adapters.hashing import PwdlibHasher
from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.adapters.smtp import Relay, SmtpMailer
from edition_migration.adapters.store.schema import expected_revision, upgrade
from edition_migration.adapters.store.store import SqlStore
from edition_migration.adapters.strength import strength
from edition_migration.application.capacity import Capacity
from edition_migration.application.chosen_users import ChosenUsers
from edition_migration.application.commands import Commands
from edition_migration.application.credentials import Credentials
from edition_migration.application.delivery import Delivery
from edition_migration.application.enrollment import Enrollment
from edition_migration.application.errands import Errands
from edition_migration.application.events import Events
from edition_migration.application.imports import ContactImport, UserImport
from edition_migration.application.intake import Intake
from edition_migration.application.mail_context import MailContexts
from edition_migration.application.organizations import Organizations
from edition_migration.application.queries import Queries
from edition_migration.application.reports import Reports
from edition_migration.application.rings import Bells
from edition_migration.application.selection import Selection
from edition_migration.application.sign_in import SignIn
from edition_migration.application.steps import Steps
from edition_migration.application.token_keys import TokenKeys
from edition_migration.application.waves import WaveRelease
from edition_migration.cli.services import CliServices
from edition_migration.observability import configure_logging
from edition_migration.ports.clock import Clock
from edition_migration.ports.gateway import WorkflowGateway
from edition_migration.ports.mails import Mailer
from edition_migration.ports.store import Store
from edition_migration.settings import Settings, load_settings
from edition_migration.temporal.client import connect
from edition_migration.temporal.gateway import TemporalWorkflowGateway
from edition_migration.temporal.preparation import prepare
from edition_migration.temporal.process import HealthAddress, run_worker
from edition_migration.temporal.worker import Activities, WorkerOptions
from edition_migration.web.app import build_app
from edition_migration.web.server import serve
from edition_migration.web.services import WebServices, WebSettings


@dataclass(frozen=True)
class Foundation:
    """The ports that everything is built on. Tests replace single ones."""

    settings: Settings
    store: Store
    clock: Clock
    gateway: WorkflowGateway
    mailer: Mailer


def foundation(settings: Settings, client: Client) -> Foundation:
    """The real ones. Opens nothing yet: store and client connect with their first use."""
    return Foundation(
        settings=settings,
        store=SqlStore(settings.database_url.get_secret_value()),
        clock=SystemClock(),
        gateway=TemporalWorkflowGateway(client),
        mailer=SmtpMailer(relay(settings)),
    )


def relay(settings: Settings) -> Relay:
    password = settings.smtp_password
    return Relay(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_sender,
        message_domain=settings.smtp_message_domain,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=password.get_secret_value() if password else None,
        ca_file=settings.smtp_ca_file,
    )


def link_keys(settings: Settings) -> TokenKeys:
    keys = settings.keys_of_links
    return TokenKeys(keys=keys, current=next(iter(keys)))


def build_activities(base: Foundation) -> Activities:
    """Everything that a worker can do."""
    store, clock = base.store, base.clock
    keys = link_keys(base.settings)
    selection = Selection(store=store, clock=clock)
    delivery = Delivery(
        store=store,
        clock=clock,
        renderer=TemplateRenderer(),
        mailer=base.mailer,
        contexts=MailContexts(keys=keys, link_base=base.settings.link_base),
    )
    page_size = max(1, round(base.settings.mails_per_second * 60))
    return Activities(
        steps=StepActivities(Steps(store=store, clock=clock, keys=keys)),
        commands=CommandActivities(Commands(store=store, clock=clock, selection=selection)),
        organization=OrganizationActivities(
            errands=Errands(store=store, clock=clock),
            events=Events(store=store, clock=clock),
            enrollment=Enrollment(store=store, clock=clock, gateway=base.gateway),
            capacity=Capacity(store=store, clock=clock),
            reports=Reports(store=store, clock=clock),
        ),
        waves=WaveActivities(WaveRelease(store=store, clock=clock, page_size=page_size)),
        mails=MailActivities(delivery),
    )


def build_web_services(base: Foundation) -> WebServices:
    """Everything that the web process can do."""
    store, clock = base.store, base.clock
    hasher = PwdlibHasher(threads=base.settings.hashing_threads)
    return WebServices(
        credentials=Credentials(
            store=store, clock=clock, hasher=hasher, strength=strength, keys=link_keys(base.settings)
        ),
        sign_in=SignIn(
            store=store,
            clock=clock,
            hasher=hasher,
            pace=SystemPace(),
            refusal_seconds=base.settings.sign_in_refusal.total_seconds(),
        ),
        intake=Intake(store=store, clock=clock),
        bells=Bells(store=store, gateway=base.gateway),
        store=store,
    )


def web_settings(settings: Settings) -> WebSettings:
    return WebSettings(
        link_base=settings.link_base,
        csrf_secret=settings.page_secret.get_secret_value(),
        webhook_secrets=settings.webhook_secret_list,
    )


async def work() -> None:
    """Runs the worker process until it is told to end; `worker.py` calls it."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    client = await connect(identity="worker")
    base = foundation(settings, client)
    await base.store.check()
    try:
        await run_worker(
            client,
            build_activities(base),
            Bells(store=base.store, gateway=base.gateway),
            WorkerOptions(mails_per_second=settings.mails_per_second, drain_limit=settings.drain_time),
            HealthAddress(settings.worker_health_host, settings.worker_health_port),
            {"store": base.store.check},
        )
    finally:
        await base.store.dispose()


async def serve_web() -> None:
    """Runs the web process until it is told to end; it serves while Temporal is down."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    base = foundation(settings, await connect(identity="web", lazy=True))
    await base.store.check()
    try:
        app = build_app(build_web_services(base), web_settings(settings))
        await serve(app, settings.web_host, settings.web_port)
    finally:
        await base.store.dispose()


def build_cli_services(base: Foundation) -> CliServices:
    """Everything that the command line can do."""
    store, clock, files = base.store, base.clock, CsvFiles()
    intake = Intake(store=store, clock=clock)
    selection = Selection(store=store, clock=clock)
    return CliServices(
        bells=Bells(store=store, gateway=base.gateway),
        chosen_users=ChosenUsers(store=store, files=files),
        commands=Commands(store=store, clock=clock, selection=selection),
        contact_import=ContactImport(store=store, files=files),
        intake=intake,
        organizations=Organizations(store=store, clock=clock, intake=intake),
        queries=Queries(store=store),
        selection=selection,
        user_import=UserImport(store=store, clock=clock, files=files),
    )


@asynccontextmanager
async def open_services() -> AsyncGenerator[CliServices]:
    """The services of one command; Temporal is connected only when something is rung."""
    base = foundation(load_settings(), await connect(identity="cli", lazy=True))
    try:
        await base.store.check()
        yield build_cli_services(base)
    finally:
        await base.store.dispose()


async def set_up() -> Sequence[str]:
    """Prepares database and Temporal; `starter.py setup` calls it. A repeat changes nothing."""
    await upgrade(load_settings().database_url.get_secret_value())
    return (f"Database: schema {expected_revision()}", *await prepare(await connect(identity="setup")))
