"""An administrator's own word about a fact that a system sends too: it holds until that system says something newer.

What the system said before, and comes late, does not bring the old value back.
"""

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.organizations import Organizations
from edition_migration.domain.states import MigrationState as S
from tests.application.moving import EMAIL, NEW_EMAIL, ORG, PROVISIONED, Moving, moving

FIXED = "ada.king@acme.example"


@pytest.fixture
def store_url(sqlite_store_url: str) -> str:
    """One database is enough: no statement is new here."""
    return sqlite_store_url


async def fix(world: Moving, email: str) -> None:
    answer = await world.commands.fix_address(ORG, "u1", email, actor="admin", command_id="fix-1")
    assert answer.verdict == "done"


async def test_a_fixed_address_is_not_reverted_by_an_older_event(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.rename(NEW_EMAIL, sequence="00000005")
    await fix(world, FIXED)
    tokens = [it.state for it in await world.tokens()]
    late = await world.rename(EMAIL, sequence="00000004")
    assert (late.state, (await world.ada()).email) == ("superseded", FIXED)
    assert [it.state for it in await world.tokens()] == tokens


async def test_a_newer_event_about_the_address_still_wins(store: SqlStore) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.rename(NEW_EMAIL, sequence="00000005")
    await fix(world, FIXED)
    await world.rename(EMAIL, sequence="00000006")
    assert (await world.ada()).email == EMAIL


async def provision(world: Moving, sequence: str, locale: str) -> None:
    await world.happen("org.service.provisioned", sequence=sequence, **PROVISIONED, locale=locale)


async def locale_of(world: Moving) -> str:
    async with world.store.read() as uow:
        organization = await uow.organizations.get(ORG)
    assert organization is not None
    return organization.settings.locale


async def test_a_setting_of_the_file_is_not_reverted_by_an_older_event(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    organizations = Organizations(store=store, clock=world.clock, intake=world.intake)
    await provision(world, "00000005", "en")
    await organizations.apply({"id": ORG, "settings": {"locale": "de"}})
    await provision(world, "00000004", "en")
    assert await locale_of(world) == "de"
    await provision(world, "00000006", "en")
    assert await locale_of(world) == "en"
