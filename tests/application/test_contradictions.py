"""Rows that contradict each other stop a step before it changes anything, and the failure names no person."""

import pytest

from edition_migration.application.steps import Steps
from edition_migration.application.token_keys import TokenKeys
from edition_migration.domain.errors import Inconsistent
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.progress import StepInput
from edition_migration.domain.states import AccountStatus
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.builders import NOW, migration, organization, user
from tests.doubles import MovableClock

ADA = MigrationRef(org_id="acme", user_id="u1")
STEP = StepInput(migration=ADA, as_of=NOW)


async def steps_with(store: Store, state: S) -> Steps:
    """Ada in a state that needs a license: with the ticket, without the license."""
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(org_id="acme", account_status=AccountStatus.INACTIVE)])
        await uow.migrations.add([migration(state=state, instructions_accepted_at=NOW)])
        await uow.tickets.cut("acme", [(ADA, 0)])
        await uow.tickets.set_granted("acme", [1], NOW)
        await uow.commit()
    return Steps(store=store, clock=MovableClock(), keys=TokenKeys(keys={"k": b"k" * 32}, current="k"))


async def test_nobody_is_activated_without_a_license(store: Store) -> None:
    steps = await steps_with(store, S.INSTRUCTED)
    with pytest.raises(Inconsistent, match="a granted user has no license reserved") as failure:
        await steps.activate(STEP)
    assert failure.value.retryable
    async with store.read() as uow:
        row, ada = await uow.migrations.get(ADA), await uow.users.get("u1")
        assert await uow.journal.of_user("acme", "u1") == []
    assert row is not None
    assert ada is not None
    assert (row.state, ada.account_status) == (S.INSTRUCTED, AccountStatus.INACTIVE)


async def test_nobody_is_migrated_without_a_license(store: Store) -> None:
    steps = await steps_with(store, S.PASSWORD_SET)
    with pytest.raises(Inconsistent, match="an activated user has no license"):
        await steps.apply_policies(STEP)
    async with store.read() as uow:
        row = await uow.migrations.get(ADA)
    assert row is not None
    assert row.state is S.PASSWORD_SET
