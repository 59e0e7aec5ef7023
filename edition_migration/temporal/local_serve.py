"""The local Temporal server as a process of its own, with its UI: for the demo and for local work. Not for production.

`python -m edition_migration.temporal.local_serve --port 7233 --ui-port 8233` serves until SIGTERM or SIGINT. With
`--db FILE` a restart finds everything again; without, the state is in memory.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from edition_migration.domain.errors import EditionMigrationError
from edition_migration.temporal.local_build import tell_stderr
from edition_migration.temporal.local_server import start_local_server
from edition_migration.temporal.search_attributes import search_attribute_keys


async def serve(port: int, ui_port: int, db: str | None) -> None:
    """Returns once told to end and the server has ended. Raises as `start_local_server`."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = await start_local_server(
        search_attributes=search_attribute_keys(), ui=True, ui_port=ui_port, port=port, db_filename=db
    )
    tell_stderr(f"serving on 127.0.0.1:{port}, UI on http://127.0.0.1:{ui_port}")
    await stop.wait()
    await server.shutdown()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="local_serve", description="Serve a local Temporal server with its UI.")
    parser.add_argument("--port", type=int, default=7233, help="where clients connect (7233)")
    parser.add_argument("--ui-port", type=int, default=8233, help="where the UI is (8233)")
    parser.add_argument("--db", help="SQLite file to keep the state in; in memory without")
    given = parser.parse_args(arguments)
    os.environ.pop("TEMPORAL_ADDRESS", None)  # whoever runs this wants a server here, whatever clients are told
    try:
        asyncio.run(serve(given.port, given.ui_port, given.db))
    except (EditionMigrationError, RuntimeError) as error:
        tell_stderr(f"cannot serve: {error}")
        return 1
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    # The SDK's native threads can abort an interpreter that ends the usual way.
    os._exit(code)
