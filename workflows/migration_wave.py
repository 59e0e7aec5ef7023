"""One selection made by an administrator: released page by page at its pace. A user never depends on a wave's life."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.waves import WaveActivities
from edition_migration.domain.names import RING, WaveRef
from edition_migration.domain.progress import WaveInput, WaveOutcome
from edition_migration.domain.waves import WaveAnswer, WaveCommand, WaveCommandKind, WaveRequest
from workflows.display import moment, table
from workflows.options import page, quick
from workflows.waiting import wait_for

BY_TEMPORAL = WaveRequest()
"""What an operator means who leaves the input of an Update empty, or cancels the workflow itself."""


@workflow.defn
class MigrationWave:
    """Ends with how many users this run released; who was released before is in the rows."""

    @workflow.init
    def __init__(self, wave: WaveRef) -> None:
        self._wave = wave
        self._released = 0
        self._outcome: WaveOutcome | None = None
        self._is_rung = False

    @workflow.run
    async def run(self, wave: WaveRef) -> WaveOutcome:
        outcome = await self._next_page()
        while not outcome.done:
            if workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(wave)
            outcome = await self._wait_and_go_on(outcome)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return WaveOutcome(done=True, released=self._released, remaining=outcome.remaining)

    @workflow.signal(name=RING, description="Look again: somebody paused, resumed or cancelled, or users came along.")
    def ring(self) -> None:
        self._is_rung = True

    @workflow.update(description="Release nobody more until the wave is resumed. Who is released goes on.")
    async def pause(self, request: WaveRequest = BY_TEMPORAL) -> WaveAnswer:
        return await self._command(WaveCommandKind.PAUSE, request)

    @workflow.update(description="Go on with a paused wave, also behind its pilot.")
    async def resume(self, request: WaveRequest = BY_TEMPORAL) -> WaveAnswer:
        return await self._command(WaveCommandKind.RESUME, request)

    @workflow.update(description="Give back to the list whom the wave has not instructed. Who is instructed goes on.")
    async def cancel(self, request: WaveRequest = BY_TEMPORAL) -> WaveAnswer:
        return await self._command(WaveCommandKind.CANCEL, request)

    async def _wait_and_go_on(self, outcome: WaveOutcome) -> WaveOutcome:
        """The pace is kept whoever rings; all other waiting ends with a ring. Native Cancel acts as the command."""
        try:
            await wait_for(lambda: bool(outcome.why) and self._is_rung, outcome.resume_at, _reason(outcome))
        except asyncio.CancelledError:
            await self._cancel_natively()
        return await self._next_page()

    async def _next_page(self) -> WaveOutcome:
        while True:
            try:
                return await self._release_page()
            except (ActivityError, asyncio.CancelledError) as error:
                if not is_cancelled_exception(error):
                    raise
                await self._cancel_natively()

    async def _release_page(self) -> WaveOutcome:
        self._is_rung = False  # before the row is read, so that no ring is lost
        outcome = await workflow.execute_activity_method(
            WaveActivities.release_page,
            WaveInput(org_id=self._wave.org_id, wave_id=self._wave.wave_id, as_of=workflow.now()),
            **page("release the next users"),
        )
        self._released += outcome.released
        self._outcome = outcome
        self._show(outcome)
        return outcome

    def _show(self, outcome: WaveOutcome) -> None:
        workflow.set_current_details(
            table(
                {
                    "State": outcome.state or ("released" if outcome.done else "releasing"),
                    "Released": str(self._released),
                    "To be released": str(outcome.remaining),
                    "Waiting": outcome.why,
                    "Next page at": moment(outcome.resume_at),
                }
            )
        )

    async def _command(self, kind: WaveCommandKind, request: WaveRequest) -> WaveAnswer:
        update = workflow.current_update_info()
        assert update is not None
        return await self._apply(kind, request, f"{workflow.info().workflow_id}/{update.id}")

    async def _cancel_natively(self) -> None:
        await self._apply(WaveCommandKind.CANCEL, BY_TEMPORAL, f"{workflow.info().workflow_id}/native-cancel")

    async def _apply(self, kind: WaveCommandKind, request: WaveRequest, command_id: str) -> WaveAnswer:
        answer = await workflow.execute_activity_method(
            WaveActivities.control_wave,
            WaveCommand(
                kind=kind,
                org_id=self._wave.org_id,
                wave_id=self._wave.wave_id,
                actor=request.actor,
                command_id=command_id,
            ),
            **quick(f"command: {kind}"),
        )
        self._is_rung = True
        if self._outcome is not None:  # at once; the next page says the rest
            self._show(self._outcome.model_copy(update={"state": answer.state}))
        return answer


def _reason(outcome: WaveOutcome) -> str:
    return outcome.why or "the wave's pace"
