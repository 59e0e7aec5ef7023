"""A newcomer in one shell: types the tutorial's commands in order, and looks whether the machine answers as it says.

`python -m tests.docs.walk` walks too, and writes what it is answered into the tutorial: for whoever changed what a
command prints.
"""

import asyncio
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from edition_migration.cli.demo.failure import until
from edition_migration.cli.demo.players import Browser, Mailbox

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
ADA = "ada.osei@acme.example"
PATIENCE = 180.0
"""Seconds until what workflows do in the background must be seen; other tests may run beside this one."""
PORTS = ("7233", "8233", "1025", "1080")
LOOKS = ("doctor", "status", "pending", "wave list", "user timeline")
"""Verbs that change nothing: repeated until they show what the tutorial shows."""
NOT_WALKED = ("make demo ARGS=--exit",)
"""Run by tests/e2e/test_demo.py; the clone uses the environment that is there already."""

CALM = 3
"""Looks that show the same: nothing goes on any more."""
_PARTS = re.compile(r"^```(sh|console)\n(.*?)^```$|^<!-- walk: (.+) -->$", re.MULTILINE | re.DOTALL)
_PROGRESS = re.compile(r"^(?:Checking rows|Writing rows|Users): \d+.*\.$", re.MULTILINE)
_END = "@@ended "


class Typed(NamedTuple):
    """Lines to type together. `shown` is what the tutorial shows as answer; None where it shows none."""

    text: str
    shown: str | None

    @property
    def is_look(self) -> bool:
        return any(f"starter.py {verb}" in self.text for verb in LOOKS)


class Deed(NamedTuple):
    """What the tutorial asks to be done by hand."""

    text: str


def steps() -> list[Typed | Deed]:
    """All of the tutorial, in order."""
    found: list[Typed | Deed] = []
    for kind, body, deed in _PARTS.findall(PAGE.read_text(encoding="utf-8")):
        if deed:
            found.append(Deed(deed))
        elif kind == "sh":
            found += [Typed(line, None) for line in body.splitlines() if line not in NOT_WALKED]
        else:
            command, _, shown = body.removeprefix("$ ").partition("\n")
            found.append(Typed(command, shown))
    return found


def plain(text: str) -> str:
    """Without what differs from run to run: ids, times, lines and blanks of tables, progress on a slow machine."""
    text = _PROGRESS.sub("", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "<id>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "<time>", text)
    lines = [" ".join(line.replace("─", " ").split()) for line in text.splitlines()]
    return "\n".join(line for line in lines if line)


class Shell:
    """One shell in the clone, with free ports instead of the usual ones. Everything it started ends with it."""

    def __init__(self, clone: Path) -> None:
        self.ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
        web, health = _free_ports(2)
        self.web = f"http://127.0.0.1:{web}"
        self.mailbox = f"http://127.0.0.1:{self.ports['1080']}"
        self._process = subprocess.Popen(
            ["bash"],
            cwd=clone,
            env=_environ(self.ports["1025"], web, health),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def type(self, text: str) -> tuple[int, str]:
        """Exit code and what was written."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for usual, free in self.ports.items():
            text = re.sub(rf"\b{usual}\b", free, text)
        self._process.stdin.write(f"{text}\necho '{_END}'$?\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if _END in line:
                before, _, code = line.rpartition(_END)
                return int(code), "".join([*lines, before])
            lines.append(line)
        raise AssertionError(f"the shell has ended:\n{''.join(lines)}")

    def see(self, step: Typed) -> tuple[int, str]:
        """As `type`; a look is repeated until it shows what it should, or patience ends."""
        ends = time.monotonic() + PATIENCE
        while True:
            code, output = self.type(step.text)
            is_right = code == 0 if step.shown is None else plain(output) == plain(step.shown)
            if is_right or not step.is_look or time.monotonic() > ends:
                return code, output
            time.sleep(0.5)

    def settled(self, step: Typed) -> str:
        """What a look shows once it shows nothing new any more."""
        seen = [self.type(step.text)[1]]
        while step.is_look and (len(seen) < CALM or len({plain(it) for it in seen[-CALM:]}) > 1):
            time.sleep(2)
            seen.append(self.type(step.text)[1])
        return seen[-1]

    async def choose_password(self) -> None:
        """As Ada does it: the link from the mailbox, then the page's form."""
        mailbox = Mailbox(self.mailbox, self.web)

        async def has_link() -> bool:
            return bool(await mailbox.links(ADA))

        await until("the mail with the link is there", has_link)
        assert await Browser().choose(await mailbox.link(ADA), secrets.token_hex(16)) == 200


def _environ(smtp: str, web: str, health: str) -> Mapping[str, str]:
    """That of the tests without settings of ours, and with the free ports, which win over `.env`."""
    kept = {name: it for name, it in os.environ.items() if not name.startswith(("EDITION_MIGRATION_", "TEMPORAL_"))}
    ours = {"SMTP_PORT": smtp, "WEB_PORT": web, "WORKER_HEALTH_PORT": health, "LINK_BASE": f"http://127.0.0.1:{web}"}
    cli = {name: it for name, it in os.environ.items() if name == "TEMPORAL_CLI_PATH"}
    return {**kept, **cli, **{f"EDITION_MIGRATION_{name}": it for name, it in ours.items()}}


def _free_ports(count: int) -> list[str]:
    sockets = [socket.socket() for _ in range(count)]
    for it in sockets:
        it.bind(("127.0.0.1", 0))
    ports = [str(it.getsockname()[1]) for it in sockets]
    for it in sockets:
        it.close()
    return ports


def cloned(folder: Path) -> Path:
    """A clone of what is committed; the Python environment is the one that is there."""
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    return clone


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, Shell(cloned(Path(folder))) as shell:
        for step in steps():
            if isinstance(step, Deed):
                asyncio.run(shell.choose_password())
            elif step.shown is None:
                shell.see(step)
            else:
                sys.stderr.write(f"{step.text}\n")
                shown = "\n".join(line.rstrip() for line in shell.settled(step).strip().splitlines())
                old = f"```console\n$ {step.text}\n{step.shown}```"
                text = text.replace(old, f"```console\n$ {step.text}\n{shown}\n```", 1)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
