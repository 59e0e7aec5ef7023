"""One selection made by an administrator: released page by page at its pace. A user never depends on a wave's life."""

from temporalio import workflow

from activities.waves import WaveActivities
from edition_migration.domain.names import WaveRef
from edition_migration.domain.progress import WaveInput, WaveOutcome
from workflows.display import moment, table
from workflows.options import page
from workflows.waiting import wait_for


@workflow.defn
class MigrationWave:
    """Ends with how many users this workflow released; who was released before is in the rows."""

    @workflow.init
    def __init__(self, wave: WaveRef) -> None:
        self._wave = wave
        self._released = 0

    @workflow.run
    async def run(self, wave: WaveRef) -> WaveOutcome:
        while True:
            outcome = await self._release_page()
            if outcome.done:
                return WaveOutcome(done=True, released=self._released, remaining=outcome.remaining)
            if outcome.resume_at is not None:
                await wait_for(lambda: False, outcome.resume_at, "the wave's pace")

    async def _release_page(self) -> WaveOutcome:
        outcome = await workflow.execute_activity_method(
            WaveActivities.release_page,
            WaveInput(org_id=self._wave.org_id, wave_id=self._wave.wave_id, as_of=workflow.now()),
            **page("release the next users"),
        )
        self._released += outcome.released
        workflow.set_current_details(
            table(
                {
                    "State": "released" if outcome.done else "releasing",
                    "Released": str(self._released),
                    "Next page at": moment(outcome.resume_at),
                }
            )
        )
        return outcome
