"""Events in any order, repeated, about users who are on their way: they end where the sorted events leave them."""

import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.policies import PolicyAction
from edition_migration.domain.states import CredentialState
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import USABLE
from edition_migration.ports.store_events import Received
from tests import builders
from tests.application.moving import ORG, Moving, moving, writing
from tests.application.test_event_order import event, moved, updated
from tests.stores import empty_store, store_at

TIMES, SEEDS = 3, 3
PEOPLE = ("u1", "m0000", "m0001", "m0002", "m0003")
"""Nothing happens to u1; the others sign in, change their address and group, are deleted, leave the company."""
WHAT_HAPPENS = [
    event(1, "org.sso.changed", is_single_sign_on=True),
    event(2, "org.policy.changed", policies={"organization": {"external_im": False}, "groups": []}),
    event(3, "org.domain.removed", domain="acme.example"),
    event(4, "org.sso.changed", is_single_sign_on=False),
    event(5, "org.domain.added", domain="acme.example"),
    event(
        7,
        "org.policy.changed",
        policies={"organization": {}, "groups": [{"name": "lab", "actions": {"desktop_sharing": False}}]},
    ),
    updated(8, "m0001", policy_group="lab"),
    moved(9, "m0001", "m1.new@acme.example"),
    event(10, "user.deleted", user_id="m0002"),
    updated(11, "m0003", status="inactive", inactive_reason="left_company"),
    moved(12, "m0001", "m1@b.example"),
    updated(13, "m0000", display_name="Em"),
]
ON_AT_LAST = [event(20, "org.sso.changed", is_single_sign_on=True)]
SIGNED_IN = [*ON_AT_LAST, event(21, "user.signed_in", user_id="m0000", is_federated=True)]
ENDS: dict[str, tuple[list[dict[str, Any]], S]] = {
    "a password is awaited at last": ([], S.AWAITING_PASSWORD),
    "a sign-in is awaited at last": (ON_AT_LAST, S.AWAITING_FIRST_SIGN_IN),
    "one signed in": (SIGNED_IN, S.AWAITING_FIRST_SIGN_IN),
}


BEFORE_THE_SWITCH = [event(14, "user.signed_in", user_id="m0000", is_federated=True), *ON_AT_LAST]


async def people(world: Moving) -> dict[str, Any]:
    """Where each stands, and what he may do. Not when his time is over, nor how many mails it took."""
    found: dict[str, Any] = {}
    async with world.store.read() as uow:
        assert {row.state for row in await uow.inbox.listing(ORG, 100)} <= {"applied", "superseded"}
        assert await uow.capacity.get(ORG) == await uow.ledger.sums(ORG)
        for user_id in PEOPLE:
            rows = await uow.migrations.latest_many(ORG, [user_id])
            user, policy = await uow.users.get(user_id), await uow.policies.assignment(user_id)
            live = await uow.tokens.of_migration(rows[0].ref, USABLE)
            assert user is not None
            found[user_id] = (
                rows[0].state,
                rows[0].reason,
                rows[0].is_open and rows[0].hold_ends_at,
                rows[0].signed_in_at is not None,
                user.email,
                user.credential_state,
                user.account_status,
                policy and policy[1][PolicyAction.DESKTOP_SHARING].allowed,
                policy and policy[1][PolicyAction.EXTERNAL_IM].allowed,
                user_id == "u1" and bool(live),  # the others had no link in the beginning
            )
    return found


async def after(template: Path, events: Sequence[dict[str, Any]], chance: random.Random | None) -> Any:
    """The people after these events; by `chance` repeated and in any order, drained at any moment."""
    async with store_at(empty_store(template)) as store:
        return await _after(store, events, chance)


async def _after(store: SqlStore, events: Sequence[dict[str, Any]], chance: random.Random | None) -> Any:
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.many(4, S.AWAITING_PASSWORD)
    async with writing(store) as uow:  # known before: who moves to an unknown domain has left, whoever adds it later
        await uow.domains.put(builders.domain(name="b.example"))
    deliveries = list(events) if chance is None else [it for it in events for _ in range(TIMES)]
    if chance is not None:
        chance.shuffle(deliveries)
    for it in deliveries:
        world.clock.move(timedelta(seconds=1))
        outcome = (await world.intake.receive(it)).outcome
        assert chance is not None or outcome is Received.NEW
        if chance is None or chance.random() < 0.3:
            await world.drain()
    await world.drain()
    return await people(world)


@pytest.mark.parametrize("name", ENDS)
async def test_any_order_ends_where_the_sorted_events_end(sqlite_template: Path, name: str) -> None:
    more, state = ENDS[name]
    events = [*WHAT_HAPPENS, *more]
    expected = await after(sqlite_template, events, None)
    assert expected["u1"][:3] == (state, None, None)
    assert expected["m0001"][4] == "m1@b.example"
    assert expected["m0001"][7] is False
    assert expected["m0002"][0] is S.DELETED
    assert expected["m0003"][:2] == (S.CANCELLED, "no_longer_eligible")
    assert (expected["m0000"][5] is CredentialState.FEDERATED) == (name == "one signed in")
    for seed in range(SEEDS):
        chance = random.Random(seed)  # noqa: S311 - an order that can be repeated
        found = await after(sqlite_template, events, chance)
        assert found == expected, f"with seed {seed}"


async def test_a_sign_in_before_the_switch_is_none_that_is_awaited(sqlite_template: Path) -> None:
    expected = await after(sqlite_template, BEFORE_THE_SWITCH, None)
    state, signed_in, credential = expected["m0000"][0], expected["m0000"][3], expected["m0000"][5]
    assert (state, signed_in, credential) == (S.AWAITING_FIRST_SIGN_IN, False, CredentialState.LOCKED)
    assert await after(sqlite_template, BEFORE_THE_SWITCH[::-1], None) == expected
    for seed in range(SEEDS):
        chance = random.Random(seed)  # noqa: S311 - an order that can be repeated
        found = await after(sqlite_template, BEFORE_THE_SWITCH, chance)
        assert found == expected, f"with seed {seed}"
