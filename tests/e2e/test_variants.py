"""Other ways through the main job, each on the real server: how users are selected, activated, and let in."""

from datetime import timedelta

from edition_migration.domain.commands import CommandKind
from edition_migration.domain.mail import MailKind
from edition_migration.domain.organization import Activation, Selection
from edition_migration.domain.states import AccountStatus, CredentialState
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import NEW_PASSWORD, World, guest

ADA = "ada@acme.example"


async def test_automatic_selection_needs_no_administrator(world: World) -> None:
    await world.configure(selection=Selection.AUTOMATIC)
    await world.guests(guest("ada"), guest("bob"))
    await world.provision(licenses=1)
    row = await world.until("ada", S.AWAITING_PASSWORD)
    assert row.wave_id is not None
    assert (await world.until("bob", S.WAITING_CAPACITY)).wave_id == row.wave_id
    await world.until_mailed(ADA, 3)
    await world.choose_password(ADA)
    await world.until("ada", S.MIGRATED)


async def test_single_sign_on_mails_no_link_and_waits_for_the_first_federated_sign_in(world: World) -> None:
    await world.guests(guest("ada"))
    await world.provision(is_single_sign_on=True)
    await world.until("ada", S.IN_REVIEW)
    await world.select("ada")
    row = await world.until("ada", S.AWAITING_FIRST_SIGN_IN)
    assert row.deadline_at is not None
    await world.event("user.signed_in", {"user_id": "ada", "is_federated": True})
    await world.until("ada", S.MIGRATED)
    await world.ended("ada")
    assert (await world.user("ada")).credential_state is CredentialState.FEDERATED
    assert all("/password/" not in mail.raw.decode() for mail in world.mails_to(ADA))
    assert len(world.mails_to(ADA)) == 3


async def test_delayed_activation_waits_for_its_time(world: World) -> None:
    await world.guests(guest("ada"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    await world.select("ada", activation=Activation.DELAYED, activation_delay=timedelta(days=2))
    await world.until("ada", S.INSTRUCTED)
    await world.until_mailed(ADA, 2)
    await world.skip("ada", timedelta(days=1))
    assert (await world.user("ada")).account_status is AccountStatus.INACTIVE
    await world.skip("ada", timedelta(days=1, hours=1))
    await world.until("ada", S.AWAITING_PASSWORD)


async def test_activation_by_hand_waits_for_the_administrator(world: World) -> None:
    await world.guests(guest("ada"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    await world.select("ada", activation=Activation.BY_HAND)
    await world.until("ada", S.INSTRUCTED)
    await world.until_mailed(ADA, 2)
    await world.skip("ada", timedelta(days=30))
    assert (await world.until("ada", S.INSTRUCTED)).activate_at is None
    assert (await world.capacity()).licenses_used == 0
    assert (await world.command(CommandKind.ACTIVATE, "ada")).verdict == "done"
    await world.until("ada", S.AWAITING_PASSWORD)


async def test_the_licenses_of_a_cancelled_user_go_to_the_next_in_the_queue(world: World) -> None:
    await world.guests(guest("ada"), guest("bob"), guest("cleo"))
    await world.provision(licenses=1)
    await world.until("ada", S.IN_REVIEW)
    await world.until("bob", S.IN_REVIEW)
    await world.until("cleo", S.IN_REVIEW)
    answer = await world.select("bob", "ada", "cleo")
    assert (answer.licenses_free, answer.waiting_for_capacity) == (0, 2)
    await world.until("bob", S.AWAITING_PASSWORD)
    await world.until("ada", S.WAITING_CAPACITY)
    await world.until("cleo", S.WAITING_CAPACITY)
    await world.command(CommandKind.CANCEL, "bob")
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until("cleo", S.WAITING_CAPACITY)
    await world.event("org.licenses.changed", {"licenses_purchased": 2})
    await world.until("cleo", S.AWAITING_PASSWORD)
    counters = await world.capacity()
    assert (counters.licenses_reserved, counters.licenses_used) == (0, 2)


async def test_after_fourteen_days_without_a_password_the_user_expires_and_gives_everything_back(world: World) -> None:
    await world.guests(guest("ada"))
    await world.provision(licenses=1)
    await world.until("ada", S.IN_REVIEW)
    await world.select("ada")
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until_mailed(ADA, 3)
    link = world.link_of(ADA)
    await world.skip("ada", timedelta(days=8))
    assert (await world.until("ada", S.AWAITING_PASSWORD)).deadline_at is not None
    await world.skip("ada", timedelta(days=6, hours=1))
    await world.until("ada", S.EXPIRED)
    await world.ended("ada")
    expired = await world.user("ada")
    assert (expired.account_status, expired.inactive_reason) == (AccountStatus.INACTIVE, "expired")
    counters = await world.capacity()
    assert (counters.licenses_reserved, counters.licenses_used) == (0, 0)
    await world.until_mailed(ADA, 4)
    page = await world.web.get(link)
    assert 'name="password"' not in page.text


async def test_a_new_link_from_the_expired_page_lets_the_user_finish(world: World) -> None:
    await world.guests(guest("ada"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    await world.select("ada")
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until_mailed(ADA, 3)
    old_link = world.link_of(ADA)
    await world.skip("ada", timedelta(days=8))
    await world.ask_new_link(old_link)
    await world.until_accepted("ada", MailKind.NEW_LINK)
    assert world.link_of(ADA) != old_link
    page = await world.choose_password(ADA)
    assert page.status_code == 200
    await world.until("ada", S.MIGRATED)
    assert await world.sign_in(ADA, NEW_PASSWORD, "6.0") == "signed_in"
