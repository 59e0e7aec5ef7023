"""What Temporal starts by itself: the daily reconciliation. Created, or brought to this code, by `starter.py setup`."""

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
from edition_migration.domain.names import MIGRATION_QUEUE, RECONCILIATION
from workflows.reconciliation import Reconciliation

HOUR = 3
"""UTC: when fewest people work."""
JITTER = timedelta(minutes=10)
CATCH_UP = timedelta(hours=12)
"""One that Temporal missed while it was down is made up for, so late at most."""


async def ensure_schedules(client: Client) -> str:
    """The schedule is there and does what this code says; says so. An operator's pause of it stays.

    Raises RPCError.
    """
    try:
        await client.create_schedule(RECONCILIATION, _schedule(ScheduleState()))
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(RECONCILIATION).update(_renewed)
    return f"Temporal: schedule {RECONCILIATION} runs daily at {HOUR:02}:00 UTC."


def _renewed(given: ScheduleUpdateInput) -> ScheduleUpdate:
    return ScheduleUpdate(_schedule(given.description.schedule.state))


def _schedule(state: ScheduleState) -> Schedule:
    daily = ScheduleCalendarSpec(hour=(ScheduleRange(HOUR),), comment="daily")
    return Schedule(
        action=ScheduleActionStartWorkflow(
            Reconciliation.run,
            ReconcileCounts(),
            id=RECONCILIATION,
            task_queue=MIGRATION_QUEUE,
            static_summary="daily look at rows, ledgers, mails, links and workflows",
        ),
        spec=ScheduleSpec(calendars=[daily], jitter=JITTER),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
        state=state,
    )
