"""A user's address changes on the way: later mails go to the new one, both are told, nobody is left with a link.

And a new address outside of the organization's domains: he left, is a guest again, and holds nothing of ours.
"""

from datetime import timedelta

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.credentials import ChoiceResult
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.organization import QuietHours
from edition_migration.domain.states import OPEN, AccountStatus, CredentialState, Edition
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from edition_migration.ports.store_people import Contact
from tests import builders
from tests.application.moving import ADA, ELSEWHERE, EMAIL, NEW_EMAIL, OLD_HASH, ORG, SELECTED, moving, writing
from tests.fixtures.records import mail
from tests.links import GOOD, LINK_KEYS

NOTE = MailKind.ADDRESS_CHANGED


@pytest.mark.parametrize("state", [S.IN_REVIEW, S.INSTRUCTED, S.PASSWORD_SET, S.MIGRATED])
async def test_old_and_new_address_are_told_once_each(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    assert (await world.rename(NEW_EMAIL)).state == "applied"
    assert await world.post() == [(NOTE, EMAIL), (NOTE, NEW_EMAIL)]
    assert (await world.row()).state is state
    assert [(it.action, it.actor) for it in await world.journal()] == [("change_address", "provisioning")]
    assert "u1" in await world.bells()


async def test_the_same_word_again_tells_nobody_again(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    await world.rename(NEW_EMAIL)
    await world.rename(NEW_EMAIL)
    await world.happen("user.updated", user_id="u1", email=NEW_EMAIL, display_name="Ada")
    assert await world.waiting() == [NOTE, NOTE]


async def test_an_update_with_another_address_is_a_rename_too(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    await world.happen("user.updated", user_id="u1", email=NEW_EMAIL)
    assert await world.post() == [(NOTE, EMAIL), (NOTE, NEW_EMAIL)]


async def test_two_changes_before_the_post_tell_both_old_addresses_and_the_newest_once(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    await world.rename("ada2@acme.example")
    await world.rename(NEW_EMAIL)
    assert await world.post() == [(NOTE, EMAIL), (NOTE, NEW_EMAIL), (NOTE, "ada2@acme.example")]


@pytest.mark.parametrize("state", [S.SKIPPED, S.EXPIRED, S.CANCELLED])
async def test_whom_we_do_not_move_we_do_not_write_to(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    await world.rename(NEW_EMAIL)
    assert await world.waiting() == []


async def test_unsent_mails_go_to_the_new_address(store: SqlStore) -> None:
    world = await moving(store, S.INSTRUCTED)
    async with writing(store) as uow:
        await uow.mails.queue([mail("m9", round=2)])
    await world.rename(NEW_EMAIL)
    assert await world.post() == [(MailKind.INSTRUCTIONS, NEW_EMAIL), (NOTE, EMAIL), (NOTE, NEW_EMAIL)]


async def test_a_former_address_that_refuses_its_note_parks_nobody(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    world.relay.refuses = {EMAIL}
    await world.rename(NEW_EMAIL)
    assert await world.post() == [(NOTE, NEW_EMAIL)]
    assert (await world.row()).attention is None
    assert [it.state for it in await world.mails() if it.about] == [MailState.SUPPRESSED]


async def test_the_link_sent_to_the_old_address_dies_and_the_new_one_gets_another(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    [old] = await world.tokens()
    await world.rename(NEW_EMAIL)
    assert (await world.credentials.choose(LINK_KEYS.text_of(old), GOOD)).result is ChoiceResult.UNUSABLE
    assert (MailKind.RESET_PASSWORD, NEW_EMAIL) in await world.post()
    assert [it.state for it in await world.tokens()] == [TokenState.DEAD, TokenState.LIVE]
    new = world.relay.links[-1].rpartition("/")[2]
    assert (await world.credentials.choose(new, GOOD)).result is ChoiceResult.CHOSEN


async def test_a_link_asked_for_at_night_does_not_wait_behind_one_that_nobody_asked_for(store: SqlStore) -> None:
    night = {"quiet_hours": QuietHours(begins="12:00", ends="08:00")}
    world = await moving(store, S.AWAITING_PASSWORD, organization=night)
    [old] = await world.tokens()
    await world.rename(NEW_EMAIL)
    assert MailKind.RESET_PASSWORD in await world.waiting()
    await world.credentials.request_new_link(LINK_KEYS.text_of(old))
    assert (MailKind.NEW_LINK, NEW_EMAIL) in await world.post()
    world.clock.move(timedelta(days=1))
    assert await world.post() == []
    assert [it.state for it in await world.tokens() if it.is_requested] == [TokenState.LIVE]


async def test_a_link_that_nobody_was_sent_yet_goes_to_the_new_address_as_it_is(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    token = LINK_KEYS.new_token(ORG, "u1", 1, now=builders.NOW)
    async with writing(store) as uow:
        await uow.tokens.kill_all(ADA)
        await uow.tokens.add(token)
        await uow.mails.queue([mail("again", kind=MailKind.RESET_PASSWORD, round=2, token_id=token.token_id)])
    await world.rename(NEW_EMAIL)
    assert await world.post() == [(MailKind.RESET_PASSWORD, NEW_EMAIL), (NOTE, EMAIL), (NOTE, NEW_EMAIL)]
    assert {it.token_id: it.state for it in await world.tokens()}[token.token_id] is TokenState.LIVE


async def test_a_user_parked_for_his_address_goes_on_at_the_mail_that_was_refused(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    async with writing(store) as uow:
        await uow.mails.mark("reset", [MailState.ACCEPTED], MailState.BOUNCED, builders.NOW, reply_code=550)
        await uow.migrations.set_attention(ADA, Attention.UNDELIVERABLE, builders.NOW)
    await world.rename(NEW_EMAIL)
    assert (await world.row()).attention is None
    assert await world.post() == [(MailKind.RESET_PASSWORD, NEW_EMAIL), (NOTE, EMAIL), (NOTE, NEW_EMAIL)]
    assert [it.state for it in await world.tokens()] == [TokenState.LIVE]


async def test_a_refused_mail_whose_link_has_died_meanwhile_is_sent_with_another(store: SqlStore) -> None:
    """It came back on the fifth day and was mended on the eighth, when the week of its link was over."""
    world = await moving(store, S.AWAITING_PASSWORD)
    async with writing(store) as uow:
        await uow.mails.mark("reset", [MailState.ACCEPTED], MailState.BOUNCED, builders.NOW, reply_code=550)
        await uow.migrations.set_attention(ADA, Attention.UNDELIVERABLE, builders.NOW)
    world.clock.move(timedelta(days=8))
    await world.rename(NEW_EMAIL)
    assert await world.post() == [(NOTE, EMAIL), (NOTE, NEW_EMAIL)]
    await world.drain()
    assert await world.post() == [(MailKind.RESET_PASSWORD, NEW_EMAIL)]
    assert [it.state for it in await world.tokens()] == [TokenState.DEAD, TokenState.LIVE]
    new = world.relay.links[-1].rpartition("/")[2]
    assert (await world.credentials.choose(new, GOOD)).result is ChoiceResult.CHOSEN


async def test_a_dead_link_is_not_replaced_where_a_newer_one_is_on_its_way(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    token = LINK_KEYS.new_token(ORG, "u1", 1, now=builders.NOW)
    async with writing(store) as uow:
        await uow.mails.mark("reset", [MailState.ACCEPTED], MailState.QUEUED, builders.NOW)
        await uow.tokens.add(token)
        await uow.mails.queue([mail("newer", kind=MailKind.NEW_LINK, token_id=token.token_id)])
    world.clock.move(timedelta(days=8))
    assert await world.post() == [(MailKind.NEW_LINK, EMAIL)]
    await world.drain()
    assert await world.post() == []


@pytest.mark.parametrize("state", OPEN)
async def test_who_is_renamed_to_another_domain_is_a_guest_again_and_holds_nothing(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    await world.rename(ELSEWHERE)
    row, ada, counters = await world.row(), await world.ada(), await world.capacity()
    assert (row.state, row.reason) == (S.CANCELLED, "left_domain")
    assert (ada.org_id, ada.edition, ada.account_status, ada.inactive_reason) == (
        None,
        Edition.GUEST,
        AccountStatus.ACTIVE,
        None,
    )
    assert (ada.password_hash, ada.credential_state) == (OLD_HASH, CredentialState.SET)
    assert (counters.licenses_reserved, counters.licenses_used, counters.storage_used_mb) == (0, 0, 0)
    assert {it.state for it in await world.tokens()} <= {TokenState.DEAD}
    async with store.read() as uow:
        assert await uow.tickets.waiting_count(ORG) == 0
        assert await uow.policies.assignment("u1") is None
    assert {"u1", None} <= await world.bells()


@pytest.mark.parametrize("state", [S.BLOCKED, S.AWAITING_PASSWORD])
async def test_who_left_hears_of_the_end_where_he_had_heard_of_the_beginning(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    await world.rename(ELSEWHERE)
    end = [(MailKind.CANCELLED, ELSEWHERE)] if state is S.AWAITING_PASSWORD else []
    assert await world.post() == [*end, (NOTE, EMAIL), (NOTE, ELSEWHERE)]


async def test_a_migrated_user_who_is_renamed_to_another_domain_stays(store: SqlStore) -> None:
    world = await moving(store, S.MIGRATED)
    await world.rename(ELSEWHERE)
    assert (await world.row()).state is S.MIGRATED
    assert (await world.ada()).edition is Edition.BUSINESS
    assert (await world.capacity()).licenses_used == 1


@pytest.mark.parametrize("state", [S.IN_REVIEW, S.AWAITING_PASSWORD])
async def test_who_moves_to_another_domain_of_the_organization_goes_on(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    await world.happen("org.domain.added", domain="b.example")
    await world.rename("ada@b.example")
    assert (await world.row()).state is state
    assert (await world.ada()).domain == "b.example"


async def test_who_comes_back_to_the_domain_is_on_the_list_again(store: SqlStore) -> None:
    world = await moving(store, S.SELECTED)
    await world.rename(ELSEWHERE)
    await world.rename(NEW_EMAIL)
    await world.block()
    async with store.read() as uow:
        again = await uow.migrations.latest(ORG, "u1")
    assert again is not None
    assert (again.generation, again.state) == (2, S.BLOCKED)


async def test_who_moves_into_another_organizations_domain_is_on_its_list(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    async with writing(store) as uow:
        await uow.organizations.put(builders.organization(org_id="beta"))
        await uow.domains.put(builders.domain(name="beta.example", org_id="beta"))
    await world.rename("ada@beta.example")
    async with store.read() as uow:
        assert "beta" in {bell.org_id for bell in await uow.doorbells.oldest(100)}
    await world.block("beta")
    async with store.read() as uow:
        row = await uow.migrations.latest("beta", "u1")
    assert row is not None
    assert (row.state, (await world.row()).state) == (S.BLOCKED, S.CANCELLED)


@pytest.mark.parametrize("state", [*OPEN, S.MIGRATED])
async def test_a_deleted_user_leaves_nothing_behind(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    await world.rename(NEW_EMAIL)
    [address_id] = [it.about for it in await world.mails() if it.about]
    async with writing(store) as uow:
        await uow.users.put([builders.user("u2")])
        await uow.contacts.put([Contact(it, "friend@other.example", "Friend", "") for it in ("u1", "u2")])
    await world.happen("user.deleted", user_id="u1")
    assert (await world.row()).state is (S.MIGRATED if state is S.MIGRATED else S.DELETED)
    ada, counters = await world.ada(), await world.capacity()
    assert (ada.is_deleted, ada.email, ada.password_hash, ada.org_id) == (True, None, None, None)
    assert (counters.licenses_reserved, counters.licenses_used, counters.storage_used_mb) == (0, 0, 0)
    assert {it.state for it in await world.tokens()} <= {TokenState.DEAD}
    assert await world.waiting() == []
    async with store.read() as uow:
        assert await uow.former_addresses.get(address_id) is None
        assert [await uow.contacts.count(it) for it in ("u1", "u2")] == [0, 1]
        assert await uow.tickets.waiting_count(ORG) == 0
        is_in_wave = state in SELECTED
        assert not is_in_wave or not await uow.migrations.has_open_in_wave(ORG, "w1")


async def test_the_license_of_a_deleted_user_goes_to_the_next_in_the_queue(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.happen("user.deleted", user_id="u1")
    assert (await world.capacity()).licenses_free == 1
    assert None in await world.bells()
