"""Pauses of an organization and of the whole service: one row each, and an errand that forgets nobody when they end."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from edition_migration.application.errands import Errands
from edition_migration.application.pauses import Pauses
from edition_migration.application.token_keys import TokenKeys
from edition_migration.application.views import PauseAnswer, PauseVerdict, PauseView
from edition_migration.domain.errors import NotFound
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import Migration
from edition_migration.domain.progress import PageInput
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from edition_migration.ports.store_events import SERVICE, Doorbell
from tests.builders import NOW, migration, organization, user
from tests.doubles import MovableClock
from tests.fixtures.records import mail

WEEKEND = timedelta(days=2, hours=14)


async def people(store: Store, *rows: Migration, org_ids: tuple[str, ...] = ("acme", "other")) -> None:
    async with store.write() as uow:
        for org_id in org_ids:
            await uow.organizations.put(organization(org_id=org_id))
        await uow.users.put([user(user_id) for user_id in sorted({row.user_id for row in rows})])
        await uow.migrations.add(rows)
        await uow.commit()


async def bells(store: Store) -> list[Doorbell]:
    async with store.read() as uow:
        return list(await uow.doorbells.oldest(100_000))


async def drain(store: Store, clock: MovableClock, org_id: str = "acme") -> list[int]:
    """The sizes of the errands' pages."""
    errands = Errands(store=store, clock=clock, keys=TokenKeys(keys={"k": b"k" * 32}, current="k"))
    sizes: list[int] = []
    while (page := await errands.page(PageInput(org_id=org_id, as_of=clock.now()))).more:
        sizes.append(page.count)
    return sizes


async def test_a_repeat_changes_nothing_and_says_what_is_true(store: Store) -> None:
    await people(store)
    clock = MovableClock()
    pauses = Pauses(store=store, clock=clock)
    running = (PauseView(org_id="acme", started_at=NOW, actor="staff-1"),)

    def answer(verdict: PauseVerdict, running: tuple[PauseView, ...]) -> PauseAnswer:
        return PauseAnswer(org_id="acme", verdict=verdict, pauses=running)

    assert await pauses.resume("acme", "staff-0") == answer(PauseVerdict.NOT_PAUSED, ())
    assert await pauses.pause("acme", "staff-1") == answer(PauseVerdict.PAUSED, running)
    clock.move(timedelta(hours=1))
    assert await pauses.pause("acme", "staff-2") == answer(PauseVerdict.ALREADY_PAUSED, running)
    assert await pauses.resume("acme", "staff-3") == answer(PauseVerdict.RESUMED, ())
    assert await pauses.resume("acme", "staff-4") == answer(PauseVerdict.NOT_PAUSED, ())
    async with store.read() as uow:
        [kept] = await uow.pauses.of("acme")
    assert (kept.actor, kept.ended_by, kept.ended_at) == ("staff-1", "staff-3", NOW + timedelta(hours=1))
    assert await drain(store, clock) == [0]


async def test_nobody_pauses_an_organization_that_does_not_exist(store: Store) -> None:
    await people(store)
    pauses = Pauses(store=store, clock=MovableClock())
    with pytest.raises(NotFound) as caught:
        await pauses.pause("acm", "staff-1")
    assert caught.value.nearest == ("acme",)
    with pytest.raises(NotFound):
        await pauses.resume("acm", "staff-1")


async def test_the_end_of_one_pause_resumes_nothing_while_the_other_lasts(store: Store) -> None:
    await people(store, migration(state=S.IN_REVIEW))
    clock = MovableClock()
    pauses = Pauses(store=store, clock=clock)
    await pauses.pause("acme", "staff-1")
    await pauses.pause(SERVICE, "operator")

    first = await pauses.resume("acme", "staff-1")
    assert first.pauses == (PauseView(org_id=None, started_at=NOW, actor="operator"),)
    assert await bells(store) == []
    assert await drain(store, clock) == []

    assert (await pauses.resume(SERVICE, "operator")).verdict is PauseVerdict.RESUMED
    assert [bell.org_id for bell in await bells(store)] == ["acme", "other"]
    assert await drain(store, clock) == [1]
    assert await drain(store, clock, "other") == [0]


async def test_the_service_resumes_without_an_organization_that_is_paused_itself(store: Store) -> None:
    await people(store)
    pauses = Pauses(store=store, clock=MovableClock())
    await pauses.pause("acme", "staff-1")
    await pauses.pause(SERVICE, "operator")
    answer = await pauses.resume(SERVICE, "operator")
    assert (answer.verdict, answer.pauses) == (PauseVerdict.RESUMED, ())
    assert [bell.org_id for bell in await bells(store)] == ["other"]


async def test_of_resumes_at_the_same_moment_one_leaves_one_errand_and_nobody_is_rung_twice(store: Store) -> None:
    rows = [migration(f"u{number}", state=S.IN_REVIEW) for number in range(3)]
    await people(store, *rows, org_ids=("acme",))
    clock = MovableClock()
    pauses = Pauses(store=store, clock=clock)
    await pauses.pause("acme", "staff-1")
    answers = await asyncio.gather(*(pauses.resume("acme", f"staff-{number}") for number in range(8)))
    assert Counter(it.verdict for it in answers) == {PauseVerdict.RESUMED: 1, PauseVerdict.NOT_PAUSED: 7}
    assert await drain(store, clock) == [3]
    rung = Counter(bell.user_id for bell in await bells(store))
    assert {user_id: count for user_id, count in rung.items() if user_id} == {"u0": 1, "u1": 1, "u2": 1}


async def test_of_both_pauses_ended_at_the_same_moment_the_later_end_wakes_everybody_once(store: Store) -> None:
    await people(store, migration(state=S.IN_REVIEW), org_ids=("acme",))
    clock = MovableClock()
    pauses = Pauses(store=store, clock=clock)
    for _ in range(5):
        await pauses.pause("acme", "staff-1")
        await pauses.pause(SERVICE, "operator")
        answers = await asyncio.gather(pauses.resume("acme", "staff-1"), pauses.resume(SERVICE, "operator"))
        assert [it.verdict for it in answers] == [PauseVerdict.RESUMED] * 2
        assert await drain(store, clock) == [1]
    assert Counter(bell.user_id for bell in await bells(store))["u1"] == 5


async def test_who_ended_during_the_pause_is_rung_for_his_last_mail(store: Store) -> None:
    ended = migration("u2", state=S.CANCELLED)
    await people(store, migration(state=S.AWAITING_PASSWORD), ended, migration("u3", state=S.MIGRATED))
    async with store.write() as uow:
        await uow.mails.queue([mail("m2", user_id="u2", kind=MailKind.CANCELLED)])
        await uow.commit()
    clock = MovableClock()
    pauses = Pauses(store=store, clock=clock)
    await pauses.pause("acme", "staff-1")
    await pauses.resume("acme", "staff-1")
    assert await drain(store, clock) == [2]
    assert [bell.user_id for bell in await bells(store)] == [None, "u1", "u2", None]


async def test_a_weekends_pause_of_5000_users_resumes_each_exactly_once(store: Store) -> None:
    states = (S.IN_REVIEW, S.SELECTED, S.WAITING_CAPACITY, S.INSTRUCTED, S.AWAITING_PASSWORD)
    rows = [migration(f"u{number:04}", state=states[number % 5]) for number in range(5000)]
    await people(store, *rows, org_ids=("acme",))
    clock = MovableClock()
    pauses = Pauses(store=store, clock=clock)
    await pauses.pause("acme", "staff-1")
    clock.move(WEEKEND)
    await pauses.resume("acme", "staff-1")
    assert [(bell.user_id, bell.rung_at) for bell in await bells(store)] == [(None, NOW + WEEKEND)]

    assert await drain(store, clock) == [200] * 25 + [0]
    rung = Counter(bell.user_id for bell in await bells(store))
    assert rung.pop(None) == 2
    assert rung == dict.fromkeys((row.user_id for row in rows), 1)
    assert await drain(store, clock) == []
