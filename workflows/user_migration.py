"""One user's way from Guest Edition to Business Edition. It holds the progress; every fact is in the row."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.commands import CommandActivities
from activities.steps import StepActivities
from edition_migration.domain.commands import Command, CommandAnswer, CommandKind, CommandRequest
from edition_migration.domain.names import RING, MigrationRef
from edition_migration.domain.progress import Done, Overview, StepInput, Stop, Wait
from workflows.display import show
from workflows.options import quick
from workflows.postman import Postman
from workflows.waiting import wait_for

Step = Callable[[StepActivities, StepInput], Coroutine[Any, Any, Done | Wait | Stop]]

BY_TEMPORAL = CommandRequest()
"""What an operator means who leaves the input of an Update empty, or cancels the workflow itself."""


class _Stopped(Exception):
    """The migration has come to an end before its goal."""


@workflow.defn
class UserMigration:
    """Six steps, each repeated until it is done, while the postman delivers the mails that they queue.

    Its result is where the user stands at the end. It fails only where no retry could help.
    """

    @workflow.init
    def __init__(self, migration: MigrationRef) -> None:
        self._migration = migration
        self._postman = Postman(migration.org_id, migration)
        self._is_rung = False
        self._wait: Wait | None = None
        self._overview: Overview | None = None

    @workflow.run
    async def run(self, migration: MigrationRef) -> Overview | None:
        self._postman.start()
        try:
            await self._step(StepActivities.notify_deactivation, "1 of 6: tell the user of the deactivation")
            await self._step(StepActivities.send_instructions, "2 of 6: once selected, send the instructions")
            await self._step(StepActivities.activate, "3 of 6: once told, activate the user")
            await self._step(StepActivities.reset_password, "4 of 6: reset the password, send the link")
            await self._step(StepActivities.await_new_password, "5 of 6: wait until the user acts")
            await self._step(StepActivities.apply_policies, "6 of 6: apply policies, welcome the user")
        except _Stopped:
            pass
        await self._come_to_rest()
        return self._overview

    @workflow.signal(name=RING, description="Read your row: something this workflow waits for has changed.")
    def ring(self) -> None:
        self._is_rung = True

    @workflow.update(description="Select the user for migration. Legal while BLOCKED or IN_REVIEW.")
    async def select(self, request: CommandRequest = BY_TEMPORAL) -> CommandAnswer:
        return await self._command(CommandKind.SELECT, request)

    @workflow.update(description="Take the user back out of his wave. Legal until he is instructed.")
    async def deselect(self, request: CommandRequest = BY_TEMPORAL) -> CommandAnswer:
        return await self._command(CommandKind.DESELECT, request)

    @workflow.update(description="Take the user off the list of guests pending migration. Legal until selected.")
    async def exclude(self, request: CommandRequest = BY_TEMPORAL) -> CommandAnswer:
        return await self._command(CommandKind.EXCLUDE, request)

    @workflow.update(description="Activate the user now, whatever the wave says. Legal while INSTRUCTED.")
    async def activate(self, request: CommandRequest = BY_TEMPORAL) -> CommandAnswer:
        return await self._command(CommandKind.ACTIVATE, request)

    @workflow.update(description="Send a new link, or the instructions again. Legal while they are awaited.")
    async def resend(self, request: CommandRequest = BY_TEMPORAL) -> CommandAnswer:
        return await self._command(CommandKind.RESEND, request)

    @workflow.update(description="Give the user more time, by `extension`. Legal while he is awaited.")
    async def extend_deadline(self, request: CommandRequest = BY_TEMPORAL) -> CommandAnswer:
        return await self._command(CommandKind.EXTEND_DEADLINE, request)

    @workflow.update(description="Go on where something needed attention and was mended.")
    async def retry(self, request: CommandRequest = BY_TEMPORAL) -> CommandAnswer:
        return await self._command(CommandKind.RETRY, request)

    @workflow.update(description="Cancel the migration and release license and storage. Legal until migrated.")
    async def cancel(self, request: CommandRequest = BY_TEMPORAL) -> CommandAnswer:
        return await self._command(CommandKind.CANCEL, request)

    async def _step(self, step: Step, summary: str) -> None:
        """Repeats one step until it is done; between two tries it waits. Waiting is not failing.

        What the step before said of this one's wait is waited for first. Native Cancel acts as the command.
        """
        while True:
            try:
                await self._wait_if_told()
                outcome = await self._perform(step, summary)
            except (ActivityError, asyncio.CancelledError) as error:
                if not is_cancelled_exception(error):
                    raise
                await self._apply(CommandKind.CANCEL, BY_TEMPORAL, f"{workflow.info().workflow_id}/native-cancel")
                continue
            if isinstance(outcome, Stop):
                raise _Stopped
            self._wait = outcome.then if isinstance(outcome, Done) else outcome
            if isinstance(outcome, Done):
                return

    async def _perform(self, step: Step, summary: str) -> Done | Wait | Stop:
        self._is_rung = False  # before the row is read, so that no ring is lost
        self._postman.forget_news()
        outcome = await workflow.execute_activity_method(
            step, StepInput(migration=self._migration, as_of=workflow.now()), **quick(summary)
        )
        self._overview = outcome.overview
        if isinstance(outcome, Stop):
            self._postman.tell_last(outcome.mail)
        else:
            self._postman.tell(outcome.mail)
        show(outcome.overview)
        return outcome

    async def _wait_if_told(self) -> None:
        wait, self._wait = self._wait, None
        if wait is None:
            return
        self._overview = wait.overview
        show(wait.overview, wait.why)
        await wait_for(lambda: self._is_rung or self._postman.has_news, wait.until, wait.why)
        self._postman.check()

    async def _command(self, kind: CommandKind, request: CommandRequest) -> CommandAnswer:
        update = workflow.current_update_info()
        assert update is not None
        return await self._apply(kind, request, f"{workflow.info().workflow_id}/{update.id}")

    async def _apply(self, kind: CommandKind, request: CommandRequest, command_id: str) -> CommandAnswer:
        answer = await workflow.execute_activity_method(
            CommandActivities.apply_command,
            Command(kind=kind, migration=self._migration, command_id=command_id, request=request),
            **quick(f"command: {kind}"),
        )
        self._is_rung = True
        return answer

    async def _come_to_rest(self) -> None:
        """Returns when nobody rang, the postman is idle and no command runs. A late ring may mean one more mail."""
        while self._is_rung or not self._is_at_rest():
            if self._is_rung:
                self._is_rung = False
                self._postman.look()
            await self._news_or_rest()
            self._postman.check()

    async def _news_or_rest(self) -> None:
        try:
            await workflow.wait_condition(lambda: self._is_rung or self._is_at_rest() or self._postman.has_failed)
        except asyncio.CancelledError:
            return  # there is nothing left to cancel; the last mails still go out

    def _is_at_rest(self) -> bool:
        return self._postman.is_idle and workflow.all_handlers_finished()
