"""A PostgreSQL proxy that cuts the line after COMMIT was done and before its answer arrives. For `test_store`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

COMMIT = b"COMMIT;"
SOCKET = ".s.PGSQL.5432"


class CommitCutter:
    """Cuts each so manieth line at its COMMIT, 0 none; `cut` counts those whose answer was lost."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()
        self.cuts_each = self.commits = self.cut = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs_reader, theirs_writer = await asyncio.open_unix_connection(self._server)
        doomed = asyncio.Event()
        pipes = [
            asyncio.create_task(self._questions(reader, theirs_writer, doomed)),
            asyncio.create_task(_answers(theirs_reader, writer, doomed)),
        ]
        self._tasks.update(pipes)
        await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        for pipe in pipes:
            pipe.cancel()
        self._tasks.difference_update(pipes)
        writer.transport.abort()
        theirs_writer.transport.abort()

    async def _questions(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        while part := await reader.read(65536):
            if COMMIT in part:
                self.commits += 1
                if self.cuts_each and self.commits % self.cuts_each == 0:
                    self.cut += 1
                    doomed.set()
            writer.write(part)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event) -> None:
    """Ends without passing on the answer to a COMMIT that is to be lost: it was done by then."""
    while part := await reader.read(65536):
        if doomed.is_set():
            return
        writer.write(part)


@asynccontextmanager
async def cutting_commits(url: str, folder: Path) -> AsyncGenerator[tuple[str, CommitCutter]]:
    """The URL of the same database behind the proxy, and the proxy."""
    parsed = make_url(url)
    cutter = CommitCutter(f"{parsed.query['host']}/{SOCKET}")
    listener = await asyncio.start_unix_server(cutter.serve, folder / SOCKET)
    try:
        yield parsed.update_query_dict({"host": str(folder)}).render_as_string(hide_password=False), cutter
    finally:
        listener.close()
        await cutter.stop()
