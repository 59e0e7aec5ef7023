"""What a run with real processes is made of beside its faults: who takes part, the relay, and the check at the end.

Used by the chaos run and by the run on a cluster (`tests.cluster`).
"""

import asyncio
import contextlib
import json
import os
import platform
import random
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from tests.chaos.notes import SETTING
from tests.chaos.people import People, Person

ROLES = (("choose", 0.84), ("cancel", 0.10), ("expire", 0.06))
ORGANIZATIONS = 4
REST_LIMIT = 900.0
"""Seconds after the last fault in which everybody comes to an end."""
LOOK = 5.0
"""Seconds between two looks at how far all are."""


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


def environment(database_url: str, temporal_address: str, smtp_port: int, web_port: int) -> dict[str, str]:
    """What worker and web read; secrets of this run alone."""
    own = {
        "DATABASE_URL": database_url,
        "LINK_BASE": f"http://127.0.0.1:{web_port}",
        "LINK_KEYS": "k1:bGlua3MgbGlua3MgbGlua3MgbGlua3MgbGlua3MgbGk=",
        "WEBHOOK_SECRETS": "whsec_d2ViaG9vayB3ZWJob29rIHdlYmhvb2sh",
        "PAGE_SECRET": "page secret of the chaos run, long enough",
        "SMTP_PORT": str(smtp_port),
        "SMTP_SECURITY": "none",
        "SMTP_MESSAGE_DOMAIN": "chaos.example",
        "SMTP_SENDER": "no-reply@chaos.example",
        "MAILS_PER_SECOND": "100",
        "WEB_PORT": str(web_port),
        "WORKER_HEALTH_PORT": "0",
        "LOG_LEVEL": "INFO",
    }
    return {
        **os.environ,
        "TEMPORAL_ADDRESS": temporal_address,
        **{f"EDITION_MIGRATION_{name}": value for name, value in own.items()},
    }


@contextlib.asynccontextmanager
async def relay(folder: Path, seed: int | None) -> AsyncGenerator[int]:
    """The port of the relay's own process; without a seed it fails nobody."""
    dice = [] if seed is None else [str(seed)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos.relay", str(folder), *dice), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


class Play:
    """The people of a run at work."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._begun = time.time()
        self._acting: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        await self._people.provision()
        self._acting = [asyncio.create_task(it) for it in (self._people.administrate(), self._people.use_links())]

    async def until_done(self, limit: float) -> None:
        """Until everybody has come to an end, or one of those who act failed, or the limit in seconds."""
        end = time.monotonic() + limit
        while time.monotonic() < end and not any(it.done() for it in self._acting):
            sys.stderr.write(f"{time.time() - self._begun:6.0f} s  {json.dumps(await self._people.progress())}\n")
            if await self._people.are_done():
                return
            await asyncio.sleep(LOOK)

    async def end(self) -> dict[str, Any]:
        """Nobody acts any more. Where the users stand, and what those who acted failed of."""
        for task in self._acting:
            task.cancel()
        outcomes = await asyncio.gather(*self._acting, return_exceptions=True)
        broken = [repr(it) for it in outcomes if isinstance(it, Exception)]
        return {"states": await self._people.progress(), "people_failed": broken}


async def checked(folder: Path, people: People, last_fault_at: float, ended: dict[str, Any]) -> dict[str, Any]:
    """What `tests.chaos.check` finds, with what `Play.end` said."""
    setting = {
        "environ": people.environ,
        "people": {it.user_id: it.email for it in people.persons},
        "last_fault_at": last_fault_at,
        **ended,
    }
    (folder / SETTING).write_text(json.dumps(setting))
    found = await run_once(people.environ, sys.executable, "-m", "tests.chaos.check", str(folder))
    return {**ended, **json.loads(found)}


async def run_once(environ: dict[str, str], *command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, env=environ, stdout=asyncio.subprocess.PIPE)
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:  # whoever waited for it is told to end
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{command} ended with {process.returncode}"
    return out.decode()


def machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
