"""The world moves while users are on their way, on the real server: each is rung, and goes on or ends as he should."""

from datetime import timedelta
from typing import Any

from edition_migration.adapters.hashing import PwdlibHasher
from edition_migration.domain.policies import PolicyAction
from edition_migration.domain.states import AccountStatus, CredentialState
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import NEW_PASSWORD, OLD_PASSWORD, World, guest, submit, until

ADA, NEW_ADA = "ada@acme.example", "ada.byron@acme.example"


async def awaiting_password(world: World) -> str:
    """Ada waits for her password; the path of her link."""
    password_hash = await PwdlibHasher(memory_kib=1024, passes=1, lanes=1).hash(OLD_PASSWORD)
    await world.guests(guest("ada", password_hash=password_hash))
    await world.provision(licenses=1)
    await world.until("ada", S.IN_REVIEW)
    await world.select("ada")
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until_mailed(ADA, 3)
    return world.link_of(ADA)


async def until_held(world: World, *, is_held: bool = True) -> None:
    async def there() -> bool:
        row = await world.row("ada")
        return row is not None and (row.hold_ends_at is not None) == is_held

    await until(there, lambda: f"ada is never {'held' if is_held else 'free again'}")


async def later(world: World, event: str, **data: Any) -> None:
    """An event a moment after those before."""
    world.clock.shift += timedelta(seconds=1)
    await world.event(event, data)


async def test_a_renamed_user_finishes_by_the_link_sent_to_his_new_address(world: World) -> None:
    old_link = await awaiting_password(world)
    await later(world, "user.email_changed", user_id="ada", email=NEW_ADA)
    await world.until_mailed(NEW_ADA, 2)
    await world.until_mailed(ADA, 4)
    assert 'name="password"' not in (await world.web.get(old_link)).text
    await world.choose_password(NEW_ADA)
    await world.until("ada", S.MIGRATED)
    await world.until_mailed(NEW_ADA, 3)
    assert len(world.mails_to(ADA)) == 4
    assert await world.sign_in(NEW_ADA, NEW_PASSWORD, "6.0") == "signed_in"


async def test_a_user_renamed_to_another_domain_signs_in_as_the_guest_he_was(world: World) -> None:
    link = await awaiting_password(world)
    await later(world, "user.email_changed", user_id="ada", email="ada@elsewhere.example")
    assert (await world.until("ada", S.CANCELLED)).reason == "left_domain"
    await world.ended("ada")
    await submit(world.web, link, NEW_PASSWORD)
    assert await world.sign_in("ada@elsewhere.example", OLD_PASSWORD) == "signed_in"
    assert (await world.capacity()).licenses_free == 1


async def test_a_domain_that_comes_back_within_the_hold_costs_the_user_nothing(world: World) -> None:
    link = await awaiting_password(world)
    await later(world, "org.domain.removed", domain="acme.example")
    await until_held(world)
    deadline = (await world.until("ada", S.AWAITING_PASSWORD)).deadline_at
    assert 'name="password"' not in (await world.web.get(link)).text
    await world.skip("ada", timedelta(hours=48))
    await later(world, "org.domain.added", domain="acme.example")
    await until_held(world, is_held=False)
    moved = (await world.until("ada", S.AWAITING_PASSWORD)).deadline_at
    assert deadline is not None
    assert moved is not None
    assert timedelta(hours=48) <= moved - deadline < timedelta(hours=49)
    await world.choose_password(ADA)
    await world.until("ada", S.MIGRATED)


async def test_a_domain_that_stays_away_makes_the_user_a_guest_again_after_the_hold(world: World) -> None:
    await awaiting_password(world)
    await later(world, "org.domain.removed", domain="acme.example")
    await until_held(world)
    await world.skip("ada", timedelta(hours=73))
    assert (await world.until("ada", S.CANCELLED)).reason == "domain_removed"
    await world.ended("ada")
    assert await world.sign_in(ADA, OLD_PASSWORD) == "signed_in"


async def test_single_sign_on_switched_on_lets_the_user_in_by_the_company_account(world: World) -> None:
    link = await awaiting_password(world)
    await later(world, "org.sso.changed", is_single_sign_on=True)
    await world.until("ada", S.AWAITING_FIRST_SIGN_IN)
    await world.until_mailed(ADA, 4)
    assert "company account" in str(world.mails_to(ADA)[-1].message.get_body(("plain",)))
    assert 'name="password"' not in (await world.web.get(link)).text
    await later(world, "user.signed_in", user_id="ada", is_federated=True)
    await world.until("ada", S.MIGRATED)
    assert (await world.user("ada")).credential_state is CredentialState.FEDERATED


async def test_single_sign_on_switched_off_mails_a_link(world: World) -> None:
    await world.guests(guest("ada"))
    await world.provision(is_single_sign_on=True)
    await world.until("ada", S.IN_REVIEW)
    await world.select("ada")
    await world.until("ada", S.AWAITING_FIRST_SIGN_IN)
    await later(world, "org.sso.changed", is_single_sign_on=False)
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until_mailed(ADA, 3)
    assert (await world.choose_password(ADA)).status_code == 200
    await world.until("ada", S.MIGRATED)
    assert (await world.user("ada")).credential_state is CredentialState.SET


async def test_a_policy_that_forbids_parks_the_user_and_one_that_allows_lets_him_on(world: World) -> None:
    await world.guests(guest("ada"))
    await world.provision()
    await world.event("org.policy.changed", {"policies": {"organization": {"business_edition": False}, "groups": []}})
    await world.until("ada", S.IN_REVIEW)
    await world.select("ada")

    async def is_parked() -> bool:
        row = await world.row("ada")
        return row is not None and row.attention is not None

    await until(is_parked, lambda: "never parked")
    await later(world, "org.policy.changed", policies={"organization": {"external_im": False}, "groups": []})
    await world.until("ada", S.AWAITING_PASSWORD)
    async with world.store.read() as uow:
        assigned = await uow.policies.assignment("ada")
    assert assigned is not None
    assert assigned[1][PolicyAction.EXTERNAL_IM].allowed is False


async def test_a_deleted_user_ends_and_his_license_is_the_next_ones(world: World) -> None:
    await world.guests(guest("bob"))
    link = await awaiting_password(world)
    await world.select("bob")
    await world.until("bob", S.WAITING_CAPACITY)
    await later(world, "user.deleted", user_id="ada")
    await world.until("ada", S.DELETED)
    await world.ended("ada")
    await world.until("bob", S.AWAITING_PASSWORD)
    assert 'name="password"' not in (await world.web.get(link)).text


async def test_a_deprovisioned_organization_lets_go_of_whom_it_has_not_activated(world: World) -> None:
    await world.guests(guest("bob"))
    await awaiting_password(world)
    await world.until("bob", S.IN_REVIEW)
    await later(world, "org.deprovisioned")
    assert (await world.until("bob", S.CANCELLED)).reason == "deprovisioned"
    assert (await world.user("bob")).account_status is AccountStatus.ACTIVE
    row = await world.until("ada", S.AWAITING_PASSWORD)
    assert row.hold_ends_at is not None
