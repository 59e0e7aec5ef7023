"""Doorbells on both databases: rung once a target, removed only when rung, and what happens where nobody hears."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.rings import PAGE, Bells
from edition_migration.domain.errors import TemporalUnavailable
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention, Migration
from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.progress import Overview
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import InboxRow, InboxState
from tests.fixtures.records import NOW, ORG, mail, migration, organization, ref, user, wave


class RecordingGateway:
    """Hears all but the `deaf`; goes away before the ring number `away_at`."""

    def __init__(
        self, *, deaf: Sequence[MigrationRef] = (), away_at: int | None = None, stuck: Sequence[str] = ()
    ) -> None:
        self.rung: list[str] = []
        self.woken: list[str] = []
        self.away_at = away_at
        self.asked = 0
        self._deaf = deaf
        self._stuck = stuck

    async def start_migration(self, ref: MigrationRef, overview: Overview) -> None:
        raise AssertionError("bells start nothing")

    async def start_wave(self, ref: WaveRef) -> None:
        raise AssertionError("bells start nothing")

    async def ring_migration(self, ref: MigrationRef) -> bool:
        self._ring(ref.workflow_id)
        return ref not in self._deaf

    async def ring_organization(self, ref: OrganizationRef) -> None:
        self._ring(ref.workflow_id)

    async def start_organization(self, ref: OrganizationRef) -> None:
        self.woken.append(ref.org_id)

    def _ring(self, workflow_id: str) -> None:
        self.asked += 1
        if workflow_id in self._stuck or (self.away_at is not None and len(self.rung) >= self.away_at):
            raise TemporalUnavailable("away")
        self.rung.append(workflow_id)


async def _prepare(store: SqlStore, *rows: Migration) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(row.user_id) for row in rows])
        await uow.migrations.add(rows)
        await uow.commit()


async def _hang_bells(store: SqlStore, *user_ids: str | None) -> None:
    async with store.write() as uow:
        for user_id in user_ids:
            if user_id is None:
                await uow.doorbells.add_organization(ORG, NOW)
            else:
                await uow.doorbells.add_migrations([ref(user_id)], NOW)
        await uow.commit()


async def _left(store: SqlStore) -> list[str | None]:
    async with store.read() as uow:
        return [bell.user_id for bell in await uow.doorbells.oldest(100)]


async def test_each_target_is_rung_once_oldest_first_and_all_its_bells_removed(store: SqlStore) -> None:
    await _hang_bells(store, "u2", None, "u1", "u2", None)
    gateway = RecordingGateway()
    assert await Bells(store=store, gateway=gateway).ring_due() == 5
    assert gateway.rung == ["migration/acme/u2/1", "organization/acme", "migration/acme/u1/1"]
    assert await _left(store) == []
    assert await Bells(store=store, gateway=gateway).ring_due() == 0


async def test_process_that_is_killed_in_a_page_has_kept_what_it_rang(store: SqlStore) -> None:
    """Else one that is killed more often than a page takes would ring the same bells for ever, and the others never."""
    await _hang_bells(store, *(f"u{number}" for number in range(PAGE + 5)))
    left: list[int] = []

    class Watching(RecordingGateway):
        async def ring_migration(self, ref: MigrationRef) -> bool:
            left.append(len(await _left(store)))
            return await super().ring_migration(ref)

    await Bells(store=store, gateway=Watching()).ring_due()
    assert left == [PAGE + 5] * PAGE + [5] * 5
    assert await _left(store) == []


async def test_bells_not_rung_in_an_outage_stay_and_are_rung_after_it(store: SqlStore) -> None:
    await _hang_bells(store, "u1", "u2", "u3")
    gateway = RecordingGateway(away_at=1)
    with pytest.raises(TemporalUnavailable):
        await Bells(store=store, gateway=gateway).ring_due()
    assert await _left(store) == ["u2", "u3"]
    gateway.away_at = None
    assert await Bells(store=store, gateway=gateway).ring_due() == 2
    assert gateway.rung == ["migration/acme/u1/1", "migration/acme/u2/1", "migration/acme/u3/1"]


async def test_a_target_that_cannot_be_rung_holds_up_nobody_behind_it(store: SqlStore) -> None:
    await _hang_bells(store, "u1", "u2", None)
    gateway = RecordingGateway(stuck=["migration/acme/u1/1"])
    with pytest.raises(TemporalUnavailable):
        await Bells(store=store, gateway=gateway).ring_due()
    assert gateway.rung == ["migration/acme/u2/1", "organization/acme"]
    assert await _left(store) == ["u1"]


async def test_in_an_outage_the_look_ends_after_its_first_page(store: SqlStore) -> None:
    await _hang_bells(store, *[f"u{number}" for number in range(PAGE + 5)])
    gateway = RecordingGateway(away_at=0)
    with pytest.raises(TemporalUnavailable):
        await Bells(store=store, gateway=gateway).ring_due()
    assert gateway.asked == PAGE
    assert len(await _left(store)) == PAGE + 5


async def test_the_bells_of_a_page_are_rung_at_once(store: SqlStore) -> None:
    """One after the other, a Temporal that answers slowly would make everybody wait for all before him."""
    await _hang_bells(store, *[f"u{number}" for number in range(PAGE)])
    everybody = asyncio.Barrier(PAGE)

    class Slow(RecordingGateway):
        async def ring_migration(self, ref: MigrationRef) -> bool:
            await everybody.wait()
            return await super().ring_migration(ref)

    async with asyncio.timeout(10):
        assert await Bells(store=store, gateway=Slow()).ring_due() == PAGE


async def test_ended_migration_hands_its_last_mails_to_the_organization(store: SqlStore) -> None:
    await _prepare(store, migration("u1", state=S.CANCELLED, started_at=NOW))
    async with store.write() as uow:
        await uow.mails.queue([mail("m1")])
        await uow.commit()
    await _hang_bells(store, "u1")
    gateway = RecordingGateway(deaf=[ref("u1")])
    await Bells(store=store, gateway=gateway).ring_due()
    assert gateway.rung == ["migration/acme/u1/1", "organization/acme"]
    async with store.read() as uow:
        handed = await uow.mails.next_of_organization(ORG)
        assert handed is not None
        assert (handed.mail_id, handed.state) == ("m1", MailState.QUEUED)
        assert await uow.mails.next_of_migration(ref("u1")) is None
    assert await _left(store) == []


async def test_open_migration_without_workflow_gets_attention(store: SqlStore) -> None:
    await _prepare(store, migration("u1", state=S.INSTRUCTED, started_at=NOW))
    await _hang_bells(store, "u1")
    await Bells(store=store, gateway=RecordingGateway(deaf=[ref("u1")])).ring_due()
    async with store.read() as uow:
        row = await uow.migrations.get(ref("u1"))
    assert row is not None
    assert row.attention is Attention.WORKFLOW_MISSING
    assert await _left(store) == []


async def test_migration_that_is_not_started_yet_needs_no_ring(store: SqlStore) -> None:
    """Its workflow will read the row when it starts."""
    await _prepare(store, migration("u1"))
    await _hang_bells(store, "u1")
    await Bells(store=store, gateway=RecordingGateway(deaf=[ref("u1")])).ring_due()
    async with store.read() as uow:
        row = await uow.migrations.get(ref("u1"))
    assert row is not None
    assert row.attention is None
    assert await _left(store) == []


def event(event_id: str = "e1", org_id: str | None = ORG) -> InboxRow:
    return InboxRow(
        inbox_id=0,
        source="hr",
        event_id=event_id,
        type="user.created",
        org_id=org_id,
        body="{}",
        digest="0" * 64,
        received_at=NOW,
        state=InboxState.PENDING,
    )


WORK: dict[str, Callable[[UnitOfWork], Awaitable[object]]] = {
    "event": lambda uow: uow.inbox.receive(event()),
    "errand": lambda uow: uow.errands.add(ORG, "review_domain", "acme.example", NOW),
    "migration not started": lambda uow: uow.migrations.add([migration()]),
    "wave not started": lambda uow: uow.waves.add(wave(), ""),
    "mail": lambda uow: uow.mails.queue([mail(user_id=None, generation=None, kind=MailKind.SERVICE_PROVISIONED)]),
    "report": lambda uow: uow.organizations.put(organization(digest_due_at=NOW)),
}


@pytest.mark.parametrize("kind", WORK)
async def test_an_organization_that_has_work_to_do_is_started_without_a_bell(store: SqlStore, kind: str) -> None:
    """Its workflow may have been terminated after it had answered its bells."""
    await _prepare(store, migration("u2", state=S.IN_REVIEW, started_at=NOW))
    gateway = RecordingGateway()
    bells = Bells(store=store, gateway=gateway)
    assert (await bells.wake(NOW), gateway.woken) == (0, [])
    async with store.write() as uow:
        await uow.users.put([user("u1")])
        await WORK[kind](uow)
        await uow.commit()
    assert (await bells.wake(NOW), gateway.woken, gateway.rung) == (1, [ORG], [])


async def test_an_organization_of_which_only_events_are_known_is_started_too(store: SqlStore) -> None:
    async with store.write() as uow:
        await uow.inbox.receive(event(org_id="newcomer"))
        await uow.inbox.receive(event(event_id="e2", org_id=None))
        await uow.commit()
    gateway = RecordingGateway()
    await Bells(store=store, gateway=gateway).wake(NOW)
    assert gateway.woken == ["newcomer"]


async def test_bells_of_many_ended_migrations_ring_their_organization_once_a_page(store: SqlStore) -> None:
    """A ring each would have it look through all its work for every single user."""
    ids = [f"u{number:02}" for number in range(PAGE + 5)]
    await _prepare(store, *(migration(it, state=S.CANCELLED, started_at=NOW) for it in ids))
    async with store.write() as uow:
        await uow.mails.queue([mail(f"m-{it}", user_id=it) for it in ids])
        await uow.commit()
    await _hang_bells(store, *ids)
    gateway = RecordingGateway(deaf=[ref(it) for it in ids])
    assert await Bells(store=store, gateway=gateway).ring_due() == PAGE + 5
    assert gateway.rung.count("organization/acme") == 2
    async with store.read() as uow:
        assert [await uow.mails.next_of_migration(ref(it)) for it in ids] == [None] * len(ids)
    assert await _left(store) == []


async def test_an_ended_migration_without_mails_rings_nobody_else(store: SqlStore) -> None:
    await _prepare(store, migration("u1", state=S.MIGRATED, started_at=NOW))
    await _hang_bells(store, "u1")
    gateway = RecordingGateway(deaf=[ref("u1")])
    await Bells(store=store, gateway=gateway).ring_due()
    assert gateway.rung == ["migration/acme/u1/1"]
    assert await _left(store) == []


async def test_bells_whose_mails_nobody_was_told_of_stay_and_are_rung_again(store: SqlStore) -> None:
    await _prepare(store, migration("u1", state=S.CANCELLED, started_at=NOW), migration("u2", started_at=NOW))
    async with store.write() as uow:
        await uow.mails.queue([mail("m1")])
        await uow.commit()
    await _hang_bells(store, "u1", "u2")
    gateway = RecordingGateway(deaf=[ref("u1")], stuck=["organization/acme"])
    with pytest.raises(TemporalUnavailable):
        await Bells(store=store, gateway=gateway).ring_due()
    assert await _left(store) == ["u1"]
    again = RecordingGateway(deaf=[ref("u1")])
    assert await Bells(store=store, gateway=again).ring_due() == 1
    assert again.rung == ["migration/acme/u1/1", "organization/acme"]
