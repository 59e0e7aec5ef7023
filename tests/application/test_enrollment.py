"""Blocking the guests of a domain, page by page, beside imports that write the same users."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from edition_migration.adapters.csv_files import CsvFiles
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.enrollment import Candidate, Enrollment, enroll
from edition_migration.application.errands import Errands
from edition_migration.application.imports import UserImport
from edition_migration.domain.migration import Migration
from edition_migration.domain.progress import PageInput, PageOutcome
from edition_migration.domain.states import AccountStatus, CancelReason, InactiveReason, SkipReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.user import User
from edition_migration.ports.store import Store
from tests.application.test_starting import HalfDeafGateway
from tests.builders import NOW, domain, migration, organization, user
from tests.doubles import MovableClock
from tests.fixtures.postgres import until_somebody_waits
from tests.links import LINK_KEYS

PAGE = PageInput(org_id="acme", as_of=NOW)
LEFT = replace(user(), reported_status=AccountStatus.INACTIVE, reported_inactive_reason=InactiveReason.LEFT_COMPANY)

GONE_ELSEWHERE = user(email="ada@other.example", domain="other.example")


def enrollment(store: Store) -> Enrollment:
    return Enrollment(store=store, clock=MovableClock(), gateway=HalfDeafGateway())


async def guests(store: Store, **of_domain: object) -> None:
    """Acme with Ada, an active guest."""
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.domains.put(domain(**of_domain))
        await uow.users.put([user()])
        await uow.commit()


async def adas(store: Store) -> Migration | None:
    async with store.read() as uow:
        return await uow.migrations.latest("acme", "u1")


async def page_while(store: SqlStore, url: str, changed: User) -> PageOutcome:
    """One page of a block, which waits for Ada until somebody else has changed her."""
    async with store.write() as uow:
        await uow.users.hold_many(["u1"])
        await uow.users.put([changed])
        page = asyncio.create_task(enrollment(store).block_page(PAGE))
        await until_somebody_waits(url)
        await uow.commit()
    return await page


async def test_a_guest_who_left_while_his_page_was_read_is_skipped(postgres_store_url: str) -> None:
    """On PostgreSQL an import may write a user between the page's look at him and its block."""
    store = SqlStore(postgres_store_url)
    await guests(store)
    await page_while(store, postgres_store_url, LEFT)
    row = await adas(store)
    await store.dispose()
    assert row is not None
    assert (row.state, row.reason) == (S.SKIPPED, SkipReason.LEFT_COMPANY)


async def test_a_guest_who_went_to_another_domain_while_his_page_was_read_is_left_alone(
    postgres_store_url: str,
) -> None:
    store = SqlStore(postgres_store_url)
    await guests(store)
    outcome = await page_while(store, postgres_store_url, GONE_ELSEWHERE)
    row = await adas(store)
    await store.dispose()
    assert (outcome.count, outcome.more, row) == (0, False, None)


async def test_who_left_while_the_block_looked_at_his_ended_migration_is_left_alone(postgres_store_url: str) -> None:
    """Nor is he marked: the block of the domain that he went to looks at him."""
    store = SqlStore(postgres_store_url)
    await guests(store)
    async with store.write() as uow:
        await uow.migrations.add([migration(state=S.CANCELLED, reason=CancelReason.ADMINISTRATOR)])
        await uow.migrations.mark_enrolled(["u1"], None)
        await uow.commit()
    outcome = await page_while(store, postgres_store_url, GONE_ELSEWHERE)
    async with store.write() as uow:
        ada = await uow.users.get("u1")
        left_to_others = await uow.migrations.awaiting_block("acme", ["other.example"], 10)
    await store.dispose()
    assert ada is not None
    assert (outcome.more, ada.account_status, ada.org_id) == (True, AccountStatus.ACTIVE, None)
    assert [row.user_id for row in left_to_others] == ["u1"]


async def test_a_domain_whose_block_begins_later_is_looked_at_again_then(store: Store) -> None:
    """Also a second later, as when the clock of the worker that wrote it is ahead."""
    begins = NOW + timedelta(seconds=1)
    await guests(store, block_at=begins)
    early = await enrollment(store).block_page(PAGE)
    assert (early.count, early.due, await adas(store)) == (0, begins, None)
    then = await enrollment(store).block_page(PageInput(org_id="acme", as_of=begins))
    assert (then.count, then.due) == (1, None)
    row = await adas(store)
    assert row is not None
    assert row.state is S.BLOCKED


async def test_a_guest_blocked_while_his_import_was_read_is_reviewed(postgres_store_url: str, tmp_path: Path) -> None:
    """The import saw no migration of his and so decided nothing; the file says that he left."""
    store = SqlStore(postgres_store_url)
    await guests(store)
    file = tmp_path / "users.csv"
    file.write_text("email,status,inactiveReason\nada.lovelace@acme.example,inactive,left_company\n", encoding="utf-8")
    users = UserImport(store=store, clock=MovableClock(NOW + timedelta(seconds=1)), files=CsvFiles())
    async with store.write() as uow:
        await enroll(uow, organization(), [Candidate(user(), 1)], NOW, NOW)
        importing = asyncio.create_task(users.run(file, tmp_path / "result.csv"))
        await until_somebody_waits(postgres_store_url)
        await uow.commit()
    await importing
    await Errands(store=store, clock=MovableClock(), keys=LINK_KEYS).page(PAGE)
    row = await adas(store)
    await store.dispose()
    assert row is not None
    assert (row.state, row.reason) == (S.SKIPPED, SkipReason.LEFT_COMPANY)
