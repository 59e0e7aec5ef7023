"""How workflows are, seen from outside: by Temporal's lists, which lag, or asked of one itself. Used by the gateway."""

from collections.abc import Sequence

from temporalio.api.common.v1 import SearchAttributes, WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest, ListWorkflowExecutionsRequest
from temporalio.client import Client
from temporalio.converter import decode_typed_search_attributes
from temporalio.service import RPCError

from edition_migration.domain.names import SearchAttribute
from edition_migration.domain.reconciliation import MISSING, WorkflowSeen, WorkflowStatus
from edition_migration.domain.states import MigrationState
from edition_migration.temporal.answers import LIMIT, answering
from workflows.display import STATE
from workflows.migration_wave import MigrationWave
from workflows.user_migration import UserMigration

LISTED_AT_ONCE = 100
"""Ids of one query: any store of Temporal's lists answers it."""

PAGE = 500

_OURS = f"ExecutionStatus = 'Running' AND WorkflowType IN ('{UserMigration.__name__}', '{MigrationWave.__name__}')"
_ENDED = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED: WorkflowStatus.COMPLETED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED: WorkflowStatus.FAILED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: WorkflowStatus.CANCELLED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: WorkflowStatus.TERMINATED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: WorkflowStatus.TIMED_OUT,
}
"""Whatever else a server says, a paused one too, has not ended."""


async def running_among(client: Client, workflow_ids: Sequence[str]) -> dict[str, WorkflowSeen]:
    """By the lists, a hundred ids a query: they hold no quotes, being made of opaque ids and slashes."""
    found: dict[str, WorkflowSeen] = {}
    for start in range(0, len(workflow_ids), LISTED_AT_ONCE):
        ids = ", ".join(f"'{it}'" for it in workflow_ids[start : start + LISTED_AT_ONCE])
        request = ListWorkflowExecutionsRequest(
            namespace=client.namespace,
            query=f"ExecutionStatus = 'Running' AND WorkflowId IN ({ids})",
            page_size=LISTED_AT_ONCE,
        )
        async with answering():
            answer = await client.workflow_service.list_workflow_executions(request, timeout=LIMIT)
            found |= {it.execution.workflow_id: _seen(it) for it in answer.executions}
    return found


async def running_page(client: Client, org_id: str | None, token: str) -> tuple[list[str], str]:
    """The next page of all running migrations and waves by the lists, and the token of the page behind it, or ''."""
    request = ListWorkflowExecutionsRequest(
        namespace=client.namespace,
        query=_OURS if org_id is None else f"{_OURS} AND {SearchAttribute.ORG} = '{org_id}'",
        page_size=PAGE,
        next_page_token=bytes.fromhex(token),
    )
    async with answering():
        answer = await client.workflow_service.list_workflow_executions(request, timeout=LIMIT)
    return [it.execution.workflow_id for it in answer.executions], answer.next_page_token.hex()


async def seen(client: Client, workflow_id: str) -> WorkflowSeen:
    """Asked of the workflow itself, not of the lists."""
    request = DescribeWorkflowExecutionRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
    )
    try:
        async with answering():
            answer = await client.workflow_service.describe_workflow_execution(request, timeout=LIMIT)
    except RPCError:
        return MISSING
    return _seen(answer.workflow_execution_info)


def _seen(info: WorkflowExecutionInfo) -> WorkflowSeen:
    return WorkflowSeen(_ENDED.get(info.status, WorkflowStatus.RUNNING), _state(info.search_attributes))


def _state(attributes: SearchAttributes) -> MigrationState | None:
    """None where it shows none yet, as a wave, or one that this code does not know."""
    shown = decode_typed_search_attributes(attributes).get(STATE)
    return MigrationState(shown) if shown in set(MigrationState) else None
