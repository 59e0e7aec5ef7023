"""One step's transaction on one migration: the held row, the times, and the answers that a step can give.

Used by `application/steps.py` and the files that hold one step's rules.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from edition_migration.application.records import WORKFLOW, Detail, journal_entry, next_mail_of
from edition_migration.application.rows import organization_of
from edition_migration.domain.errors import Inconsistent
from edition_migration.domain.migration import Migration, Step
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Organization
from edition_migration.domain.overview import overview
from edition_migration.domain.progress import Done, NextMail, Stop, Wait
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.states import sources_of
from edition_migration.ports.store import UnitOfWork

Outcome = Done | Wait | Stop


@dataclass(frozen=True, slots=True)
class Turn:
    """`as_of` is the workflow's time, which decides what is due; `now` is the time that is stored."""

    uow: UnitOfWork
    row: Migration
    step: Step
    as_of: datetime
    now: datetime

    @property
    def ref(self) -> MigrationRef:
        return self.row.ref

    async def organization(self) -> Organization:
        return await organization_of(self.uow, self.row.org_id)

    async def move(
        self, target: S, *, reason: str | None = None, detail: Detail | None = None, round_number: int | None = None
    ) -> "Turn":
        """The guarded move and its journal row; the turn on the row as it is now.

        `round_number` numbers a move that one generation may make more than once.
        """
        entry = journal_entry(
            self.row,
            key=f"{self.step}/{target}" if round_number is None else f"{self.step}/{target}/{round_number}",
            action=self.step,
            actor=WORKFLOW,
            at=self.now,
            target=target,
            detail=detail,
        )
        is_moved = await self.uow.migrations.move(self.ref, sources_of(target), target, self.now, reason=reason)
        if not is_moved:
            raise Inconsistent("a step would move a migration where it may not go", mend="look at its journal")
        await self.uow.journal.add([entry])
        return await self.again()

    async def again(self) -> "Turn":
        """The turn on the row as it is now."""
        row = await self.uow.migrations.get(self.ref)
        return replace(self, row=row or self.row)

    async def mail(self) -> NextMail | None:
        return await next_mail_of(self.uow, self.ref)

    async def done(self, then: Wait | None = None) -> Done:
        return Done(overview=overview(self.row), mail=await self.mail(), then=then)

    async def wait(self, why: str, until: datetime | None = None) -> Wait:
        return Wait(why=why, until=until, overview=overview(self.row), mail=await self.mail())

    async def stop(self) -> Stop:
        return Stop(state=self.row.state, overview=overview(self.row), mail=await self.mail())
