"""Pages and lists: what they hold, in which order, and that a cursor goes on where the last page ended."""

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.states import AccountStatus, CancelReason, CredentialState, Edition, InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from edition_migration.ports.store_listing import EVERYBODY, PENDING, Criteria
from edition_migration.ports.store_people import Contact, Session
from tests.fixtures.records import NOW, ORG, mail, migration, organization, ref, token, user, wave

USERS = ("a", "B", "c", "D", "e")
BY_ID = ["B", "D", "a", "c", "e"]


async def _users(store: Store) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.organizations.put(organization("other"))
        await uow.users.put([user(user_id) for user_id in USERS])
        await uow.commit()


async def test_pending_goes_on_behind_the_cursor_byte_by_byte(store: SqlStore) -> None:
    await _users(store)
    async with store.write() as uow:
        await uow.migrations.add([migration(user_id) for user_id in USERS])
        first = await uow.listing.page(ORG, PENDING, 2)
        rest = await uow.listing.page(ORG, PENDING, 10, after_user_id=first[-1].migration.user_id)
        assert [it.migration.user_id for it in (*first, *rest)] == BY_ID
        assert (first[0].email, first[0].display_name, first[0].client_version) == ("B@acme.example", "B", "5.0")
        assert await uow.listing.count(ORG, PENDING) == 5
        await uow.waves.add(wave(), "{}")
        await uow.migrations.claim(ORG, [ref("a")], "w1", migration().activation)
        await uow.migrations.move(ref("B"), {S.BLOCKED}, S.SKIPPED, NOW, reason="excluded")
        assert await uow.listing.count(ORG, PENDING) == 3
        assert [it.migration.user_id for it in await uow.listing.page(ORG, PENDING, 10)] == ["D", "c", "e"]


async def test_unstarted_are_open_rows_oldest_first(store: SqlStore) -> None:
    await _users(store)
    rows = [
        migration("a", since=NOW.replace(hour=3)),
        migration("B", since=NOW.replace(hour=1)),
        migration("c", since=NOW.replace(hour=2), started_at=NOW),
        migration("D", state=S.SKIPPED),
        migration("e", since=NOW.replace(hour=2)),
    ]
    async with store.write() as uow:
        await uow.migrations.add(rows)
        assert [it.user_id for it in await uow.migrations.unstarted(ORG, 10)] == ["B", "e", "a"]
        await uow.migrations.set_started([ref("B"), ref("a")], NOW)
        assert [it.user_id for it in await uow.migrations.unstarted(ORG, 10)] == ["e"]
        assert await uow.migrations.unstarted("other", 10) == []


async def test_users_to_enroll_have_no_migration_of_the_organization(store: SqlStore) -> None:
    await _users(store)
    async with store.write() as uow:
        await uow.users.put([user("elsewhere", email="x@other.example"), user("gone", email=None, is_deleted=True)])
        await uow.migrations.add([migration("a"), migration("B", state=S.SKIPPED), migration("D", org_id="other")])
        found = await uow.users.to_enroll(ORG, ["acme.example", "acme.test"], 10)
        assert [(it.user_id, generation) for it, generation in found] == [("D", 1), ("c", 1), ("e", 1)]
        assert found[0][0] == user("D")
        assert len(await uow.users.to_enroll(ORG, ["acme.example"], 2)) == 2
        assert await uow.users.to_enroll(ORG, [], 10) == []
        await uow.users.put([user("a", display_name="again")])
        assert len(await uow.users.to_enroll(ORG, ["acme.example"], 10)) == 3


async def test_user_whose_migration_ended_with_the_domain_is_enrolled_again(store: SqlStore) -> None:
    await _users(store)
    async with store.write() as uow:
        await uow.migrations.add([migration(user_id) for user_id in USERS])
        assert await uow.users.to_enroll(ORG, ["acme.example"], 10) == []
        for user_id, reason in zip(USERS, CancelReason, strict=False):
            await uow.migrations.move(ref(user_id), {S.BLOCKED}, S.CANCELLED, NOW, reason=reason)
        found = await uow.users.to_enroll(ORG, ["acme.example"], 10)
        assert [(it.user_id, generation) for it, generation in found] == [("B", 2), ("D", 2), ("c", 2), ("e", 2)]
        again = [migration(user_id, generation=2) for user_id in ("B", "D", "e")]
        await uow.migrations.add([*again, migration("c", generation=2, state=S.SKIPPED)])
        assert await uow.users.to_enroll(ORG, ["acme.example"], 10) == []


async def test_newest_rows_of_a_domain_by_user_behind_the_cursor(store: SqlStore) -> None:
    await _users(store)
    async with store.write() as uow:
        await uow.users.put([user("c", email="c@other.example")])
        await uow.migrations.add([migration(user_id) for user_id in USERS])
        await uow.migrations.move(ref("D"), {S.BLOCKED}, S.CANCELLED, NOW)
        first = await uow.migrations.newest_of_domain(ORG, "acme.example", "", 2)
        assert [it.user_id for it in first] == ["B", "D"]
        assert [it.user_id for it in await uow.migrations.newest_of_domain(ORG, "acme.example", "a", 2)] == ["e"]
        newest = await uow.migrations.newest_of_domain(ORG, "acme.example", "B", 2)
        assert [(it.user_id, it.state) for it in newest] == [("D", S.CANCELLED), ("a", S.BLOCKED)]


async def test_newest_generation_counts(store: SqlStore) -> None:
    await _users(store)
    async with store.write() as uow:
        await uow.migrations.add(
            [
                migration("a", state=S.EXPIRED),
                migration("a", generation=2),
                migration("B", state=S.CANCELLED, reason="administrator"),
                migration("c"),
                migration("e", org_id="other"),
            ]
        )
        assert await uow.migrations.latest(ORG, "a") == migration("a", generation=2)
        many = await uow.migrations.latest_many(ORG, ["a", "B", "e"])
        assert sorted((it.user_id, it.generation) for it in many) == [("B", 1), ("a", 2)]
        assert await uow.migrations.counts(ORG) == {(S.BLOCKED, None): 2, (S.CANCELLED, "administrator"): 1}
        listed = await uow.listing.page(ORG, EVERYBODY, 10)
        assert [(it.migration.user_id, it.migration.generation) for it in listed] == [("B", 1), ("a", 2), ("c", 1)]
        assert [it.migration.user_id for it in await uow.listing.page(ORG, Criteria(states=(S.BLOCKED,)), 1)] == ["a"]


async def test_latest_of_a_user_is_the_open_one_wherever_it_is(store: SqlStore) -> None:
    await _users(store)
    closed_later = migration("a", state=S.EXPIRED, since=NOW.replace(hour=20))
    open_before = migration("a", org_id="other", since=NOW.replace(hour=1))
    async with store.write() as uow:
        await uow.migrations.add([closed_later, open_before])
        assert await uow.migrations.latest_of_user("a") == open_before
        await uow.migrations.move(open_before.ref, {S.BLOCKED}, S.CANCELLED, NOW.replace(hour=2))
        assert await uow.migrations.latest_of_user("a") == closed_later
        assert await uow.migrations.latest_of_user("B") is None


async def test_mails_go_in_order_and_a_bounced_one_stops_those_behind(store: SqlStore) -> None:
    await _users(store)
    async with store.write() as uow:
        await uow.migrations.add([migration("a")])
        await uow.tokens.add(token(user_id="a"))
        first = mail("m1", user_id="a")
        second = mail("m2", user_id="a", kind=MailKind.RESET_PASSWORD, token_id="t1")
        await uow.mails.queue([first, second])
        await uow.mails.queue([mail("again", user_id="a")])
        assert [it.mail_id for it in await uow.mails.of_migration(ref("a"))] == ["m1", "m2"]
        assert (await _next(uow.mails.next_of_migration(ref("a")))) == "m1"
        assert await uow.mails.mark("m1", {MailState.QUEUED}, MailState.SENDING, NOW)
        assert not await uow.mails.mark("m1", {MailState.QUEUED}, MailState.SENDING, NOW)
        assert not await uow.mails.was_any_accepted(ref("a"))
        assert await uow.mails.mark("m1", {MailState.SENDING}, MailState.ACCEPTED, NOW, reply_code=250)
        sent = await uow.mails.get("m1")
        assert sent is not None
        assert (sent.state, sent.attempts, sent.reply_code) == (MailState.ACCEPTED, 1, 250)
        assert (sent.sending_at, sent.accepted_at) == (NOW, NOW)
        assert await uow.mails.was_any_accepted(ref("a"))
        await uow.mails.queue([mail("m3", user_id="a", kind=MailKind.WELCOME)])
        await uow.mails.mark("m2", {MailState.QUEUED}, MailState.BOUNCED, NOW, reply_code=550)
        assert (await _next(uow.mails.next_of_migration(ref("a")))) == "m2"
        assert await uow.mails.suppress_unsent(ref("a")) == 1
        assert await uow.mails.counts(ORG) == {
            (MailKind.INSTRUCTIONS, MailState.ACCEPTED): 1,
            (MailKind.RESET_PASSWORD, MailState.BOUNCED): 1,
            (MailKind.WELCOME, MailState.SUPPRESSED): 1,
        }


async def _next(found: object) -> str | None:
    it = await found  # type: ignore[misc]
    return it and it.mail_id


async def test_mail_that_was_handed_over_is_sent_by_the_organization(store: SqlStore) -> None:
    await _users(store)
    digest = {"user_id": None, "generation": None, "kind": MailKind.PENDING_DIGEST}
    async with store.write() as uow:
        await uow.migrations.add([migration("a", state=S.CANCELLED)])
        await uow.mails.queue([mail("m1", user_id="a", kind=MailKind.CANCELLED)])
        await uow.mails.queue([mail("d1", **digest), mail("d2", **digest), mail("d3", round=2, **digest)])
        assert (await _next(uow.mails.next_of_organization(ORG))) == "d1"
        await uow.mails.hand_over([ref("a")])
        assert (await _next(uow.mails.next_of_migration(ref("a")))) is None
        sent: list[str] = []
        while mail_id := await _next(uow.mails.next_of_organization(ORG)):
            await uow.mails.mark(mail_id, {MailState.QUEUED}, MailState.ACCEPTED, NOW)
            sent.append(mail_id)
        assert sent == ["m1", "d1", "d3"]
        assert await uow.mails.next_of_organization("other") is None


async def test_account_of_many_users_is_set_and_sessions_end(store: SqlStore) -> None:
    await _users(store)
    async with store.write() as uow:
        for number, user_id in enumerate(("a", "a", "B")):
            await uow.sessions.add(Session(f"s{number}", user_id, f"{number}" * 64, NOW))
        changed = await uow.users.set_account(
            ["a", "B", "unknown"],
            status=AccountStatus.INACTIVE,
            reason=InactiveReason.GUEST_PENDING,
            org_id=ORG,
        )
        assert changed == 2
        blocked = user("a", account_status=AccountStatus.INACTIVE, inactive_reason="guest_pending", org_id=ORG)
        assert await uow.users.get("a") == blocked
        assert await uow.sessions.open_count("a") == 2
        assert await uow.sessions.end_all(["a", "B"], NOW) == 3
        assert await uow.sessions.end_all(["a", "B"], NOW) == 0
        assert await uow.sessions.open_count("a") == 0
        await uow.users.set_account(
            ["a"],
            status=AccountStatus.ACTIVE,
            reason=None,
            org_id=ORG,
            edition=Edition.BUSINESS,
            credential=CredentialState.LOCKED,
        )
        held = await uow.users.hold_many(["c", "a"])
        assert [it.user_id for it in held] == ["a", "c"]
        assert (held[0].edition, held[0].credential_state) == (Edition.BUSINESS, CredentialState.LOCKED)


async def test_stronger_hash_replaces_only_the_one_it_was_made_from(store: SqlStore) -> None:
    await _users(store)
    async with store.write() as uow:
        await uow.users.set_password("a", "old", CredentialState.SET)
        assert await uow.users.rehash("a", "old", "new")
        assert not await uow.users.rehash("a", "old", "newer")
        found = await uow.users.hold("a")
        assert found is not None
        assert found.password_hash == "new"


async def test_a_thousand_users_are_found_by_id_and_address(store: SqlStore) -> None:
    many = [user(f"u{number:04}") for number in range(1201)]
    async with store.write() as uow:
        await uow.users.put(many)
        await uow.users.put(many[:1])
        assert len(await uow.users.get_many([it.user_id for it in many])) == 1201
        assert len(await uow.users.by_emails([str(it.email) for it in many])) == 1201
        assert await uow.users.by_emails([]) == []


async def test_contact_of_the_same_address_is_overwritten(store: SqlStore) -> None:
    await _users(store)
    async with store.write() as uow:
        await uow.contacts.put([Contact("a", "x@x.example", "X", ""), Contact("a", "x@x.example", "Y", "Friends")])
        await uow.contacts.put([Contact("a", "z@x.example", "Z", ""), Contact("B", "z@x.example", "Z", "")])
        assert await uow.contacts.count("a") == 2
        assert await uow.contacts.count("B") == 1


@pytest.mark.parametrize("user_ids", [[], ["unknown"]])
async def test_nobody_is_no_error(store: SqlStore, user_ids: list[str]) -> None:
    async with store.write() as uow:
        assert await uow.users.get_many(user_ids) == []
        assert await uow.users.hold_many(user_ids) == []
        assert await uow.sessions.end_all(user_ids, NOW) == 0
        assert await uow.migrations.latest_many(ORG, user_ids) == []
        await uow.migrations.set_started([ref(it) for it in user_ids], NOW)
        await uow.journal.add([])
        await uow.mails.queue([])
        await uow.users.put([])
        await uow.doorbells.add_migrations([], NOW)
        await uow.tickets.cut(ORG, [])
        await uow.ledger.reserve(ORG, [])
