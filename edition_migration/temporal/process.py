"""The worker process: its workers, upkeep and health page until SIGTERM or SIGINT, then it drains and ends.

`bootstrap` gives it all it needs; `worker.py` starts it.
"""

import asyncio
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from edition_migration.application.gauges import Gauges
from edition_migration.application.rings import Bells
from edition_migration.application.sealing import Sealer
from edition_migration.domain.errors import TemporalUnavailable
from edition_migration.domain.names import MIGRATION_QUEUE
from edition_migration.temporal.health import Check, Health, serve_health
from edition_migration.temporal.sweep import look_up, seal, sweep
from edition_migration.temporal.worker import Activities, WorkerOptions, build_workers

SIGNALS = (signal.SIGTERM, signal.SIGINT)

HEALTH_LIMIT = timedelta(seconds=2)

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class HealthAddress:
    """Where the health page listens; port 0 lets the system choose."""

    host: str
    port: int


@dataclass(frozen=True)
class Upkeep:
    """What a worker of queue `migration` does beside it, again and again; `gauges` None where nobody reads them."""

    bells: Bells
    sealer: Sealer
    gauges: Gauges | None

    def tasks(self, stop: asyncio.Event) -> Sequence[asyncio.Task[None]]:
        """Started; each ends when `stop` is set."""
        loops = [sweep(self.bells, stop), seal(self.sealer, stop)]
        if self.gauges:
            loops.append(look_up(self.gauges, stop))
        return [asyncio.create_task(loop) for loop in loops]


async def run_worker(
    client: Client,
    activities: Activities,
    upkeep: Upkeep,
    options: WorkerOptions,
    health: HealthAddress,
    checks: Mapping[str, Check],
) -> None:
    """Returns after a drained end. Raises what a worker or its upkeep failed of, after draining the rest.

    `checks` are added to those of Temporal and the workers, e.g. the store's.
    """
    stop = asyncio.Event()
    _stop_on_signals(stop)
    workers = build_workers(client, activities, options)
    all_checks = {"temporal": _temporal_check(client), "workers": _workers_check(workers), **checks}
    server = await serve_health(Health(all_checks), health.host, health.port)
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    if MIGRATION_QUEUE in options.queues:  # a process for mails alone scales by mails
        tasks += upkeep.tasks(stop)
    _announce(client, options, server)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
    log.info("draining", limit_seconds=options.drain_limit.total_seconds())
    stop.set()
    await asyncio.gather(stopping, *(worker.shutdown() for worker in workers))
    server.close()
    _heed_signals_no_more()
    await asyncio.gather(*tasks)
    log.info("drained")


def _stop_on_signals(stop: asyncio.Event) -> None:
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


def _heed_signals_no_more() -> None:
    for number in SIGNALS:
        asyncio.get_running_loop().remove_signal_handler(number)


def _announce(client: Client, options: WorkerOptions, server: asyncio.Server) -> None:
    host, port = server.sockets[0].getsockname()[:2]
    log.info(
        "serving",
        queues=options.queues,
        deployment=options.deployment.version.to_canonical_string() if options.deployment else None,
        temporal=client.service_client.config.target_host,
        namespace=client.namespace,
        health=f"http://{host}:{port}/readyz",
    )


def _temporal_check(client: Client) -> Check:
    async def check() -> None:
        try:
            is_serving = await client.service_client.check_health(timeout=HEALTH_LIMIT, retry=False)
        except RPCError as error:
            raise TemporalUnavailable(f"the Temporal service answers {error.status.name}") from None
        if not is_serving:
            raise TemporalUnavailable("the Temporal service says that it is not serving")

    return check


def _workers_check(workers: Sequence[Worker]) -> Check:
    async def check() -> None:
        if not all(worker.is_running for worker in workers):
            raise TemporalUnavailable("a worker is not running")

    return check
