"""The main job, end to end on the real server: from a provisioning event to a sign-in in the Business Edition."""

from edition_migration.domain.states import AccountStatus, CredentialState, Edition, InactiveReason
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import NEW_PASSWORD, World, guest


async def test_a_guest_is_blocked_told_selected_activated_and_signs_in_with_the_password_he_chose(world: World) -> None:
    await world.guests(guest("ada", storage_used_mb=250))
    await world.provision(licenses=1)
    await world.until("ada", S.IN_REVIEW)
    blocked = await world.user("ada")
    assert (blocked.account_status, blocked.inactive_reason) == (AccountStatus.INACTIVE, InactiveReason.GUEST_PENDING)

    answer = await world.select("ada")
    assert [it.verdict for it in answer.answers] == ["done"]
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until_mailed("ada@acme.example", 3)
    waiting = await world.user("ada")
    assert (waiting.account_status, waiting.edition) == (AccountStatus.ACTIVE, Edition.BUSINESS)
    assert waiting.credential_state is CredentialState.RESET_ISSUED

    page = await world.choose_password("ada@acme.example")
    assert page.status_code == 200
    await world.until("ada", S.MIGRATED)
    await world.ended("ada")
    assert await world.sign_in("ada@acme.example", NEW_PASSWORD, "6.1") == "signed_in"
    assert await world.sign_in("ada@acme.example", NEW_PASSWORD, "5.2") == "client_too_old"
    assert await world.sign_in("ada@acme.example", "another password", "6.1") == "wrong_credentials"

    counters = await world.capacity()
    assert (counters.licenses_reserved, counters.licenses_used) == (0, 1)
    assert (counters.storage_reserved_mb, counters.storage_used_mb) == (0, 250)
    assert [it.target for it in await world.journal("ada")] == [
        S.BLOCKED, S.IN_REVIEW, S.IN_REVIEW, S.SELECTED, S.INSTRUCTED, S.ACTIVATED, S.AWAITING_PASSWORD,
        S.PASSWORD_SET, S.MIGRATED,
    ]  # fmt: skip
    assert len(world.subjects_to("ada@acme.example")) == 4
