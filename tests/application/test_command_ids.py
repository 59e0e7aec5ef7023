"""One command id with two contents: the second is a conflict that changes nothing, and the first keeps its answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from edition_migration.application.commands import Commands
from edition_migration.application.selection import Selection
from edition_migration.application.selection_order import SelectionOrder
from edition_migration.domain.commands import CommandAnswer, CommandKind, CommandRequest, Verdict
from edition_migration.domain.errors import Conflict
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.builders import NOW, domain, migration, organization, user
from tests.doubles import LINK_KEYS, MovableClock

USED = "this command id was used for another command, or with another content"


class Desk:
    """Two users of acme, and an administrator who gives every command the same id."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, MovableClock()
        self.selection = Selection(store=store, clock=self.clock)
        self.commands = Commands(store=store, clock=self.clock, selection=self.selection, keys=LINK_KEYS)

    async def prepare(self, state: S = S.IN_REVIEW) -> None:
        async with self.store.write() as uow:
            await uow.organizations.put(organization())
            await uow.domains.put(domain())
            await uow.capacity.set_purchased("acme", licenses=9, storage_mb=9000)
            await uow.users.put([user(it, email=f"{it}@acme.example", org_id="acme") for it in ("u1", "u2")])
            deadline = NOW + timedelta(days=9) if state is S.AWAITING_PASSWORD else None
            rows = [migration(it, state=state) for it in ("u1", "u2")]
            await uow.migrations.add([replace(it, deadline_at=deadline) for it in rows])
            await uow.commit()

    async def give(self, kind: CommandKind, user_id: str = "u1", **request: object) -> CommandAnswer:
        asked = CommandRequest.model_validate(request)
        answers = await self.commands.apply_each(kind, "acme", [user_id], request=asked, command_id="c1")
        return answers[0]

    async def fix(self, address: str) -> CommandAnswer:
        return await self.commands.fix_address("acme", "u1", address, actor="admin", command_id="c1")

    async def waves(self) -> list[str]:
        async with self.store.read() as uow:
            return [it.command_id for it in await uow.waves.of_organization("acme")]

    async def deadline(self) -> str:
        async with self.store.read() as uow:
            return str((await uow.journal.of_user("acme", "u1"))[-1].detail["deadline"])


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


ORDER = SelectionOrder(org_id="acme", user_ids=["u1"], actor="admin", command_id="c1", release_at=NOW)


async def test_a_selection_repeated_stays_the_first_answer_when_its_time_is_past(desk: Desk) -> None:
    await desk.prepare()
    first = await desk.selection.select(ORDER)
    assert [(it.user_id, it.verdict) for it in first.answers] == [("u1", Verdict.DONE)]
    desk.clock.move(timedelta(days=3))
    async with desk.store.write() as uow:
        await uow.migrations.move(migration("u1").ref, [S.IN_REVIEW], S.CANCELLED, NOW, reason="administrator")
        await uow.commit()
    assert await desk.selection.select(replace(ORDER, actor="another")) == first


@pytest.mark.parametrize(
    "other",
    [
        {"user_ids": ["u2"]},
        {"user_ids": ["u1", "u2"]},
        {"activation": Activation.BY_HAND},
        {"activation": Activation.DELAYED, "activation_delay": timedelta(days=1)},
        {"confirm_administrator": True},
        {"release_at": None},
        {"pilot": 1},
        {"fitting": "all"},
    ],
)
async def test_another_selection_with_its_id_is_a_conflict(desk: Desk, other: dict[str, object]) -> None:
    await desk.prepare()
    first = await desk.selection.select(ORDER)
    with pytest.raises(Conflict) as refusal:
        await desk.selection.select(replace(ORDER, **other))  # pyright: ignore[reportArgumentType]
    assert refusal.value.message == USED
    assert await desk.selection.select(ORDER) == first
    assert await desk.waves() == ["c1"]


async def test_a_selection_by_a_filter_is_the_same_when_others_fit_it(desk: Desk) -> None:
    await desk.prepare()
    first = await desk.selection.select(replace(ORDER, fitting="all"))
    assert await desk.selection.select(replace(ORDER, fitting="all", user_ids=["u2"])) == first
    with pytest.raises(Conflict):
        await desk.selection.select(replace(ORDER, fitting="all, states=X"))


async def test_an_answer_that_was_kept_without_a_digest_is_given_again(desk: Desk) -> None:
    await desk.prepare()
    first = await desk.selection.select(ORDER)
    async with desk.store.write() as uow:
        wave = (await uow.waves.of_organization("acme"))[0]
        await uow.waves.add(replace(wave, wave_id="w0", command_id="c0"), first.model_dump_json())
        await uow.commit()
    assert await desk.selection.select(replace(ORDER, command_id="c0", pilot=1)) == first


async def test_a_selection_with_the_id_of_what_ended_the_last_generation_is_a_conflict(desk: Desk) -> None:
    await desk.prepare()
    assert (await desk.give(CommandKind.CANCEL)).state is S.CANCELLED
    with pytest.raises(Conflict) as refusal:
        await desk.selection.select(replace(ORDER, user_ids=["u2", "u1"]))
    assert refusal.value.message == USED
    assert await desk.waves() == []


async def test_a_deadline_is_extended_once_by_what_was_asked_first(desk: Desk) -> None:
    await desk.prepare(S.AWAITING_PASSWORD)
    first = await desk.give(CommandKind.EXTEND_DEADLINE, extension=timedelta(days=1))
    assert first.verdict is Verdict.DONE
    for other in (timedelta(days=3), None):
        with pytest.raises(Conflict) as refusal:
            await desk.give(CommandKind.EXTEND_DEADLINE, extension=other)
        assert refusal.value.message == USED
    assert await desk.give(CommandKind.EXTEND_DEADLINE, extension=timedelta(hours=24)) == first
    assert await desk.deadline() == (NOW + timedelta(days=10)).isoformat()


async def test_an_extension_by_the_organizations_own_deadline_is_another_than_a_given_one(desk: Desk) -> None:
    await desk.prepare(S.AWAITING_PASSWORD)
    first = await desk.give(CommandKind.EXTEND_DEADLINE)
    with pytest.raises(Conflict):
        await desk.give(CommandKind.EXTEND_DEADLINE, extension=timedelta(days=14))
    assert await desk.give(CommandKind.EXTEND_DEADLINE) == first
    assert await desk.deadline() == (NOW + timedelta(days=23)).isoformat()


async def test_an_address_is_corrected_once_to_what_was_given_first(desk: Desk) -> None:
    await desk.prepare(S.INSTRUCTED)
    first = await desk.fix("ada@acme.example")
    assert first.verdict is Verdict.DONE
    with pytest.raises(Conflict) as refusal:
        await desk.fix("bob@acme.example")
    assert refusal.value.message == USED
    assert await desk.fix("ADA@acme.example") == first


async def test_a_correction_repeated_stays_the_first_answer_when_the_directory_has_spoken_since(desk: Desk) -> None:
    await desk.prepare(S.INSTRUCTED)
    first = await desk.fix("ada@acme.example")
    async with desk.store.write() as uow:
        it = await uow.users.hold("u1")
        assert it is not None
        await uow.users.put([replace(it, email="eve@acme.example", stamps={"email": "1z event"})])
        await uow.commit()
    assert await desk.fix("ada@acme.example") == first
