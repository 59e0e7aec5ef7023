"""The one place that touches private classes of the SDK: it drives a workflow's real code without a server.

Pinned to temporalio 1.35.0. What the SDK's core does between server and workflow (ordering of jobs within a workflow
task, flags of replayed tasks) is done here and in `executions` as far as our workflows can see it. Core's own state
machines are not exercised: the tests on a real server and `tests/replay` do that.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.bridge.proto.activity_result import ActivityResolution
from temporalio.bridge.proto.activity_result import Cancellation as CancelledResult
from temporalio.bridge.proto.activity_result import Failure as FailedResult
from temporalio.bridge.proto.activity_result import Success as CompletedResult
from temporalio.bridge.proto.workflow_activation import (
    CancelWorkflow,
    DoUpdate,
    FireTimer,
    InitializeWorkflow,
    NotifyHasPatch,
    RemoveFromCache,
    ResolveActivity,
    SignalWorkflow,
    WorkflowActivation,
    WorkflowActivationJob,
)
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.common import Priority, SearchAttributePair, TypedSearchAttributes
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, RetryState
from temporalio.worker import UnsandboxedWorkflowRunner
from temporalio.worker._workflow_instance import WorkflowInstance, WorkflowInstanceDetails

PINNED = "1.35.0"

Job = WorkflowActivationJob

PAYLOADS = pydantic_data_converter.payload_converter
FAILURES = pydantic_data_converter.failure_converter_class()

_NOTHING_OUTSIDE: Mapping[str, Any] = {
    "__temporal_get_metric_meter": lambda: None,
    "__temporal_assert_local_activity_valid": lambda name: None,
}


@dataclass
class Identity:
    """What a run of a workflow is told of itself at its start."""

    definition: type
    workflow_id: str
    run_id: str
    argument: Any
    started_at: datetime
    attributes: Sequence[SearchAttributePair[Any]] = field(default_factory=tuple)


class Instance:
    """A workflow's code in memory: activations in, commands out."""

    def __init__(self, identity: Identity) -> None:
        self._run_id = identity.run_id
        self._instance = _instance_of(identity)

    def activate(
        self,
        at: datetime,
        jobs: Sequence[Job],
        *,
        history_length: int = 0,
        suggests_new_run: bool = False,
        is_replaying: bool = False,
        flags: Sequence[int] = (),
    ) -> WorkflowActivationCompletion:
        """Runs the workflow's code until it has nothing more to do now."""
        activation = WorkflowActivation(
            run_id=self._run_id,
            timestamp=_timestamp(at),
            is_replaying=is_replaying,
            history_length=history_length,
            jobs=jobs,
            available_internal_flags=flags,
            continue_as_new_suggested=suggests_new_run,
        )
        loop = asyncio.get_running_loop()
        try:
            return self._instance.activate(activation)
        finally:
            asyncio._set_running_loop(loop)  # the instance is a loop of its own and leaves none behind

    def throw_away(self, at: datetime) -> None:
        """Ends its tasks, as an eviction from a worker's cache does."""
        self.activate(at, [Job(remove_from_cache=RemoveFromCache())])


def _instance_of(identity: Identity) -> WorkflowInstance:
    definition = workflow._Definition.must_from_class(identity.definition)
    info = workflow.Info(
        attempt=1,
        continued_run_id=None,
        cron_schedule=None,
        execution_timeout=None,
        first_execution_run_id=identity.run_id,
        headers={},
        namespace="simulator",
        original_execution_run_id=identity.run_id,
        parent=None,
        root=None,
        priority=Priority.default,
        raw_memo={},
        retry_policy=None,
        run_id=identity.run_id,
        run_timeout=None,
        search_attributes={},
        start_time=identity.started_at,
        workflow_start_time=identity.started_at,
        task_queue="migration",
        task_timeout=None,  # pyright: ignore[reportArgumentType] - nobody reads it
        typed_search_attributes=TypedSearchAttributes(list(identity.attributes)),
        workflow_id=identity.workflow_id,
        workflow_type=definition.name or "",
    )
    return UnsandboxedWorkflowRunner().create_instance(
        WorkflowInstanceDetails(
            payload_converter_factory=lambda: PAYLOADS,
            failure_converter_class=pydantic_data_converter.failure_converter_class,
            interceptor_classes=[],
            defn=definition,
            info=info,
            randomness_seed=1,
            extern_functions=_NOTHING_OUTSIDE,
            disable_eager_activity_execution=True,
            worker_level_failure_exception_types=[],
            patch_activation_callback=None,
            last_completion_result=_no_payloads(),
            last_failure=None,
        )
    )


def _no_payloads() -> Any:
    return PAYLOADS.to_payloads_wrapper([])


def initialize(identity: Identity) -> Job:
    """The first job of a run."""
    return Job(
        initialize_workflow=InitializeWorkflow(
            workflow_type=workflow._Definition.must_from_class(identity.definition).name or "",
            workflow_id=identity.workflow_id,
            arguments=PAYLOADS.to_payloads([identity.argument]),
            randomness_seed=1,
            attempt=1,
        )
    )


def signal(name: str) -> Job:
    return Job(signal_workflow=SignalWorkflow(signal_name=name, originating_event_id=1))


def update(update_id: str, name: str, argument: Any) -> Job:
    payloads = PAYLOADS.to_payloads([argument])
    return Job(
        do_update=DoUpdate(id=update_id, protocol_instance_id=update_id, name=name, input=payloads, run_validator=True)
    )


def fired(seq: int) -> Job:
    return Job(fire_timer=FireTimer(seq=seq))


def has_patch(patch_id: str) -> Job:
    """What a replay is told before the task in which the marker was set."""
    return Job(notify_has_patch=NotifyHasPatch(patch_id=patch_id))


def native_cancel() -> Job:
    return Job(cancel_workflow=CancelWorkflow(reason="an operator"))


def completed(seq: int, result: Payload) -> Job:
    return _resolved(seq, ActivityResolution(completed=CompletedResult(result=result)))


def failed(seq: int, activity: str, cause: ApplicationError) -> Job:
    return _resolved(seq, ActivityResolution(failed=FailedResult(failure=_failure(seq, activity, cause))))


def cancelled(seq: int, activity: str) -> Job:
    failure = _failure(seq, activity, CancelledError("cancelled"))
    return _resolved(seq, ActivityResolution(cancelled=CancelledResult(failure=failure)))


def _resolved(seq: int, result: ActivityResolution) -> Job:
    return Job(resolve_activity=ResolveActivity(seq=seq, result=result))


def _failure(seq: int, activity: str, cause: BaseException) -> Failure:
    error = ActivityError(
        "activity error",
        scheduled_event_id=1,
        started_event_id=1,
        identity="simulator",
        activity_type=activity,
        activity_id=str(seq),
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    error.__cause__ = cause
    failure = Failure()
    FAILURES.to_failure(error, PAYLOADS, failure)
    return failure


def _timestamp(at: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp
