"""The worker process in this process: it is ready, and SIGTERM lets it drain and return."""

import asyncio
import os
import signal
import socket
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.errors import ConfigurationError
from edition_migration.domain.names import MAIL_QUEUE
from edition_migration.temporal.process import HealthAddress, Upkeep, run_worker
from edition_migration.temporal.worker import WorkerOptions
from tests.workflows.script import PATIENCE, Script, activities_of

OPTIONS = WorkerOptions(mails_per_second=10, drain_limit=timedelta(seconds=5))


class NoBells:
    async def ring_due(self) -> int:
        return 0

    async def wake(self, now: datetime) -> int:
        return 0


class NoSealer:
    async def seal_due(self) -> int:
        return 0


class NoGauges:
    async def look_up(self) -> None:
        return None


class BrokenBells:
    async def ring_due(self) -> int:
        raise ConfigurationError("broken on purpose")


class BrokenGauges:
    async def look_up(self) -> None:
        raise ConfigurationError("broken on purpose")


def upkeep(**parts: Any) -> Upkeep:
    return Upkeep(**{"bells": NoBells(), "sealer": NoSealer(), "gauges": NoGauges(), **parts})


async def _ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.write(b"GET /readyz HTTP/1.1\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.startswith(b"HTTP/1.1 200 ")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_worker_is_ready_and_returns_after_sigterm(temporal_env: WorkflowEnvironment) -> None:
    port = _free_port()
    activities = activities_of(Script())
    running = asyncio.create_task(
        run_worker(temporal_env.client, activities, upkeep(), OPTIONS, HealthAddress("127.0.0.1", port), {})
    )
    async with asyncio.timeout(PATIENCE):
        while not await _ready(port):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)
        await running
    assert not await _ready(port)


async def test_a_worker_for_mails_alone_neither_sweeps_nor_looks_gauges_up(temporal_env: WorkflowEnvironment) -> None:
    port = _free_port()
    options = WorkerOptions(mails_per_second=10, queues=(MAIL_QUEUE,), drain_limit=timedelta(seconds=5))
    running = asyncio.create_task(
        run_worker(
            temporal_env.client,
            activities_of(Script()),
            upkeep(bells=BrokenBells(), gauges=BrokenGauges()),
            options,
            HealthAddress("127.0.0.1", port),
            {},
        )
    )
    async with asyncio.timeout(PATIENCE):
        while not await _ready(port):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)
        await running
    assert running.exception() is None, "the bells break whoever rings them, and the gauges whoever looks them up"


@pytest.mark.parametrize("broken", [{"bells": BrokenBells()}, {"gauges": BrokenGauges()}], ids=["sweep", "gauges"])
async def test_upkeep_that_fails_ends_the_process_with_its_error(
    temporal_env: WorkflowEnvironment, broken: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match="broken on purpose"):
        async with asyncio.timeout(PATIENCE):
            await run_worker(
                temporal_env.client,
                activities_of(Script()),
                upkeep(**broken),
                OPTIONS,
                HealthAddress("127.0.0.1", 0),
                {},
            )
