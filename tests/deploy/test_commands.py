"""What the image starts is what the runs of many processes start: `tests.cluster`, `tests.chaos`, single ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import worker
from edition_migration import __main__ as web
from tests.chaos.nursery import ROLES
from tests.cluster.ours import our_programs
from tests.deploy.manifests import COMMANDS, DEPLOY, NAMESPACE
from tests.test_processes import PROCESSES, ROOT

STANDS_IN = """#!/bin/sh
printf '%s\\n' "$@"
"""
"""For Python: says with which arguments it was started."""


@pytest.fixture
def started(tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """The arguments of Python for each service, as the image's entry point gives them."""
    stand_in = tmp_path / "python"
    stand_in.write_text(STANDS_IN)
    stand_in.chmod(0o755)
    environ = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    entry = ["sh", str(DEPLOY / "image" / "entry.sh")]
    said = {
        name: subprocess.run([*entry, *command], env=environ, capture_output=True, text=True, check=True).stdout
        for name, command in COMMANDS.items()
    }
    return {name: tuple(lines.splitlines()) for name, lines in said.items()}


def test_the_run_on_a_cluster_starts_the_commands_of_the_services(started: dict[str, tuple[str, ...]]) -> None:
    programs = our_programs(Path(), {}, [0])
    serving = {command for name, command in started.items() if name != "setup"}
    assert {it.command[1:] for it in programs} == serving
    assert started["setup"] == ("starter.py", "setup")


def test_the_chaos_run_calls_what_those_programs_call() -> None:
    assert set(ROLES.values()) == {worker.work, web.serve_web}


def test_the_tests_of_single_processes_start_those_programs(started: dict[str, tuple[str, ...]]) -> None:
    programs = {name: [it.removeprefix(f"{ROOT}/") for it in command] for name, command in PROCESSES.items()}
    assert programs == {"worker": [started["worker"][0]], "web": list(started["web"])}


def test_setup_on_a_cluster_of_ones_own_is_a_command_that_there_is(started: dict[str, tuple[str, ...]]) -> None:
    done = subprocess.run(
        [sys.executable, *started["setup"], NAMESPACE, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
