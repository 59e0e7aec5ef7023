"""Single sign-on is switched on or off on the way: whoever waits, waits for the right thing, and knows it."""

from datetime import timedelta

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.records import WORKFLOW, journal_entry
from edition_migration.domain.mail import MailKind
from edition_migration.domain.organization import QuietHours
from edition_migration.domain.progress import Done
from edition_migration.domain.states import CredentialState
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from tests import builders
from tests.application.moving import ADA, EMAIL, ORG, PROVISIONED, Moving, moving, writing
from tests.fixtures.records import mail
from tests.links import LINK_KEYS

ON = {"is_single_sign_on": True}
DEADLINE = timedelta(days=14)


async def switch(world: Moving, *, is_on: bool) -> None:
    await world.happen("org.sso.changed", is_single_sign_on=is_on)


async def test_on_no_link_works_and_new_instructions_say_so(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    async with writing(store) as uow:
        await uow.mails.queue([mail("late", kind=MailKind.NEW_LINK)])
    world.clock.move(timedelta(days=10))
    await switch(world, is_on=True)
    row, ada = await world.row(), await world.ada()
    assert row.state is S.AWAITING_FIRST_SIGN_IN
    assert (row.deadline_from, row.deadline_at) == (world.clock.now(), world.clock.now() + DEADLINE)
    assert ada.credential_state is CredentialState.LOCKED
    assert [it.state for it in await world.tokens()] == [TokenState.DEAD]
    assert [(it.action, it.source, it.target) for it in await world.journal()] == [
        ("sign_on", S.AWAITING_PASSWORD, S.AWAITING_FIRST_SIGN_IN)
    ]
    assert await world.post() == [(MailKind.INSTRUCTIONS, EMAIL)]
    assert "u1" in await world.bells()


async def test_a_sign_in_that_was_heard_before_the_switch_ends_a_hold_as_any_act(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.happen("org.domain.removed", domain="acme.example")
    assert (await world.row()).hold_ends_at is not None
    await world.happen("user.signed_in", at=timedelta(seconds=9), user_id="u1", is_federated=True)
    await world.happen("org.sso.changed", at=timedelta(seconds=5), is_single_sign_on=True)
    row = await world.row()
    assert (row.signed_in_at is None, row.hold_ends_at) == (False, None)


async def test_on_and_then_signed_in_he_is_through(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await switch(world, is_on=True)
    await world.happen("user.signed_in", user_id="u1", is_federated=True)
    assert (await world.ada()).credential_state is CredentialState.FEDERATED
    assert isinstance(await world.step("await_new_password"), Done)


async def test_a_sign_in_heard_before_the_switch_that_it_followed_counts(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.happen("user.signed_in", user_id="u1", is_federated=True, at=timedelta(hours=2))
    assert (await world.row()).state is S.AWAITING_PASSWORD
    await world.happen("org.sso.changed", is_single_sign_on=True, at=timedelta(hours=1))
    assert (await world.ada()).credential_state is CredentialState.FEDERATED
    assert isinstance(await world.step("await_new_password"), Done)
    assert await world.waiting() == []


async def test_a_sign_in_from_before_the_switch_is_none_of_it(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.happen("user.signed_in", user_id="u1", is_federated=True)
    await world.happen("org.sso.changed", is_single_sign_on=True, at=timedelta(minutes=6))
    assert (await world.row()).signed_in_at is None


async def test_a_sign_in_just_before_the_switch_may_be_a_slow_clock_s(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.happen("user.signed_in", user_id="u1", is_federated=True)
    await world.happen("org.sso.changed", is_single_sign_on=True, at=timedelta(minutes=5))
    assert (await world.row()).signed_in_at is not None


async def test_the_switch_is_when_the_setting_changed_and_no_later_word_that_repeats_it(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.happen("org.sso.changed", is_single_sign_on=True, at=timedelta(hours=1))
    await world.happen("org.sso.changed", is_single_sign_on=True, at=timedelta(hours=5))
    await world.happen("user.signed_in", user_id="u1", is_federated=True, at=timedelta(hours=2))
    assert (await world.row()).signed_in_at is not None


async def test_the_first_word_of_the_switch_that_comes_last_is_the_switch(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.happen("org.sso.changed", is_single_sign_on=True, at=timedelta(hours=5))
    assert (await world.happen("org.sso.changed", is_single_sign_on=True, at=timedelta(hours=1))).state == "superseded"
    await world.happen("user.signed_in", user_id="u1", is_federated=True, at=timedelta(hours=2))
    assert (await world.row()).signed_in_at is not None


async def test_the_first_word_may_be_a_late_provisioning_of_which_one_domain_alone_is_news(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    on = {**PROVISIONED, "is_single_sign_on": True}
    await world.happen("org.service.provisioned", **on, at=timedelta(hours=5))
    await world.happen("org.service.provisioned", **{**on, "domains": ["new.example"]}, at=timedelta(hours=1))
    await world.happen("user.signed_in", user_id="u1", is_federated=True, at=timedelta(hours=2))
    assert (await world.row()).signed_in_at is not None


async def test_a_federated_sign_in_without_single_sign_on_ends_no_hold_before_a_password_is_asked_for(
    store: SqlStore,
) -> None:
    world = await moving(store, S.ACTIVATED)
    await world.happen("org.domain.removed", domain="acme.example")
    held = await world.row()
    assert held.hold_ends_at is not None
    await world.happen("user.signed_in", user_id="u1", is_federated=True)
    assert (await world.row(), (await world.ada()).credential_state) == (held, CredentialState.LOCKED)


async def test_activated_a_sign_in_heard_before_the_switch_that_it_followed_counts(store: SqlStore) -> None:
    world = await moving(store, S.ACTIVATED)
    await world.happen("user.signed_in", user_id="u1", is_federated=True, at=timedelta(hours=2))
    assert (await world.row()).signed_in_at is None
    await world.happen("org.sso.changed", is_single_sign_on=True, at=timedelta(hours=1))
    assert (await world.ada()).credential_state is CredentialState.FEDERATED
    assert await world.waiting() == []
    await world.step("reset_password")
    assert isinstance(await world.step("await_new_password"), Done)


async def test_a_sign_in_after_the_switch_but_before_the_activation_is_none_of_it(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    activated = journal_entry(
        await world.row(),
        key="activate/ACTIVATED",
        action="activate",
        actor=WORKFLOW,
        at=builders.NOW + timedelta(hours=3),
        target=S.ACTIVATED,
    )
    async with writing(store) as uow:
        await uow.journal.add([activated])
    await world.happen("user.signed_in", user_id="u1", is_federated=True, at=timedelta(hours=2))
    await world.happen("org.sso.changed", is_single_sign_on=True, at=timedelta(hours=1))
    assert ((await world.row()).state, (await world.row()).signed_in_at) == (S.AWAITING_FIRST_SIGN_IN, None)


async def test_activated_who_signed_in_has_acted_and_is_not_held_when_his_domain_goes(store: SqlStore) -> None:
    world = await moving(store, S.ACTIVATED, organization=ON)
    await world.happen("user.signed_in", user_id="u1", is_federated=True)
    await world.happen("org.domain.removed", domain="acme.example")
    assert (await world.row()).hold_ends_at is None


async def test_off_who_signed_in_when_he_was_activated_is_left(store: SqlStore) -> None:
    world = await moving(store, S.ACTIVATED, organization=ON)
    await world.happen("user.signed_in", user_id="u1", is_federated=True)
    await switch(world, is_on=False)
    await world.step("reset_password")
    assert isinstance(await world.step("await_new_password"), Done)
    assert (await world.ada()).credential_state is CredentialState.FEDERATED
    assert await world.waiting() == []


async def test_off_at_night_the_link_that_the_user_asks_for_goes_at_once_and_begins_the_deadline(
    store: SqlStore,
) -> None:
    night = {"quiet_hours": QuietHours(begins="12:00", ends="08:00")}
    world = await moving(store, S.AWAITING_FIRST_SIGN_IN, organization={**ON, **night})
    token = LINK_KEYS.new_token(ORG, "u1", 1, now=builders.NOW)
    async with writing(store) as uow:
        await uow.tokens.add(token)
        await uow.tokens.kill_all(ADA)
    await switch(world, is_on=False)
    assert await world.post() == []
    await world.credentials.request_new_link(LINK_KEYS.text_of(token))
    assert await world.post() == [(MailKind.RESET_PASSWORD, EMAIL)]
    assert (await world.row()).deadline_at == world.clock.now() + DEADLINE
    world.clock.move(timedelta(days=1))
    assert await world.post() == []
    assert [it.state for it in await world.tokens() if it.is_requested] == [TokenState.LIVE]


async def test_off_a_link_is_mailed_and_the_deadline_begins_with_it(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_FIRST_SIGN_IN, organization=ON)
    await switch(world, is_on=False)
    row = await world.row()
    assert (row.state, row.deadline_at, row.deadline_from) == (S.AWAITING_PASSWORD, None, None)
    assert (await world.ada()).credential_state is CredentialState.RESET_ISSUED
    world.clock.move(timedelta(hours=1))
    assert await world.post() == [(MailKind.RESET_PASSWORD, EMAIL)]
    assert (await world.row()).deadline_at == world.clock.now() + DEADLINE
    assert [it.state for it in await world.tokens()] == [TokenState.LIVE]


async def test_off_who_signed_in_before_is_left(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_FIRST_SIGN_IN, organization=ON)
    await world.happen("user.signed_in", user_id="u1", is_federated=True)
    await switch(world, is_on=False)
    assert (await world.row()).state is S.AWAITING_FIRST_SIGN_IN
    assert isinstance(await world.step("await_new_password"), Done)


async def test_on_who_chose_his_password_before_is_left(store: SqlStore) -> None:
    world = await moving(store, S.PASSWORD_SET)
    await switch(world, is_on=True)
    assert (await world.row()).state is S.PASSWORD_SET
    assert await world.waiting() == []


async def test_on_off_and_on_again_ends_with_one_mail_to_send(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    for is_on in (True, False, True):
        await switch(world, is_on=is_on)
    assert (await world.row()).state is S.AWAITING_FIRST_SIGN_IN
    assert await world.waiting() == [MailKind.INSTRUCTIONS]
    assert {it.state for it in await world.tokens()} == {TokenState.DEAD}


async def test_the_same_setting_again_changes_nobody(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await switch(world, is_on=False)
    assert await world.journal() == []


@pytest.mark.parametrize("state", [S.INSTRUCTED, S.ACTIVATED])
async def test_on_who_was_told_of_a_link_is_told_of_the_company_account(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    async with writing(store) as uow:
        await uow.migrations.set_instructions_accepted(ADA, builders.NOW, None)
    await switch(world, is_on=True)
    assert (await world.row()).state is state
    assert await world.post() == [(MailKind.INSTRUCTIONS, EMAIL)]


async def test_a_provisioning_can_switch_it_too(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.happen("org.service.provisioned", **PROVISIONED, is_single_sign_on=True)
    assert (await world.row()).state is S.AWAITING_FIRST_SIGN_IN


async def test_of_many_each_page_is_switched_once(store: SqlStore) -> None:
    """More than a page, and the errand is repeated from its cursor."""
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.many(450, S.AWAITING_FIRST_SIGN_IN)
    await switch(world, is_on=True)
    await switch(world, is_on=False)
    async with store.read() as uow:
        counts = await uow.migrations.counts(ORG)
        mailed = await uow.mails.counts(ORG)
    assert counts == {(S.AWAITING_PASSWORD, None): 451}
    assert sum(number for (kind, _), number in mailed.items() if kind is MailKind.RESET_PASSWORD) == 1 + 451
