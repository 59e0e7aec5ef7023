"""Commands on single users: what a repeat hears, and what is refused before it can do harm."""

from datetime import timedelta

import pytest

from edition_migration.application.commands import Commands
from edition_migration.application.selection import Selection
from edition_migration.domain.commands import Command, CommandAnswer, CommandKind, CommandRequest
from edition_migration.domain.errors import Conflict, InvalidInput
from edition_migration.domain.migration import Migration
from edition_migration.domain.organization import Activation, OrganizationSettings
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.builders import NOW, migration, organization, user
from tests.doubles import LINK_KEYS, MovableClock


async def place(store: Store, row: Migration, **settings: object) -> Commands:
    async with store.write() as uow:
        await uow.organizations.put(organization(settings=OrganizationSettings.model_validate(settings)))
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


async def test_a_selection_with_the_id_of_another_command_is_a_conflict(store: Store) -> None:
    commands = await place(store, migration(state=S.IN_REVIEW))
    await commands.apply(command(CommandKind.SELECT).model_copy(update={"command_id": "c0"}))
    await commands.apply(command(CommandKind.DESELECT))
    with pytest.raises(Conflict, match="this command id was used for another command"):
        await commands.apply(command(CommandKind.SELECT))
    async with store.read() as uow:
        row = await uow.migrations.get(migration().ref)
        assert [it.command_id for it in await uow.waves.of_organization("acme")] == ["c0"]
    assert row is not None
    assert (row.state, row.wave_id) == (S.IN_REVIEW, None)


async def test_a_new_selection_with_the_id_of_the_command_that_ended_the_first_is_a_conflict(store: Store) -> None:
    commands = await place(store, migration(state=S.INSTRUCTED))
    assert (await commands.apply(command(CommandKind.CANCEL))).state is S.CANCELLED
    with pytest.raises(Conflict, match="this command id was used for another command"):
        await commands.apply(command(CommandKind.SELECT))
    async with store.read() as uow:
        latest = await uow.migrations.latest("acme", "u1")
    assert latest is not None
    assert (latest.generation, latest.state) == (1, S.CANCELLED)


async def test_a_selection_with_the_id_of_the_selection_of_others_is_a_conflict(store: Store) -> None:
    commands = await place(store, migration(state=S.IN_REVIEW))
    async with store.write() as uow:
        await uow.users.put([user("u2", email="u2@acme.example", org_id="acme")])
        await uow.migrations.add([migration("u2", state=S.IN_REVIEW)])
        await uow.commit()
    first = await commands.apply(command(CommandKind.SELECT))
    other = command(CommandKind.SELECT).model_copy(update={"migration": migration("u2").ref})
    with pytest.raises(Conflict):
        await commands.apply(other)
    assert await commands.apply(command(CommandKind.SELECT)) == first
    async with store.read() as uow:
        row = await uow.migrations.get(migration("u2").ref)
    assert row is not None
    assert (row.state, row.wave_id) == (S.IN_REVIEW, None)


async def refused(store: Store, row: Migration, **request: object) -> str:
    """Why the selection of this user is refused, which changes nothing."""
    commands = await place(store, row)
    with pytest.raises(InvalidInput) as refusal:
        await commands.apply(command(CommandKind.SELECT, **request))
    async with store.read() as uow:
        assert await uow.migrations.get(row.ref) == row
    return str(refusal.value)


@pytest.mark.parametrize("delay", [timedelta(seconds=-1), timedelta(), timedelta(days=91), timedelta.max])
async def test_a_delay_that_is_none_or_beyond_what_an_organization_may_set_is_refused(
    store: Store, delay: timedelta
) -> None:
    why = await refused(store, migration(state=S.IN_REVIEW), activation=Activation.DELAYED, activation_delay=delay)
    assert why == "activation_delay: is not more than 0 and at most 90 days; give a span like 2d"


@pytest.mark.parametrize("activation", [None, Activation.WITH_INSTRUCTIONS, Activation.BY_HAND])
async def test_a_delay_of_an_activation_that_is_not_delayed_is_refused(
    store: Store, activation: Activation | None
) -> None:
    why = await refused(store, migration(state=S.IN_REVIEW), activation=activation, activation_delay=timedelta(days=1))
    mend = "set the activation to delayed, or leave the delay out"
    assert why == f"activation_delay: is given, but the activation is not delayed; {mend}"


async def test_delayed_without_a_delay_is_refused(store: Store) -> None:
    why = await refused(store, migration(state=S.IN_REVIEW), activation=Activation.DELAYED)
    mend = "give a span like 2d, or set activationDelay in the organization's file"
    assert why == f"activation_delay: is missing, and the organization has none of its own; {mend}"


@pytest.mark.parametrize(
    ("own", "request_", "delay"),
    [
        ({"activation_delay": timedelta(days=3)}, {"activation": Activation.DELAYED}, timedelta(days=3)),
        ({"activation": Activation.DELAYED}, {"activation_delay": timedelta(days=1)}, timedelta(days=1)),
    ],
)
async def test_what_a_delayed_selection_leaves_out_is_the_organizations(
    store: Store, own: dict[str, object], request_: dict[str, object], delay: timedelta
) -> None:
    commands = await place(store, migration(state=S.IN_REVIEW), **own)
    answer = await commands.apply(command(CommandKind.SELECT, **request_))
    assert answer.wave_id is not None
    async with store.read() as uow:
        wave = await uow.waves.get("acme", answer.wave_id)
    assert wave is not None
    assert (wave.activation, wave.activation_delay) == (Activation.DELAYED, delay)
