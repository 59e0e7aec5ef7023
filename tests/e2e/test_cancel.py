"""Cancel at each state, by the command line's use case and by Update: every time all is given back."""

import pytest

from edition_migration.domain.commands import CommandAnswer, CommandKind, CommandRequest
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import AccountStatus, Edition
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store_listing import PENDING
from tests.e2e.world import World, guest
from tests.fixtures.smtp import Behavior

ADA = "ada@acme.example"
DEAD = Behavior(codes={"RCPT": 451})


async def bring_to(world: World, state: S) -> None:
    """Ada in this state, held there by what holds real users there: nobody's selection, no license, a dead relay."""
    await world.guests(guest("ada"))
    if state is S.BLOCKED:
        world.smtp.always = DEAD
    await world.provision(
        licenses=0 if state is S.WAITING_CAPACITY else 1, is_single_sign_on=state is S.AWAITING_FIRST_SIGN_IN
    )
    await world.until("ada", S.IN_REVIEW)
    if state is S.IN_REVIEW:
        return
    await world.select("ada", activation=Activation.BY_HAND if state is S.INSTRUCTED else None)
    await world.until("ada", state)


@pytest.mark.parametrize(
    "state", [S.IN_REVIEW, S.WAITING_CAPACITY, S.INSTRUCTED, S.AWAITING_PASSWORD, S.AWAITING_FIRST_SIGN_IN]
)
@pytest.mark.parametrize("door", ["command", "update"])
async def test_cancel_gives_everything_back(world: World, state: S, door: str) -> None:
    await bring_to(world, state)
    if door == "command":
        answer = await world.command(CommandKind.CANCEL, "ada")
    else:
        answer = await world.handle("ada").execute_update(
            "cancel", CommandRequest(actor="operator-7"), id="cancel-1", result_type=CommandAnswer
        )
    assert (answer.verdict, answer.state) == ("done", S.CANCELLED)
    row = await world.until("ada", S.CANCELLED)
    assert row.reason == "administrator"
    await world.ended("ada")
    ended = await world.user("ada")
    assert (ended.account_status, ended.inactive_reason, ended.edition) == (
        AccountStatus.INACTIVE,
        "guest_pending",
        Edition.GUEST,
    )
    counters = await world.capacity()
    assert (counters.licenses_reserved, counters.licenses_used) == (0, 0)
    actors = [entry.actor for entry in await world.journal("ada") if entry.target is S.CANCELLED]
    assert actors == ["admin" if door == "command" else "operator-7"]


async def test_a_migrated_user_cannot_be_cancelled(world: World) -> None:
    await bring_to(world, S.AWAITING_PASSWORD)
    await world.until_mailed(ADA, 3)
    await world.choose_password(ADA)
    await world.until("ada", S.MIGRATED)
    answer = await world.command(CommandKind.CANCEL, "ada")
    assert (answer.verdict, answer.reason) == ("refused", "already_ended")
    assert (await world.capacity()).licenses_used == 1


async def test_the_same_command_twice_is_one_cancellation(world: World) -> None:
    await bring_to(world, S.IN_REVIEW)
    first = await world.command(CommandKind.CANCEL, "ada", "command-1")
    again = await world.command(CommandKind.CANCEL, "ada", "command-1")
    assert (first.verdict, again.verdict) == ("done", "done")
    assert [entry.target for entry in await world.journal("ada")].count(S.CANCELLED) == 1


async def test_an_excluded_user_leaves_the_list_and_stays_inactive(world: World) -> None:
    await bring_to(world, S.IN_REVIEW)
    answer = await world.command(CommandKind.EXCLUDE, "ada")
    assert (answer.verdict, answer.state) == ("done", S.SKIPPED)
    await world.ended("ada")
    assert (await world.user("ada")).account_status is AccountStatus.INACTIVE
    refused = (await world.select("ada")).answers[0]
    assert (refused.verdict, refused.reason) == ("refused", "excluded")
    async with world.store.read() as uow:
        assert await uow.listing.page(world.org_id, PENDING, 10) == []
