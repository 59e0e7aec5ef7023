"""What administrators take back or begin anew: deselect, undo, select again, and an administrator alone."""

from datetime import timedelta

import pytest

from edition_migration.domain.commands import CommandKind
from edition_migration.domain.errors import InvalidInput
from edition_migration.domain.mail import MailKind
from edition_migration.domain.names import OrganizationRef
from edition_migration.domain.states import AccountStatus, CredentialState, Edition
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import NEW_PASSWORD, World, guest

ADA = "ada@acme.example"
BOB = "bob@acme.example"


async def migrated(world: World, user_id: str = "ada") -> None:
    await world.guests(guest(user_id))
    await world.provision()
    await world.until(user_id, S.IN_REVIEW)
    await world.select(user_id)
    await world.until(user_id, S.AWAITING_PASSWORD)
    await world.until_accepted(user_id, MailKind.RESET_PASSWORD)
    await world.choose_password(f"{user_id}@acme.example")
    await world.until(user_id, S.MIGRATED)
    await world.ended(user_id)


async def test_deselected_the_user_is_back_on_the_list_and_his_license_goes_to_the_next(world: World) -> None:
    await world.guests(guest("ada"), guest("bob"), guest("cy"))
    await world.provision(licenses=1)
    for user_id in ("ada", "bob", "cy"):
        await world.until(user_id, S.IN_REVIEW)
    await world.select("ada", "bob", "cy")
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until("cy", S.WAITING_CAPACITY)
    answer = await world.command(CommandKind.DESELECT, "bob")
    assert (answer.verdict, answer.state) == ("done", S.IN_REVIEW)
    assert (await world.until("bob", S.IN_REVIEW)).wave_id is None
    await world.command(CommandKind.CANCEL, "ada")
    await world.until("cy", S.AWAITING_PASSWORD)
    assert len(world.mails_to(BOB)) == 1
    await world.select("bob")
    await world.until("bob", S.WAITING_CAPACITY)
    actions = [entry.action for entry in await world.journal("bob")]
    assert actions.count("select") == 2
    assert actions.count("send_instructions") == 2  # once a wave: no license


async def test_who_is_instructed_is_not_deselected(world: World) -> None:
    await world.guests(guest("ada"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    await world.select("ada")
    await world.until("ada", S.AWAITING_PASSWORD)
    answer = await world.command(CommandKind.DESELECT, "ada")
    assert (answer.verdict, answer.reason) == ("refused", "already_instructed")


async def test_undone_within_thirty_days_the_user_is_an_inactive_guest_again_and_can_be_selected_anew(
    world: World,
) -> None:
    await migrated(world)
    answer = await world.command(CommandKind.UNDO, "ada", "undo-1")
    assert (answer.verdict, answer.state) == ("done", S.UNDONE)
    undone = await world.user("ada")
    assert (undone.account_status, undone.inactive_reason) == (AccountStatus.INACTIVE, "guest_pending")
    assert (undone.edition, undone.credential_state) == (Edition.GUEST, CredentialState.LOCKED)
    assert (await world.capacity()).licenses_used == 0
    assert await world.sign_in(ADA, NEW_PASSWORD, "6.0") == "deactivated"
    await world.until_accepted("ada", MailKind.UNDONE)
    assert (await world.command(CommandKind.UNDO, "ada", "undo-1")).state is S.UNDONE
    await world.select("ada")
    row = await world.until("ada", S.AWAITING_PASSWORD)
    assert row.generation == 2
    await world.until_accepted("ada", MailKind.RESET_PASSWORD)
    async with world.store.read() as uow:
        kinds = [mail.kind for mail in await uow.mails.of_migration(row.ref)]
    assert kinds == [MailKind.INSTRUCTIONS, MailKind.RESET_PASSWORD]
    await world.choose_password(ADA, "another correct horse battery")
    await world.until("ada", S.MIGRATED)
    await world.ended("ada", 2)


async def test_after_the_undo_window_nothing_is_undone(world: World) -> None:
    await migrated(world)
    world.clock.shift += timedelta(days=31)
    answer = await world.command(CommandKind.UNDO, "ada")
    assert (answer.verdict, answer.reason) == ("refused", "too_late")


async def test_an_operator_undoes_and_selects_again_by_updates_of_the_organization(world: World) -> None:
    await migrated(world)
    organization = world.skipper.client.get_workflow_handle(OrganizationRef(org_id=world.org_id).workflow_id)
    request = {"user_id": "ada", "actor": "staff-7"}
    answer = await organization.execute_update("undo", request, id="u1", result_type=dict)
    assert (answer["verdict"], answer["state"]) == ("done", "UNDONE")
    answer = await organization.execute_update("select", request, id="u2", result_type=dict)
    assert answer["verdict"] == "done"
    assert (await world.until("ada", S.AWAITING_PASSWORD)).generation == 2
    assert [it.actor for it in await world.journal("ada") if it.action == "undo"] == ["staff-7"]


async def test_an_expired_user_is_selected_again_and_an_excluded_one_never(world: World) -> None:
    await world.guests(guest("ada"), guest("bob"))
    await world.provision()
    for user_id in ("ada", "bob"):
        await world.until(user_id, S.IN_REVIEW)
    await world.select("ada")
    await world.command(CommandKind.EXCLUDE, "bob")
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until_deadline("ada")
    await world.skip("ada", timedelta(days=15))
    await world.until("ada", S.EXPIRED)
    answer = await world.select("ada", "bob")
    assert [(it.user_id, it.verdict, it.reason) for it in answer.answers] == [
        ("ada", "done", ""),
        ("bob", "refused", "excluded"),
    ]
    assert (await world.until("ada", S.AWAITING_PASSWORD)).generation == 2


async def test_an_administrator_is_never_selected_in_bulk_but_alone_and_confirmed(world: World) -> None:
    await world.guests(guest("admin"), guest("bob"))
    await world.provision()
    await world.until("admin", S.SKIPPED)
    await world.until("bob", S.IN_REVIEW)
    answer = await world.select("admin", "bob")
    assert [(it.user_id, it.verdict, it.reason) for it in answer.answers] == [
        ("admin", "refused", "administrator"),
        ("bob", "done", ""),
    ]
    with pytest.raises(InvalidInput, match="confirm_administrator: is given for several users"):
        await world.select("admin", "bob", confirm_administrator=True)
    answer = await world.select("admin", confirm_administrator=True)
    assert answer.answers[0].verdict == "done"
    assert (await world.until("admin", S.AWAITING_PASSWORD)).generation == 2
