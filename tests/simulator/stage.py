"""Who runs when: every piece of work stops at the borders of its transactions, and the seed says who goes on.

SQLite has one writer and readers see one snapshot, so between two borders nothing of another piece can be seen: every
order that the real processes can come to is an order of these pieces.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulator.loop import StillLoop


class Killed(BaseException):
    """The process of this piece of work is gone. No `except Exception` sees it."""


@dataclass(eq=False)
class Work:
    """An activity's attempt, a request to the web process, a command, a look of the sweep."""

    name: str
    is_dead: bool = False
    is_given_up: bool = False
    """Temporal has timed the attempt out; it does not know and goes on (a zombie)."""
    unsettled_mail: str | None = None
    """A mail that the relay took from this work, while its row does not say so yet."""
    task: asyncio.Task[Any] | None = None
    result: Any = None
    error: BaseException | None = None
    is_over: bool = False


CURRENT: ContextVar[Work] = ContextVar("work")

OnEnd = Callable[[Work], None]


@dataclass
class Stage:
    """The pieces of work that are under way."""

    random: Random
    loop: StillLoop
    how_often: float = 0.35
    """How often a border is a stop."""
    _waiting: list[tuple[Work, asyncio.Future[None]]] = field(default_factory=list)
    _under_way: list[Work] = field(default_factory=list)
    broken: AssertionError | None = None
    """What the end of a piece of work has shown."""

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def under_way(self) -> list[Work]:
        return self._under_way

    def begin(self, name: str, coroutine: Coroutine[Any, Any, Any], on_end: OnEnd | None = None) -> Work:
        """Starts a piece of work; `on_end` hears of its end, killed or not."""
        work = Work(name)
        work.task = self.loop.create_task(self._perform(work, coroutine, on_end))
        self._under_way.append(work)
        return work

    async def _perform(self, work: Work, coroutine: Coroutine[Any, Any, Any], on_end: OnEnd | None) -> None:
        CURRENT.set(work)
        try:
            work.result = await coroutine
        except (Exception, Killed) as error:
            work.error = error
        work.is_over = True
        self._under_way.remove(work)
        try:
            if on_end is not None:
                on_end(work)
        except AssertionError as broken:
            self.broken = self.broken or broken

    async def border(self, share: float = 1.0) -> None:
        """Called where another process may come in between. Raises Killed where this one ends here."""
        work = CURRENT.get()
        _stop_if_dead(work)
        if self.random.random() < self.how_often * share:
            future: asyncio.Future[None] = self.loop.create_future()
            self._waiting.append((work, future))
            await future
            _stop_if_dead(work)

    def go_on(self) -> str:
        """Lets one that waits go on; its name."""
        work, future = self._waiting.pop(self.random.randrange(len(self._waiting)))
        future.set_result(None)
        return work.name

    def kill(self, work: Work) -> None:
        """Its process ends: nothing of it happens any more but the rollback that the database makes."""
        work.is_dead = True
        for waiting in [it for it in self._waiting if it[0] is work]:
            self._waiting.remove(waiting)
            waiting[1].set_result(None)


def _stop_if_dead(work: Work) -> None:
    if work.is_dead:
        raise Killed
