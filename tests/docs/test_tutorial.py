"""A newcomer walks through docs/tutorial.md, in a fresh clone of what is committed, with all processes for real.

The Python environment and the local Temporal server are those of the tests, to save the minutes of making them.
"""

import asyncio
from pathlib import Path

from tests.docs.walk import ADA, Deed, Shell, Typed, cloned, plain, steps


def test_a_newcomer_walks_the_tutorial_from_a_fresh_clone(tmp_path: Path) -> None:
    clone = cloned(tmp_path)
    with Shell(clone) as shell:
        for step in steps():
            if isinstance(step, Deed):
                assert step.text == f"choose a password for {ADA}"
                asyncio.run(shell.choose_password())
            else:
                walk(shell, step)
    assert not (clone / ".env").exists()


def walk(shell: Shell, step: Typed) -> None:
    code, output = shell.see(step)
    if "starter.py" in step.text:
        assert code == 0, f"{step.text}\n{output}"
    if step.shown is not None:
        assert plain(output) == plain(step.shown), step.text
    if "user timeline" in step.text:
        assert "Now: MIGRATED." in output
