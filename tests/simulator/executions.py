"""One run of a workflow as Temporal keeps it: what happened so far, what is waited for, and the code in memory.

The code may be thrown away at any time; it is made again from what happened, and must then give the same commands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_commands import ActivityCancellationType, ScheduleActivity, WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion

from tests.simulator import sdk
from tests.simulator.stage import Work


class Broken(AssertionError):
    """The run shows a fault of the product; the text says which."""


class RunState(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TERMINATED = "terminated"
    CONTINUED = "continued"


_EVENTS = {
    "start_timer": 2,
    "schedule_activity": 3,
    "upsert_workflow_search_attributes": 1,
    "update_response": 1,
    "set_patch_marker": 2,  # beside the marker the attribute that lists them
}
"""Events of the history that each command stands for, its end included."""
EVENTS_OF_A_TASK = 3


@dataclass(eq=False)
class Activity:
    """One activity that a workflow waits for, through all its attempts."""

    run: "Run"
    seq: int
    order: ScheduleActivity
    due: datetime
    attempt: int = 1
    work: Work | None = None
    gives_up_at: datetime | None = None
    is_cancel_requested: bool = False

    @property
    def name(self) -> str:
        return self.order.activity_type

    @property
    def time_limit(self) -> timedelta:
        return _span(self.order.start_to_close_timeout)

    @property
    def silence_limit(self) -> timedelta:
        """How long after its worker's death the attempt is given up."""
        return _span(self.order.heartbeat_timeout)

    @property
    def back_off(self) -> timedelta:
        """The wait behind the present attempt."""
        policy = self.order.retry_policy
        wait = _span(policy.initial_interval) * policy.backoff_coefficient ** (self.attempt - 1)
        return min(wait, _span(policy.maximum_interval))


@dataclass
class _Happened:
    """One workflow task: when, what came in, what came out."""

    at: datetime
    jobs: Sequence[sdk.Job]
    suggests_new_run: bool
    completion: WorkflowActivationCompletion
    flags: Sequence[int]
    """What of the SDK's own logic the tasks up to this one have used; a replay uses the same."""


@dataclass(eq=False)
class Run:
    """A run from its start to its end."""

    identity: sdk.Identity
    state: RunState = RunState.RUNNING
    jobs: list[sdk.Job] = field(default_factory=list)
    """What came since the last workflow task."""
    timers: dict[int, datetime] = field(default_factory=dict)
    activities: dict[int, Activity] = field(default_factory=dict)
    result: Payload | None = None
    new_argument: Payload | None = None
    events: int = 2
    bytes: int = 0
    replays: int = 0
    news: int = 0
    """Rings, Updates and mails that were held, which nobody can foresee."""
    answers: dict[str, str] = field(default_factory=dict)
    """Of Updates, by their id: accepted, rejected, completed."""
    _tape: list[_Happened] = field(default_factory=list)
    _instance: sdk.Instance | None = None

    def __post_init__(self) -> None:
        self.jobs.append(sdk.initialize(self.identity))

    @property
    def is_running(self) -> bool:
        return self.state is RunState.RUNNING

    @property
    def tasks(self) -> int:
        """Workflow tasks, the next one included."""
        return len(self._tape) + 1

    @property
    def _flags(self) -> Sequence[int]:
        return self._tape[-1].flags if self._tape else ()

    def startable(self, now: datetime) -> list[Activity]:
        """Activities that a worker could take."""
        return [it for it in self.activities.values() if it.work is None and it.due <= now]

    def give(self, job: sdk.Job) -> None:
        """Something happened that the workflow must hear of."""
        self.jobs.append(job)
        self.events += 1
        self.news += job.HasField("signal_workflow") or job.HasField("do_update") or _tells_of_a_hold(job)

    def task(self, at: datetime, *, suggests_new_run: bool, late: sdk.Job | None) -> None:
        """One workflow task with all that came since the last.

        `late` comes while a run that would end is on its way to the server, which then refuses the end: the code is
        thrown away, and hears the late job in the same task as the others.
        """
        jobs, self.jobs = self.jobs, []
        completion = self._activate(at, jobs, suggests_new_run)
        if late is not None and _ends(completion):
            self.evict(at)
            jobs = [*jobs, late]
            self.events += 1
            self.news += 1
            completion = self._activate(at, jobs, suggests_new_run)
        flags = sorted({*self._flags, *completion.successful.used_internal_flags})
        self._tape.append(_Happened(at, jobs, suggests_new_run, completion, flags))
        self.events += EVENTS_OF_A_TASK
        self.bytes += sum(job.ByteSize() for job in jobs)
        for command in completion.successful.commands:
            self.events += _EVENTS.get(command.WhichOneof("variant") or "", 0)
            self.bytes += command.ByteSize()
            self._obey(command, at)
        if not self.is_running:
            self.evict(at)
            self.timers.clear()

    def evict(self, at: datetime) -> None:
        """The worker's cache lets go of the code."""
        if self._instance is not None:
            self._instance.throw_away(at)
            self._instance = None

    def _activate(self, at: datetime, jobs: Sequence[sdk.Job], suggests_new_run: bool) -> WorkflowActivationCompletion:
        if self._instance is None:
            self._instance = self._replayed()
        length = self.events + EVENTS_OF_A_TASK
        completion = self._instance.activate(
            at, jobs, history_length=length, suggests_new_run=suggests_new_run, flags=self._flags
        )
        if completion.HasField("failed"):
            raise Broken(f"workflow task of {self.identity.workflow_id} fails: {completion.failed.failure.message}")
        return completion

    def _replayed(self) -> sdk.Instance:
        """The code as it was, made again from what happened. Raises Broken where it does something else now."""
        instance = sdk.Instance(self.identity)
        self.replays += bool(self._tape)
        for task in self._tape:
            marked = [sdk.has_patch(it) for it in _patches(task.completion)]
            again = instance.activate(
                task.at,
                [*marked, *task.jobs],
                suggests_new_run=task.suggests_new_run,
                is_replaying=True,
                flags=task.flags,
            )
            if again.successful.commands != task.completion.successful.commands:
                raise Broken(
                    f"{self.identity.workflow_id} does not replay: {_names(task.completion)} != {_names(again)}"
                )
        return instance

    def _obey(self, command: WorkflowCommand, at: datetime) -> None:
        match command.WhichOneof("variant"):
            case "start_timer":
                self.timers[command.start_timer.seq] = at + _span(command.start_timer.start_to_fire_timeout)
            case "cancel_timer":
                self.timers.pop(command.cancel_timer.seq, None)
            case "schedule_activity":
                order = command.schedule_activity
                self.activities[order.seq] = Activity(self, order.seq, order, due=at)
            case "request_cancel_activity":
                self._request_cancel(command.request_cancel_activity.seq)
            case "complete_workflow_execution":
                self.state, self.result = RunState.COMPLETED, command.complete_workflow_execution.result
            case "continue_as_new_workflow_execution":
                arguments = command.continue_as_new_workflow_execution.arguments
                self.state, self.new_argument = RunState.CONTINUED, arguments[0]
            case "cancel_workflow_execution":
                self.state = RunState.CANCELLED
            case "fail_workflow_execution":
                raise Broken(
                    f"{self.identity.workflow_id} fails: {command.fail_workflow_execution.failure.message} "
                    f"{command.fail_workflow_execution.failure.cause.message}"
                )
            case "update_response":
                answer = command.update_response
                self.answers[answer.protocol_instance_id] = answer.WhichOneof("response") or ""
            case "upsert_workflow_search_attributes" | "set_patch_marker":
                pass
            case other:
                raise Broken(
                    f"{self.identity.workflow_id} gives the command {other}, which the simulator does not know"
                )

    def _request_cancel(self, seq: int) -> None:
        """The default answers the workflow at once; WAIT_CANCELLATION_COMPLETED waits for an attempt under way."""
        activity = self.activities.get(seq)
        if activity is None:
            return
        activity.is_cancel_requested = True
        waits = activity.order.cancellation_type == ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
        if not waits or activity.work is None:
            del self.activities[seq]
            self.give(sdk.cancelled(seq, activity.name))


def _ends(completion: WorkflowActivationCompletion) -> bool:
    ends = {"complete_workflow_execution", "continue_as_new_workflow_execution", "cancel_workflow_execution"}
    return any(command.WhichOneof("variant") in ends for command in completion.successful.commands)


def _tells_of_a_hold(job: sdk.Job) -> bool:
    return b'"result":"held"' in job.resolve_activity.result.completed.result.data


def _patches(completion: WorkflowActivationCompletion) -> list[str]:
    commands = completion.successful.commands
    return [it.set_patch_marker.patch_id for it in commands if it.HasField("set_patch_marker")]


def _names(completion: WorkflowActivationCompletion) -> list[Any]:
    return [command.WhichOneof("variant") for command in completion.successful.commands]


def _span(duration: Duration) -> timedelta:
    return duration.ToTimedelta()
