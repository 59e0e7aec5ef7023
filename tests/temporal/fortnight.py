"""A workflow that waits, alone in its module so that the sandbox imports nothing else with it."""

import asyncio
from datetime import timedelta

from temporalio import workflow

FORTNIGHT = timedelta(days=14)


@workflow.defn
class Fortnight:
    """Waits fourteen days."""

    @workflow.run
    async def run(self) -> str:
        await asyncio.sleep(FORTNIGHT.total_seconds())
        return "over"
