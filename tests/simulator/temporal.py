"""The Temporal service as far as ours can see it: workflows by id, their timers, and activities tried again and again.

It is also the product's gateway: start and ring. Nothing here knows what a step does.
"""

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from random import Random
from types import MethodType
from typing import Any, get_type_hints

from temporalio import activity as temporal_activity
from temporalio.common import SearchAttributePair
from temporalio.exceptions import ApplicationError

from edition_migration.domain.errors import TemporalUnavailable
from edition_migration.domain.names import RING, MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.progress import Overview
from edition_migration.domain.reconciliation import MISSING, WorkflowSeen, WorkflowStatus
from tests.simulator import sdk
from tests.simulator.executions import Activity, Broken, Run, RunState
from tests.simulator.faults import Faults
from tests.simulator.ports import VirtualClock
from tests.simulator.stage import Stage, Work
from workflows.display import attributes_of_migration, attributes_of_organization
from workflows.migration_wave import MigrationWave
from workflows.organization_migration import OrganizationMigration
from workflows.user_migration import UserMigration

Method = Callable[[Any], Coroutine[Any, Any, Any]]


@cache
def _arguments_of(function: Callable[..., Any]) -> list[type]:
    return [kind for name, kind in get_type_hints(function).items() if name != "return"]


@dataclass
class Temporal:
    """All workflows of one seed. `activities` are bound after the product is built around this gateway."""

    random: Random
    clock: VirtualClock
    stage: Stage
    faults: Faults
    runs: dict[str, list[Run]] = field(default_factory=dict)
    activities: dict[str, Method] = field(default_factory=dict)
    _wanted: dict[str, list[type]] = field(default_factory=dict)
    """The types of each activity's arguments."""

    def bind(self, methods: Sequence[Method]) -> None:
        """What the workers can do."""
        for method in methods:
            definition = temporal_activity._Definition.must_from_callable(method)
            name = definition.name or ""
            self.activities[name] = method
            self._wanted[name] = _arguments_of(method.__func__ if isinstance(method, MethodType) else method)

    # The product's gateway

    async def start_migration(self, ref: MigrationRef, overview: Overview) -> None:
        attributes = attributes_of_migration(ref.org_id, overview).search_attributes
        await self._reached(lambda: self._start_unless_running(UserMigration, ref, attributes))

    async def start_wave(self, ref: WaveRef) -> None:
        attributes = attributes_of_organization(ref.org_id, ref.wave_id).search_attributes
        await self._reached(lambda: self._start_unless_running(MigrationWave, ref, attributes))

    async def ring_migration(self, ref: MigrationRef) -> bool:
        return await self._reached(lambda: self.ring_now(ref.workflow_id))

    async def ring_wave(self, ref: WaveRef) -> bool:
        return await self._reached(lambda: self.ring_now(ref.workflow_id))

    async def ring_organization(self, ref: OrganizationRef) -> None:
        def start_and_ring() -> None:
            self._start_organization(ref)
            self.ring_now(ref.workflow_id)

        await self._reached(start_and_ring)

    async def start_organization(self, ref: OrganizationRef) -> None:
        await self._reached(lambda: self._start_organization(ref))

    async def end(self, workflow_id: str, reason: str) -> None:
        run = self.latest(workflow_id)
        await self._reached(lambda: self.terminate(run) if run is not None and run.is_running else None)

    async def running_among(self, workflow_ids: Sequence[str]) -> Mapping[str, WorkflowSeen]:
        running = {run.identity.workflow_id for run in self.running()}
        seen = WorkflowSeen(WorkflowStatus.RUNNING)
        return await self._reached(lambda: dict.fromkeys(running.intersection(workflow_ids), seen))

    async def running_page(self, org_id: str | None, token: str) -> tuple[Sequence[str], str]:
        running = [run.identity.workflow_id for run in self.running()]
        return await self._reached(lambda: (running, ""))

    async def seen(self, workflow_id: str) -> WorkflowSeen:
        """What it shows is not kept here."""
        run = self.latest(workflow_id)
        return await self._reached(lambda: WorkflowSeen(WorkflowStatus(run.state)) if run else MISSING)

    async def _reached(self, call: Callable[[], Any]) -> Any:
        """One call over the network: it may not arrive, or its answer may not."""
        await self.stage.border()
        if self.faults.strikes("lost_ring"):
            raise TemporalUnavailable("Temporal is away")
        answer = call()
        if self.faults.strikes("answer_lost"):
            raise TemporalUnavailable("Temporal's answer was lost")
        return answer

    # Workflows

    def latest(self, workflow_id: str) -> Run | None:
        runs = self.runs.get(workflow_id)
        return runs[-1] if runs else None

    def running(self) -> Iterator[Run]:
        return (runs[-1] for runs in self.runs.values() if runs[-1].is_running)

    def start(self, definition: type, workflow_id: str, argument: Any, attributes: Sequence[Any] = ()) -> Run:
        runs = self.runs.setdefault(workflow_id, [])
        pairs: Sequence[SearchAttributePair[Any]] = tuple(attributes)
        run_id = f"{workflow_id}#{len(runs) + 1}"
        runs.append(Run(sdk.Identity(definition, workflow_id, run_id, argument, self.clock.now(), pairs)))
        return runs[-1]

    def _start_unless_running(
        self, definition: type, ref: MigrationRef | WaveRef | OrganizationRef, attributes: Sequence[Any]
    ) -> None:
        """Allow-duplicate and use-existing."""
        latest = self.latest(ref.workflow_id)
        if latest is None or not latest.is_running:
            self.start(definition, ref.workflow_id, ref, attributes)

    def _start_organization(self, ref: OrganizationRef) -> None:
        attributes = attributes_of_organization(ref.org_id).search_attributes
        self._start_unless_running(OrganizationMigration, ref, attributes)

    def ring_now(self, workflow_id: str) -> bool:
        """The signal itself; False where nothing runs under this id."""
        run = self.latest(workflow_id)
        if run is None or not run.is_running:
            return False
        run.give(sdk.signal(RING))
        if self.faults.strikes("double_ring"):
            run.give(sdk.signal(RING))
        return True

    def terminate(self, run: Run) -> None:
        """What an operator does; its attempts under way go on and nobody hears of them."""
        run.state = RunState.TERMINATED
        run.evict(self.clock.now())
        run.timers.clear()
        run.jobs.clear()
        self._let_go(run)

    def task(self, run: Run) -> None:
        """One workflow task of a run that has news."""
        now = self.clock.now()
        if self.faults.strikes("evict", min(1.0, 8 / run.tasks)):  # a long history is dear to replay
            run.evict(now)
        late = sdk.signal(RING) if self._hears_rings(run) and self.faults.strikes("double_ring") else None
        run.task(now, suggests_new_run=self._is_long(run), late=late)
        if not run.is_running:
            self._let_go(run)
        if run.state is RunState.CONTINUED:
            self.start(run.identity.definition, run.identity.workflow_id, run.identity.argument)

    def _hears_rings(self, run: Run) -> bool:
        return run.identity.definition is not MigrationWave

    def _is_long(self, run: Run) -> bool:
        return run.identity.definition is OrganizationMigration and run.events > 250 and self.random.random() < 0.1

    def _let_go(self, run: Run) -> None:
        for waiting in run.activities.values():
            if waiting.work is not None:
                waiting.work.is_given_up = True
                self.faults.leaves_unknown(waiting.work)
        run.activities.clear()

    # Time

    def next_due(self) -> datetime | None:
        """When the next timer, repeat or time-out comes."""
        times = [at for run in self.running() for at in run.timers.values()]
        times += [it.gives_up_at or it.due for run in self.running() for it in run.activities.values()]
        return min(times, default=None)

    def tick(self) -> None:
        """Fires the timers that are due and gives up the attempts whose time is over."""
        now = self.clock.now()
        for run in list(self.running()):
            for seq in [seq for seq, at in run.timers.items() if at <= now]:
                del run.timers[seq]
                run.give(sdk.fired(seq))
            for late in [it for it in run.activities.values() if it.gives_up_at and it.gives_up_at <= now]:
                self._give_up(late)

    # Activities

    def begin(self, activity: Activity) -> str:
        """A worker takes the activity; what it is called."""
        method = self.activities.get(activity.name)
        if method is None:
            raise Broken(f"no worker knows the activity {activity.name}")
        arguments = sdk.PAYLOADS.from_payloads(list(activity.order.arguments), self._wanted[activity.name])
        activity.gives_up_at = self.clock.now() + activity.time_limit
        name = f"{activity.name} of {activity.run.identity.workflow_id}, attempt {activity.attempt}"
        activity.work = self.stage.begin(name, method(*arguments), lambda work: self._end(activity, work))
        return name

    def kill(self, activity: Activity) -> None:
        """Its worker is gone in the middle; Temporal learns it from the silence."""
        assert activity.work is not None
        self.faults.leaves_unknown(activity.work)
        self.stage.kill(activity.work)
        activity.gives_up_at = self.clock.now() + activity.silence_limit

    def freeze(self, activity: Activity) -> None:
        """Its worker stands still and wakes later: Temporal gives the attempt up, the attempt does not know."""
        self._give_up(activity)

    def under_way(self) -> list[Activity]:
        return [it for run in self.running() for it in run.activities.values() if it.work and not it.work.is_dead]

    def _give_up(self, activity: Activity) -> None:
        work = activity.work
        assert work is not None
        work.is_given_up = True
        self.faults.leaves_unknown(work)
        self._try_again(activity)

    def _end(self, activity: Activity, work: Work) -> None:
        if work.is_given_up or work.is_dead or activity.run.activities.get(activity.seq) is not activity:
            return
        if work.error is None and self.faults.strikes("answer_lost", 0.5):
            work.error = ApplicationError("the worker's answer was lost")
        error = work.error
        if error is None:
            self._settle(activity, sdk.completed(activity.seq, sdk.PAYLOADS.to_payload(work.result)))
        elif not isinstance(error, ApplicationError):
            raise Broken(f"{work.name} raises {error!r}, which is no failure of ours")
        elif error.type == "internal" or error.type == "inconsistent":
            raise Broken(f"{work.name}: {error.message}")
        elif error.non_retryable or activity.is_cancel_requested:
            self._settle(activity, sdk.failed(activity.seq, activity.name, error))
        else:
            self._try_again(activity)

    def _settle(self, activity: Activity, job: sdk.Job) -> None:
        del activity.run.activities[activity.seq]
        activity.run.give(job)

    def _try_again(self, activity: Activity) -> None:
        if activity.is_cancel_requested:
            self._settle(activity, sdk.cancelled(activity.seq, activity.name))
            return
        activity.due = self.clock.now() + activity.back_off
        activity.attempt += 1
        activity.work = activity.gives_up_at = None
