"""Looks for whom an administrator follows up, on both databases."""

from datetime import timedelta

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store_listing import PARKED
from tests.fixtures.records import NOW, ORG, mail, migration, organization, user

LINKS = (MailKind.RESET_PASSWORD, MailKind.NEW_LINK)


async def _users(store: SqlStore, **states: S) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(user_id) for user_id in states])
        await uow.migrations.add([migration(user_id, state=state) for user_id, state in states.items()])
        await uow.commit()


async def test_parked_are_open_ones_with_a_reason_by_user_id_behind_the_cursor(store: SqlStore) -> None:
    await _users(store, u1=S.INSTRUCTED, u2=S.SELECTED, u3=S.INSTRUCTED, u4=S.CANCELLED)
    async with store.write() as uow:
        for user_id, attention in (("u3", Attention.UNDELIVERABLE), ("u2", Attention.POLICY), ("u4", Attention.POLICY)):
            await uow.migrations.set_attention(migration(user_id).ref, attention, NOW)
        await uow.commit()
    async with store.read() as uow:
        found = [
            (it.migration.user_id, it.migration.attention, it.email) for it in await uow.listing.page(ORG, PARKED, 10)
        ]
        behind = [it.migration.user_id for it in await uow.listing.page(ORG, PARKED, 1, "u2")]
        count = await uow.listing.count(ORG, PARKED)
    assert found == [
        ("u2", Attention.POLICY, "u2@acme.example"),
        ("u3", Attention.UNDELIVERABLE, "u3@acme.example"),
    ]
    assert (behind, count) == (["u3"], 2)


async def test_the_last_mail_that_was_not_suppressed_says_when_somebody_was_told(store: SqlStore) -> None:
    await _users(store, u1=S.AWAITING_PASSWORD, u2=S.AWAITING_PASSWORD, u3=S.AWAITING_PASSWORD, u4=S.PASSWORD_SET)
    long_ago, lately = NOW - timedelta(days=9), NOW - timedelta(hours=1)
    told = [
        mail("m1", user_id="u1", kind=LINKS[0], created_at=long_ago, accepted_at=long_ago, state=MailState.ACCEPTED),
        mail("m2", user_id="u2", kind=LINKS[0], created_at=long_ago, accepted_at=lately, state=MailState.ACCEPTED),
        mail("m3", user_id="u3", kind=LINKS[0], created_at=long_ago, accepted_at=long_ago, state=MailState.ACCEPTED),
        mail("m4", user_id="u3", kind=LINKS[1], created_at=lately),
        mail("m5", user_id="u1", kind=LINKS[1], created_at=lately, state=MailState.SUPPRESSED),
        mail("m6", user_id="u4", kind=LINKS[0], created_at=long_ago, accepted_at=long_ago, state=MailState.ACCEPTED),
    ]
    async with store.write() as uow:
        await uow.mails.queue(told)
        await uow.commit()
    async with store.read() as uow:
        before = NOW - timedelta(days=1)
        assert await uow.followups.told_before(ORG, [S.AWAITING_PASSWORD], LINKS, before, 10) == ["u1"]
        assert await uow.followups.told_before(ORG, [S.AWAITING_PASSWORD], LINKS, NOW, 10, "u1") == ["u2", "u3"]
        assert await uow.followups.told_before(ORG, [S.AWAITING_PASSWORD], LINKS, NOW, 1) == ["u1"]
