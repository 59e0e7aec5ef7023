"""Guests who come late: by an import, an event, a sign-in that is refused. Also in a warning period and a pause."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edition_migration.adapters.csv_files import CsvFiles
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.imports import UserImport
from edition_migration.application.sign_in import SignIn
from edition_migration.domain.migration import Migration
from edition_migration.domain.organization import OrganizationSettings
from edition_migration.domain.states import AccountStatus
from edition_migration.domain.states import MigrationState as S
from tests import builders
from tests.application.moving import ORG, Moving, moving, writing
from tests.doubles import CountingHasher, StillPace

PASSWORD = "the guest's old password"
LATE = "late@acme.example"
WARNING = timedelta(days=7)


async def by_import(world: Moving, folder: Path) -> None:
    file = folder / "late.csv"
    file.write_text(f"email,userId,clientVersion\n{LATE},late,5.1\n", encoding="utf-8")
    await UserImport(store=world.store, clock=world.clock, files=CsvFiles()).run(file, folder / "result.csv")


async def by_event(world: Moving, folder: Path) -> None:
    await world.happen("user.created", user_id="late", email=LATE, client_version="5.1")


async def by_sign_in(world: Moving, folder: Path) -> None:
    hasher = CountingHasher()
    async with writing(world.store) as uow:
        await uow.users.put([builders.user("late", email=LATE, password_hash=hasher.quick(PASSWORD))])
    gate = SignIn(store=world.store, clock=world.clock, hasher=hasher, pace=StillPace(), refusal_seconds=0)
    await gate.attempt(LATE, PASSWORD, "5.1")


WAYS: dict[str, Any] = {"import": by_import, "event": by_event, "sign-in": by_sign_in}


async def late(world: Moving) -> Migration | None:
    async with world.store.read() as uow:
        return await uow.migrations.latest(ORG, "late")


async def come(world: Moving, way: str, folder: Path) -> Migration | None:
    await WAYS[way](world, folder)
    async with world.store.read() as uow:
        assert {bell.org_id for bell in await uow.doorbells.oldest(100)} == {ORG}
    await world.drain()
    await world.block()
    return await late(world)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_paused", [False, True])
async def test_a_late_guest_is_blocked_and_on_the_list_also_in_a_pause(
    store: SqlStore, tmp_path: Path, way: str, is_paused: bool
) -> None:
    world = await moving(store, S.IN_REVIEW)
    if is_paused:
        async with writing(store) as uow:
            await uow.pauses.begin(ORG, world.clock.now(), "admin")
    row = await come(world, way, tmp_path)
    assert row is not None
    assert row.state is S.BLOCKED
    async with store.read() as uow:
        user = await uow.users.get("late")
    assert user is not None
    assert user.account_status is AccountStatus.INACTIVE


@pytest.mark.parametrize("way", ["import", "event"])
async def test_in_the_warning_period_he_is_warned_and_blocked_with_the_others(
    store: SqlStore, tmp_path: Path, way: str
) -> None:
    settings = OrganizationSettings(warning_period=WARNING)
    world = await moving(store, S.DETECTED, organization={"settings": settings})
    async with writing(store) as uow:
        await uow.domains.put(builders.domain(block_at=builders.NOW + WARNING))
    row = await come(world, way, tmp_path)
    assert row is not None
    assert row.state is S.DETECTED
    world.clock.move(WARNING)
    await world.block()
    assert [(await world.row()).state, (await late(world) or row).state] == [S.BLOCKED, S.BLOCKED]


async def test_in_the_warning_period_a_sign_in_is_let_through(store: SqlStore, tmp_path: Path) -> None:
    settings = OrganizationSettings(warning_period=WARNING)
    world = await moving(store, S.DETECTED, organization={"settings": settings})
    async with writing(store) as uow:
        await uow.domains.put(builders.domain(block_at=builders.NOW + WARNING))
    await by_sign_in(world, tmp_path)
    async with store.read() as uow:
        assert await uow.sessions.open_count("late") == 1


@pytest.mark.parametrize("warning", [timedelta(0), WARNING])
async def test_a_domain_is_blocked_after_the_warning_period(store: SqlStore, warning: timedelta) -> None:
    settings = OrganizationSettings(warning_period=warning)
    world = await moving(store, S.IN_REVIEW, organization={"settings": settings})
    await world.happen("org.domain.added", domain="b.example")
    begins_at = world.clock.now() + warning
    await world.happen("org.domain.added", domain="b.example")
    async with store.read() as uow:
        domain = await uow.domains.get("b.example")
    assert domain is not None
    assert domain.block_at == begins_at  # said again it begins no later


async def test_who_is_renamed_in_the_warning_period_is_never_blocked(store: SqlStore) -> None:
    settings = OrganizationSettings(warning_period=WARNING)
    world = await moving(store, S.DETECTED, organization={"settings": settings})
    async with writing(store) as uow:
        await uow.domains.put(builders.domain(block_at=builders.NOW + WARNING))
    await world.rename("ada@elsewhere.example")
    world.clock.move(WARNING)
    await world.block()
    assert (await world.row()).state is S.CANCELLED
    assert (await world.ada()).account_status is AccountStatus.ACTIVE
