"""Rate limits: a sliding window for each client address, account and link, kept in this process.

The address is the connection's own, or where a trusted proxy holds the connection, the one that it names (see `app`);
headers that a client can write are not believed. What must hold across processes is counted in the database (new links
a day).
"""

import time
from hashlib import sha256
from http import HTTPStatus

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

from edition_migration.domain.sentences import Sentence
from edition_migration.web.problems import Refusal


class Limiter:
    def __init__(self) -> None:
        self._windows = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def admit(self, rate: str, purpose: str, key: str) -> None:
        """Counts one request; above `rate` raises a 429 that says when to come again. The key itself is not kept."""
        limit, digest = parse(rate), sha256(key.encode()).hexdigest()
        if await self._windows.hit(limit, purpose, digest):
            return
        stats = await self._windows.get_window_stats(limit, purpose, digest)
        wait = max(1, round(stats.reset_time - time.time()))
        message = Sentence("Too many requests. Wait a little, then try again.")
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", message, retry_after=wait)


def address_of(request: Request) -> str:
    """Whoever asks."""
    return request.client.host if request.client else "unknown"
