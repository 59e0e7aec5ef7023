"""What Temporal starts by itself every day. Created, or brought to this code, by `starter.py setup`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from edition_migration.domain.differences import ReconcileCounts
from edition_migration.domain.names import MIGRATION_QUEUE, PURGE, RECONCILIATION
from edition_migration.domain.purge import PurgeCounts
from workflows.purge import Purge
from workflows.reconciliation import Reconciliation

JITTER = timedelta(minutes=10)
CATCH_UP = timedelta(hours=12)
"""One that Temporal missed while it was down is made up for, so late at most."""


@dataclass(frozen=True, slots=True)
class Daily:
    """What is started at `hour`, UTC; early, when fewest people work. `loss` is what is amiss without it."""

    schedule_id: str
    hour: int
    action: ScheduleActionStartWorkflow
    loss: str

    def schedule(self, state: ScheduleState) -> Schedule:
        daily = ScheduleCalendarSpec(hour=(ScheduleRange(self.hour),), comment="daily")
        return Schedule(
            action=self.action,
            spec=ScheduleSpec(calendars=[daily], jitter=JITTER),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
            state=state,
        )

    def renewed(self, given: ScheduleUpdateInput) -> ScheduleUpdate:
        return ScheduleUpdate(self.schedule(given.description.schedule.state))


def dailies() -> Sequence[Daily]:
    """All of them, in the order of the day."""
    look = ScheduleActionStartWorkflow(
        Reconciliation.run,
        ReconcileCounts(),
        id=RECONCILIATION,
        task_queue=MIGRATION_QUEUE,
        static_summary="daily look at rows, ledgers, mails, links and workflows",
    )
    removal = ScheduleActionStartWorkflow(
        Purge.run,
        PurgeCounts(),
        id=PURGE,
        task_queue=MIGRATION_QUEUE,
        static_summary="daily removal of rows that nobody needs any more",
    )
    return (
        Daily(RECONCILIATION, 3, look, "nobody looks for differences every day"),
        Daily(PURGE, 4, removal, "what nobody needs any more stays, and the database grows"),
    )


async def ensure_schedules(client: Client) -> Sequence[str]:
    """The schedules are there and do what this code says; says so. An operator's pause of one stays.

    Raises RPCError.
    """
    return [await _ensure(client, it) for it in dailies()]


async def _ensure(client: Client, it: Daily) -> str:
    try:
        await client.create_schedule(it.schedule_id, it.schedule(ScheduleState()))
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(it.schedule_id).update(it.renewed)
    return f"Temporal: schedule {it.schedule_id} runs daily at {it.hour:02}:00 UTC."
