"""Our service on a Temporal cluster and PostgreSQL, all of this machine, while its processes are restarted and killed.

`python -m tests.cluster --migrations 500 --result docs/results/cluster-500.json` (make cluster-test). The result says
how long each restart took and what `tests.chaos.check`, a program of its own, found; exit code 1 where anything is
wrong.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.errors import EditionMigrationError
from edition_migration.domain.states import MigrationState
from edition_migration.temporal.client import connect
from tests.chaos.people import People
from tests.chaos.play import checked, environment, machine, persons, relay
from tests.cluster.build import built_programs
from tests.cluster.ending import end_when_told
from tests.cluster.footprint import Footprint
from tests.cluster.ours import our_programs
from tests.cluster.ports import free_ports
from tests.cluster.postgres import OURS, Postgres
from tests.cluster.program import Program, ProgramFailed, run_once
from tests.cluster.rolling import Rolling
from tests.cluster.temporal import DATABASES, Temporal
from tests.fixtures.temporal_process import HOST

NAMESPACE = "edition-migration"
SHORT, FULL = 60, 500
"""Migrations."""
DISTURBANCES = ("restarts_of_theirs", "restarts_of_ours", "kills")
WAVES = 30
"""About so many in all, so that there is work to do at each restart and kill."""


async def play(folder: Path, data: Path, count: int, seed: int) -> dict[str, Any]:
    """The run itself, with the database's files in `data`. Every process that it started has ended when it returns."""
    built = await asyncio.to_thread(built_programs, os.environ)
    postgres = Postgres(data, folder)
    async with relay(folder, seed=None) as smtp_port:
        temporal = Temporal(folder, built, postgres, NAMESPACE)
        async with _killed_at_the_end() as programs:
            programs += [postgres.program, *temporal.programs]
            await postgres.start()
            await temporal.start()
            web_ports = free_ports(2)
            environ = environment(postgres.url(OURS), temporal.address, smtp_port, web_ports[0])
            environ["TEMPORAL_NAMESPACE"] = NAMESPACE
            await run_once("setup", (sys.executable, "starter.py", "setup", "--create-namespace"), environ, folder)
            ours = our_programs(folder, environ, web_ports)
            programs += ours
            await asyncio.gather(*(it.start() for it in (temporal.ui, *ours)))
            doors = [f"http://{HOST}:{port}" for port in web_ports]
            store = SqlStore(environ["EDITION_MIGRATION_DATABASE_URL"])
            people = People(folder, store, environ, persons(count, seed), seed, doors, wave=count // WAVES)
            rolling = Rolling(people, theirs=[*temporal.programs, postgres.program], ours=ours)
            footprint = Footprint([postgres.url(name) for name in (OURS, *DATABASES)])
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
        await asyncio.gather(*(it.kill() for it in programs))


def what_is_wrong(result: dict[str, Any]) -> list[str]:
    """A line each; empty where all is as it must be. Temporal's own exit codes are only shown."""
    codes = {name: it["exit_code"] for name, it in result["restarts_of_ours"].items()}
    kills = {name: it["exit_code"] for name, it in result["kills"].items()}
    idle = [it for it in DISTURBANCES if not any(one["migrations_open"] for one in result[it].values())]
    return [
        *(["nobody was migrated"] if not result["states"].get(MigrationState.MIGRATED) else []),
        *(f"{it}: no migration was open at any" for it in idle),
        *(f"{name} ended with code {code}" for name, code in codes.items() if code != 0),
        *(f"{name} was killed and ended with code {code}" for name, code in kills.items() if code != -signal.SIGKILL),
        *(f"{name} had ended by itself" for name in result["ended_by_themselves"]),
        *(f"who acts failed: {it}" for it in result["people_failed"]),
        *(f"{invariant}: {found}" for invariant, found in result["violations"].items()),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.cluster", description=__doc__)
    parser.add_argument("--migrations", type=int, default=FULL)
    parser.add_argument("--short", action="store_const", const=SHORT, dest="migrations", help=f"{SHORT} migrations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--result", type=Path)
    arguments = parser.parse_args()
    folder, data = (Path(tempfile.mkdtemp(prefix=prefix)) for prefix in ("em-cluster-", "em-pg-"))
    end_when_told([data])
    sys.stderr.write(f"logs and notes: {folder}\n")
    begun = time.monotonic()
    try:
        ran = asyncio.run(play(folder, data, arguments.migrations, arguments.seed))
    except (ProgramFailed, EditionMigrationError) as error:
        sys.stderr.write(f"cluster-test: {error}\n")
        return 1
    finally:
        shutil.rmtree(data, ignore_errors=True)
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
