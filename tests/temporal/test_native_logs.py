"""What the SDK's native part has to say goes through our logging, and never past it to the terminal.

In a process of its own: what the native part of this one logs depends on what tests before made it do.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from temporalio.testing import WorkflowEnvironment

LOSES_ITS_CONNECTION = """
import asyncio, sys
from edition_migration.observability import configure_logging
from edition_migration.temporal.client import connect

async def main():
    client = await connect(identity="worker")
    print("connected", flush=True)
    sys.stdin.readline()
    await client.get_workflow_handle("nobody").signal("ring")

configure_logging("WARNING", "json")
asyncio.run(main())
"""


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def _relay_to(target: str) -> AsyncGenerator[str]:
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


async def test_a_lost_connection_is_a_line_of_our_log(temporal_env: WorkflowEnvironment) -> None:
    async with _relay_to(temporal_env.client.service_client.config.target_host) as address:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", LOSES_ITS_CONNECTION),
            env={**os.environ, "TEMPORAL_ADDRESS": address},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        assert await process.stdout.readline() == b"connected\n"
    process.stdin.write(b"\n")
    first = await process.stderr.readline()  # with the fifth try, or at the end with the last
    process.kill()
    await process.wait()
    line = json.loads(first)
    assert (line["level"], line["logger"].split("-")[0]) == ("warning", "temporalio.core")
