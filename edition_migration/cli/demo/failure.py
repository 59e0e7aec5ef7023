"""How the demo gives up, and how it waits. Used by all of its modules."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

PATIENCE = 60.0
"""Seconds that anything awaited may take; far more than a quiet machine needs."""
LOOK_EVERY = 0.25

Found = TypeVar("Found")


class DemoFailed(Exception):
    """Something did not come to pass; the text is for the person who runs the demo."""


async def until(
    what: str, look: Callable[[], Awaitable[Found | None]], *, patience: float = PATIENCE, every: float = LOOK_EVERY
) -> Found:
    """Looks again and again until there is something, and returns it. Raises DemoFailed saying what did not come."""
    clock = asyncio.get_running_loop()
    end = clock.time() + patience
    while not (found := await look()):
        if clock.time() > end:
            raise DemoFailed(f"{what}: still not so after {patience:.0f} seconds")
        await asyncio.sleep(every)
    return found
