"""The ring after an answer: best effort, two seconds at most, never part of what the client is told (design section 3).

What is not rung here stays a doorbell row; the worker's sweep rings it.
"""

import asyncio

import structlog

from edition_migration.domain.errors import EditionMigrationError
from edition_migration.web.services import Bells

RING_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class Ringer:
    def __init__(self, bells: Bells) -> None:
        self._bells = bells

    async def ring(self) -> None:
        """Rings what is due. Temporal or the store being away is no failure of the request that is answered."""
        try:
            async with asyncio.timeout(RING_SECONDS):
                await self._bells.ring_due()
        except TimeoutError:
            _log.info("ring.left_to_sweep", reason="timeout")
        except EditionMigrationError as error:
            if not error.retryable:
                raise
            _log.info("ring.left_to_sweep", reason=error.code)
