"""What is shown of a user whom several things stop: one rule of precedence, and nothing that waits unseen."""

from itertools import permutations

import pytest

from edition_migration.domain.migration import Attention, gives_way_to
from edition_migration.domain.progress import Wait
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.application.moving import ADA, Moving, moving, writing

COMPLAINT, POLICY = Attention.COMPLAINT, Attention.POLICY
UNDELIVERABLE, MISSING = Attention.UNDELIVERABLE, Attention.WORKFLOW_MISSING


async def shown_after(world: Moving, *attentions: Attention | None) -> Attention | None:
    async with writing(world.store) as uow:
        for attention in attentions:
            await uow.migrations.set_attention(ADA, attention, world.clock.now())
    return (await world.row()).attention


def test_a_complaint_gives_way_to_nothing() -> None:
    assert gives_way_to(COMPLAINT) == (MISSING, UNDELIVERABLE, POLICY)
    assert [it for it in Attention if COMPLAINT in gives_way_to(it)] == []


async def test_the_heavier_attention_is_shown_in_whatever_order_they_come(store: Store) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    for two in permutations(Attention, 2):
        heavier = two[0] if two[1] in gives_way_to(two[0]) else two[1]
        assert await shown_after(world, None, *two) is heavier
    assert await shown_after(world, None) is None


async def test_a_complaint_counts_from_its_first_time(store: Store) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    first = world.clock.now()
    await shown_after(world, COMPLAINT)
    await world.happen("org.policy.changed", policies={"organization": {}, "groups": []})
    await shown_after(world, UNDELIVERABLE, COMPLAINT, POLICY)
    row = await world.row()
    assert (row.attention, row.attention_at) == (COMPLAINT, first)


@pytest.mark.parametrize(("state", "step"), [(S.INSTRUCTED, "activate"), (S.PASSWORD_SET, "apply_policies")])
async def test_who_complained_and_is_forbidden_hears_that_the_policy_allows_him(
    store: Store, state: S, step: str
) -> None:
    world = await moving(store, state)
    await shown_after(world, COMPLAINT)
    await world.happen("org.policy.changed", policies={"organization": {"business_edition": False}, "groups": []})
    assert isinstance(await world.step(step), Wait)
    assert (await world.row()).attention is COMPLAINT
    async with writing(store) as uow:
        await uow.doorbells.remove([bell.bell_id for bell in await uow.doorbells.oldest(100)])
    await world.happen("org.policy.changed", policies={"organization": {}, "groups": []})
    assert "u1" in await world.bells()
    assert (await world.row()).attention is COMPLAINT
