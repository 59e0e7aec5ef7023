"""Events that want an address or a domain that somebody else still has: kept, shown, and tried once it is free."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests import builders
from tests.application.moving import EMAIL, NEW_EMAIL, ORG, PROVISIONED, Moving, moving, writing


async def created(world: Moving, user_id: str, email: str = EMAIL, **event: Any) -> str:
    row = await world.happen("user.created", user_id=user_id, email=email, client_version="5.1", **event)
    return f"{row.state} {row.failure or ''}".strip()


async def states(store: Store, org_id: str = ORG) -> Sequence[str]:
    """Of all events received, oldest first."""
    async with store.read() as uow:
        return [str(row.state) for row in reversed(await uow.inbox.listing(org_id, 100))]


async def holder_of(store: Store, email: str) -> str | None:
    async with store.read() as uow:
        user = await uow.users.by_email(email)
    return user.user_id if user else None


async def test_an_address_of_another_user_waits_for_his_rename(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    assert await created(world, "u2") == "failed conflict"
    assert await holder_of(store, EMAIL) == "u1"
    await world.rename(NEW_EMAIL)
    assert await states(store) == ["applied", "applied"]
    assert await holder_of(store, EMAIL) == "u2"


@pytest.mark.parametrize("kind", ["user.created", "user.updated", "user.email_changed"])
async def test_an_address_of_another_user_is_refused_by_field_with_reason_and_mend(store: SqlStore, kind: str) -> None:
    world = await moving(store, S.IN_REVIEW)
    row = await world.happen(kind, user_id="u2", email=EMAIL)
    assert row.reason == (
        "conflict: data.email: belongs to another user;"
        " give another one, or rename or delete who has it: this event is tried again by itself then"
    )
    assert (row.failure, row.wants) == ("conflict", EMAIL)


async def test_an_address_of_another_user_waits_for_his_deletion(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    assert await created(world, "u2") == "failed conflict"
    await world.happen("user.deleted", user_id="u1")
    assert await states(store) == ["applied", "applied"]
    assert await holder_of(store, EMAIL) == "u2"
    async with store.read() as uow:
        assert await uow.migrations.latest(ORG, "u2") is None  # a new id is a new user: he starts anew
    await world.block()
    async with store.read() as uow:
        row = await uow.migrations.latest(ORG, "u2")
    assert row is not None
    assert (row.generation, row.state) == (1, S.BLOCKED)


async def test_of_two_who_want_it_one_gets_it_and_the_other_goes_on_waiting(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    await created(world, "u2")
    await created(world, "u3")
    await world.rename(NEW_EMAIL)
    assert await states(store) == ["applied", "failed", "applied"]
    assert await holder_of(store, EMAIL) == "u2"
    await world.happen("user.deleted", user_id="u2")
    assert await holder_of(store, EMAIL) == "u3"


async def test_tried_again_it_gives_way_to_a_newer_word(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    await created(world, "u2", "u2@acme.example", at=timedelta(hours=1))
    row = await world.happen("user.email_changed", user_id="u2", email=EMAIL, at=timedelta(hours=2))
    assert row.failure == "conflict"
    await world.happen("user.email_changed", user_id="u2", email="u2.later@acme.example", at=timedelta(hours=3))
    await world.rename(NEW_EMAIL)
    assert await states(store) == ["applied", "superseded", "applied", "applied"]
    assert await holder_of(store, EMAIL) is None


async def test_an_address_that_becomes_free_tries_only_the_events_that_want_it(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    await created(world, "u2", "u2@acme.example")
    await created(world, "u3", EMAIL.upper())
    await created(world, "u4", "u2@acme.example")
    async with store.read() as uow:
        wanted = {row.user_id: row.wants for row in await uow.inbox.listing(ORG, 10) if row.failure}
    assert wanted == {"u3": EMAIL, "u4": "u2@acme.example"}
    async with writing(store) as uow:
        assert await uow.inbox.retry_failed("conflict", ["user.created"], wants="nobody@acme.example") == []
        assert await uow.inbox.retry_failed("conflict", ["user.created"], wants=EMAIL) == [ORG]
    assert await states(store) == ["applied", "pending", "failed"]


async def test_two_who_swap_addresses_are_right_once_the_middle_event_comes(store: SqlStore) -> None:
    """Ada gave hers up for a while in between; of that nobody heard until the end."""
    world = await moving(store, S.IN_REVIEW)
    await created(world, "u2", "u2@acme.example")
    await world.happen("user.email_changed", user_id="u2", email=EMAIL, at=timedelta(hours=2))
    await world.happen("user.email_changed", user_id="u1", email="u2@acme.example", at=timedelta(hours=3))
    assert await states(store) == ["applied", "failed", "failed"]
    await world.happen("user.email_changed", user_id="u1", email=NEW_EMAIL, at=timedelta(hours=1))
    assert await states(store) == ["applied"] * 4
    found = [await holder_of(store, it) for it in (EMAIL, "u2@acme.example", NEW_EMAIL)]
    assert found == ["u2", "u1", None]


async def other(store: Store) -> None:
    """Beta, of which only the name is known."""
    async with writing(store) as uow:
        await uow.organizations.put(builders.organization(org_id="beta"))


async def owner_of(store: Store, name: str) -> tuple[str, bool]:
    async with store.read() as uow:
        domain = await uow.domains.get(name)
    assert domain is not None
    return domain.org_id, domain.is_claimed


async def test_a_domain_of_another_owner_is_refused_and_taken_once_it_is_free(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    await other(store)
    row = await world.happen("org.domain.added", org_id="beta", domain="acme.example")
    assert (row.state, row.failure) == ("failed", "conflict")
    assert row.reason == "conflict: a domain of the event has another owner; remove it there first"
    assert await owner_of(store, "acme.example") == (ORG, True)
    await world.happen("org.domain.removed", domain="acme.example")
    async with store.read() as uow:
        assert "beta" in {bell.org_id for bell in await uow.doorbells.oldest(100)}
    await world.drain("beta")
    assert await owner_of(store, "acme.example") == ("beta", True)
    await world.block("beta")
    async with store.read() as uow:
        row_at_beta = await uow.migrations.latest("beta", "u1")
    assert row_at_beta is not None
    assert row_at_beta.state is S.BLOCKED


async def test_a_provisioning_with_a_domain_of_another_owner_is_kept_whole_until_then(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    data: dict[str, Any] = {**PROVISIONED, "name": "Beta", "domains": ["beta.example", "acme.example"]}
    row = await world.happen("org.service.provisioned", org_id="beta", **data)
    assert row.failure == "conflict"
    async with store.read() as uow:
        assert await uow.organizations.get("beta") is None
        assert await uow.domains.get("beta.example") is None
    await world.happen("org.domain.removed", domain="acme.example")
    await world.drain("beta")
    assert await owner_of(store, "acme.example") == ("beta", True)
    assert await owner_of(store, "beta.example") == ("beta", True)


async def test_a_claim_that_its_own_organization_took_back_never_comes_into_force(store: SqlStore) -> None:
    """Beta's claim waits for acme; beta takes it back while it waits."""
    world = await moving(store, S.IN_REVIEW)
    await other(store)
    await world.happen("org.domain.added", org_id="beta", domain="acme.example", at=timedelta(hours=1))
    await world.happen("org.domain.removed", org_id="beta", domain="acme.example", at=timedelta(hours=2))
    assert await states(store, "beta") == ["superseded", "applied"]
    await world.happen("org.domain.removed", domain="acme.example")
    await world.drain("beta")
    assert await owner_of(store, "acme.example") == (ORG, False)


async def test_who_is_moved_by_another_organization_is_passed_over_until_it_lets_go_of_him(store: SqlStore) -> None:
    """Acme lost the domain to beta while it held Ada, who waits for her password."""
    world = await moving(store, S.AWAITING_PASSWORD)
    await other(store)
    await world.happen("org.domain.removed", domain="acme.example")
    await world.happen("org.domain.added", org_id="beta", domain="acme.example")
    await world.block("beta")
    assert await at_beta(store) == (1, S.SKIPPED, "other_owner")
    world.clock.move(timedelta(hours=72))
    await world.step("await_new_password")
    assert (await world.row()).state is S.CANCELLED
    async with store.read() as uow:
        assert "beta" in {bell.org_id for bell in await uow.doorbells.oldest(100)}
    await world.drain("beta")
    assert await at_beta(store) == (2, S.BLOCKED, None)


async def at_beta(store: Store) -> tuple[int, S, str | None]:
    async with store.read() as uow:
        row = await uow.migrations.latest("beta", "u1")
    assert row is not None
    return row.generation, row.state, row.reason
