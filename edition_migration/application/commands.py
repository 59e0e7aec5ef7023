"""Commands on single users. The same use cases serve command line and Updates.

A repeat of the command id gets the first answer, also where the user has begun anew since: the journal row of the
command is its proof. One id for two commands on a user, or for two contents of one, is a Conflict.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence

from edition_migration.application.address_fix import fix_address, gives_the_same
from edition_migration.application.command_turn import CommandTurn, command_key, used_id
from edition_migration.application.links import LinkKeys
from edition_migration.application.selection import Selection
from edition_migration.application.selection_order import SelectionOrder
from edition_migration.application.single_commands import ACTS
from edition_migration.domain.addresses import normalize_address
from edition_migration.domain.commands import Command, CommandAnswer, CommandKind, CommandRequest, Verdict
from edition_migration.domain.migration import JournalEntry
from edition_migration.domain.names import MigrationRef
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store

Act = Callable[[CommandTurn], Awaitable[CommandAnswer]]
IsRepeat = Callable[[CommandTurn, JournalEntry], Awaitable[bool]]
"""Whether a command with the id of this entry, and of its kind, has its content too."""
LONGEST_ID = 200
"""Of a command, as the store keeps it; Temporal lets an Update's id be longer."""


class Commands:
    """Applies one command in one transaction, with the doorbells of whom it concerns."""

    def __init__(self, *, store: Store, clock: Clock, selection: Selection, keys: LinkKeys) -> None:
        self._store = store
        self._clock = clock
        self._selection = selection
        self._keys = keys

    async def apply(self, command: Command) -> CommandAnswer:
        """The command's answer; a refusal is an answer too and changes nothing. Raises Conflict as said above."""
        command = command.model_copy(update={"command_id": _short(command.command_id)})
        if command.kind is CommandKind.SELECT:
            return await self._select(command)
        return await self._act(command, lambda turn: ACTS[command.kind](turn, self._keys), _asks_the_same)

    async def apply_each(
        self,
        kind: CommandKind,
        org_id: str,
        user_ids: Sequence[str],
        *,
        request: CommandRequest,
        command_id: str,
        on_answer: Callable[[int], None] = lambda _: None,
    ) -> tuple[CommandAnswer, ...]:
        """The command on the newest migration of each user, one transaction a user; `on_answer` hears how many.

        Interrupted and given again with the same id, it goes on: who has his answer gets the same one.
        """
        async with self._store.read() as uow:
            rows = {row.user_id: row for row in await uow.migrations.latest_many(org_id, list(user_ids))}
        answers: list[CommandAnswer] = []
        for user_id in dict.fromkeys(user_ids):
            row = rows.get(user_id)
            ref = row.ref if row else MigrationRef(org_id=org_id, user_id=user_id)
            answers.append(await self.apply(Command(kind=kind, migration=ref, command_id=command_id, request=request)))
            on_answer(len(answers))
        return tuple(answers)

    async def apply_to_newest(self, command: Command) -> CommandAnswer:
        """The command on the user's newest migration, whichever generation it names."""
        ref = command.migration
        answers = await self.apply_each(
            command.kind, ref.org_id, [ref.user_id], request=command.request, command_id=command.command_id
        )
        return answers[0]

    async def fix_address(self, org_id: str, user_id: str, email: str, *, actor: str, command_id: str) -> CommandAnswer:
        """Corrects the user's address; the mail that was refused goes to the new one. Raises InvalidInput.

        A repeat of the command id gets the first answer.
        """
        address = normalize_address(email)
        async with self._store.read() as uow:
            row = await uow.migrations.latest(org_id, user_id)
        ref = row.ref if row else MigrationRef(org_id=org_id, user_id=user_id)
        request = CommandRequest(actor=actor)
        command = Command(kind=CommandKind.FIX_ADDRESS, migration=ref, command_id=command_id, request=request)
        return await self._act(
            command, lambda turn: fix_address(turn, address), lambda turn, first: gives_the_same(turn, first, address)
        )

    async def _act(self, command: Command, act: Act, is_repeat: IsRepeat) -> CommandAnswer:
        async with self._store.write() as uow:
            row = await uow.migrations.hold(command.migration)
            if row is None:
                return _unknown(command)
            turn = CommandTurn(uow, command, row, self._clock.now())
            first = await uow.journal.find_of_user(row.org_id, row.user_id, command_key(command.command_id))
            if first is not None:
                if first.action != command.kind or not await is_repeat(turn, first):
                    raise used_id()
                return await _first_answer(turn, first)
            answer = await act(turn)
            if answer.verdict is Verdict.DONE:
                await uow.commit()
            return answer

    async def _select(self, command: Command) -> CommandAnswer:
        request, ref = command.request, command.migration
        order = SelectionOrder(
            org_id=ref.org_id,
            user_ids=[ref.user_id],
            actor=request.actor,
            command_id=command.command_id,
            activation=request.activation,
            activation_delay=request.activation_delay,
            confirm_administrator=request.confirm_administrator,
        )
        answers = (await self._selection.select(order)).answers
        mine = [it for it in answers if it.user_id == ref.user_id]
        if not mine:  # an answer of before digests were kept
            raise used_id()
        return mine[0]


async def _first_answer(turn: CommandTurn, first: JournalEntry) -> CommandAnswer:
    """What was answered to the command of this entry, in the generation that it was given to."""
    row = await turn.uow.migrations.get(first.ref)
    return turn.done(first.target, row.reason if row is not None and row.state is first.target else None)


async def _asks_the_same(turn: CommandTurn, first: JournalEntry) -> bool:
    """Whether the content is the same too, which only a deadline's extension has; entries of before name none."""
    by = turn.command.request.extension_text
    return first.detail.get("by", by) == by


def _short(command_id: str) -> str:
    """The same id for the same command, however long the caller's is."""
    return command_id if len(command_id) <= LONGEST_ID else hashlib.sha256(command_id.encode()).hexdigest()


def _unknown(command: Command) -> CommandAnswer:
    return CommandAnswer(
        user_id=command.migration.user_id, verdict=Verdict.REFUSED, reason="not_found", mend="see `starter.py status`"
    )
