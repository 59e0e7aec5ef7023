"""Rows of docs/edge-cases.md that concern several use cases at once. Both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from edition_migration.application.credentials import ChoiceResult
from edition_migration.application.queries import Queries
from edition_migration.domain.errors import Conflict
from edition_migration.domain.progress import Done, StepInput, Stop
from edition_migration.domain.states import AccountStatus, CredentialState, InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from edition_migration.ports.store import Store
from tests.application.moving import ADA, OLD_HASH, ORG, moving, writing
from tests.builders import NOW
from tests.doubles import CountingHasher
from tests.links import GOOD, LINK_KEYS

ROUNDS = 8


@pytest.mark.parametrize("deadline_first", [False, True])
async def test_expiry_against_a_simultaneous_password_has_one_winner(store: Store, deadline_first: bool) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    async with writing(store) as uow:
        await uow.migrations.move_deadline(ADA, NOW, NOW + timedelta(days=1))
    world.clock.move(timedelta(days=1))
    link = LINK_KEYS.text_of((await world.tokens())[0])
    step = world.steps.await_new_password(StepInput(migration=ADA, as_of=world.clock.now()))
    choices = [world.credentials.choose(link, GOOD) for _ in range(ROUNDS)]
    both: list[Any] = [step, *choices] if deadline_first else [*choices, step]
    results = await asyncio.gather(*both)
    outcome = next(it for it in results if isinstance(it, (Done, Stop)))
    chosen = [it for it in results if not isinstance(it, (Done, Stop)) and it.result is ChoiceResult.CHOSEN]
    row, ada, capacity = await world.row(), await world.ada(), await world.capacity()
    states = [token.state for token in await world.tokens()]
    if row.state is S.EXPIRED:
        assert (len(chosen), outcome.kind, states) == (0, "stop", [TokenState.DEAD])
        assert (ada.password_hash, ada.account_status, ada.inactive_reason) == (
            OLD_HASH,
            AccountStatus.INACTIVE,
            InactiveReason.EXPIRED,
        )
        assert (capacity.licenses_used, capacity.licenses_reserved) == (0, 0)
    else:
        assert (len(chosen), row.state, outcome.kind, states) == (1, S.PASSWORD_SET, "done", [TokenState.USED])
        assert (ada.password_hash, ada.credential_state) == (CountingHasher.quick(GOOD), CredentialState.SET)
        assert capacity.licenses_used == 1


async def test_spellings_of_one_address_are_one_user_and_a_plus_tag_is_another(store: Store) -> None:
    world = await moving(store, S.IN_REVIEW)
    new = {"edition": "guest", "client_version": "5.2", "account_status": "active"}
    await world.happen("user.created", user_id="u2", email="ADA.Lovelace+News@ACME.example", **new)
    await world.happen("user.created", user_id="u3", email="ada@B\u00dccher.example", **new)
    queries = Queries(store=store)
    assert (await queries.user("ada.lovelace+news@acme.example")).user_id == "u2"
    assert (await queries.user("Ada.Lovelace@acme.EXAMPLE")).user_id == "u1"
    assert (await queries.user("ada@xn--bcher-kva.example")).user_id == "u3"
    assert (await queries.user("ADA@b\u00fccher.example")).user_id == "u3"


async def test_another_spelling_of_an_address_that_is_taken_deletes_and_changes_nobody(store: Store) -> None:
    world = await moving(store, S.IN_REVIEW)
    before = await world.ada()
    row = await world.happen("user.created", user_id="u2", email="ADA.LOVELACE@ACME.EXAMPLE", edition="guest")
    assert row.failure == Conflict.code
    assert await world.ada() == before
    async with store.read() as uow:
        assert await uow.users.get("u2") is None


async def test_a_lack_of_storage_stops_only_whom_it_concerns_and_is_named_apart(store: Store) -> None:
    world = await moving(store, S.WAITING_CAPACITY)
    async with writing(store) as uow:
        await uow.capacity.set_purchased(ORG, licenses=5, storage_mb=50)
    step = await world.step("send_instructions")
    assert step.kind == "wait"
    assert "storage" in step.why
