"""One command's transaction on one migration: the held row, and the answers that it can get.

Used by `application/commands.py` and the files that hold single commands.
"""

from dataclasses import dataclass
from datetime import datetime

from edition_migration.application.records import Detail, journal_entry
from edition_migration.domain.commands import Command, CommandAnswer, Verdict
from edition_migration.domain.errors import Conflict
from edition_migration.domain.migration import Migration
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class CommandTurn:
    """`row` is held by this transaction."""

    uow: UnitOfWork
    command: Command
    row: Migration
    now: datetime

    async def end(self, target: S, reason: str | None = None) -> CommandAnswer:
        """Moves the row to its end and rings its workflow."""
        await self.uow.migrations.move(self.row.ref, [self.row.state], target, self.now, reason=reason)
        await self.journal(target)
        await self.uow.doorbells.add_migrations([self.row.ref], self.now)
        return self.done(target, reason)

    async def stay(self, detail: Detail | None = None) -> CommandAnswer:
        """Something beside the state has changed: journals it and rings the workflow."""
        await self.journal(self.row.state, detail)
        await self.uow.doorbells.add_migrations([self.row.ref], self.now)
        return self.done(self.row.state)

    async def journal(self, target: S, detail: Detail | None = None) -> None:
        entry = journal_entry(
            self.row,
            key=command_key(self.command.command_id),
            action=self.command.kind,
            actor=self.command.request.actor,
            at=self.now,
            target=target,
            detail=detail,
        )
        await self.uow.journal.add([entry])

    def done(self, state: S, reason: str | None = None) -> CommandAnswer:
        return CommandAnswer(user_id=self.row.user_id, verdict=Verdict.DONE, state=state, reason=reason or "")

    def refused(self, reason: str, mend: str) -> CommandAnswer:
        """Nothing is changed. `reason` is a stable code, `mend` a sentence."""
        return CommandAnswer(
            user_id=self.row.user_id, verdict=Verdict.REFUSED, state=self.row.state, reason=reason, mend=mend
        )


def command_key(command_id: str) -> str:
    """What the journal knows a command by."""
    return f"command/{command_id}"


def used_id() -> Conflict:
    """For an id that comes again with another command, or with another content."""
    message = "this command id was used for another command, or with another content"
    return Conflict(message, mend="give each command an id of its own")
