"""The worker process: what it can do, and running it. Used by `worker.py` and by tests."""

import os

from activities.commands import CommandActivities
from activities.mails import MailActivities
from activities.organization import OrganizationActivities
from activities.purge import PurgeActivities
from activities.reconciliation import ReconciliationActivities
from activities.steps import StepActivities
from activities.waves import WaveActivities
from edition_migration.adapters.clock import SystemPace
from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.application.capacity import Capacity
from edition_migration.application.commands import Commands
from edition_migration.application.delivery import Delivery
from edition_migration.application.enrollment import Enrollment
from edition_migration.application.errands import Errands
from edition_migration.application.events import Events
from edition_migration.application.gauges import Gauges
from edition_migration.application.mail_context import MailContexts
from edition_migration.application.relay_breaker import RelayBreaker
from edition_migration.application.reports import Reports
from edition_migration.application.rings import Bells
from edition_migration.application.sealing import Sealer
from edition_migration.application.selection import Selection
from edition_migration.application.steps import Steps
from edition_migration.application.wave_control import WaveControl
from edition_migration.application.waves import WaveRelease
from edition_migration.bootstrap.foundation import (
    Foundation,
    foundation,
    link_keys,
    metrics_address,
    purge,
    reconciliation,
)
from edition_migration.domain.metrics import Process
from edition_migration.observability import configure_logging
from edition_migration.ports.metrics import Meter
from edition_migration.settings import load_settings
from edition_migration.temporal.client import connect
from edition_migration.temporal.deployment import deployment_of
from edition_migration.temporal.metrics import SdkMeter
from edition_migration.temporal.process import HealthAddress, Upkeep, run_worker
from edition_migration.temporal.worker import QUEUES, Activities, WorkerOptions

LARGEST_PAGE = 1000
"""Users released in one transaction, however fast the relay is."""


def build_activities(base: Foundation, meter: Meter) -> Activities:
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
        breaker=RelayBreaker(pace=SystemPace(), meter=meter),
        pace=SystemPace(),
        meter=meter,
    )
    page_size = max(1, min(LARGEST_PAGE, round(base.settings.mails_per_second * 60)))
    return Activities(
        steps=StepActivities(Steps(store=store, clock=clock, keys=keys)),
        commands=CommandActivities(Commands(store=store, clock=clock, selection=selection, keys=keys)),
        organization=OrganizationActivities(
            errands=Errands(store=store, clock=clock, keys=keys),
            events=Events(store=store, clock=clock),
            enrollment=Enrollment(store=store, clock=clock, gateway=base.gateway),
            capacity=Capacity(store=store, clock=clock),
            reports=Reports(store=store, clock=clock),
        ),
        waves=WaveActivities(
            WaveRelease(store=store, clock=clock, page_size=page_size), WaveControl(store=store, clock=clock)
        ),
        mails=MailActivities(delivery),
        reconciliation=ReconciliationActivities(reconciliation(base)),
        purge=PurgeActivities(purge(base)),
    )


def _upkeep(base: Foundation, meter: Meter | None) -> Upkeep:
    """Without a meter nobody reads gauges, so none are looked up."""
    sealer = Sealer(store=base.store)
    return Upkeep(
        bells=Bells(store=base.store, gateway=base.gateway),
        sealer=sealer,
        gauges=Gauges(store=base.store, clock=base.clock, meter=meter, sealer=sealer) if meter else None,
    )


async def work(queues: tuple[str, ...] = QUEUES) -> None:
    """Runs the worker process on these queues until it is told to end; `worker.py` calls it."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    deployment = deployment_of(os.environ)
    metrics = metrics_address(settings, Process.WORKER)
    client = await connect(identity="worker", metrics=metrics)
    base, meter = foundation(settings, client), SdkMeter(client, Process.WORKER)
    try:
        await base.store.check()
        await run_worker(
            client,
            build_activities(base, meter),
            _upkeep(base, meter if metrics else None),
            WorkerOptions(
                mails_per_second=settings.mails_per_second,
                queues=queues,
                deployment=deployment,
                drain_limit=settings.drain_time,
            ),
            HealthAddress(settings.worker_health_host, settings.worker_health_port),
            {"store": base.store.check},
        )
    finally:
        await base.store.dispose()
