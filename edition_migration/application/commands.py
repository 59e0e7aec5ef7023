"""Commands on single users: select, exclude, activate, cancel. The same use cases serve command line and Updates.

A repeat of the command id gets the first answer: the journal row of the command is its proof.
"""

from collections.abc import Sequence
from dataclasses import replace

from edition_migration.application.compensation import compensate
from edition_migration.application.records import journal_entry
from edition_migration.application.selection import Selection, SelectionOrder
from edition_migration.domain.commands import Command, CommandAnswer, CommandKind, CommandRequest, Verdict
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import Migration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.states import OPEN, CancelReason, InactiveReason, SkipReason, sources_of
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork


class Commands:
    """Applies one command in one transaction, with the doorbells of whom it concerns."""

    def __init__(self, *, store: Store, clock: Clock, selection: Selection) -> None:
        self._store = store
        self._clock = clock
        self._selection = selection

    async def apply(self, command: Command) -> CommandAnswer:
        """The command's answer; a refusal is an answer too and changes nothing."""
        if command.kind is CommandKind.SELECT:
            return await self._select(command)
        async with self._store.write() as uow:
            row = await uow.migrations.hold(command.migration)
            if row is None:
                return _refused(command, None, "not_found", "see `starter.py status`")
            first = await uow.journal.find(row.ref, _key(command))
            if first is not None:
                return _done(replace(row, state=first.target, reason=row.reason if row.state is first.target else None))
            answer = await self._act(uow, command, row)
            if answer.verdict is Verdict.DONE:
                await uow.commit()
            return answer

    async def apply_each(
        self, kind: CommandKind, org_id: str, user_ids: Sequence[str], *, request: CommandRequest, command_id: str
    ) -> tuple[CommandAnswer, ...]:
        """The command on the newest migration of each user, one transaction a user."""
        async with self._store.read() as uow:
            rows = {row.user_id: row for row in await uow.migrations.latest_many(org_id, list(user_ids))}
        answers: list[CommandAnswer] = []
        for user_id in dict.fromkeys(user_ids):
            row = rows.get(user_id)
            ref = row.ref if row else MigrationRef(org_id=org_id, user_id=user_id)
            answers.append(await self.apply(Command(kind=kind, migration=ref, command_id=command_id, request=request)))
        return tuple(answers)

    async def _select(self, command: Command) -> CommandAnswer:
        order = SelectionOrder(
            org_id=command.migration.org_id,
            user_ids=[command.migration.user_id],
            actor=command.request.actor,
            command_id=command.command_id,
            activation=command.request.activation,
            activation_delay=command.request.activation_delay,
        )
        return (await self._selection.select(order)).answers[0]

    async def _act(self, uow: UnitOfWork, command: Command, row: Migration) -> CommandAnswer:
        if command.kind is CommandKind.EXCLUDE:
            return await self._exclude(uow, command, row)
        if command.kind is CommandKind.ACTIVATE:
            return await self._activate(uow, command, row)
        return await self._cancel(uow, command, row)

    async def _exclude(self, uow: UnitOfWork, command: Command, row: Migration) -> CommandAnswer:
        if row.state not in OPEN:
            return _refused(command, row, "already_ended", "there is nothing to exclude")
        if row.wave_id is not None or row.state not in sources_of(S.SKIPPED):
            return _refused(command, row, "not_in_review", "a selected user can be cancelled")
        return await self._end(uow, command, row, S.SKIPPED, SkipReason.EXCLUDED)

    async def _activate(self, uow: UnitOfWork, command: Command, row: Migration) -> CommandAnswer:
        if row.state is not S.INSTRUCTED:
            return _refused(command, row, "not_instructed", "only a user who has his instructions can be activated")
        now = self._clock.now()
        await uow.migrations.request_activation(row.ref, now)
        await self._journal(uow, command, row, row.state)
        await uow.doorbells.add_migrations([row.ref], now)
        return _done(row)

    async def _cancel(self, uow: UnitOfWork, command: Command, row: Migration) -> CommandAnswer:
        if row.state not in OPEN:
            return _refused(command, row, "already_ended", "there is nothing to cancel")
        answer = await self._end(uow, command, row, S.CANCELLED, CancelReason.ADMINISTRATOR)
        await compensate(uow, row, self._clock.now(), reason=InactiveReason.GUEST_PENDING, mail=MailKind.CANCELLED)
        return answer

    async def _end(self, uow: UnitOfWork, command: Command, row: Migration, target: S, reason: str) -> CommandAnswer:
        now = self._clock.now()
        await uow.migrations.move(row.ref, [row.state], target, now, reason=reason)
        await self._journal(uow, command, row, target)
        await uow.doorbells.add_migrations([row.ref], now)
        return CommandAnswer(user_id=row.user_id, verdict=Verdict.DONE, state=target, reason=reason)

    async def _journal(self, uow: UnitOfWork, command: Command, row: Migration, target: S) -> None:
        entry = journal_entry(
            row,
            key=_key(command),
            action=command.kind,
            actor=command.request.actor,
            at=self._clock.now(),
            target=target,
        )
        await uow.journal.add([entry])


def _key(command: Command) -> str:
    return f"command/{command.command_id}"


def _done(row: Migration) -> CommandAnswer:
    return CommandAnswer(user_id=row.user_id, verdict=Verdict.DONE, state=row.state, reason=row.reason or "")


def _refused(command: Command, row: Migration | None, reason: str, mend: str) -> CommandAnswer:
    return CommandAnswer(
        user_id=command.migration.user_id,
        verdict=Verdict.REFUSED,
        state=row.state if row else None,
        reason=reason,
        mend=mend,
    )
