"""Real time: what is stored, and what only passes."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Implements the port `Clock` by the machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemPace:
    """Implements the port `Pace`."""

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
