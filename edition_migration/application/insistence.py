"""Writing down what cannot be done again: tried a few times within seconds, before the work as a whole is repeated.

Used by the postman after the relay's 250: a mail that nobody could write down as accepted is sent a second time.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from edition_migration.domain.errors import StoreUnavailable
from edition_migration.ports.passwords import Pace

RESTS = (0.2, 0.5, 1.0, 2.0)
"""Seconds before each further try."""
PATIENCE = 10.0
"""Seconds after which none follows: the database itself may have let a try wait for half a minute."""

Result = TypeVar("Result")


async def insist(work: Callable[[], Awaitable[Result]], pace: Pace) -> Result:
    """What `work` answers, which must bear a repeat. Raises StoreUnavailable, the last try's."""
    begun = pace.monotonic()
    for rest in RESTS:
        try:
            return await work()
        except StoreUnavailable:
            if pace.monotonic() - begun > PATIENCE:
                raise
        await pace.sleep(rest)
    return await work()
