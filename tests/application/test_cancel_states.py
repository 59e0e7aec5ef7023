"""Cancel in every open state, also those that last a moment only, on both databases and without workflows."""

import pytest

from edition_migration.application.commands import Commands
from edition_migration.application.selection import Selection
from edition_migration.domain.commands import Command, CommandKind, CommandRequest
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.states import AFTER_ACTIVATION, BEFORE_ACTIVATION, OPEN, AccountStatus, CredentialState
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.builders import domain, migration, organization, user
from tests.doubles import LINK_KEYS, MovableClock

ADA = MigrationRef(org_id="acme", user_id="u1")
WITH_LICENSE = (S.SELECTED, S.INSTRUCTED, *AFTER_ACTIVATION)


async def place(store: Store, state: S) -> None:
    """Ada in this state, with the license that she has in it."""
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.domains.put(domain())
        await uow.capacity.set_purchased("acme", licenses=1, storage_mb=1000)
        await uow.users.put([user(org_id="acme")])
        await uow.migrations.add([migration(state=state)])
        if state in WITH_LICENSE:
            await uow.tickets.cut("acme", [(ADA, 100)])
            await uow.capacity.take("acme", 1, 100)
            await uow.ledger.reserve("acme", [(ADA, 100)])
        if state in AFTER_ACTIVATION:
            await uow.ledger.use(ADA)
        await uow.commit()


@pytest.mark.parametrize("state", OPEN)
async def test_cancel_ends_the_migration_and_releases_what_it_held(store: Store, state: S) -> None:
    await place(store, state)
    clock = MovableClock()
    commands = Commands(store=store, clock=clock, selection=Selection(store=store, clock=clock), keys=LINK_KEYS)
    answer = await commands.apply(
        Command(kind=CommandKind.CANCEL, migration=ADA, command_id="c1", request=CommandRequest(actor="admin"))
    )
    assert (answer.verdict, answer.state, answer.reason) == ("done", S.CANCELLED, "administrator")
    async with store.read() as uow:
        row, ended = await uow.migrations.get(ADA), await uow.users.get("u1")
        counters, bells = await uow.capacity.get("acme"), await uow.doorbells.oldest(10)
    assert row is not None
    assert ended is not None
    status = AccountStatus.ACTIVE if state is S.DETECTED else AccountStatus.INACTIVE
    assert (row.state, ended.account_status) == (S.CANCELLED, status)
    is_locked = ended.credential_state is CredentialState.LOCKED
    assert is_locked == (state not in BEFORE_ACTIVATION)
    assert (counters.licenses_reserved, counters.licenses_used, counters.licenses_free) == (0, 0, 1)
    assert {bell.user_id for bell in bells} == ({"u1"} if state is S.DETECTED else {"u1", None})
