"""The Temporal server's own time, for `doctor`: no call tells it, but a task queue says when each poller came."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, PollActivityTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from edition_migration.domain.diagnosis import ClockReading
from edition_migration.ports.clock import Clock

QUEUE = "doctor"
"""A task queue in which there is never a task."""
PAUSE = 0.02
"""Seconds between two looks; the poll is seen within some of them."""


async def read_clock(client: Client, clock: Clock, limit: timedelta) -> ClockReading:
    """Polls an empty queue under a name of its own and reads when the server saw it. Raises RPCError, TimeoutError."""
    identity = f"doctor-{uuid4().hex}"
    before = clock.now()
    poll = asyncio.create_task(_poll(client, identity, limit))
    try:
        async with asyncio.timeout(limit.total_seconds()):
            while (seen := await _seen(client, identity, limit)) is None:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(PAUSE)
        return ClockReading(before, seen, clock.now())
    finally:
        poll.cancel()
        with suppress(asyncio.CancelledError, RPCError, RuntimeError):
            await poll


async def _poll(client: Client, identity: str, limit: timedelta) -> None:
    request = PollActivityTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=QUEUE), identity=identity
    )
    await client.workflow_service.poll_activity_task_queue(request, timeout=limit)


async def _seen(client: Client, identity: str, limit: timedelta) -> datetime | None:
    """When the server saw this poller come; None while it has not."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    answer = await client.workflow_service.describe_task_queue(request, timeout=limit)
    times = (it.last_access_time.ToDatetime(UTC) for it in answer.pollers if it.identity == identity)
    return next(times, None)
