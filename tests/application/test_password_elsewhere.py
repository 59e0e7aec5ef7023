"""A password is set on another way than our page, at every moment: awaited it ends the wait, else it is only a fact."""

from datetime import timedelta

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.credentials import ChoiceResult
from edition_migration.application.records import WORKFLOW, journal_entry
from edition_migration.domain.progress import Done
from edition_migration.domain.states import OPEN, CredentialState
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from tests.application.moving import OLD_HASH, Moving, moving, writing
from tests.links import GOOD, LINK_KEYS

ACTED = (S.ACTIVATED, S.AWAITING_PASSWORD)


async def set_elsewhere(world: Moving) -> str:
    return (await world.happen("credential.password_set", user_id="u1")).state


async def test_awaited_it_ends_the_wait_and_kills_the_link(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    [token] = await world.tokens()
    assert await set_elsewhere(world) == "applied"
    ada = await world.ada()
    assert ((await world.row()).state, ada.credential_state, ada.password_hash) == (
        S.PASSWORD_SET,
        CredentialState.FEDERATED,
        None,
    )
    assert [it.state for it in await world.tokens()] == [TokenState.DEAD]
    assert (await world.credentials.choose(LINK_KEYS.text_of(token), GOOD)).result is ChoiceResult.UNUSABLE
    assert "u1" in await world.bells()


async def test_just_activated_it_is_kept_and_the_next_step_asks_for_none(store: SqlStore) -> None:
    world = await moving(store, S.ACTIVATED)
    await set_elsewhere(world)
    assert isinstance(await world.step("reset_password"), Done)
    ada = await world.ada()
    assert ((await world.row()).state, ada.credential_state, ada.password_hash) == (
        S.PASSWORD_SET,
        CredentialState.FEDERATED,
        None,
    )
    assert await world.waiting() == []
    assert await world.tokens() == []


@pytest.mark.parametrize("state", [it for it in (*OPEN, S.MIGRATED) if it not in ACTED])
async def test_at_any_other_moment_it_is_only_a_fact(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    before = (await world.row(), (await world.ada()).credential_state)
    await set_elsewhere(world)
    assert (await world.row(), (await world.ada()).credential_state) == before
    assert (await world.ada()).password_hash == OLD_HASH


async def test_an_older_word_that_comes_late_ends_no_wait(store: SqlStore) -> None:
    world = await moving(store, S.INSTRUCTED)
    await set_elsewhere(world)
    late = await world.happen("credential.password_set", user_id="u1", at=timedelta(days=-1))
    assert late.state == "superseded"


@pytest.mark.parametrize("state", [S.ACTIVATED, S.AWAITING_FIRST_SIGN_IN])
async def test_the_first_federated_sign_in_is_the_users_act(store: SqlStore, state: S) -> None:
    world = await moving(store, state, organization={"is_single_sign_on": True})
    await world.happen("user.signed_in", user_id="u1", is_federated=True)
    await world.happen("user.signed_in", user_id="u1", is_federated=True)
    assert (await world.ada()).credential_state is CredentialState.FEDERATED
    if state is S.ACTIVATED:
        await world.step("reset_password")
    assert isinstance(await world.step("await_new_password"), Done)
    assert [it.action for it in await world.journal()].count("first_sign_in") == 1


async def test_a_sign_in_with_a_password_elsewhere_is_no_first_federated_one(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_FIRST_SIGN_IN, organization={"is_single_sign_on": True})
    await world.happen("user.signed_in", user_id="u1", is_federated=False)
    assert (await world.row()).signed_in_at is None


async def activated_after_two_days(world: Moving) -> None:
    world.clock.move(timedelta(days=2))
    activated = journal_entry(
        await world.row(),
        key="activate/ACTIVATED",
        action="activate",
        actor=WORKFLOW,
        at=world.clock.now(),
        target=S.ACTIVATED,
    )
    async with writing(world.store) as uow:
        await uow.journal.add([activated])


@pytest.mark.parametrize("state", [S.ACTIVATED, S.AWAITING_FIRST_SIGN_IN])
async def test_late_word_of_a_federated_sign_in_before_the_activation_is_only_a_fact(store: SqlStore, state: S) -> None:
    world = await moving(store, state, organization={"is_single_sign_on": True})
    await activated_after_two_days(world)
    before = (await world.row(), (await world.ada()).credential_state)
    await world.happen("user.signed_in", at=timedelta(days=1), user_id="u1", is_federated=True)
    assert (await world.row(), (await world.ada()).credential_state) == before
    await world.happen("user.signed_in", user_id="u1", is_federated=True)
    assert (await world.row()).signed_in_at is not None


@pytest.mark.parametrize("state", ACTED)
async def test_late_word_of_one_set_before_the_activation_is_only_a_fact(store: SqlStore, state: S) -> None:
    """That password was locked by the activation; the link is still his way in."""
    world = await moving(store, state)
    await activated_after_two_days(world)
    before = (await world.row(), await world.tokens(), (await world.ada()).credential_state)
    await world.happen("credential.password_set", at=timedelta(days=1), user_id="u1")
    assert (await world.row(), await world.tokens(), (await world.ada()).credential_state) == before
    await set_elsewhere(world)
    row = await world.row()
    assert row.state is S.PASSWORD_SET or row.password_set_at is not None
