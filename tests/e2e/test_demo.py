"""`make demo`: every outcome is the expected one, twice works twice, and nothing is left behind.

One test, because both runs use the one state folder of the checkout.
"""

import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from edition_migration.cli.demo.ground import ROOT, STATE

LONGEST = 900
"""Seconds; a run takes about one minute where nothing else runs, and more beside other tests."""


def demo(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "starter.py", "demo", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def test_the_demo_comes_out_as_expected_twice_and_leaves_nothing_behind() -> None:
    with demo("--exit") as first:
        output, _ = first.communicate(timeout=LONGEST)
    assert first.returncode == 0, output
    assert "All 40 outcomes are as expected" in output
    assert marks(output) == ["ok"] * 40
    assert_nothing_is_left()

    second = demo()
    try:
        seen = read_until(second, "same again")
        assert any("new: 202" in line for line in seen), seen
        if sys.platform == "linux":
            assert len(processes_of_the_demo()) >= 5, "Temporal and who starts it, mailbox, worker, web"
    finally:
        second.send_signal(signal.SIGINT)
        rest, _ = second.communicate(timeout=LONGEST)
    assert second.returncode == 130, rest
    assert "failed" not in rest
    assert_nothing_is_left()


def read_until(process: subprocess.Popen[str], text: str) -> Sequence[str]:
    """The output up to the line with this text; all of it where that never comes."""
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line)
        if text in line:
            break
    return lines


def marks(output: str) -> list[str]:
    """The first column of the table of outcomes."""
    table = output.partition("Outcomes")[2]
    return re.findall(r"^\s*(ok|WRONG)\s+\S+@\S+\.example\s", table, re.MULTILINE)


def assert_nothing_is_left() -> None:
    assert not (ROOT / STATE).exists()
    assert processes_of_the_demo() == []


def processes_of_the_demo() -> list[int]:
    """All of them have settings that name the demo's state folder. Found as far as the machine tells (Linux)."""
    mark = f"DATABASE_URL=sqlite+aiosqlite:///{ROOT / STATE}".encode()
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found
