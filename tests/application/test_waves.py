"""Waves released in the order of the selection, paused, resumed, cancelled; each repeat changes nothing."""

from datetime import timedelta
from typing import Any

import pytest

from edition_migration.adapters.csv_files import CsvFiles
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.capacity import grant
from edition_migration.application.errand_cancel_wave import cancel_wave
from edition_migration.application.selection import Selection, SelectionOrder
from edition_migration.application.steps import Steps
from edition_migration.application.token_keys import TokenKeys
from edition_migration.application.wave_control import WaveControl
from edition_migration.application.wave_queries import WaveQueries
from edition_migration.application.waves import WaveRelease
from edition_migration.domain.commands import SelectionAnswer, Verdict
from edition_migration.domain.errors import Conflict, InvalidInput, NotFound
from edition_migration.domain.migration import TicketState, Wave, WaveState
from edition_migration.domain.progress import StepInput, WaveInput, WaveOutcome
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.waves import WaveAnswer, WaveCommand, WaveCommandKind
from edition_migration.ports.store_listing import PENDING
from tests import builders
from tests.doubles import MovableClock

USERS = ["u5", "u3", "u1", "u4", "u2"]
"""In the order in which they are selected."""


class Desk:
    """An administrator's desk over the use cases."""

    def __init__(self, store: SqlStore) -> None:
        self.store, self.clock = store, MovableClock()
        self.wave_id = ""
        self.steps = Steps(store=store, clock=self.clock, keys=TokenKeys(keys={"k1": b"k" * 32}, current="k1"))

    async def prepare(self, *, state: S = S.IN_REVIEW, licenses: int = 2) -> None:
        async with self.store.write() as uow:
            await uow.organizations.put(builders.organization())
            await uow.capacity.set_purchased("acme", licenses=licenses, storage_mb=100_000)
            await uow.users.put([builders.user(it, email=f"{it}@acme.example") for it in USERS])
            await uow.migrations.add([builders.migration(it, state=state) for it in USERS])
            await uow.commit()

    async def select(self, *user_ids: str, actor: str = "staff-1", **order: Any) -> SelectionAnswer:
        answer = await Selection(store=self.store, clock=self.clock).select(
            SelectionOrder(org_id="acme", user_ids=user_ids, actor=actor, command_id=f"select-{actor}", **order)
        )
        self.wave_id = self.wave_id or answer.wave_id or ""
        return answer

    async def page(self, size: int = 10) -> WaveOutcome:
        release = WaveRelease(store=self.store, clock=self.clock, page_size=size)
        return await release.release_page(WaveInput(org_id="acme", wave_id=self.wave_id, as_of=self.clock.now()))

    async def control(self, kind: WaveCommandKind, command_id: str = "c1", actor: str = "staff-1") -> WaveAnswer:
        command = WaveCommand(
            kind=kind, org_id="acme", wave_id=self.wave_id, actor=actor, command_id=f"{kind}-{command_id}"
        )
        return await WaveControl(store=self.store, clock=self.clock).control(command)

    async def drain_errands(self) -> None:
        while True:
            async with self.store.write() as uow:
                errand = await uow.errands.next("acme")
                if errand is None:
                    return
                await cancel_wave(uow, errand, self.clock.now())
                await uow.commit()

    async def states(self) -> dict[str, S]:
        async with self.store.read() as uow:
            return {row.user_id: row.state for row in await uow.migrations.latest_many("acme", USERS)}

    async def selected(self) -> list[str]:
        states = await self.states()
        return [it for it in USERS if states[it] is S.SELECTED]

    async def wave(self) -> Wave:
        async with self.store.read() as uow:
            wave = await uow.waves.get("acme", self.wave_id)
        assert wave is not None
        return wave

    async def bells(self) -> list[str]:
        async with self.store.read() as uow:
            bells = await uow.doorbells.oldest(100)
        return [(it.wave or it.migration or it.organization).workflow_id for it in bells]


@pytest.fixture
def desk(store: SqlStore) -> Desk:
    return Desk(store)


async def test_pages_follow_the_order_of_the_selection_a_minute_apart(desk: Desk) -> None:
    await desk.prepare()
    await desk.select(*USERS)
    first = await desk.page(2)
    assert (first.done, first.released, first.remaining, first.why) == (False, 2, 3, "")
    assert first.resume_at == desk.clock.now() + timedelta(minutes=1)
    assert await desk.selected() == USERS[:2]
    assert (await desk.page(2)).released == 2
    last = await desk.page(2)
    assert (last.done, last.released, last.state) == (True, 1, WaveState.RELEASED)
    assert await desk.selected() == USERS
    assert (await desk.wave()).released == 5
    assert await desk.page(2) == WaveOutcome(done=True, released=0, remaining=0, state=WaveState.RELEASED)


@pytest.mark.parametrize(("told", "size", "seconds"), [(1, 100, 5), (2, 10, 12), (4, 10, 24)])
async def test_behind_a_small_page_who_is_told_late_waits_for_its_share_of_the_minute_only(
    desk: Desk, told: int, size: int, seconds: int
) -> None:
    await desk.prepare(state=S.BLOCKED)
    await desk.select(*USERS)
    async with desk.store.write() as uow:
        for user_id in USERS[:told]:
            await uow.migrations.move(builders.migration(user_id).ref, [S.BLOCKED], S.IN_REVIEW, desk.clock.now())
        await uow.commit()
    page = await desk.page(size)
    assert (page.released, page.remaining, page.why) == (told, 5 - told, "")
    assert page.resume_at == desk.clock.now() + timedelta(seconds=seconds)


async def test_a_wave_waits_for_its_time(desk: Desk) -> None:
    await desk.prepare()
    at = desk.clock.now() + timedelta(hours=3)
    await desk.select(*USERS, release_at=at)
    waits = await desk.page()
    assert (waits.done, waits.released, waits.resume_at, waits.why) == (False, 0, at, "until its time")
    desk.clock.move(timedelta(hours=3))
    assert (await desk.page()).released == 5


async def test_a_time_of_just_before_is_now(desk: Desk) -> None:
    await desk.prepare()
    await desk.select(*USERS, release_at=desk.clock.now() - timedelta(minutes=1))
    assert (await desk.wave()).release_at is None


async def test_a_time_in_the_past_is_refused(desk: Desk) -> None:
    await desk.prepare()
    with pytest.raises(InvalidInput) as refusal:
        await desk.select(*USERS, release_at=desk.clock.now() - timedelta(minutes=1, seconds=1))
    assert str(refusal.value) == "release_at: is in the past; leave it out to begin now, or give a later time"
    async with desk.store.read() as uow:
        assert await uow.listing.count("acme", PENDING) == len(USERS)


async def test_a_repeat_whose_time_is_past_by_now_gets_the_first_answer(desk: Desk) -> None:
    await desk.prepare()
    at = desk.clock.now() + timedelta(hours=3)
    first = await desk.select(*USERS, release_at=at)
    desk.clock.move(timedelta(hours=4))
    assert await desk.select(*USERS, release_at=at) == first


async def test_a_pilot_goes_first_and_the_rest_waits_to_be_resumed(desk: Desk) -> None:
    await desk.prepare()
    await desk.select(*USERS, pilot=2)
    pilot = await desk.page()
    assert (pilot.released, pilot.remaining, pilot.state, pilot.why) == (
        2,
        3,
        WaveState.PAUSED,
        "until the pilot is found good",
    )
    assert await desk.selected() == USERS[:2]
    assert (await desk.page()).why == "until it is resumed"
    assert (await desk.control(WaveCommandKind.RESUME)).verdict == "done"
    assert (await desk.page()).done
    assert await desk.selected() == USERS


async def waits(desk: Desk) -> str | None:
    return (await WaveQueries(store=desk.store, files=CsvFiles()).show("acme", desk.wave_id)).waits


async def test_a_paused_wave_says_whether_a_command_or_its_pilot_paused_it(desk: Desk) -> None:
    await desk.prepare(licenses=5)
    await desk.select(*USERS, pilot=2)
    assert await waits(desk) is None
    await desk.control(WaveCommandKind.PAUSE)
    assert await waits(desk) == "until it is resumed (`starter.py wave resume`): a command paused it"
    desk.clock.move(timedelta(seconds=1))
    await desk.control(WaveCommandKind.RESUME)
    await desk.page()
    assert await waits(desk) == (
        "until the pilot is found good (`starter.py wave resume`): the pilot is through and paused it"
    )
    again = await desk.control(WaveCommandKind.PAUSE, "c2")
    assert (again.reason, again.mend) == ("already_paused", "")


async def test_a_pilot_of_everybody_is_none(desk: Desk) -> None:
    await desk.prepare()
    await desk.select(*USERS, pilot=5)
    assert (await desk.wave()).pilot is None
    assert (await desk.page()).done


async def test_nobody_takes_the_place_in_a_pilot_of_one_who_is_not_told_yet(desk: Desk) -> None:
    await desk.prepare(state=S.BLOCKED)
    await desk.select(*USERS, pilot=2)
    waits = await desk.page()
    assert (waits.released, waits.why) == (0, "until its users are told of the deactivation")
    for user_id in USERS[1:]:
        await desk.steps.notify_deactivation(
            StepInput(migration=builders.migration(user_id).ref, as_of=desk.clock.now())
        )
    assert (await desk.page()).released == 1
    assert await desk.selected() == ["u3"]
    await desk.steps.notify_deactivation(StepInput(migration=builders.migration("u5").ref, as_of=desk.clock.now()))
    assert (await desk.page()).state is WaveState.PAUSED
    assert await desk.selected() == ["u5", "u3"]


async def test_a_user_told_late_rings_his_wave_and_one_of_a_released_wave_needs_none(desk: Desk) -> None:
    await desk.prepare(state=S.BLOCKED)
    await desk.select(*USERS)
    await desk.steps.notify_deactivation(StepInput(migration=builders.migration("u5").ref, as_of=desk.clock.now()))
    assert (await desk.states())["u5"] is S.IN_REVIEW
    assert f"wave/acme/{desk.wave_id}" in await desk.bells()
    assert not (await desk.page()).done
    async with desk.store.write() as uow:
        await uow.waves.set_state("acme", desk.wave_id, WaveState.RELEASED)
        await uow.commit()
    await desk.steps.notify_deactivation(StepInput(migration=builders.migration("u3").ref, as_of=desk.clock.now()))
    assert (await desk.states())["u3"] is S.SELECTED


async def test_a_paused_wave_releases_nobody_until_it_is_resumed(desk: Desk) -> None:
    await desk.prepare()
    await desk.select(*USERS)
    await desk.page(2)
    assert await desk.control(WaveCommandKind.PAUSE) == WaveAnswer(
        wave_id=desk.wave_id, kind=WaveCommandKind.PAUSE, verdict=Verdict.DONE, state=WaveState.PAUSED
    )
    assert (await desk.page()).released == 0
    again = await desk.control(WaveCommandKind.PAUSE, "c2", actor="staff-2")
    assert (again.verdict, again.reason, again.mend) == (
        "done",
        "already_paused",
        "done by staff-1 at 2026-11-22 12:00 UTC",
    )
    await desk.control(WaveCommandKind.RESUME)
    assert (await desk.page()).released == 3


async def test_a_repeated_pause_does_not_undo_the_resume_behind_it(desk: Desk) -> None:
    await desk.prepare()
    await desk.select(*USERS)
    first = await desk.control(WaveCommandKind.PAUSE)
    await desk.control(WaveCommandKind.RESUME)
    assert await desk.control(WaveCommandKind.PAUSE) == first
    assert (await desk.wave()).state is WaveState.RELEASING


async def test_cancel_gives_back_whom_the_wave_has_not_instructed_and_says_both_numbers(desk: Desk) -> None:
    await desk.prepare(licenses=2)
    await desk.select(*USERS)
    await desk.page()
    for user_id in USERS[:2]:
        await desk.steps.send_instructions(StepInput(migration=builders.migration(user_id).ref, as_of=desk.clock.now()))
    first = await desk.control(WaveCommandKind.CANCEL)
    assert (first.verdict, first.state, first.deselected, first.going_on) == ("done", WaveState.CANCELLED, 3, 2)
    assert await desk.control(WaveCommandKind.CANCEL) == first
    await desk.drain_errands()
    assert await desk.states() == {
        "u5": S.INSTRUCTED,
        "u3": S.INSTRUCTED,
        "u1": S.IN_REVIEW,
        "u4": S.IN_REVIEW,
        "u2": S.IN_REVIEW,
    }
    async with desk.store.read() as uow:
        assert await uow.listing.count("acme", PENDING) == 3
        assert await uow.tickets.waiting_count("acme") == 0
        entry = (await uow.journal.of_user("acme", "u1"))[-1]
    assert (entry.action, entry.actor, entry.detail) == ("deselect", "staff-1", {"wave": desk.wave_id})
    again = await desk.control(WaveCommandKind.CANCEL, "c2")
    assert (again.verdict, again.reason) == ("done", "already_cancelled")


async def test_what_a_cancelled_wave_had_reserved_goes_to_the_next(desk: Desk) -> None:
    await desk.prepare(licenses=2)
    await desk.select(*USERS[:3])
    first_wave = desk.wave_id
    await desk.select(*USERS[3:], actor="staff-2")
    assert (await desk.control(WaveCommandKind.CANCEL)).deselected == 3
    assert f"wave/acme/{first_wave}" in await desk.bells()
    await desk.drain_errands()
    async with desk.store.write() as uow:
        assert await grant(uow, "acme", desk.clock.now()) == 2
        tickets = [await uow.tickets.of(builders.migration(it).ref) for it in USERS]
        await uow.commit()
    assert [it.state for it in tickets if it] == [TicketState.CLOSED] * 3 + [TicketState.GRANTED] * 2
    async with desk.store.read() as uow:
        counters = await uow.capacity.get("acme")
        assert counters == await uow.ledger.sums("acme")
    assert (counters.licenses_reserved, counters.storage_reserved_mb) == (2, 200)


async def test_a_released_wave_of_which_nobody_waits_is_neither_paused_nor_cancelled(desk: Desk) -> None:
    await desk.prepare(licenses=5)
    await desk.select("u1")
    await desk.page()
    await desk.steps.send_instructions(StepInput(migration=builders.migration("u1").ref, as_of=desk.clock.now()))
    for kind, mend in (
        (WaveCommandKind.PAUSE, "everybody of it is released; `starter.py pause` holds the organization"),
        (WaveCommandKind.RESUME, "everybody of it is released; `starter.py wave report` says where they are"),
        (WaveCommandKind.CANCEL, "end these migrations with `starter.py cancel --wave`"),
    ):
        answer = await desk.control(kind)
        assert (answer.verdict, answer.reason, answer.mend) == ("refused", "is_released", mend)


async def test_a_command_id_serves_one_command_and_an_unknown_wave_is_named(desk: Desk) -> None:
    await desk.prepare()
    await desk.select(*USERS)
    control = WaveControl(store=desk.store, clock=desk.clock)
    command = WaveCommand(
        kind=WaveCommandKind.PAUSE, org_id="acme", wave_id=desk.wave_id, actor="staff-1", command_id="c1"
    )
    await control.control(command)
    with pytest.raises(Conflict):
        await control.control(command.model_copy(update={"kind": WaveCommandKind.RESUME}))
    with pytest.raises(NotFound):
        await control.control(command.model_copy(update={"wave_id": "unknown"}))


async def test_the_second_administrator_sees_who_was_faster(desk: Desk) -> None:
    await desk.prepare()
    await desk.select("u1", "u2")
    second = await desk.select("u2", "u3", actor="staff-2")
    assert [(it.user_id, it.verdict, it.reason, it.mend) for it in second.answers] == [
        (
            "u2",
            "refused",
            "already_selected",
            f"staff-1 selected the user at 2026-11-22 12:00 UTC in wave {desk.wave_id}",
        ),
        ("u3", "done", "", ""),
    ]
