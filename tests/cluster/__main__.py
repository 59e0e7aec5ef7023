"""Our service on a Temporal cluster and PostgreSQL, all of this machine, while each process is restarted in turn.

`python -m tests.cluster --migrations 500 --result docs/results/cluster-500.json` (make cluster-test). The result says
how long each restart took and what `tests.chaos.check`, a program of its own, found; exit code 1 where anything is
wrong.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.errors import EditionMigrationError
from edition_migration.temporal.client import connect
from tests.chaos.people import People
from tests.chaos.play import checked, environment, machine, persons, relay
from tests.cluster.build import built_programs
from tests.cluster.footprint import Footprint
from tests.cluster.ours import our_programs
from tests.cluster.ports import free_ports
from tests.cluster.postgres import new_postgres
from tests.cluster.program import Program, ProgramFailed, run_once
from tests.cluster.rolling import Rolling
from tests.cluster.temporal import DATABASES, Temporal
from tests.fixtures.temporal_process import HOST

NAMESPACE, DATABASE = "edition-migration", "edition_migration"
SHORT, FULL = 60, 500
"""Migrations."""
WAVES = 15
"""About so many in all, so that there is work to do at each restart."""


async def play(folder: Path, count: int, seed: int) -> dict[str, Any]:
    """The run itself. Whatever happens, every process that it started has ended when it returns."""
    built = await asyncio.to_thread(built_programs, os.environ)
    async with new_postgres(folder) as postgres, relay(folder, seed=None) as smtp_port:
        temporal = Temporal(folder, built, postgres.port, NAMESPACE)
        async with _killed_at_the_end() as programs:
            programs += [postgres.program, *temporal.programs]
            await postgres.start()
            await temporal.start()
            web_ports = free_ports(2)
            environ = environment(await postgres.create(DATABASE), temporal.address, smtp_port, web_ports[0])
            environ["TEMPORAL_NAMESPACE"] = NAMESPACE
            await run_once("setup", (sys.executable, "starter.py", "setup", "--create-namespace"), environ, folder)
            ours = our_programs(folder, environ, web_ports)
            programs += ours
            await asyncio.gather(*(it.start() for it in (temporal.ui, *ours)))
            doors = [f"http://{HOST}:{port}" for port in web_ports]
            store = SqlStore(environ["EDITION_MIGRATION_DATABASE_URL"])
            people = People(folder, store, environ, persons(count, seed), seed, doors, wave=count // WAVES)
            rolling = Rolling(people, theirs=[*temporal.programs, postgres.program], ours=ours)
            footprint = Footprint([postgres.url(name) for name in (DATABASE, *DATABASES)])
            await footprint.begin()
            ended = await rolling.run()
            found = await checked(folder, people, rolling.ended_at, ended)
            await store.dispose()
            client = await connect(identity="footprint", environ=environ)
            return rolling.result | found | {"footprint": await footprint.end(client, count)}


@contextlib.asynccontextmanager
async def _killed_at_the_end() -> AsyncGenerator[list[Program]]:
    """Those that are put into the list."""
    programs: list[Program] = []
    try:
        yield programs
    finally:
        for program in programs:
            program.kill()
        await asyncio.gather(*(it.gone() for it in programs))


def what_is_wrong(result: dict[str, Any]) -> list[str]:
    """A line each; empty where all is as it must be. Temporal's own exit codes are only shown."""
    codes = {name: it["exit_code"] for name, it in result["restarts_of_ours"].items()}
    return [
        *(f"{name} ended with code {code}" for name, code in codes.items() if code != 0),
        *(f"{name} had ended by itself" for name in result["ended_by_themselves"]),
        *(f"who acts failed: {it}" for it in result["people_failed"]),
        *(f"{invariant}: {found}" for invariant, found in result["violations"].items()),
    ]


async def _until_told(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """SIGTERM ends the run as Ctrl-C does: in order, with all its processes."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await play(folder, arguments.migrations, arguments.seed)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.cluster", description=__doc__)
    parser.add_argument("--migrations", type=int, default=FULL)
    parser.add_argument("--short", action="store_const", const=SHORT, dest="migrations", help=f"{SHORT} migrations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--result", type=Path)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="em-cluster-"))
    sys.stderr.write(f"logs and notes: {folder}\n")
    begun = time.monotonic()
    try:
        ran = asyncio.run(_until_told(folder, arguments))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("cluster-test: interrupted; all its processes have ended\n")
        return 130
    except (ProgramFailed, EditionMigrationError) as error:
        sys.stderr.write(f"cluster-test: {error}\n")
        return 1
    result = {
        "command": f"python -m tests.cluster --migrations {arguments.migrations} --seed {arguments.seed}",
        "machine": machine(),
        "migrations": arguments.migrations,
        "seconds": round(time.monotonic() - begun, 1),
        **ran,
    }
    text = json.dumps(result, indent=2) + "\n"
    sys.stdout.write(text)
    if arguments.result:
        arguments.result.write_text(text)
    wrong = what_is_wrong(result)
    sys.stderr.write("".join(f"cluster-test: {it}\n" for it in wrong) or "cluster-test: all is well\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The SDK's native threads can abort an interpreter that ends the usual way.
    os._exit(code)
