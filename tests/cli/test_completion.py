"""Completion in the three shells: what each shell's script asks the program, and what it answers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

STARTER = Path(__file__).parents[2] / "starter.py"
ASKED = {
    "bash": ({"COMP_WORDS": "starter.py wave re", "COMP_CWORD": "2"}, ["resume", "retry-failed", "report"]),
    "zsh": ({"_TYPER_COMPLETE_ARGS": "starter.py doc"}, ['"doctor"']),
    "fish": (
        {"_TYPER_COMPLETE_ARGS": "starter.py cancel --dr", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        ["--dry-run\t"],
    ),
}


@pytest.mark.parametrize("shell", ASKED)
def test_words_are_completed(shell: str) -> None:
    asked, answers = ASKED[shell]
    environment = {**os.environ, **asked, "_STARTER.PY_COMPLETE": f"complete_{shell}"}
    done = subprocess.run([sys.executable, STARTER], env=environment, capture_output=True, text=True, check=False)
    assert [answer for answer in answers if answer not in done.stdout] == []


@pytest.mark.parametrize("shell", ASKED)
def test_each_shell_gets_its_script(shell: str) -> None:
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    command = [sys.executable, STARTER, "--show-completion", shell]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert f"complete_{shell}" in done.stdout
