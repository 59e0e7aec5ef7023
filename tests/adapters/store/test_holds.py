"""Pauses, paces, and mails that are given up: what holds the post back, and whom the end of a pause concerns."""

from datetime import timedelta

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import SERVICE, Pause
from tests.builders import domain
from tests.fixtures.records import NOW, ORG, mail, migration, organization, ref, user

LATER = NOW + timedelta(hours=1)


async def _people(store: SqlStore, *user_ids: str) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.organizations.put(organization("other"))
        await uow.users.put([user(user_id) for user_id in user_ids])
        await uow.commit()


async def test_a_scope_has_one_pause_at_a_time(store: SqlStore) -> None:
    async with store.write() as uow:
        assert await uow.pauses.begin(ORG, NOW, "staff-1")
        assert not await uow.pauses.begin(ORG, LATER, "staff-2")
        assert await uow.pauses.begin("other", NOW, "staff-1")
        assert await uow.pauses.end(ORG, LATER, "staff-3")
        assert not await uow.pauses.end(ORG, LATER, "staff-4")
        assert await uow.pauses.begin(ORG, LATER, "staff-5")
        assert await uow.pauses.of(ORG) == [
            Pause(1, ORG, NOW, LATER, "staff-1", "staff-3"),
            Pause(4, ORG, LATER, None, "staff-5"),
        ]
        assert [pause.pause_id for pause in await uow.pauses.running()] == [3, 4]


async def test_an_organization_is_paused_with_the_whole_service(store: SqlStore) -> None:
    async with store.write() as uow:
        assert not await uow.pauses.is_paused(ORG)
        await uow.pauses.begin("other", NOW, "staff-1")
        assert not await uow.pauses.is_paused(ORG)
        await uow.pauses.begin(SERVICE, NOW, "staff-1")
        assert await uow.pauses.is_paused(ORG)
        assert await uow.pauses.of(ORG) == [Pause(2, SERVICE, NOW, None, "staff-1")]


async def test_the_end_of_a_pause_concerns_open_migrations_and_ended_ones_with_mails(store: SqlStore) -> None:
    await _people(store, "a", "b", "c", "d", "e", "f")
    ended = {"state": S.CANCELLED, "started_at": NOW}
    unknown_reminder = {"kind": MailKind.REMINDER, "state": MailState.UNKNOWN}
    async with store.write() as uow:
        await uow.migrations.add(
            [
                migration("a", **ended),
                migration("a", generation=2, state=S.IN_REVIEW, started_at=NOW),
                migration("b", state=S.BLOCKED),
                migration("c", state=S.PASSWORD_SET, started_at=NOW),
                migration("d", **ended),
                migration("e", **ended),
                migration("f", **ended),
                migration("f", org_id="other", generation=2, state=S.IN_REVIEW, started_at=NOW),
            ]
        )
        await uow.mails.queue(
            [
                mail("a1", user_id="a", kind=MailKind.CANCELLED),
                mail("d1", user_id="d", kind=MailKind.CANCELLED, state=MailState.DEFERRED),
                mail("e1", user_id="e", **unknown_reminder),
                mail("f1", user_id="f", kind=MailKind.CANCELLED),
            ]
        )
        await uow.mails.hand_over([ref("f")])
        everybody = [ref("a"), ref("a", 2), ref("c"), ref("d")]
        assert await uow.pauses.held_back(ORG, None, 10) == everybody
        assert await _page_by_page(uow, 1) == everybody
        assert await uow.pauses.held_back("other", None, 10) == [ref("f", 2, "other")]


async def _page_by_page(uow: UnitOfWork, limit: int) -> list[MigrationRef]:
    found: list[MigrationRef] = []
    while page := await uow.pauses.held_back(ORG, found[-1] if found else None, limit):
        found += page
    return found


async def test_slots_follow_each_other_at_the_pace_and_never_in_the_past(store: SqlStore) -> None:
    await _people(store)
    second = timedelta(seconds=1)
    async with store.write() as uow:
        slots = [await uow.mail_times.take_slot(ORG, NOW, 2 * second) for _ in range(3)]
        assert slots == [NOW, NOW + 2 * second, NOW + 4 * second]
        assert await uow.mail_times.take_slot("other", NOW, second) == NOW
        assert await uow.mail_times.take_slot(ORG, LATER, second) == LATER
        assert await uow.mail_times.take_slot(ORG, NOW, second) == LATER + second


async def test_a_slot_is_kept_with_its_mail(store: SqlStore) -> None:
    await _people(store, "a")
    async with store.write() as uow:
        await uow.migrations.add([migration("a")])
        await uow.mails.queue([mail("m1", user_id="a"), mail("m2", user_id="a", kind=MailKind.WELCOME)])
        await uow.mail_times.set_not_before("m1", LATER)
        assert [it.not_before for it in await uow.mails.of_migration(ref("a"))] == [LATER, None]


async def test_a_reminder_of_which_nobody_knows_is_passed(store: SqlStore) -> None:
    await _people(store, "a")
    reminder = {"user_id": "a", "kind": MailKind.REMINDER}
    async with store.write() as uow:
        await uow.migrations.add([migration("a")])
        await uow.mails.queue(
            [
                mail("r1", state=MailState.UNKNOWN, **reminder),
                mail("r2", round=2, state=MailState.SENDING, **reminder),
                mail("m1", user_id="a", kind=MailKind.NEW_LINK, state=MailState.UNKNOWN),
            ]
        )
        heads: list[str] = []
        while head := await uow.mails.next_of_migration(ref("a")):
            heads.append(head.mail_id)
            target = MailState.ACCEPTED if head.mail_id == "m1" else MailState.UNKNOWN
            await uow.mails.mark(head.mail_id, {head.state}, target, NOW)
        assert heads == ["r2", "m1"]


async def test_a_due_block_that_awaits_who_has_ended_is_work_until_it_has_looked_at_them(store: SqlStore) -> None:
    await _people(store, "a")
    async with store.write() as uow:
        await uow.domains.put(domain(block_at=LATER))
        await uow.migrations.add([migration("a", state=S.UNDONE)])
        await uow.migrations.mark_enrolled(["a"], None)
        assert await uow.organizations.with_work(NOW) == []
        assert await uow.organizations.with_work(LATER) == [ORG]
        assert [it.user_id for it in await uow.migrations.awaiting_block(ORG, ["acme.example"], 9)] == ["a"]
        await uow.migrations.mark_enrolled(["a"], ORG)
        assert await uow.organizations.with_work(LATER) == []


async def test_who_moved_to_another_domain_is_no_work_of_a_due_block(store: SqlStore) -> None:
    await _people(store, "a")
    async with store.write() as uow:
        await uow.domains.put(domain(name="other.example", block_at=NOW))
        await uow.migrations.add([migration("a", state=S.UNDONE)])
        await uow.migrations.mark_enrolled(["a"], None)
        assert await uow.organizations.with_work(NOW) == []


async def test_a_reminder_of_which_nobody_knows_stays_unknown_and_is_no_work(store: SqlStore) -> None:
    await _people(store, "a")
    reminder = {"user_id": "a", "kind": MailKind.REMINDER}
    async with store.write() as uow:
        await uow.migrations.add([migration("a", state=S.CANCELLED)])
        await uow.mails.queue(
            [mail("r1", state=MailState.UNKNOWN, **reminder), mail("m1", user_id="a", kind=MailKind.WELCOME)]
        )
        await uow.mails.hand_over([ref("a")])
        assert await uow.organizations.with_work(NOW) == [ORG]
        head = await uow.mails.next_of_organization(ORG)
        assert head is not None
        assert head.mail_id == "m1"
        assert await uow.mails.suppress_unsent(ref("a")) == 1
        assert await uow.mails.next_of_organization(ORG) is None
        assert await uow.organizations.with_work(NOW) == []
        assert [it.state for it in await uow.mails.of_migration(ref("a"))] == [
            MailState.UNKNOWN,
            MailState.SUPPRESSED,
        ]
