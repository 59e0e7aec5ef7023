"""A run that is told to end does so at once, with the children of its children, whatever its tasks are about."""

import asyncio
import signal
import sys
from pathlib import Path

import psutil
import pytest

RUN = """
import asyncio, sys, threading
from pathlib import Path
from tests.cluster.ending import end_when_told

async def stubborn():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def main():
    end_when_told([Path(sys.argv[1])])
    await asyncio.create_subprocess_exec("sh", "-c", "sleep 600 & wait", start_new_session=True)
    asyncio.create_task(asyncio.to_thread(threading.Event().wait))
    print("ready", flush=True)
    await stubborn()

asyncio.run(main())
"""
PATIENCE = 30.0
"""Of a busy machine."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_with_all_its_processes_and_files(tmp_path: Path, number: signal.Signals) -> None:
    data = tmp_path / "data"
    data.mkdir()
    pipe = asyncio.subprocess.PIPE
    run = await asyncio.create_subprocess_exec(sys.executable, "-c", RUN, str(data), stdout=pipe, stderr=pipe)
    assert run.stdout is not None
    assert run.stderr is not None
    assert await run.stdout.readline() == b"ready\n"
    async with asyncio.timeout(PATIENCE):
        while len(children := psutil.Process(run.pid).children(recursive=True)) < 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    run.send_signal(number)
    async with asyncio.timeout(PATIENCE):
        said = await run.stderr.read()
    assert await run.wait() == 130
    assert said.decode() == f"told to end by {number.name}; all its processes have ended\n"
    assert [it for it in children if it.is_running() and it.status() != psutil.STATUS_ZOMBIE] == []
    assert not data.exists()
