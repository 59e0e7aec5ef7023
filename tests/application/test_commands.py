"""Commands on single users: what a repeat hears, and what is refused before it can do harm."""

from datetime import timedelta

import pytest

from edition_migration.application.commands import Commands
from edition_migration.application.selection import Selection
from edition_migration.domain.commands import Command, CommandAnswer, CommandKind, CommandRequest
from edition_migration.domain.errors import Conflict, InvalidInput
from edition_migration.domain.migration import Migration
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.builders import NOW, migration, organization, user
from tests.doubles import LINK_KEYS, MovableClock


async def place(store: Store, row: Migration) -> Commands:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(org_id="acme")])
        await uow.migrations.add([row])
        await uow.commit()
    clock = MovableClock()
    return Commands(store=store, clock=clock, selection=Selection(store=store, clock=clock), keys=LINK_KEYS)


def command(kind: CommandKind, **request: object) -> Command:
    return Command(
        kind=kind, migration=migration().ref, command_id="c1", request=CommandRequest.model_validate(request)
    )


async def test_a_repeat_gets_the_first_answer_wherever_the_user_stands_now(store: Store) -> None:
    commands = await place(store, migration(state=S.INSTRUCTED))
    first = await commands.apply(command(CommandKind.ACTIVATE))
    async with store.write() as uow:
        await uow.migrations.move(migration().ref, [S.INSTRUCTED], S.CANCELLED, NOW, reason="administrator")
        await uow.commit()
    assert first == CommandAnswer(user_id="u1", verdict="done", state=S.INSTRUCTED)
    assert await commands.apply(command(CommandKind.ACTIVATE)) == first


@pytest.mark.parametrize("kind", [CommandKind.EXCLUDE, CommandKind.CANCEL])
async def test_a_repeat_of_what_ended_the_migration_gets_its_reason_again(store: Store, kind: CommandKind) -> None:
    commands = await place(store, migration(state=S.IN_REVIEW))
    first = await commands.apply(command(kind))
    assert first.reason in ("excluded", "administrator")
    assert await commands.apply(command(kind)) == first


async def test_a_repeat_does_nothing_to_who_has_begun_anew_since(store: Store) -> None:
    commands = await place(store, migration(state=S.IN_REVIEW))
    first = await commands.apply_to_newest(command(CommandKind.CANCEL))
    async with store.write() as uow:
        await uow.migrations.add([migration(state=S.IN_REVIEW, generation=2)])
        await uow.commit()
    assert await commands.apply_to_newest(command(CommandKind.CANCEL)) == first
    async with store.read() as uow:
        row = await uow.migrations.latest("acme", "u1")
    assert row == migration(state=S.IN_REVIEW, generation=2)


async def test_one_id_for_two_commands_is_a_conflict(store: Store) -> None:
    commands = await place(store, migration(state=S.INSTRUCTED))
    await commands.apply(command(CommandKind.ACTIVATE))
    with pytest.raises(Conflict):
        await commands.apply(command(CommandKind.CANCEL))
    async with store.read() as uow:
        row = await uow.migrations.get(migration().ref)
    assert row is not None
    assert row.state is S.INSTRUCTED


@pytest.mark.parametrize("delay", [timedelta(seconds=-1), timedelta(days=91), timedelta.max])
async def test_a_delay_beyond_what_an_organization_may_set_is_refused(store: Store, delay: timedelta) -> None:
    commands = await place(store, migration(state=S.IN_REVIEW))
    with pytest.raises(InvalidInput) as refusal:
        await commands.apply(command(CommandKind.SELECT, activation=Activation.DELAYED, activation_delay=delay))
    assert str(refusal.value) == "activation_delay: is not between 0 and 90 days; give a span like 2d"
    async with store.read() as uow:
        row = await uow.migrations.get(migration().ref)
    assert row == migration(state=S.IN_REVIEW)
