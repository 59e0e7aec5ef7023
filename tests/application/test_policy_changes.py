"""Policies change on the way: from the commit on they hold for all whom the organization has activated.

And whom a policy kept from the Business Edition goes on once it allows him.
"""

from datetime import timedelta
from typing import Any

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.migration import Attention
from edition_migration.domain.policies import PolicyAction
from edition_migration.domain.progress import Wait
from edition_migration.domain.states import AFTER_ACTIVATION, OPEN
from edition_migration.domain.states import MigrationState as S
from tests import builders
from tests.application.moving import ADA, ORG, Moving, moving, writing

FORBIDDEN: dict[str, Any] = {"organization": {"business_edition": False}, "groups": []}
NO_IM: dict[str, Any] = {"organization": {"external_im": False}, "groups": []}
GROUPS: dict[str, Any] = {"groups": [{"name": "lab", "actions": {"desktop_sharing": False}}]}


async def change(world: Moving, policies: dict[str, Any]) -> None:
    await world.happen("org.policy.changed", policies=policies)


async def allowed(world: Moving, action: PolicyAction, user_id: str = "u1") -> bool | None:
    async with world.store.read() as uow:
        assigned = await uow.policies.assignment(user_id)
    return None if assigned is None else assigned[1][action].allowed


@pytest.mark.parametrize("state", [*AFTER_ACTIVATION, S.MIGRATED])
async def test_a_changed_policy_holds_at_once_for_who_is_activated(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    await change(world, {"organization": {}, "groups": []})
    assert await allowed(world, PolicyAction.EXTERNAL_IM) is True
    await change(world, NO_IM)
    assert await allowed(world, PolicyAction.EXTERNAL_IM) is False
    assert await allowed(world, PolicyAction.EXTERNAL_VIDEO) is False
    assert (await world.row()).state is state
    assert [it.action for it in await world.journal()] == ["policies"]


@pytest.mark.parametrize("state", [S.IN_REVIEW, S.INSTRUCTED, S.EXPIRED])
async def test_who_is_not_activated_has_no_policy_of_ours(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    await change(world, NO_IM)
    assert await allowed(world, PolicyAction.EXTERNAL_IM) is None


async def test_an_older_policy_that_comes_late_changes_nothing(store: SqlStore) -> None:
    world = await moving(store, S.MIGRATED)
    await change(world, NO_IM)
    late = await world.happen("org.policy.changed", policies={"organization": {}, "groups": []}, at=timedelta(days=-1))
    assert late.state == "superseded"
    assert await allowed(world, PolicyAction.EXTERNAL_IM) is False


@pytest.mark.parametrize("state", [it for it in OPEN if it not in (S.DETECTED, S.BLOCKED)])
async def test_who_was_parked_for_the_policy_goes_on_once_it_allows_him(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    await change(world, FORBIDDEN)
    async with writing(store) as uow:
        await uow.migrations.set_attention(ADA, Attention.POLICY, builders.NOW)
    await change(world, NO_IM | {"organization": {"business_edition": False, "external_im": False}})
    assert (await world.row()).attention is Attention.POLICY
    await change(world, NO_IM)
    assert (await world.row()).attention is None
    assert "u1" in await world.bells()
    assert ("policies", True) in [(it.action, it.detail["unparked"]) for it in await world.journal()]


async def test_from_parked_by_the_step_to_activated_by_the_step(store: SqlStore) -> None:
    world = await moving(store, S.INSTRUCTED)
    async with writing(store) as uow:
        await uow.migrations.set_instructions_accepted(ADA, builders.NOW, None)
    await change(world, FORBIDDEN)
    assert isinstance(await world.step("activate"), Wait)
    row = await world.row()
    assert (row.state, row.attention) == (S.INSTRUCTED, Attention.POLICY)
    await change(world, {"organization": {}, "groups": []})
    await world.step("activate")
    row = await world.row()
    assert (row.state, row.attention) == (S.ACTIVATED, None)


async def test_another_attention_is_left_to_who_can_mend_it(store: SqlStore) -> None:
    world = await moving(store, S.INSTRUCTED)
    async with writing(store) as uow:
        await uow.migrations.set_attention(ADA, Attention.UNDELIVERABLE, builders.NOW)
    await change(world, NO_IM)
    assert (await world.row()).attention is Attention.UNDELIVERABLE


async def test_another_policy_group_of_a_migrated_user_holds_at_once(store: SqlStore) -> None:
    world = await moving(store, S.MIGRATED)
    await change(world, {"organization": {}, **GROUPS})
    assert await allowed(world, PolicyAction.DESKTOP_SHARING) is True
    await world.happen("user.updated", user_id="u1", policy_group="lab")
    assert await allowed(world, PolicyAction.DESKTOP_SHARING) is False


async def test_of_many_every_page_gets_the_new_policy(store: SqlStore) -> None:
    world = await moving(store, S.MIGRATED)
    await world.many(230, S.MIGRATED)
    await change(world, NO_IM)
    found = [await allowed(world, PolicyAction.EXTERNAL_IM, it) for it in ("u1", "m0000", "m0199", "m0200", "m0229")]
    assert found == [False] * 5
    async with store.read() as uow:
        assert await uow.errands.next(ORG) is None
