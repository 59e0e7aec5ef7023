"""What the store refuses: moves from a wrong state, keys used twice, a second owner, a second live token."""

from datetime import timedelta

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.errors import Conflict
from edition_migration.domain.migration import Attention, Migration
from edition_migration.domain.organization import Activation, Domain
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from edition_migration.ports.store import Store
from tests.fixtures.records import NOW, ORG, entry, migration, organization, ref, token, user

LATER = NOW + timedelta(hours=1)


async def _with_users(store: Store, *migrations: Migration) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.organizations.put(organization("other"))
        await uow.users.put([user("u1"), user("u2"), user("u3")])
        await uow.migrations.add(migrations)
        await uow.commit()


async def test_row_comes_back_as_it_was_written(store: SqlStore) -> None:
    written = migration(
        state=S.ACTIVATED,
        reason="because",
        started_at=NOW,
        activation=Activation.BY_HAND,
        activate_at=LATER,
        activation_requested_at=NOW,
        instructions_accepted_at=NOW,
        signed_in_at=LATER,
        deadline_at=LATER,
        attention=Attention.UNDELIVERABLE,
    )
    await _with_users(store, written)
    async with store.read() as uow:
        assert await uow.migrations.get(ref()) == written
        assert (await uow.migrations.get(ref())).since.utcoffset() == timedelta(0)  # type: ignore[union-attr]


async def test_move_from_a_source_state_moves(store: SqlStore) -> None:
    await _with_users(store, migration(state=S.IN_REVIEW))
    async with store.write() as uow:
        assert await uow.migrations.move(ref(), {S.BLOCKED, S.IN_REVIEW}, S.SELECTED, LATER)
        await uow.commit()
    async with store.read() as uow:
        assert await uow.migrations.get(ref()) == migration(state=S.SELECTED, since=LATER)


async def test_move_from_a_wrong_state_is_refused_and_changes_nothing(store: SqlStore) -> None:
    await _with_users(store, migration(state=S.CANCELLED, reason="administrator"))
    async with store.write() as uow:
        assert not await uow.migrations.move(ref(), {S.BLOCKED, S.IN_REVIEW}, S.SELECTED, LATER)
        await uow.commit()
    async with store.read() as uow:
        assert await uow.migrations.get(ref()) == migration(state=S.CANCELLED, reason="administrator")


async def test_move_of_another_generation_is_refused(store: SqlStore) -> None:
    await _with_users(store, migration(state=S.BLOCKED))
    async with store.write() as uow:
        assert not await uow.migrations.move(ref(generation=2), {S.BLOCKED}, S.IN_REVIEW, LATER)


async def test_second_row_of_a_generation_is_left_as_it_is(store: SqlStore) -> None:
    await _with_users(store, migration(state=S.IN_REVIEW))
    async with store.write() as uow:
        assert await uow.migrations.add([migration("u2"), migration()]) == [ref("u2")]
        await uow.commit()
    async with store.read() as uow:
        assert await uow.migrations.get(ref()) == migration(state=S.IN_REVIEW)


async def test_user_has_one_open_migration_over_all_organizations(store: SqlStore) -> None:
    await _with_users(store, migration())
    async with store.write() as uow:
        assert await uow.migrations.add([migration(org_id="other")]) == []
        await uow.migrations.move(ref(), {S.BLOCKED}, S.CANCELLED, LATER)
        assert await uow.migrations.add([migration(org_id="other")]) == [ref(org_id="other")]


async def test_journal_key_used_again_is_a_conflict(store: SqlStore) -> None:
    await _with_users(store, migration())
    first = entry("activate/1", detail={"wave": "w1", "count": 2, "pilot": False, "note": None})
    async with store.write() as uow:
        await uow.journal.add([first])
        await uow.commit()
    async with store.write() as uow:
        with pytest.raises(Conflict):
            await uow.journal.add([entry("activate/1", actor="somebody-else")])
    async with store.read() as uow:
        assert await uow.journal.of_user(ORG, "u1") == [first]
        assert await uow.journal.find(ref(), "activate/1") == first


async def test_same_journal_key_in_the_next_generation_is_another_one(store: SqlStore) -> None:
    await _with_users(store, migration(state=S.EXPIRED), migration(generation=2))
    async with store.write() as uow:
        await uow.journal.add([entry("activate/1"), entry("activate/1", generation=2)])
        assert [it.generation for it in await uow.journal.of_user(ORG, "u1")] == [1, 2]


async def test_making_a_token_live_kills_the_older_live_one(store: SqlStore) -> None:
    await _with_users(store, migration())
    async with store.write() as uow:
        await uow.tokens.add(token("t1"))
        await uow.tokens.add(token("t2", created_at=LATER))
        assert await uow.tokens.make_live("t1")
        assert await uow.tokens.make_live("t2")
        assert await uow.tokens.make_live("t2")
        assert not await uow.tokens.make_live("t1")
        assert not await uow.tokens.make_live("unknown")
        states = [(it.token_id, it.state) for it in await uow.tokens.of_migration(ref())]
    assert states == [("t1", TokenState.DEAD), ("t2", TokenState.LIVE)]


async def test_database_itself_refuses_a_second_live_token(store: SqlStore) -> None:
    await _with_users(store, migration())
    async with store.write() as uow:
        await uow.tokens.add(token("t1", state=TokenState.LIVE))
        with pytest.raises(Conflict):
            await uow.tokens.add(token("t2", state=TokenState.LIVE))


async def test_token_is_used_once(store: SqlStore) -> None:
    await _with_users(store, migration())
    live = token("t1", state=TokenState.LIVE)
    async with store.write() as uow:
        await uow.tokens.add(live)
        used = await uow.tokens.consume(live.digest, NOW)
        assert used == token("t1", state=TokenState.USED)
        assert await uow.tokens.consume(live.digest, NOW) is None


@pytest.mark.parametrize("state", [TokenState.ISSUED, TokenState.USED, TokenState.DEAD])
async def test_token_that_is_not_live_is_not_consumed(store: SqlStore, state: TokenState) -> None:
    await _with_users(store, migration())
    async with store.write() as uow:
        await uow.tokens.add(token("t1", state=state))
        assert await uow.tokens.consume(token("t1").digest, NOW) is None
        assert await uow.tokens.get("t1") == token("t1", state=state)


async def test_token_dies_at_the_end_of_its_life(store: SqlStore) -> None:
    await _with_users(store, migration())
    async with store.write() as uow:
        await uow.tokens.add(token("t1", state=TokenState.LIVE))
        await uow.tokens.start_life("t1", LATER)
        await uow.tokens.start_life("t1", LATER + timedelta(days=1))
        assert await uow.tokens.consume(token("t1").digest, LATER) is None
        used = await uow.tokens.consume(token("t1").digest, LATER - timedelta(microseconds=1))
        assert used is not None
        assert used.expires_at == LATER


async def test_killing_all_tokens_leaves_the_used_one(store: SqlStore) -> None:
    await _with_users(store, migration())
    async with store.write() as uow:
        await uow.tokens.add(token("t1", state=TokenState.USED, is_requested=True))
        await uow.tokens.add(token("t2", state=TokenState.LIVE, is_requested=True, created_at=LATER))
        await uow.tokens.add(token("t3", state=TokenState.ISSUED))
        assert await uow.tokens.kill_all(ref()) == 2
        assert await uow.tokens.of_migration(ref(), {TokenState.USED}) == [
            token("t1", state=TokenState.USED, is_requested=True)
        ]
        assert await uow.tokens.requested_since(ref(), LATER) == 1
        assert await uow.tokens.requested_since(ref(), NOW) == 2


async def test_domain_has_one_owner(store: SqlStore) -> None:
    await _with_users(store)
    mine = Domain(name="acme.example", org_id=ORG, is_claimed=True, block_at=NOW, stamp="1")
    theirs = Domain(name="acme.example", org_id="other", is_claimed=True, block_at=None, stamp="2")
    async with store.write() as uow:
        await uow.domains.put(mine)
        await uow.commit()
    async with store.write() as uow:
        with pytest.raises(Conflict):
            await uow.domains.put(theirs)
    async with store.read() as uow:
        assert await uow.domains.get("acme.example") == mine


async def test_removed_domain_may_get_another_owner(store: SqlStore) -> None:
    await _with_users(store)
    removed = Domain(name="acme.example", org_id=ORG, is_claimed=False, block_at=None, stamp="1")
    theirs = Domain(name="acme.example", org_id="other", is_claimed=True, block_at=None, stamp="2")
    async with store.write() as uow:
        await uow.domains.put(removed)
        assert await uow.domains.of_organization(ORG) == []
        assert await uow.domains.of_organization(ORG, claimed_only=False) == [removed]
        await uow.domains.put(theirs)
        assert await uow.domains.of_organization("other") == [theirs]


async def test_address_belongs_to_one_living_user(store: SqlStore) -> None:
    await _with_users(store)
    async with store.write() as uow:
        with pytest.raises(Conflict):
            await uow.users.put([user("u9", email="u1@acme.example")])
    async with store.write() as uow:
        await uow.users.put([user("u1", is_deleted=True)])
        await uow.users.put([user("u9", email="u1@acme.example")])
        found = await uow.users.by_email("u1@acme.example")
    assert found is not None
    assert found.user_id == "u9"


async def test_facts_that_are_set_once_keep_the_first(store: SqlStore) -> None:
    await _with_users(store, migration())
    async with store.write() as uow:
        for at in (NOW, LATER):
            await uow.migrations.set_deadline(ref(), at, at)
            await uow.migrations.set_instructions_accepted(ref(), at, at)
            await uow.migrations.request_activation(ref(), at)
            await uow.migrations.set_signed_in(ref(), at)
            await uow.migrations.set_started([ref()], at)
        assert await uow.migrations.get(ref()) == migration(
            deadline_from=NOW,
            deadline_at=NOW,
            instructions_accepted_at=NOW,
            activate_at=NOW,
            activation_requested_at=NOW,
            signed_in_at=NOW,
            started_at=NOW,
        )
