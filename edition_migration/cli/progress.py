"""How far a long command is, on stderr: a bar with the time left on a terminal, else a line now and then."""

import asyncio
import sys
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Self, TypeVar

from edition_migration.cli.output import say

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

Answer = TypeVar("Answer")
FIRST_AFTER = 2.0
"""Seconds: what is over sooner says nothing."""
EVERY = 10.0
"""Seconds between two lines where there is no terminal."""


class Watch:
    """Told of each step, or of what has none; shows it. A context manager, so that the bar goes away."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._begun = self._next = 0.0
        self._first = 0
        self._name = ""

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console  # loaded where it is seen
            from rich.progress import Progress as RichProgress
            from rich.progress import TimeElapsedColumn

            columns = (*RichProgress.get_default_columns(), TimeElapsedColumn())
            self._bar = RichProgress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def at(self, name: str, done: int, total: int | None) -> None:
        """`done` of `total` of what `name` says, e.g. "Users"."""
        now = time.monotonic()
        if name != self._name:
            self._name, self._begun, self._next = name, now, now + FIRST_AFTER
            self._first = done
        if self._bar is not None:
            self._move(self._bar, name, done, total)
        elif now >= self._next and done != total:
            self._next = now + EVERY
            say(f"{name}: {done}{_left(now - self._begun, done - self._first, done, total)}.")

    async def during(self, name: str, work: Awaitable[Answer]) -> Answer:
        """The answer of `work`, which has no steps, such as one transaction: shows that it lasts, and since when."""
        ticking = asyncio.create_task(self._tick(name))
        try:
            return await work
        finally:
            ticking.cancel()

    async def _tick(self, name: str) -> None:
        if self._bar is not None:
            self._bar.add_task(name, total=None)
            return
        begun = time.monotonic()
        await asyncio.sleep(FIRST_AFTER)
        while True:
            say(f"{name}: {time.monotonic() - begun:.0f} s so far.")
            await asyncio.sleep(EVERY)

    def _move(self, bar: "RichProgress", name: str, done: int, total: int | None) -> None:
        task = next((it.id for it in bar.tasks if it.description == name), None)
        task = bar.add_task(name, total=total) if task is None else task
        bar.update(task, completed=done)


def _left(passed: float, made: int, done: int, total: int | None) -> str:
    """How many in all and how long they take, as far as that is known: `made` is what was done since it began."""
    if total is None or not done:
        return ""
    return f" of {total}" + (f", about {passed / made * (total - done):.0f} s left" if made else "")
