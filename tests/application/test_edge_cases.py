"""Rows of docs/edge-cases.md that concern several use cases at once. Both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from edition_migration.application.capacity import grant
from edition_migration.application.credentials import ChoiceResult
from edition_migration.application.queries import Queries
from edition_migration.domain.errors import Conflict
from edition_migration.domain.migration import TicketState
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.progress import Done, StepInput, Stop
from edition_migration.domain.states import AccountStatus, CredentialState, InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from edition_migration.ports.store import Store
from edition_migration.ports.store_events import Received
from tests.application.moving import ADA, OLD_HASH, ORG, Moving, moving, writing
from tests.builders import NOW, migration, user
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
    new: dict[str, Any] = {"edition": "guest", "client_version": "5.2", "account_status": "active"}
    await world.happen("user.created", user_id="u2", email="ADA.Lovelace+News@ACME.example", **new)
    await world.happen("user.created", user_id="u3", email="ada@B\u00dccher.example", **new)
    queries = Queries(store=store, clock=world.clock, message_domain="mail.example")
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


async def test_a_lack_of_storage_is_named_apart_and_whoever_needs_less_passes(store: Store) -> None:
    world = await moving(store, S.WAITING_CAPACITY)  # she needs 100 MB
    bob = MigrationRef(org_id=ORG, user_id="u2")
    async with writing(store) as uow:
        await uow.capacity.set_purchased(ORG, licenses=5, storage_mb=50)
        await uow.users.put([user("u2", org_id=ORG)])
        await uow.migrations.add([migration("u2", state=S.WAITING_CAPACITY, wave_id="w1")])
        await uow.tickets.cut(ORG, [(bob, 40)])
        assert await grant(uow, ORG, NOW) == 1
    step = await world.step("send_instructions")
    assert step.kind == "wait"
    assert "storage" in step.why
    async with store.read() as uow:
        tickets = [await uow.tickets.of(ref) for ref in (ADA, bob)]
    assert [(it.number, it.state) for it in tickets if it] == [(1, TicketState.WAITING), (2, TicketState.GRANTED)]


async def test_feeding_all_events_again_changes_nothing(store: Store) -> None:
    world = await moving(store, S.AWAITING_PASSWORD)
    known = [
        _event("e1", "user.email_changed", user_id="u1", email="ada.byron@acme.example"),
        _event("e2", "org.licenses.changed", licenses_purchased=7, storage_purchased_mb=900),
        _event("e3", "org.domain.removed", domain="acme.example"),
        _event("e4", "org.domain.added", domain="acme.example"),
        _event("e5", "user.updated", user_id="u1", display_name="Ada Byron"),
    ]
    assert [await _received(world, event) for event in known] == [Received.NEW] * 5
    before = await _all_of(world)
    assert [await _received(world, event) for event in reversed(known)] == [Received.REPEATED] * 5
    assert await _all_of(world) == before


def _event(event_id: str, kind: str, **data: Any) -> dict[str, Any]:
    envelope = {"specversion": "1.0", "id": event_id, "source": "urn:test", "type": kind, "sequence": event_id}
    return {**envelope, "time": NOW.isoformat(), "data": {"org_id": ORG, **data}}


async def _received(world: Moving, event: dict[str, Any]) -> Received:
    outcome = (await world.intake.receive(event)).outcome
    await world.drain()
    return outcome


async def _all_of(world: Moving) -> tuple[Any, ...]:
    known = (world.ada, world.row, world.mails, world.tokens, world.journal, world.capacity)
    return tuple([await of() for of in known])
