"""The postman: one task beside a workflow's own work that delivers its mails, one an activity, in order.

A slow relay so never holds up a step or a command. Used by `UserMigration` and `OrganizationMigration`.
"""

import asyncio

from temporalio import workflow
from temporalio.exceptions import is_cancelled_exception

from activities.mails import MailActivities
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.progress import MailInput, MailOutcome, NextMail
from workflows.options import mail as mail_options
from workflows.waiting import wait_for

_BY_ATTEMPT = "mail-by-attempt"
_LOOKS_AGAIN = "held-mail-looks-again"


class Postman:
    """Sleeps until it is told of a mail and the mail is due; a delivery's own answer names the one behind it."""

    def __init__(self, org_id: str, migration: MigrationRef | None = None) -> None:
        """`migration` None: the organization's own mails, and those that closed migrations left behind."""
        self._org_id = org_id
        self._migration = migration
        self._head: NextMail | None = None
        self._is_called = False
        self._is_delivering = False
        self._is_stopping = False
        self._has_finished_one = False
        self._finished: str | None = None
        self._last_attempt = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    def tell(self, mail: NextMail | None) -> None:
        """A step or page saw this mail at the head of the queue. One that was finished already is old news."""
        if mail is None or mail == self._head or self._is_finished(mail):
            return
        self._head = mail
        self._is_called = True

    def tell_last(self, mail: NextMail | None) -> None:
        """As `tell`, by the step that saw the end: what waits for its time may be moot now, so it is looked at."""
        if mail in (None, self._head) and not self.is_idle and workflow.patched(_LOOKS_AGAIN):
            self.look()
        else:
            self.tell(mail)

    def look(self) -> None:
        """Something changed and nobody knows what: look into the queue once."""
        self._head = None
        self._is_called = True

    @property
    def is_idle(self) -> bool:
        """Nothing is being delivered or waits to be."""
        return not (self._is_delivering or self._is_called or self._head is not None)

    @property
    def has_news(self) -> bool:
        """A delivery came to its end since `forget_news`, or the postman failed and `check` will say why."""
        return self._has_finished_one or self.has_failed

    @property
    def has_failed(self) -> bool:
        """It ended by itself: `check` says why."""
        return self._task is not None and self._task.done()

    def forget_news(self) -> None:
        """The owner calls it before it reads its row, so that no news is lost."""
        self._has_finished_one = False

    def check(self) -> None:
        """Raises what the postman failed of; a task's error is nobody's else."""
        if self._task is not None and self._task.done() and not self._task.cancelled():
            self._task.result()

    async def stop(self) -> None:
        """Ends the task; a delivery that runs is waited for, one that only waits for its repeat is called off."""
        if self._task is None:
            return
        self._is_stopping = True
        self._task.cancel()
        await workflow.wait_condition(self._task.done)
        try:
            self.check()
        except Exception as error:
            if not is_cancelled_exception(error):
                raise

    def _is_finished(self, mail: NextMail) -> bool:
        if mail.mail_id is None or mail.mail_id != self._finished:
            return False
        return mail.attempt <= self._last_attempt or not workflow.patched(_BY_ATTEMPT)

    async def _work(self) -> None:
        while not self._is_stopping:
            await workflow.wait_condition(lambda: self._is_called or self._head is not None)
            if self._is_due():
                await self._deliver()
                continue
            self._is_called = False
            head = self._head
            await wait_for(lambda: self._is_called, head.not_before if head else None, "the mail is held until then")

    def _is_due(self) -> bool:
        return self._head is None or self._head.not_before is None or self._head.not_before <= workflow.now()

    async def _deliver(self) -> None:
        mail, self._head = self._head, None
        self._is_called, self._is_delivering = False, True
        outcome = await self._execute(mail)
        self._is_delivering = False
        self._settle(outcome)

    def _settle(self, outcome: MailOutcome) -> None:
        if outcome.result != "held":  # nothing left to send: a try whose answer was lost with its worker sent it
            self._has_finished_one = True
            if outcome.result != "refused":  # a refused one is sent after all once its address is mended
                self._finished = outcome.mail_id or self._finished
                self._last_attempt = outcome.attempt if outcome.mail_id else self._last_attempt
            if self._head is not None and self._is_finished(self._head):
                self._head, self._is_called = None, False  # told while it was on its way
        following = outcome.next
        if self._is_called and following and following.not_before and workflow.patched(_LOOKS_AGAIN):
            self.look()  # something was heard meanwhile, and what holds this one may be over
        else:
            self._head = following or self._head

    async def _execute(self, mail: NextMail | None) -> MailOutcome:
        migration = self._migration
        return await workflow.execute_activity_method(
            MailActivities.deliver_mail,
            MailInput(
                org_id=self._org_id,
                user_id=migration.user_id if migration else None,
                generation=migration.generation if migration else None,
                as_of=workflow.now(),
            ),
            **mail_options(self._org_id, mail),
        )
