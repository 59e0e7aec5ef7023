"""The worker and the web process that cannot begin: the exit code of the command line for the reason, no traceback."""

import base64
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KEY = base64.b64encode(b"k" * 32).decode()
SECRETS = {
    "EDITION_MIGRATION_LINK_KEYS": f"k1:{KEY}",
    "EDITION_MIGRATION_WEBHOOK_SECRETS": f"whsec_{KEY}",
    "EDITION_MIGRATION_PAGE_SECRET": "a page secret of more than 32 characters",
}
PROCESSES = {"worker": [str(ROOT / "worker.py")], "web": ["-m", "edition_migration"]}


def start(name: str, folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Runs the process in an empty folder, with these variables of ours only."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("EDITION_MIGRATION_", "TEMPORAL_"))}
    environ = {**kept, "PYTHONPATH": str(ROOT), "TEMPORAL_CONFIG_FILE": os.devnull, **settings}
    command = [sys.executable, *PROCESSES[name]]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", PROCESSES)
def test_missing_settings_end_the_process_with_the_code_of_a_setting(name: str, tmp_path: Path) -> None:
    done = start(name, tmp_path)
    assert (done.returncode, done.stdout) == (8, "")
    assert "EDITION_MIGRATION_LINK_KEYS: is missing | EDITION_MIGRATION_WEBHOOK_SECRETS: is missing" in done.stderr
    assert "What helps: set it in the environment or in .env; `starter.py secrets` helps\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_without_temporal_ends_with_the_code_of_temporal(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # never listens
        address = f"127.0.0.1:{held.getsockname()[1]}"
        done = start("worker", tmp_path, **SECRETS, TEMPORAL_ADDRESS=address)
    assert done.returncode == 6
    assert f"worker: no Temporal service answers at {address}\n" in done.stderr


def test_a_web_process_without_its_database_ends_with_the_code_of_the_database(tmp_path: Path) -> None:
    done = start("web", tmp_path, **SECRETS, EDITION_MIGRATION_DATABASE_URL="sqlite+aiosqlite:///none/none.db")
    assert done.returncode == 5
    assert done.stderr.startswith("edition-migration web: the database cannot answer (SQLITE_CANTOPEN)\nWhat helps: ")


@pytest.mark.parametrize("name", PROCESSES)
def test_a_port_for_metrics_that_is_taken_ends_the_process_with_the_code_of_a_setting(
    name: str, tmp_path: Path
) -> None:
    variable = f"EDITION_MIGRATION_{name.upper()}_METRICS_PORT"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = start(name, tmp_path, **SECRETS, **{variable: str(port)})
    assert (done.returncode, done.stdout) == (8, "")
    assert f"metrics cannot be served on 127.0.0.1:{port}: it is taken, or no address of this machine\n" in done.stderr
    assert f"What helps: choose another {variable}\n" in done.stderr
    assert "Traceback" not in done.stderr
