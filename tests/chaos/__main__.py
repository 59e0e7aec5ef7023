"""The chaos run: real processes, killed at random, until every migration has come to its end; then it is checked.

`python -m tests.chaos --migrations 1000 --seed 1 --result docs/results/chaos-1000-seed-1.json` (make chaos). The result
says what was broken how often and what `tests.chaos.check`, a program of its own, found; exit code 1 where it found
anything.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from edition_migration.adapters.store.store import SqlStore
from tests.chaos.monkey import Monkey, kept_running
from tests.chaos.notes import FAULTS, SINK, read_notes
from tests.chaos.people import People
from tests.chaos.play import REST_LIMIT, Play, checked, environment, machine, persons, relay, run_once
from tests.fixtures.database_process import running_database
from tests.fixtures.temporal_process import free_port, running_temporal


async def play(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """The run itself: faults from the first moment until everybody has come to an end, or the limit; then peace."""
    count, seed = arguments.migrations, arguments.seed
    async with (
        running_database() as database,
        running_temporal(folder) as (temporal, _),
        relay(folder, seed) as smtp_port,
    ):
        environ = environment(database.url, temporal.address, smtp_port, free_port())
        await run_once(environ, sys.executable, "starter.py", "setup")
        store = SqlStore(database.url)
        doors = [environ["EDITION_MIGRATION_LINK_BASE"]]
        people = People(folder, store, environ, persons(count, seed), seed, doors)
        async with kept_running(folder, environ):
            monkey, scene = Monkey(folder, seed, database, temporal, arguments.rest), Play(people)
            begun = time.time()
            monkey.start()
            await scene.begin()
            await scene.until_done(arguments.limit)
            await monkey.stop()
            last_fault_at = time.time()
            await scene.until_done(REST_LIMIT)
            found = await checked(folder, people, last_fault_at, await scene.end())
        await store.dispose()
    return {"seconds_under_fault": round(last_fault_at - begun, 1), **found}


def result_of(arguments: argparse.Namespace, folder: Path, ran: dict[str, Any], seconds: float) -> dict[str, Any]:
    fired = Counter(it["kind"] for it in read_notes(folder, FAULTS))
    return {
        "command": f"python -m tests.chaos --migrations {arguments.migrations} --seed {arguments.seed}"
        f" --limit {arguments.limit:g} --rest {arguments.rest:g}",
        "seed": arguments.seed,
        "migrations": arguments.migrations,
        "machine": machine(),
        "seconds": round(seconds, 1),
        "faults_fired": dict(sorted(fired.items())),
        "mails_received": len(read_notes(folder, SINK)),
        **ran,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--migrations", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds until the faults end in any case")
    parser.add_argument("--rest", type=float, default=1.0, help="how much longer than usual between two kills")
    parser.add_argument("--result", type=Path)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="em-chaos-"))
    sys.stderr.write(f"logs and notes: {folder}\n")
    begun = time.time()
    ran = asyncio.run(play(folder, arguments))
    result = result_of(arguments, folder, ran, time.time() - begun)
    text = json.dumps(result, indent=2) + "\n"
    sys.stdout.write(text)
    if arguments.result:
        arguments.result.write_text(text)
    return 0 if result["is_clean"] else 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
