"""A domain or the whole service goes on the way: a guest again at once, or after a hold once he is activated.

And the domain comes back: nobody held is lost. Who chose a password already, and who is migrated, stay.
"""

from datetime import timedelta
from typing import Any

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.credentials import ChoiceResult
from edition_migration.domain.commands import CommandKind
from edition_migration.domain.mail import MailKind
from edition_migration.domain.progress import Done, Stop, Wait
from edition_migration.domain.states import (
    AWAITING_USER,
    BEFORE_ACTIVATION,
    HELD_WITHOUT_DOMAIN,
    AccountStatus,
    CredentialState,
    Edition,
)
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from tests.application.moving import ELSEWHERE, EMAIL, OLD_HASH, ORG, PROVISIONED, Moving, moving, writing
from tests.links import GOOD, LINK_KEYS

HOLD = timedelta(hours=72)
GOING: dict[str, tuple[str, dict[str, Any]]] = {
    "domain_removed": ("org.domain.removed", {"domain": "acme.example"}),
    "deprovisioned": ("org.deprovisioned", {}),
}
STEP_OF = {
    S.ACTIVATED: "reset_password",
    S.AWAITING_PASSWORD: "await_new_password",
    S.AWAITING_FIRST_SIGN_IN: "await_new_password",
}


async def go(world: Moving, reason: str) -> None:
    kind, data = GOING[reason]
    await world.happen(kind, **data)


async def come_back(world: Moving, reason: str) -> None:
    if reason == "deprovisioned":
        await world.happen("org.service.provisioned", **PROVISIONED)
    else:
        await world.happen("org.domain.added", domain="acme.example")


async def is_guest_again(world: Moving) -> bool:
    ada, counters = await world.ada(), await world.capacity()
    assert (counters.licenses_reserved, counters.licenses_used, counters.storage_used_mb) == (0, 0, 0)
    assert {it.state for it in await world.tokens()} <= {TokenState.DEAD}
    assert (ada.password_hash, ada.credential_state) == (OLD_HASH, CredentialState.SET)
    return (ada.org_id, ada.edition, ada.account_status) == (None, Edition.GUEST, AccountStatus.ACTIVE)


@pytest.mark.parametrize("reason", GOING)
@pytest.mark.parametrize("state", BEFORE_ACTIVATION)
async def test_before_activation_the_user_is_a_guest_again_at_once(store: SqlStore, state: S, reason: str) -> None:
    world = await moving(store, state)
    await go(world, reason)
    row = await world.row()
    assert (row.state, row.reason, row.hold_ends_at) == (S.CANCELLED, reason, None)
    assert await is_guest_again(world)
    assert {"u1", None} <= await world.bells()


async def test_whom_we_wrote_to_before_is_told_that_it_is_over(store: SqlStore) -> None:
    world = await moving(store, S.INSTRUCTED)
    await go(world, "domain_removed")
    assert await world.post() == [(MailKind.CANCELLED, EMAIL)]


@pytest.mark.parametrize("reason", GOING)
@pytest.mark.parametrize("state", HELD_WITHOUT_DOMAIN)
async def test_once_activated_he_is_held_for_72_hours_and_then_a_guest_again(
    store: SqlStore, state: S, reason: str
) -> None:
    world = await moving(store, state)
    await go(world, reason)
    held = await world.row()
    ends_at = world.clock.now() + HOLD
    assert (held.state, held.hold_ends_at) == (state, ends_at)
    assert (await world.capacity()).licenses_used == 1
    waits = await world.step(STEP_OF[state])
    assert isinstance(waits, Wait)
    assert waits.until == ends_at
    world.clock.move(HOLD)
    assert isinstance(await world.step(STEP_OF[state]), Stop)
    row = await world.row()
    assert (row.state, row.reason, row.hold_ends_at) == (S.CANCELLED, reason, None)
    assert await is_guest_again(world)


@pytest.mark.parametrize(("event", "data"), [("user.deleted", {}), ("user.email_changed", {"email": ELSEWHERE})])
async def test_who_ends_while_he_is_held_is_held_no_more(store: SqlStore, event: str, data: dict[str, Any]) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await go(world, "domain_removed")
    assert (await world.row()).hold_ends_at is not None
    await world.happen(event, user_id="u1", **data)
    row = await world.row()
    assert (row.is_open, row.hold_ends_at) == (False, None)


@pytest.mark.parametrize("reason", GOING)
@pytest.mark.parametrize("state", HELD_WITHOUT_DOMAIN)
async def test_when_the_domain_comes_back_who_was_held_goes_on(store: SqlStore, state: S, reason: str) -> None:
    world = await moving(store, state)
    await go(world, reason)
    await come_back(world, reason)
    row = await world.row()
    assert (row.state, row.hold_ends_at) == (state, None)
    assert [it.action for it in await world.journal()] == ["hold", "end_hold"]
    assert "u1" in await world.bells()
    assert isinstance(await world.step(STEP_OF[state]), Done if state is S.ACTIVATED else Wait)


@pytest.mark.parametrize("state", AWAITING_USER)
async def test_the_time_of_the_hold_is_given_back_to_him(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    deadline = (await world.row()).deadline_at
    assert deadline is not None
    world.clock.move(timedelta(days=12))
    await world.step("await_new_password")
    reminded = (await world.row()).reminders
    await go(world, "domain_removed")
    gone = world.clock.now()
    world.clock.move(timedelta(days=2, hours=3))
    await come_back(world, "domain_removed")
    row = await world.row()
    assert row.deadline_at == deadline + (world.clock.now() - gone)
    waits = await world.step("await_new_password")
    assert isinstance(waits, Wait)
    assert ((await world.row()).state, (await world.row()).reminders) == (state, reminded)
    assert waits.until == row.deadline_at - timedelta(days=1)


async def test_a_pause_within_the_hold_is_given_back_once(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    deadline = (await world.row()).deadline_at
    assert deadline is not None
    await go(world, "domain_removed")
    gone = world.clock.now()
    async with writing(store) as uow:
        await uow.pauses.begin(ORG, gone, "admin")
        await uow.pauses.end(ORG, gone + timedelta(hours=5), "admin")
    world.clock.move(timedelta(hours=8))
    await come_back(world, "domain_removed")
    assert (await world.row()).deadline_at == deadline + (world.clock.now() - gone) - timedelta(hours=5)


async def test_a_link_waits_for_the_end_of_the_hold_and_so_does_its_deadline(store: SqlStore) -> None:
    world = await moving(store, S.ACTIVATED)
    await world.step("reset_password")
    await go(world, "domain_removed")
    assert await world.post() == []
    assert (await world.row()).deadline_at is None
    await come_back(world, "domain_removed")
    assert await world.post() == [(MailKind.RESET_PASSWORD, EMAIL)]
    assert (await world.row()).deadline_at == world.clock.now() + timedelta(days=14)


async def test_nothing_is_sent_again_to_who_is_held(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await go(world, "domain_removed")
    answer = await world.command(CommandKind.RESEND)
    assert (answer.verdict, answer.reason) == ("refused", "held")
    await come_back(world, "domain_removed")
    assert (await world.command(CommandKind.RESEND)).verdict == "done"


async def test_a_link_cannot_be_used_while_its_user_is_held(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    [token] = await world.tokens()
    link = LINK_KEYS.text_of(token)
    await go(world, "domain_removed")
    assert await world.credentials.form(link) is None
    assert (await world.credentials.choose(link, GOOD)).result is ChoiceResult.UNUSABLE
    await world.credentials.request_new_link(link)
    assert await world.waiting() == []
    await come_back(world, "domain_removed")
    assert (await world.credentials.choose(link, GOOD)).result is ChoiceResult.CHOSEN


@pytest.mark.parametrize("reason", GOING)
@pytest.mark.parametrize("state", [S.PASSWORD_SET, S.MIGRATED])
async def test_who_chose_a_password_goes_on_and_who_is_migrated_stays(store: SqlStore, state: S, reason: str) -> None:
    world = await moving(store, state)
    await go(world, reason)
    row = await world.row()
    assert (row.state, row.hold_ends_at) == (state, None)
    assert (await world.ada()).edition is Edition.BUSINESS
    assert (await world.capacity()).licenses_used == 1


async def test_removed_twice_the_first_hold_counts(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await go(world, "domain_removed")
    first = (await world.row()).hold_ends_at
    world.clock.move(timedelta(hours=1))
    await go(world, "deprovisioned")
    await go(world, "domain_removed")
    assert (await world.row()).hold_ends_at == first


async def test_a_removal_that_comes_late_changes_nothing(store: SqlStore) -> None:
    """The organization said since then that the domain is its own."""
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.happen("org.domain.added", domain="acme.example")
    late = await world.happen("org.domain.removed", domain="acme.example", at=timedelta(days=-1))
    assert late.state == "superseded"
    assert (await world.row()).hold_ends_at is None


async def test_who_leaves_while_he_is_held_is_a_guest_again_at_once(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await go(world, "domain_removed")
    await world.rename(ELSEWHERE)
    row = await world.row()
    assert (row.state, row.reason) == (S.CANCELLED, "left_domain")
    assert await is_guest_again(world)


async def test_a_password_set_elsewhere_while_he_is_held_is_his_act_and_he_goes_on(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await go(world, "domain_removed")
    await world.happen("credential.password_set", user_id="u1")
    row = await world.row()
    assert (row.state, row.hold_ends_at) == (S.PASSWORD_SET, None)


async def test_a_first_sign_in_while_he_is_held_is_his_act_and_he_goes_on(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_FIRST_SIGN_IN)
    await go(world, "domain_removed")
    await world.happen("user.signed_in", user_id="u1", is_federated=True)
    assert (await world.row()).hold_ends_at is None
    await go(world, "deprovisioned")
    assert (await world.row()).hold_ends_at is None
    assert isinstance(await world.step("await_new_password"), Done)


async def test_whose_hold_ended_is_on_the_list_again_when_the_domain_comes_back(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await go(world, "domain_removed")
    world.clock.move(HOLD)
    await world.step("await_new_password")
    await come_back(world, "domain_removed")
    await world.block()
    async with store.read() as uow:
        again = await uow.migrations.latest(ORG, "u1")
    assert again is not None
    assert (again.generation, again.state) == (2, S.BLOCKED)


async def test_a_second_provisioning_adds_domains_and_changes_nobody(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    second: dict[str, Any] = {**PROVISIONED, "domains": ["b.example"], "licenses_purchased": 2}
    await world.happen("org.service.provisioned", **second)
    async with store.read() as uow:
        domains = await uow.domains.of_organization(ORG)
    assert [(it.name, it.is_claimed, it.block_at is not None) for it in domains] == [
        ("acme.example", True, True),
        ("b.example", True, True),
    ]
    row = await world.row()
    assert (row.state, row.hold_ends_at) == (S.AWAITING_PASSWORD, None)
    assert (await world.capacity()).licenses_purchased == 2
    assert await world.waiting() == []
