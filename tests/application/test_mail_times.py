"""Other quiet hours, another zone, another pace: mails that are held follow at once. Both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.errands import Errands
from edition_migration.application.events import Events
from edition_migration.application.intake import Intake
from edition_migration.application.organizations import Organizations
from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.organization import QuietHours
from edition_migration.domain.progress import PageInput
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from edition_migration.ports.store_events import Doorbell
from tests.builders import NOW, domain, migration, organization, user
from tests.doubles import LINK_KEYS, MovableClock
from tests.fixtures.postgres import until_somebody_waits
from tests.fixtures.records import mail

HELD = {"not_before": NOW + timedelta(hours=1), "held_until": NOW + timedelta(hours=20)}
PAGE = PageInput(org_id="acme", as_of=NOW)
SECOND = timedelta(seconds=1)


async def held(store: Store, *more: Mail) -> None:
    """Ada's instructions are held by quiet hours and pace; the pace has given away the next hour."""
    async with store.write() as uow:
        hours = QuietHours(begins="18:00", ends="08:00", weekends=True)
        await uow.organizations.put(organization(quiet_hours=hours, mails_per_second=1.0))
        await uow.domains.put(domain())
        user_ids = ["u1", *(it.user_id for it in more if it.user_id)]
        await uow.users.put([user(user_id) for user_id in user_ids])
        await uow.migrations.add([migration(user_id, state=S.INSTRUCTED) for user_id in user_ids])
        await uow.mails.queue([mail("m1", kind=MailKind.INSTRUCTIONS), *more])
        await uow.mail_times.set_not_before("m1", HELD["not_before"])
        await uow.mail_times.set_held_until("m1", HELD["held_until"])
        await uow.mail_times.take_slot("acme", NOW, timedelta(hours=1))
        await uow.commit()


async def apply(store: Store, **settings: Any) -> None:
    clock = MovableClock()
    organizations = Organizations(store=store, clock=clock, intake=Intake(store=store, clock=clock))
    await organizations.apply({"id": "acme", "settings": settings})


async def work(store: Store) -> list[int]:
    """The sizes of the errands' pages."""
    errands = Errands(store=store, clock=MovableClock(), keys=LINK_KEYS)
    sizes: list[int] = []
    while (page := await errands.page(PAGE)).more:
        sizes.append(page.count)
    return sizes


async def times(store: Store, mail_id: str = "m1") -> tuple[object, object]:
    async with store.read() as uow:
        it = await uow.mails.get(mail_id)
    assert it is not None
    return it.not_before, it.held_until


async def bells(store: Store) -> set[str]:
    """Whose workflow is rung: users, or the organization."""

    def name(bell: Doorbell) -> str:
        return bell.migration.user_id if bell.migration else bell.organization.org_id

    async with store.read() as uow:
        return {name(bell) for bell in await uow.doorbells.oldest(1000)}


@pytest.mark.parametrize(
    "settings",
    [{"quietHours": None}, {"quietHours": {"begins": "20:00"}}, {"zone": "Asia/Tokyo"}, {"mailsPerSecond": 5}],
    ids=["no quiet hours", "other quiet hours", "another zone", "another pace"],
)
async def test_a_held_mail_forgets_its_time_and_who_sleeps_is_rung(store: Store, settings: dict[str, Any]) -> None:
    await held(store)
    await apply(store, **settings)
    assert await bells(store) == {"acme"}
    assert await work(store) == [1]
    assert (await times(store), await bells(store)) == ((None, None), {"acme", "u1"})
    async with store.write() as uow:
        assert await uow.mail_times.take_slot("acme", NOW, SECOND) == NOW


@pytest.mark.parametrize("settings", [{"linkLifetime": "3d"}, {"mailsPerSecond": 1.0}], ids=["another", "the same"])
async def test_other_settings_leave_times_as_they_are(store: Store, settings: dict[str, Any]) -> None:
    await held(store)
    await apply(store, **settings)
    assert (await work(store), await bells(store)) == ([], set())
    assert await times(store) == (HELD["not_before"], HELD["held_until"])


async def test_who_is_being_written_to_is_held_before_his_mails_are(postgres_store_url: str) -> None:
    """The row comes first for everybody, then its slot: else a delivery and the page would wait for each other."""
    store = SqlStore(postgres_store_url)
    await held(store)
    await apply(store, quietHours=None)
    async with store.write() as uow:
        await uow.migrations.hold(migration().ref)
        page = asyncio.create_task(work(store))
        await until_somebody_waits(postgres_store_url)
        await uow.mail_times.take_slot("acme", NOW, SECOND)
        await uow.mails.mark("m1", [MailState.QUEUED], MailState.SENDING, NOW)
        await uow.commit()
    pages = await page
    await store.dispose()
    assert pages == [1]


async def test_a_mail_that_was_sent_meanwhile_keeps_its_slot(store: Store) -> None:
    await held(store, mail("sent", user_id="sent", state=MailState.ACCEPTED, accepted_at=NOW, not_before=NOW))
    async with store.write() as uow:
        await uow.mail_times.forget(["m1", "sent"])
        await uow.commit()
    assert [await times(store, it) for it in ("m1", "sent")] == [(None, None), (NOW, None)]


async def test_the_zone_may_come_by_an_event(store: Store) -> None:
    await held(store)
    clock = MovableClock()
    data = {"org_id": "acme", "name": "Acme", "zone": "Asia/Tokyo", "domains": ["acme.example"]}
    purchased = {"licenses_purchased": 5, "storage_purchased_mb": 100}
    people = {"administrators": ["admin@acme.example"], "notification_email": "it@acme.example"}
    document = {
        "specversion": "1.0",
        "id": "1",
        "source": "urn:provisioning:test",
        "type": "org.service.provisioned",
        "time": NOW.isoformat(),
        "data": {**data, **purchased, **people, "client_download_url": "https://acme.example/client"},
    }
    await Intake(store=store, clock=clock).receive(document)
    await Events(store=store, clock=clock).apply_next(PAGE)
    await work(store)
    assert (await times(store), await bells(store) >= {"acme", "u1"}) == ((None, None), True)


async def test_every_mail_is_looked_at_page_by_page_and_a_sent_one_is_not(store: Store) -> None:
    behind = [mail(f"b{number}", user_id=f"b{number:03}", kind=MailKind.INSTRUCTIONS) for number in range(200)]
    sent = mail("sent", user_id="sent", state=MailState.ACCEPTED, accepted_at=NOW, not_before=NOW)
    await held(store, *behind, sent)
    async with store.write() as uow:
        await uow.mail_times.set_not_before("b199", NOW)
        await uow.commit()
    await apply(store, quietHours=None)
    assert await work(store) == [200, 1]
    assert [await times(store, it) for it in ("m1", "b199", "sent")] == [(None, None), (None, None), (NOW, None)]
    assert await bells(store) == {"acme", "u1", *(it.user_id for it in behind)}


async def test_a_mail_in_the_queue_of_the_organization_follows_too(store: Store) -> None:
    await held(store)
    async with store.write() as uow:
        await uow.mails.hand_over([migration().ref])
        await uow.commit()
    await apply(store, quietHours=None)
    await work(store)
    async with store.read() as uow:
        first = await uow.mails.next_of_organization("acme")
    assert first is not None
    assert (first.mail_id, first.held_until) == ("m1", None)


async def test_a_user_with_another_zone_is_rung(store: Store) -> None:
    await held(store)
    clock = MovableClock()
    document = {
        "specversion": "1.0",
        "id": "1",
        "source": "urn:provisioning:test",
        "type": "user.updated",
        "time": NOW.isoformat(),
        "data": {"org_id": "acme", "user_id": "u1", "zone": "Asia/Tokyo"},
    }
    await Intake(store=store, clock=clock).receive(document)
    await Events(store=store, clock=clock).apply_next(PAGE)
    assert await bells(store) == {"acme", "u1"}
    assert await times(store) == (HELD["not_before"], None)
    async with store.read() as uow:
        row = await uow.migrations.get(migration().ref)
    assert row is not None
    assert row.state is S.INSTRUCTED
