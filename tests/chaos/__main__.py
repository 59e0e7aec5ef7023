"""The chaos run: real processes, killed at random, until every migration has come to its end; then it is checked.

`python -m tests.chaos --migrations 1000 --seed 1 --result docs/results/chaos-1000-seed-1.json` (make chaos). The result
says what was broken how often and what `tests.chaos.check`, a program of its own, found; exit code 1 where it found
anything.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from edition_migration.adapters.store.store import SqlStore
from tests.chaos.monkey import Monkey, environment, kept_running
from tests.chaos.notes import FAULTS, SETTING, SINK, read_notes
from tests.chaos.people import People, Person
from tests.fixtures.database_process import running_database
from tests.fixtures.temporal_process import free_port, running_temporal

ROLES = (("choose", 0.84), ("cancel", 0.10), ("expire", 0.06))
ORGANIZATIONS = 4
REST_LIMIT = 900.0
"""Seconds after the last fault in which everybody comes to an end."""


def persons(count: int, seed: int) -> list[Person]:
    """Users of some organizations; those who let it be are all of the last one, whose deadline is short."""
    chance = random.Random(seed)  # noqa: S311 - a seed is to be repeated
    roles = chance.choices([role for role, _ in ROLES], [weight for _, weight in ROLES], k=count)
    return [
        Person(
            f"u{number:05d}",
            f"o{ORGANIZATIONS if role == 'expire' else 1 + number % (ORGANIZATIONS - 1)}",
            role,
            number,
        )
        for number, role in enumerate(roles)
    ]


@contextlib.asynccontextmanager
async def relay(folder: Path, seed: int):
    """The port of the relay's own process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos.relay", str(folder), str(seed)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


async def play(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """The run itself; what it took."""
    count, seed = arguments.migrations, arguments.seed
    async with (
        running_database() as database,
        running_temporal(folder) as (temporal, _),
        relay(folder, seed) as smtp_port,
    ):
        environ = environment(database.url, temporal.address, smtp_port, free_port())
        await run_once(environ, sys.executable, "starter.py", "setup")
        store = SqlStore(database.url)
        people = People(folder, store, environ, persons(count, seed), seed)
        async with kept_running(folder, environ):
            monkey = Monkey(folder, seed, database, temporal, arguments.rest)
            took = await until_all_ended(people, monkey, arguments.limit)
            setting = {"database_url": database.url, "temporal_address": temporal.address, "environ": environ, **took}
            setting["people"] = {it.user_id: it.email for it in people.persons}
            (folder / SETTING).write_text(json.dumps(setting))
            checked = await run_once(environ, sys.executable, "-m", "tests.chaos.check", str(folder))
        await store.dispose()
    return {"took": took, **json.loads(checked)}


async def until_all_ended(people: People, monkey: Monkey, limit: float) -> dict[str, Any]:
    """Faults from the first moment until everybody has come to an end, or the limit; then peace, until all is still."""
    begun = time.time()
    monkey.start()
    await people.provision()
    acting = [asyncio.create_task(people.administrate()), asyncio.create_task(people.use_links())]
    while time.time() - begun < limit:
        if any(it.done() for it in acting):
            break
        await asyncio.sleep(5)
        sys.stderr.write(f"{time.time() - begun:6.0f} s  {json.dumps(await people.progress())}\n")
        if await people.are_done():
            break
    await monkey.stop()
    last_fault = time.time()
    while not await people.are_done() and time.time() - last_fault < REST_LIMIT and not any(it.done() for it in acting):  # noqa: ASYNC110
        await asyncio.sleep(2)
    for task in acting:
        task.cancel()
    outcomes = await asyncio.gather(*acting, return_exceptions=True)
    broken = [repr(it) for it in outcomes if isinstance(it, Exception)]
    return {
        "seconds_under_fault": round(last_fault - begun, 1),
        "last_fault_at": last_fault,
        "states": await people.progress(),
        "people_failed": broken,
    }


async def run_once(environ: dict[str, str], *command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, env=environ, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0, f"{command} ended with {process.returncode}"
    return out.decode()


def result_of(arguments: argparse.Namespace, folder: Path, ran: dict[str, Any], seconds: float) -> dict[str, Any]:
    fired = Counter(it["kind"] for it in read_notes(folder, FAULTS))
    took = ran.pop("took")
    del took["last_fault_at"]
    return {
        "command": f"python -m tests.chaos --migrations {arguments.migrations} --seed {arguments.seed}"
        f" --limit {arguments.limit:g} --rest {arguments.rest:g}",
        "seed": arguments.seed,
        "migrations": arguments.migrations,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "seconds": round(seconds, 1),
        **took,
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
