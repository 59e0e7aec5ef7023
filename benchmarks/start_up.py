"""How long the command line takes to answer: `--help`, which loads little, and `pending` on an empty organization.

Run: `python -m benchmarks.start_up [TIMES]`. Wall seconds of whole processes, the least and the middle of them, beside
those of an interpreter that does nothing.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TIMES = 15
ROOT = Path(__file__).parent.parent
NOTHING = [sys.executable, "-c", "pass"]
HELP = [sys.executable, "starter.py", "--help"]
PENDING = [sys.executable, "starter.py", "pending"]


def prepared(folder: str) -> dict[str, str]:
    """An environment with a database that holds one organization."""
    secrets = subprocess.run(
        [sys.executable, "starter.py", "secrets"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    settings = dict(line.split("=", 1) for line in secrets.splitlines())
    environment = {**os.environ, **settings, "EDITION_MIGRATION_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/store.db"}
    make = "import asyncio,os; from edition_migration.adapters.store.schema import upgrade; "
    make += "asyncio.run(upgrade(os.environ['EDITION_MIGRATION_DATABASE_URL']))"
    subprocess.run([sys.executable, "-c", make], cwd=ROOT, env=environment, check=True)
    apply = [sys.executable, "starter.py", "event", "examples/provisioned.json"]
    subprocess.run(apply, cwd=ROOT, env=environment, check=True, capture_output=True)
    return environment


def seconds(command: list[str], environment: dict[str, str], times: int) -> list[float]:
    found: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
        found.append(time.perf_counter() - began)
    return found


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    with tempfile.TemporaryDirectory() as folder:
        environment = prepared(folder)
        for name, command in (("nothing", NOTHING), ("--help", HELP), ("pending", PENDING)):
            found = seconds(command, environment, times)
            print(f"{name:8} least {min(found):.2f} s, middle {statistics.median(found):.2f} s of {times}")


if __name__ == "__main__":
    main()
