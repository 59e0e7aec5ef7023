"""One organization: drains what is to be done for it, again and again, and starts its users' migrations."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from temporalio import workflow

from activities.commands import CommandActivities
from activities.organization import OrganizationActivities
from edition_migration.domain.commands import Command, CommandAnswer, CommandKind, UserRequest
from edition_migration.domain.names import RING, MigrationRef, OrganizationRef
from edition_migration.domain.progress import PageInput, PageOutcome
from workflows.display import moment, table
from workflows.options import page, quick
from workflows.postman import Postman
from workflows.waiting import wait_for

Page = Callable[[OrganizationActivities, PageInput], Coroutine[Any, Any, PageOutcome]]


class _HistoryIsLong(Exception):
    """The server suggests a new run."""


@workflow.defn
class OrganizationMigration:
    """Each run begins with a full drain, and each ring or due time repeats it; so a new run carries nothing over."""

    @workflow.init
    def __init__(self, organization: OrganizationRef) -> None:
        self._organization = organization
        self._postman = Postman(organization.org_id)
        self._is_rung = False
        self._due: datetime | None = None

    @workflow.run
    async def run(self, organization: OrganizationRef) -> None:
        self._postman.start()
        try:
            while True:
                self._is_rung = False  # before the rows are read, so that no ring is lost
                self._due = None
                await self._drain()
                await self._wait()
        except _HistoryIsLong:
            await self._postman.stop()
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(organization)

    @workflow.signal(name=RING, description="Look again: something is to be done for this organization.")
    def ring(self) -> None:
        self._is_rung = True

    @workflow.update(description="Undo a finished migration, within the organization's undo window.")
    async def undo(self, request: UserRequest) -> CommandAnswer:
        return await self._command(CommandKind.UNDO, request)

    @workflow.update(description="Select a user again whose migration expired, was cancelled or undone.")
    async def select(self, request: UserRequest) -> CommandAnswer:
        return await self._command(CommandKind.SELECT, request)

    async def _command(self, kind: CommandKind, request: UserRequest) -> CommandAnswer:
        update = workflow.current_update_info()
        assert update is not None
        ref = MigrationRef(org_id=self._organization.org_id, user_id=request.user_id)
        command = Command(
            kind=kind, migration=ref, command_id=f"{workflow.info().workflow_id}/{update.id}", request=request
        )
        answer = await workflow.execute_activity_method(
            CommandActivities.apply_to_newest, command, **quick(f"command: {kind}")
        )
        self._is_rung = True
        return answer

    async def _drain(self) -> None:
        """Errands before each event, since an event may build on them; all guests blocked before any is started."""
        workflow.set_current_details(table({"State": "working", "Since": moment(workflow.now())}))
        await self._all_pages(OrganizationActivities.errand_page, "errands: what one fact means for many users")
        while await self._found(OrganizationActivities.apply_next_event, "apply the next provisioning event"):
            await self._all_pages(OrganizationActivities.errand_page, "errands: what one fact means for many users")
        await self._all_pages(OrganizationActivities.block_guests, "block the guests of provisioned domains")
        await self._all_pages(OrganizationActivities.start_pending, "start migrations and waves")
        await self._all_pages(OrganizationActivities.grant_capacity, "grant licenses and storage")
        await self._all_pages(OrganizationActivities.report, "report to the administrators")

    async def _all_pages(self, activity: Page, summary: str) -> None:
        while (await self._page(activity, summary)).more:
            pass

    async def _found(self, activity: Page, summary: str) -> bool:
        """Whether this page did something or says that there is more."""
        outcome = await self._page(activity, summary)
        return outcome.more or outcome.count > 0

    async def _page(self, activity: Page, summary: str) -> PageOutcome:
        if workflow.info().is_continue_as_new_suggested():
            raise _HistoryIsLong
        self._postman.check()
        outcome = await workflow.execute_activity_method(
            activity, PageInput(org_id=self._organization.org_id, as_of=workflow.now()), **page(summary)
        )
        self._postman.tell(outcome.mail)
        if outcome.due is not None:
            self._due = min(outcome.due, self._due or outcome.due)
        return outcome

    async def _wait(self) -> None:
        workflow.set_current_details(
            table({"State": "waiting", "Since": moment(workflow.now()), "Looks again at": moment(self._due)})
        )
        await wait_for(lambda: self._is_rung or self._postman.has_failed, self._due, "something is due then")
        self._postman.check()
