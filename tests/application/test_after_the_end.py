"""Whose migration has ended is a guest of the domain: inactive while its block lasts, and not a moment longer.

However it ended: expired, cancelled, excluded, undone. Also who is cancelled or excluded before the block begins.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.commands import CommandKind
from edition_migration.domain.mail import MailKind
from edition_migration.domain.states import AccountStatus, CredentialState, Edition, InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store_people import Session
from tests.application.moving import ELSEWHERE, ORG, Moving, moving, writing
from tests.application.test_domain_gone import GOING, come_back, go
from tests.builders import NOW, domain, organization

WEEK = timedelta(days=7)
GUEST_AGAIN = (None, AccountStatus.ACTIVE, None, Edition.GUEST)
PENDING = (ORG, AccountStatus.INACTIVE, InactiveReason.GUEST_PENDING, Edition.GUEST)
LATE = (ORG, AccountStatus.INACTIVE, InactiveReason.EXPIRED, Edition.GUEST)

Ending = Callable[[Moving], Awaitable[Any]]


async def expire(world: Moving) -> None:
    world.clock.move(timedelta(days=14))
    await world.step("await_new_password")


async def cancel(world: Moving) -> None:
    assert (await world.command(CommandKind.CANCEL)).verdict == "done"


async def exclude(world: Moving) -> None:
    assert (await world.command(CommandKind.EXCLUDE)).verdict == "done"


async def undo(world: Moving) -> None:
    assert (await world.command(CommandKind.UNDO)).verdict == "done"


ENDS: dict[str, tuple[S, Ending, S, tuple[Any, ...]]] = {
    "expired": (S.AWAITING_PASSWORD, expire, S.EXPIRED, LATE),
    "cancelled in review": (S.IN_REVIEW, cancel, S.CANCELLED, PENDING),
    "cancelled when activated": (S.AWAITING_PASSWORD, cancel, S.CANCELLED, PENDING),
    "excluded": (S.IN_REVIEW, exclude, S.SKIPPED, PENDING),
    "undone": (S.MIGRATED, undo, S.UNDONE, PENDING),
}


async def account(world: Moving) -> tuple[Any, ...]:
    ada = await world.ada()
    return ada.org_id, ada.account_status, ada.inactive_reason, ada.edition


@pytest.mark.parametrize("reason", GOING)
@pytest.mark.parametrize("end", ENDS)
async def test_who_had_ended_is_a_guest_again_when_the_domain_goes_and_held_as_before_when_it_comes_back(
    store: SqlStore, end: str, reason: str
) -> None:
    state, ending, ended, shut = ENDS[end]
    world = await moving(store, state)
    await ending(world)
    assert ((await world.row()).state, await account(world)) == (ended, shut)
    await go(world, reason)
    assert ((await world.row()).state, await account(world)) == (ended, GUEST_AGAIN)
    assert (await world.ada()).credential_state is CredentialState.SET
    assert [it.action for it in await world.journal()][-1] == "let_out"
    await come_back(world, reason)
    for _ in range(2):
        await world.block()
        assert ((await world.row()).state, await account(world)) == (ended, shut)
        assert [it.action for it in await world.journal()][-2:] == ["let_out", "block"]


@pytest.mark.parametrize("end", ENDS)
async def test_who_had_ended_and_is_renamed_to_another_domain_is_a_guest_again(store: SqlStore, end: str) -> None:
    state, ending, ended, _ = ENDS[end]
    world = await moving(store, state)
    await ending(world)
    await world.rename(ELSEWHERE)
    assert ((await world.row()).state, await account(world)) == (ended, GUEST_AGAIN)


async def test_who_had_ended_is_pending_where_the_domain_goes_next(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await expire(world)
    async with writing(store) as uow:
        await uow.organizations.put(organization(org_id="beta", name="Beta"))
    await go(world, "domain_removed")
    await world.happen("org.domain.added", org_id="beta", domain="acme.example")
    await world.block("beta")
    async with store.read() as uow:
        row = await uow.migrations.latest("beta", "u1")
    assert row is not None
    assert (row.state, (await world.ada()).org_id) == (S.BLOCKED, "beta")


async def test_claimed_by_another_before_he_was_let_out_he_is_pending_there_all_the_same(store: SqlStore) -> None:
    """The next owner's page came first and passed him over as another's."""
    world = await moving(store, S.AWAITING_PASSWORD)
    await expire(world)
    async with writing(store) as uow:
        await uow.organizations.put(organization(org_id="beta", name="Beta"))
        await uow.domains.put(domain(is_claimed=False, block_at=None))
        await uow.domains.put(domain(org_id="beta"))
        await uow.errands.add(ORG, "review_domain", "acme.example", NOW)
    await world.block("beta")
    async with store.read() as uow:
        passed = await uow.migrations.latest("beta", "u1")
    assert passed is not None
    assert (passed.state, passed.reason) == (S.SKIPPED, "other_owner")
    await world.drain()
    await world.drain("beta")
    async with store.read() as uow:
        row = await uow.migrations.latest("beta", "u1")
    assert row is not None
    assert (row.generation, row.state, (await world.ada()).org_id) == (2, S.BLOCKED, "beta")


@pytest.mark.parametrize(
    ("state", "ending", "ended"),
    [(S.MIGRATED, undo, S.UNDONE), (S.AWAITING_PASSWORD, cancel, S.CANCELLED)],
    ids=["undone", "cancelled while held"],
)
async def test_who_ends_when_the_domain_has_gone_already_is_a_guest_again(
    store: SqlStore, state: S, ending: Ending, ended: S
) -> None:
    world = await moving(store, state)
    await go(world, "domain_removed")
    await ending(world)
    assert ((await world.row()).state, await account(world)) == (ended, GUEST_AGAIN)
    assert (await world.capacity()).licenses_used == 0
    assert [kind for kind, _ in await world.post()] == [MailKind.UNDONE if ended is S.UNDONE else MailKind.CANCELLED]


async def test_what_the_provisioning_side_says_of_him_holds_again(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    await cancel(world)
    await world.happen("user.updated", user_id="u1", status="inactive", inactive_reason="left_company")
    await go(world, "domain_removed")
    left = (None, AccountStatus.INACTIVE, InactiveReason.LEFT_COMPANY, Edition.GUEST)
    assert await account(world) == left
    await come_back(world, "domain_removed")
    await world.block()
    assert await account(world) == left


# In the warning period


async def warned(store: SqlStore) -> Moving:
    """Ada is told that the block begins in a week, and is signed in."""
    world = await moving(store, S.DETECTED, organization={"warning_period": WEEK})
    async with writing(store) as uow:
        await uow.domains.put(domain(block_at=world.clock.now() + WEEK))
        await uow.sessions.add(Session("s1", "u1", "digest", created_at=NOW))
    return world


async def open_sessions(world: Moving) -> int:
    async with world.store.read() as uow:
        return await uow.sessions.open_count("u1")


@pytest.mark.parametrize(("ending", "ended"), [(cancel, S.CANCELLED), (exclude, S.SKIPPED)])
async def test_who_ends_while_he_is_only_warned_signs_in_until_the_block_begins(
    store: SqlStore, ending: Ending, ended: S
) -> None:
    world = await warned(store)
    await ending(world)
    await world.block()
    assert ((await world.row()).state, await account(world)) == (ended, GUEST_AGAIN)
    assert (await open_sessions(world), await world.waiting()) == (1, [])
    world.clock.move(WEEK)
    await world.block()
    assert ((await world.row()).state, await account(world)) == (ended, PENDING)
    assert await open_sessions(world) == 0


async def test_who_has_a_newer_client_by_then_is_not_blocked(store: SqlStore) -> None:
    world = await warned(store)
    await cancel(world)
    await world.happen("user.updated", user_id="u1", client_version="6.0")
    world.clock.move(WEEK)
    await world.block()
    assert await account(world) == GUEST_AGAIN
    await world.happen("user.updated", user_id="u1", client_version="5.2")
    await world.block()
    assert await account(world) == PENDING


async def test_who_was_let_out_and_finds_a_warning_on_his_return_is_blocked_at_its_end(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD, organization={"warning_period": WEEK})
    await expire(world)
    await go(world, "domain_removed")
    await come_back(world, "domain_removed")
    await world.block()
    assert await account(world) == GUEST_AGAIN
    world.clock.move(WEEK)
    await world.block()
    assert await account(world) == LATE
