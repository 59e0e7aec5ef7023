"""The ports that every door is built on, made of the real adapters. Tests replace single ones."""

from dataclasses import dataclass

from temporalio.client import Client

from edition_migration.adapters.clock import SystemClock
from edition_migration.adapters.smtp import Relay, SmtpMailer
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.audit import Audit
from edition_migration.application.purge import Purge
from edition_migration.application.reconcile_journal import JournalReconciliation
from edition_migration.application.reconcile_organization import OrganizationReconciliation
from edition_migration.application.reconcile_rows import RowReconciliation
from edition_migration.application.reconcile_workflows import WorkflowReconciliation
from edition_migration.application.reconciliation import Reconciliation
from edition_migration.application.rings import Bells
from edition_migration.application.sealing import Sealer
from edition_migration.application.token_keys import TokenKeys
from edition_migration.domain.metrics import Process
from edition_migration.domain.purge import Retention
from edition_migration.ports.clock import Clock
from edition_migration.ports.gateway import WorkflowGateway
from edition_migration.ports.mails import Mailer
from edition_migration.ports.store import Store
from edition_migration.settings import Settings, variable_of
from edition_migration.temporal.gateway import TemporalWorkflowGateway
from edition_migration.temporal.metrics import MetricsAddress


@dataclass(frozen=True)
class Foundation:
    """What a process is built on."""

    settings: Settings
    store: Store
    clock: Clock
    gateway: WorkflowGateway
    mailer: Mailer


def foundation(settings: Settings, client: Client, *, is_dry: bool = False) -> Foundation:
    """The real ones. Opens nothing yet: store and client connect with their first use. `is_dry` keeps no change."""
    url = settings.database_url.get_secret_value()
    return Foundation(
        settings=settings,
        store=SqlStore(url, connections=settings.database_connections, is_dry=is_dry),
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
    """All keys; the first of the settings makes new links."""
    keys = settings.keys_of_links
    return TokenKeys(keys=keys, current=next(iter(keys)))


def metrics_address(settings: Settings, process: Process) -> MetricsAddress | None:
    """None where the settings say no port for this kind of process: it serves none."""
    ports = {
        Process.WORKER: ("worker_metrics_port", settings.worker_metrics_port),
        Process.WEB: ("web_metrics_port", settings.web_metrics_port),
    }
    field, port = ports[process]
    return MetricsAddress(str(settings.metrics_host), port, variable_of(field)) if port else None


def purge(base: Foundation) -> Purge:
    """For the worker, which removes daily, and the command line."""
    retention = Retention(events=base.settings.event_retention, rest=base.settings.retention)
    return Purge(store=base.store, clock=base.clock, retention=retention)


def reconciliation(base: Foundation) -> Reconciliation:
    """For the worker, which looks daily, and the command line."""
    store, clock, gateway = base.store, base.clock, base.gateway
    organization = OrganizationReconciliation(
        store=store, clock=clock, gateway=gateway, bells=Bells(store=store, gateway=gateway)
    )
    journal = JournalReconciliation(clock=clock, sealer=Sealer(store=store), audit=Audit(store=store, clock=clock))
    rows = RowReconciliation(store=store, clock=clock, gateway=gateway)
    workflows = WorkflowReconciliation(store=store, gateway=gateway)
    return Reconciliation(
        store=store, clock=clock, organization=organization, journal=journal, rows=rows, workflows=workflows
    )
