"""The server process: says what it serves, answers what is in flight, ends with 0."""

import asyncio
import signal
import sys
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from edition_migration.web.server import serve

async def slow(request):
    print("in flight", flush=True)
    await asyncio.sleep(0.5)
    return PlainTextResponse("answered")

asyncio.run(serve(Starlette(routes=[Route("/slow", slow)]), "127.0.0.1", 0))
"""


async def line_with(stream: asyncio.StreamReader, word: str) -> str:
    while line := (await asyncio.wait_for(stream.readline(), 30)).decode():
        if word in line:
            return line
    raise AssertionError(f"the server never said {word!r}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_drains_what_is_in_flight_and_ends_with_zero(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, cwd=ROOT, stdout=asyncio.subprocess.PIPE, env={"NO_COLOR": "1"}
    )
    assert process.stdout is not None
    serving = await line_with(process.stdout, "web.serving")
    port = int(serving.rpartition("port=")[2])
    async with httpx2.AsyncClient() as client:
        answer = asyncio.ensure_future(client.get(f"http://127.0.0.1:{port}/slow"))
        await line_with(process.stdout, "in flight")
        process.send_signal(number)
        assert (await answer).text == "answered"
    assert await asyncio.wait_for(process.wait(), 30) == 0
