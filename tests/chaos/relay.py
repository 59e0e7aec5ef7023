"""The relay of a chaos run: fails one conversation in five, and notes every mail that it got and every fault.

Some addresses it refuses for good, until somebody has their mail sent again. Without a seed it fails nobody.

`python -m tests.chaos.relay FOLDER [SEED]` says its port on the first line, and serves until it is ended.
"""

import asyncio
import hashlib
import random
import re
import sys
from pathlib import Path
from typing import Any

from tests.chaos.notes import FAULTS, SINK, Notes
from tests.fixtures.smtp import Behavior, Received, running_smtp_server

LINK = re.compile(r"http://127\.0\.0\.1:\d+(/password/[\w-]+)")

SCRIPT = [
    (0.085, "smtp_451_on_rcpt", Behavior({"RCPT": 451})),
    (0.03, "smtp_421_on_connect", Behavior({"CONNECT": 421})),
    (0.02, "smtp_452_on_final_dot", Behavior({"DOT": 452})),
    (0.01, "smtp_cut_before_data", Behavior(cut_at="DATA")),
    (0.0025, "smtp_hang_at_data", Behavior(hang_at="DATA")),
    (0.0025, "smtp_hang_at_final_dot", Behavior(hang_at="DOT")),
    (0.05, "smtp_cut_after_final_dot", Behavior(cut_at="DOT")),
]
"""Chance, name, behavior. Cut or silent after the dot is the ambiguous one: the mail is there, its 250 is not."""
REFUSED = re.compile(r"u\d{3}(?:08|58)@")
"""One address in fifty."""


class Dice:
    """What a server takes for its list of coming behaviors: always full."""

    def __init__(self, seed: int, faults: Notes) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a seed is to be repeated
        self._faults = faults

    def __bool__(self) -> bool:
        return True

    def pop(self, index: int) -> Behavior:
        roll = self._random.random()
        for chance, name, behavior in SCRIPT:
            if roll < chance:
                self._faults.add(kind=name)
                return behavior
            roll -= chance
        return Behavior()


class Refusals:
    """What a server takes for its behaviors by address: each of some is refused for good, once."""

    def __init__(self, faults: Notes) -> None:
        self._faults = faults
        self._told: set[str] = set()

    def get(self, address: str, usual: Behavior) -> Behavior:
        if address in self._told or not REFUSED.match(address):
            return usual
        self._told.add(address)
        self._faults.add(kind="smtp_550_on_rcpt")
        return Behavior({"RCPT": 550})


class Sink:
    """What a server takes for its list of received mails: a file."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def append(self, mail: Received) -> None:
        part = mail.message.get_body(("plain",))
        link = LINK.search(str(part.get_content())) if part else None
        self._notes.add(
            message_id=str(mail.message["Message-ID"]),
            recipient=mail.recipient,
            digest=hashlib.sha256(mail.raw).hexdigest(),
            link=link[1] if link else "",
            is_answered=mail.is_answered,
        )


async def main(folder: Path, seed: str | None = None) -> None:
    async with running_smtp_server() as server:
        faked: Any = server
        if seed is not None:
            faults = Notes(folder, FAULTS)
            faked.next = Dice(int(seed), faults)
            faked.recipients = Refusals(faults)
        faked.received = Sink(Notes(folder, SINK))
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
