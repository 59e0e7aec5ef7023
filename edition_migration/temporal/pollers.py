"""Whether workers run: who polls our task queues. Used by `doctor`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from edition_migration.domain.diagnosis import Finding, Subject, fails, ok
from edition_migration.domain.names import MAIL_QUEUE, MIGRATION_QUEUE

RECENT = timedelta(minutes=2)
"""A poll waits for a minute at most; servers list for five who polled once."""
_WORKFLOWS = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
_ACTIVITIES = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
_START = "start one: python worker.py"


async def of_queues(client: Client, now: datetime, limit: timedelta) -> Sequence[Finding]:
    """One finding a queue. Raises RPCError."""

    async def pollers(queue: str, kind: TaskQueueType.ValueType) -> frozenset[str]:
        request = DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
        )
        answer = await client.workflow_service.describe_task_queue(request, timeout=limit)
        recent = (it for it in answer.pollers if now - it.last_access_time.ToDatetime(UTC) < RECENT)
        return frozenset(it.identity for it in recent)

    deciding = await pollers(MIGRATION_QUEUE, _WORKFLOWS)
    acting = await pollers(MIGRATION_QUEUE, _ACTIVITIES)
    mailing = await pollers(MAIL_QUEUE, _ACTIVITIES)
    return [
        _finding(MIGRATION_QUEUE, deciding & acting, "no migration moves"),
        _finding(MAIL_QUEUE, mailing, "no mail leaves"),
    ]


def _finding(queue: str, workers: frozenset[str], meaning: str) -> Finding:
    if not workers:
        return fails(Subject.WORKERS, f"no worker takes from queue {queue}: {meaning}", _START)
    minutes = RECENT // timedelta(minutes=1)
    return ok(Subject.WORKERS, f"queue {queue}: workers of the last {minutes} minutes: {len(workers)}")
