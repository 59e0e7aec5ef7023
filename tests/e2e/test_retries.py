"""Each of the six step activities fails twice and succeeds the third time: one effect, and operators see why."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.testing import TimeSkipper

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.errors import StoreUnavailable
from edition_migration.domain.migration import Step
from edition_migration.domain.states import MigrationState as S
from tests.e2e.watched_ports import WatchedStore
from tests.e2e.world import World, guest, running_world, until
from tests.fixtures.smtp import SmtpServer

CAUSE = "the database cannot answer (disk I/O error)"
FAILURES = 2


class Faults:
    """The commit of a user's step fails twice; the third try begins when the test has seen why it is a third."""

    def __init__(self) -> None:
        self.seen = {step: asyncio.Event() for step in Step}
        self.failures = Counter[Step]()
        self._steps = {f"{user_of(step)}.in_{step}": step for step in Step}

    async def reached(self, place: str) -> None:
        what, _, where = place.rpartition(".")
        step = self._steps.get(what)
        if step is None:
            return
        if where == "before_write" and self.failures[step] == FAILURES:
            await self.seen[step].wait()
        if where == "before_commit" and self.failures[step] < FAILURES:
            self.failures[step] += 1
            raise StoreUnavailable(CAUSE)


def user_of(step: Step) -> str:
    """Each step fails for a user of its own."""
    return f"u-{step}".replace("_", "-")


@pytest_asyncio.fixture
async def faults() -> Faults:
    return Faults()


@pytest_asyncio.fixture
async def faulty_world(
    sqlite_store_url: str, time_skipper: TimeSkipper, smtp_server: SmtpServer, faults: Faults
) -> AsyncIterator[World]:
    store = SqlStore(sqlite_store_url)
    async with running_world(WatchedStore(store, faults.reached), time_skipper, smtp_server) as running:
        yield running
    await store.dispose()


async def third_try(world: World, step: Step) -> PendingActivityInfo:
    """The pending activity of this step, once it runs for the third time."""
    found: list[PendingActivityInfo] = []

    async def there() -> bool:
        row = await world.row(user_of(step))
        if row is None or row.started_at is None:
            return False
        described = await world.handle(user_of(step)).describe()
        pending = described.raw_description.pending_activities
        found[:] = [it for it in pending if it.activity_type.name == step and it.attempt == FAILURES + 1]
        return bool(found)

    await until(there, lambda: f"{step} never came to its third try", every=0.1)
    return found[0]


async def assert_cause_is_shown(world: World, faults: Faults, step: Step) -> None:
    pending = await third_try(world, step)
    assert pending.attempt == 3
    assert pending.last_failure.message == CAUSE
    assert pending.last_failure.application_failure_info.type == "store_unavailable"
    shown = str(pending)
    assert "@" not in str(pending.last_failure)
    assert "acme.example" not in shown
    faults.seen[step].set()


async def drive(world: World, faults: Faults, step: Step) -> None:
    user_id = user_of(step)
    email = f"{user_id}@acme.example"
    await world.until_mailed(email, 3)
    await world.until(user_id, S.AWAITING_PASSWORD)
    if step is Step.AWAIT_NEW_PASSWORD:  # it looks, and so fails, only while no password is chosen
        await faults.seen[step].wait()
    await world.choose_password(email)
    await world.until(user_id, S.MIGRATED)
    await world.ended(user_id)


async def test_each_step_that_fails_twice_has_one_effect_and_shows_attempt_and_cause(
    faulty_world: World, faults: Faults
) -> None:
    world = faulty_world
    await world.guests(*(guest(user_of(step)) for step in Step))
    watching = [asyncio.create_task(assert_cause_is_shown(world, faults, step)) for step in Step]
    await world.provision(licenses=len(Step))
    for step in Step:
        await world.until(user_of(step), S.IN_REVIEW)
    answer = await world.select(*(user_of(step) for step in Step))
    assert [it.verdict for it in answer.answers] == ["done"] * len(Step)
    await asyncio.gather(*watching, *(drive(world, faults, step) for step in Step))

    counters = await world.capacity()
    assert (counters.licenses_reserved, counters.licenses_used) == (0, len(Step))
    for step in Step:
        rows = Counter(entry.action for entry in await world.journal(user_of(step)))
        expected = [it for it in Step if it is not Step.AWAIT_NEW_PASSWORD]
        assert {it: rows[it] for it in expected} == dict.fromkeys(expected, 1)
        assert rows["choose_password"] == 1
        ids = [str(mail.message["Message-ID"]) for mail in world.mails_to(f"{user_of(step)}@acme.example")]
        assert len(ids) == len(set(ids)) == 4
    assert faults.failures == dict.fromkeys(Step, FAILURES)


async def test_an_expiry_that_fails_twice_gives_everything_back_once(faulty_world: World, faults: Faults) -> None:
    """The step that awaits the password has an effect of its own only at the deadline."""
    world, step = faulty_world, Step.AWAIT_NEW_PASSWORD
    user_id = user_of(step)
    await world.configure(deadline=timedelta(seconds=1))
    await world.guests(guest(user_id))
    await world.provision(licenses=1)
    await world.until(user_id, S.IN_REVIEW)
    await world.select(user_id)
    await world.until(user_id, S.ACTIVATED, S.AWAITING_PASSWORD)
    await assert_cause_is_shown(world, faults, step)
    await world.until(user_id, S.EXPIRED)
    await world.ended(user_id)
    journal = [entry.target for entry in await world.journal(user_id)]
    assert journal.count(S.EXPIRED) == 1
    counters = await world.capacity()
    assert (counters.licenses_reserved, counters.licenses_used) == (0, 0)
