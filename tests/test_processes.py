"""The worker and the web process that cannot begin: the exit code of the command line for the reason, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
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
