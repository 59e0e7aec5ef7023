"""What a purge removes and what stays, on both databases; and that nobody misses what is gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application import purge as purge_module
from edition_migration.application.audit import Audit
from edition_migration.application.capacity import cut_tickets, grant
from edition_migration.application.purge import Purge
from edition_migration.application.records import next_round
from edition_migration.application.sealing import Sealer
from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import Migration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.purge import Leftover, PurgeCursor, PurgePage, Retention
from edition_migration.domain.reconciliation import WorkflowStatus
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState, digest_of
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import InboxRow, InboxState, Received
from edition_migration.ports.store_people import Session
from tests import builders
from tests.application.sound_store import differences, sound
from tests.application.test_event_order import SETS, Service
from tests.builders import NOW
from tests.doubles import MovableClock
from tests.fixtures import records
from tests.fixtures.tampering import tamper
from tests.stores import store_at

DAY = timedelta(days=1)
RETENTION = Retention(events=30 * DAY, rest=400 * DAY)
OLD, YOUNG = NOW - 401 * DAY, NOW - 399 * DAY
OLD_EVENT, YOUNG_EVENT = NOW - 31 * DAY, NOW - 29 * DAY
NOTHING = dict.fromkeys(Leftover, 0)


def purge(store: SqlStore, retention: Retention = RETENTION, clock: MovableClock | None = None) -> Purge:
    return Purge(store=store, clock=clock or MovableClock(), retention=retention)


async def due(store: SqlStore, retention: Retention = RETENTION) -> dict[Leftover, int]:
    return {it.kind: it.rows for it in (await purge(store, retention).due()).leftovers}


async def purged(store: SqlStore, retention: Retention = RETENTION) -> dict[str, int]:
    """How many rows of each kind went; as many as were said beforehand."""
    said = {kind: rows for kind, rows in (await due(store, retention)).items() if rows}
    removed: dict[str, int] = {}
    async for counts in purge(store, retention).run():
        removed = counts.removed
    assert removed == said
    assert await due(store, retention) == NOTHING
    return removed


async def give_life(uow: UnitOfWork, user_id: str, migrations: Sequence[Migration], at: datetime = OLD) -> None:
    """The user with one old row of each kind, of his first migration."""
    await uow.users.put([builders.user(user_id, org_id="acme")])
    await uow.migrations.add(migrations)
    await uow.inbox.receive(event(user_id, min(at, OLD_EVENT)))
    await uow.tokens.add(records.token(f"t-{user_id}", user_id=user_id, state=TokenState.USED, created_at=at))
    await uow.mails.queue([sent_mail(f"m-{user_id}", at, user_id=user_id, token_id=f"t-{user_id}")])
    await uow.former_addresses.add(f"a-{user_id}", user_id, f"{user_id}.old@acme.example", at)
    await uow.sessions.add(Session(f"s-{user_id}", user_id, digest_of(f"s-{user_id}"), at, ended_at=at))


def event(user_id: str, at: datetime, state: InboxState = InboxState.APPLIED) -> InboxRow:
    return InboxRow(0, "urn:test", f"e-{user_id}", "user.updated", "acme", "{}", "d", at, state, user_id=user_id)


def sent_mail(mail_id: str, at: datetime, **fields: object) -> Mail:
    defaults = {"kind": MailKind.RESET_PASSWORD, "state": MailState.ACCEPTED, "created_at": at, "accepted_at": at}
    return records.mail(mail_id, **{**defaults, **fields})


def ended(user_id: str, at: datetime, **fields: object) -> Migration:
    return builders.migration(user_id, **{"state": S.EXPIRED, "since": at, "started_at": at, **fields})


async def left(store: SqlStore, user_id: str) -> set[Leftover]:
    """Of which kinds the user's row is still there."""
    async with store.read() as uow:
        found = {
            Leftover.EVENTS: await uow.inbox.get("urn:test", f"e-{user_id}"),
            Leftover.MAILS: await uow.mails.get(f"m-{user_id}"),
            Leftover.LINKS: await uow.tokens.get(f"t-{user_id}"),
            Leftover.FORMER_ADDRESSES: await uow.former_addresses.get(f"a-{user_id}"),
            Leftover.SESSIONS: await uow.sessions.of_user(user_id) or None,
        }
    return {kind for kind, row in found.items() if row is not None}


async def test_of_a_user_whose_last_migration_ended_long_ago_the_journal_stays(store: SqlStore) -> None:
    lives = {
        "gone": [ended("gone", OLD)],
        "undone": [ended("undone", OLD - DAY), ended("undone", OLD, generation=2, state=S.UNDONE)],
        "late": [ended("late", YOUNG)],
        "again": [ended("again", OLD), builders.migration("again", generation=2, since=OLD, state=S.IN_REVIEW)],
        "open": [builders.migration("open", since=OLD, state=S.IN_REVIEW)],
    }
    async with store.write() as uow:
        await uow.organizations.put(builders.organization())
        for user_id, migrations in lives.items():
            await give_life(uow, user_id, migrations)
            await uow.journal.add([records.entry("enroll", user_id, source=None, target=S.BLOCKED, at=OLD)])
        await uow.commit()
    assert await purged(store) == {**dict.fromkeys(Leftover, 2), Leftover.EVENTS: 3}
    assert {user_id: await left(store, user_id) for user_id in lives} == {
        "gone": set(),
        "undone": set(),
        "late": set(Leftover) - {Leftover.EVENTS},
        "again": set(Leftover),
        "open": set(Leftover),
    }
    async with store.read() as uow:
        assert [len(await uow.journal.of_user("acme", it)) for it in lives] == [1] * len(lives)
        assert [await uow.migrations.get(it.ref) for it in lives["undone"]] == lives["undone"]


async def test_young_rows_of_a_user_at_rest_stay(store: SqlStore) -> None:
    async with store.write() as uow:
        await uow.organizations.put(builders.organization())
        await give_life(uow, "ada", [ended("ada", OLD)], at=YOUNG)
        await uow.commit()
    assert await purged(store) == {Leftover.EVENTS: 1}


async def test_who_never_had_a_migration_keeps_what_is_young(store: SqlStore) -> None:
    async with store.write() as uow:
        await uow.users.put([builders.user("guest")])
        await uow.inbox.receive(event("guest", YOUNG_EVENT))
        await uow.inbox.receive(event("stranger", OLD_EVENT, InboxState.FAILED))
        for number, (created, over) in enumerate(((OLD, OLD), (OLD, None), (OLD, YOUNG), (YOUNG, None))):
            await uow.sessions.add(Session(f"s{number}", "guest", digest_of(f"s{number}"), created, ended_at=over))
        await uow.commit()
    assert await purged(store) == {Leftover.EVENTS: 1, Leftover.SESSIONS: 2}
    async with store.read() as uow:
        assert [it.session_id for it in await uow.sessions.of_user("guest")] == ["s2", "s3"]
        assert await uow.inbox.get("urn:test", "e-guest") is not None


async def test_what_is_still_to_be_done_stays_however_old_it_is(store: SqlStore) -> None:
    unsent = (MailState.QUEUED, MailState.SENDING, MailState.DEFERRED, MailState.UNKNOWN)
    async with store.write() as uow:
        await uow.organizations.put(builders.organization())
        await uow.users.put([builders.user("ada", org_id="acme")])
        await uow.migrations.add([ended("ada", OLD)])
        await uow.inbox.receive(event("ada", OLD_EVENT, InboxState.PENDING))
        await uow.tokens.add(records.token("t1", user_id="ada", state=TokenState.LIVE, created_at=OLD))
        await uow.tokens.add(records.token("t2", user_id="ada", state=TokenState.DEAD, created_at=OLD))
        mails = [
            sent_mail(f"m{round_}", OLD, user_id="ada", state=it, round=round_) for round_, it in enumerate(unsent)
        ]
        reminder = sent_mail("given-up", OLD, user_id="ada", kind=MailKind.REMINDER, state=MailState.UNKNOWN)
        bounced = sent_mail("bounced", OLD, user_id="ada", kind=MailKind.WELCOME, state=MailState.BOUNCED)
        await uow.mails.queue([*mails, reminder, bounced])
        await uow.doorbells.add_organization("acme", OLD)
        await uow.errands.add("acme", "resume", "", OLD)
        await uow.commit()
    assert await purged(store) == {Leftover.MAILS: 2, Leftover.LINKS: 1}
    async with store.read() as uow:
        assert [await uow.mails.get(it) for it in ("given-up", "bounced")] == [None, None]
        assert len(await uow.doorbells.oldest(10)) == 1
        assert await uow.errands.next("acme") is not None


async def test_a_link_whose_mail_is_still_to_be_sent_stays_with_it(store: SqlStore) -> None:
    async with store.write() as uow:
        await uow.organizations.put(builders.organization())
        await give_life(uow, "ada", [ended("ada", OLD)])
        await uow.mails.mark("m-ada", [MailState.ACCEPTED], MailState.DEFERRED, OLD)
        await uow.commit()
    async for _ in purge(store).run():
        pass
    assert await left(store, "ada") == {Leftover.MAILS, Leftover.LINKS}


async def test_of_the_mails_to_an_organization_the_newest_of_each_kind_stays(store: SqlStore) -> None:
    kinds = (MailKind.PENDING_DIGEST, MailKind.PENDING_DIGEST, MailKind.UNDELIVERABLE)
    async with store.write() as uow:
        for org_id in ("acme", "globex"):
            await uow.organizations.put(builders.organization(org_id=org_id))
            to_it = {"org_id": org_id, "user_id": None, "generation": None}
            mails = [sent_mail(f"{org_id}{it}", OLD, kind=kind, round=it, **to_it) for it, kind in enumerate(kinds)]
            await uow.mails.queue(mails)
        await uow.commit()
    assert await purged(store) == {Leftover.MAILS: 2}
    async with store.read() as uow:
        kept = [await uow.mails.get(f"{org_id}{it}") for org_id in ("acme", "globex") for it in range(3)]
    assert [mail and mail.mail_id for mail in kept] == [None, "acme1", "acme2", None, "globex1", "globex2"]


@pytest.mark.parametrize(("undo_window", "is_kept"), [(20 * DAY, False), (40 * DAY, True)])
async def test_what_an_undo_needs_stays_while_it_is_possible(
    store: SqlStore, undo_window: timedelta, is_kept: bool
) -> None:
    migrated = ended("ada", NOW - 35 * DAY, state=S.MIGRATED)
    async with store.write() as uow:
        await uow.organizations.put(builders.organization(undo_window=undo_window))
        await give_life(uow, "ada", [migrated], at=NOW - 36 * DAY)
        await uow.commit()
    await purged(store, Retention(events=4 * DAY, rest=30 * DAY))
    assert await left(store, "ada") == (set(Leftover) - {Leftover.EVENTS} if is_kept else set())


async def test_pages_are_bounded_and_each_can_be_repeated(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge_module, "PAGE", 2)
    at = [OLD_EVENT - DAY * days for days in (5, 4, 4, 4, 3, 2)]
    async with store.write() as uow:
        for number, received in enumerate(at):
            await uow.inbox.receive(event(f"u{number}", received))
        await uow.commit()
    before, pages = NOW - 30 * DAY, purge(store)
    first = await pages.page(PurgePage())
    assert first.removed == {Leftover.EVENTS: 4}  # the two behind the second are of its moment
    assert first.next == PurgeCursor(kind=Leftover.EVENTS, before=before, after=at[1])
    assert (await pages.page(PurgePage())).removed == {Leftover.EVENTS: 2}  # a repeat goes on with what there is
    assert await pages.page(PurgePage(cursor=first.next)) == first.model_copy(
        update={"removed": {Leftover.EVENTS: 0}, "next": PurgeCursor(kind=Leftover.MAILS, before=NOW - 400 * DAY)}
    )
    assert await due(store) == NOTHING


def test_the_next_mail_of_a_kind_follows_the_last_one_that_is_left() -> None:
    left_over = [records.mail("m3", round=3), records.mail("m9", kind=MailKind.WELCOME, round=9)]
    assert next_round(left_over, MailKind.INSTRUCTIONS) == 4
    assert next_round(left_over, MailKind.REMINDER) == 1


async def test_reconcile_and_audit_find_nothing_before_and_after(store: SqlStore) -> None:
    gateway = await sound(store)
    veteran, gone = MigrationRef(org_id="acme", user_id="veteran"), MigrationRef(org_id="acme", user_id="gone")
    async with store.write() as uow:
        await give_life(uow, "veteran", [ended("veteran", OLD, state=S.MIGRATED, instructions_accepted_at=OLD)])
        await give_life(uow, "gone", [ended("gone", OLD)])
        await uow.users.put([builders.user("gone", is_deleted=True, email=None, domain=None)])
        for ref, state in ((veteran, S.MIGRATED), (gone, S.EXPIRED)):
            await uow.journal.add([records.entry("enroll", ref.user_id, source=None, target=state, at=OLD)])
        await cut_tickets(uow, builders.organization(), [veteran])
        assert await grant(uow, "acme", OLD) == 1
        assert await uow.ledger.use(veteran)
        await uow.doorbells.remove([bell.bell_id for bell in await uow.doorbells.oldest(100)])
        await uow.commit()
    await Sealer(store=store).seal_all()
    gateway.status[veteran.workflow_id] = gateway.status[gone.workflow_id] = WorkflowStatus.MISSING
    audit = Audit(store=store, clock=MovableClock())
    verified = await audit.verify("acme")
    assert await differences(store, gateway, is_dry=True) == []
    assert await purged(store) == dict.fromkeys(Leftover, 2)
    assert await differences(store, gateway, is_dry=True) == []
    assert await audit.verify("acme") == verified


@pytest.mark.parametrize("name", SETS)
async def test_an_event_repeated_when_its_row_is_gone_changes_nothing(sqlite_store_url: str, name: str) -> None:
    async with store_at(sqlite_store_url) as store:
        service = Service(store)
        for it in SETS[name]:
            await service.receive(it)
        await service.drain()
        before = await everything(service)
        async for _ in purge(store, clock=MovableClock(NOW + 31 * DAY)).run():
            pass
        assert Received.NEW in {await service.receive(it) for it in SETS[name]}
        await service.drain()
        assert await everything(service) == before
        await tamper(sqlite_store_url, "DELETE FROM inbox")
        assert {await service.receive(it) for it in SETS[name]} == {Received.NEW}
        await service.drain()
        assert await everything(service) == before


async def everything(service: Service) -> dict[str, object]:
    """The facts, and what must not be written twice."""
    async with service.store.read() as uow:
        journal = await uow.seals.entries(None, 0, 1000)
        mails = await uow.mails.counts("acme")
        migrations = await uow.migrations.counts("acme")
    return {**await service.facts(), "journal": journal, "mails": mails, "migrations": migrations}
