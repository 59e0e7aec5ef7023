"""How every activity runs its use case: to the end, heartbeating, errors translated. Used by all of `activities`."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from temporalio import activity

from activities.failures import to_failure

Result = TypeVar("Result")

BEAT = 3.0
"""Seconds between heartbeats: a third of the heartbeat timeout in `workflows.options`; quick work never beats."""


async def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs one use case; raises ApplicationError only.

    What has begun is finished, even where Temporal cancels the activity or the worker drains: a mail cut in the middle
    could not be known, and a transaction is short.
    """
    task = asyncio.create_task(work)
    while not task.done():
        try:
            await asyncio.wait((task,), timeout=BEAT)
        except asyncio.CancelledError:
            continue
        if not task.done():
            activity.heartbeat()
    try:
        return task.result()
    except Exception as error:
        raise to_failure(error) from None
