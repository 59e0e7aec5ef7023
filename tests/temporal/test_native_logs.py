"""What the SDK's native part has to say goes through our logging, and never past it to the terminal."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from edition_migration.temporal.client import connect


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def _relay_to(target: str) -> AsyncIterator[str]:
    """An address that leads to `target` while the block lasts, and to nobody afterwards."""
    host, _, port = target.rpartition(":")
    pumps: list[asyncio.Task[None]] = []
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection(host, int(port))
        writers.extend((writer, here))
        pumps.extend((asyncio.create_task(_pump(reader, here)), asyncio.create_task(_pump(there, writer))))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for pump in pumps:
        pump.cancel()
    for writer in writers:
        writer.close()


@pytest_asyncio.fixture
async def native_line() -> AsyncIterator[asyncio.Event]:
    """Set with the first line that reaches the logger of the native part; its threads are not ours.

    The logger has a level of its own meanwhile, since a test before may have left the root's higher.
    """
    line, loop = asyncio.Event(), asyncio.get_running_loop()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            loop.call_soon_threadsafe(line.set)

    listener, logger = Listener(), logging.getLogger("temporalio.core")
    logger.addHandler(listener)
    logger.setLevel(logging.WARNING)
    yield line
    logger.removeHandler(listener)
    logger.setLevel(logging.NOTSET)


async def test_a_lost_connection_is_a_line_of_our_log(
    temporal_env: WorkflowEnvironment, capfd: pytest.CaptureFixture[str], native_line: asyncio.Event
) -> None:
    async with _relay_to(temporal_env.client.service_client.config.target_host) as address:
        client = await connect(identity="worker", environ={"TEMPORAL_ADDRESS": address})
    unheard = client.get_workflow_handle("nobody").signal("ring", rpc_timeout=timedelta(minutes=2))
    signal = asyncio.create_task(unheard)  # the line comes with its fifth try, however slow the machine
    async with asyncio.timeout(90):
        await native_line.wait()
    signal.cancel()
    with pytest.raises(asyncio.CancelledError):
        await signal
    assert "temporalio" not in "".join(capfd.readouterr())
