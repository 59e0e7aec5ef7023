"""A user who waits for his password, with a live link: where the tests of the page and of its use case begin."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from edition_migration.adapters.strength import strength
from edition_migration.application.credentials import Credentials
from edition_migration.application.token_keys import TokenKeys
from edition_migration.domain.migration import JournalEntry, Migration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Organization
from edition_migration.domain.states import CredentialState, Edition, MigrationState
from edition_migration.domain.token import ResetToken
from edition_migration.domain.user import User
from edition_migration.ports.store import Store
from tests import builders
from tests.doubles import CountingHasher, MovableClock

GOOD = "quiet harbor lantern meadow"
REF = MigrationRef(org_id="acme", user_id="u1", generation=1)
LINK_KEYS = TokenKeys(keys={"k1": b"a key of thirty-two bytes, just so"}, current="k1")


@dataclass
class Scene:
    """The store, and the use case over it."""

    store: Store
    clock: MovableClock
    hasher: CountingHasher
    credentials: Credentials

    async def link(self, *, live: bool = True, life: timedelta = timedelta(days=7)) -> str:
        """Another link of u1's migration, as its mail would have made it."""
        token = LINK_KEYS.new_token("acme", "u1", 1, now=self.clock.now())
        async with self.store.write() as uow:
            await uow.tokens.add(token)
            if live:
                await uow.tokens.make_live(token.token_id)
                await uow.tokens.start_life(token.token_id, self.clock.now() + life)
            await uow.commit()
        return LINK_KEYS.text_of(token)

    async def user(self) -> User:
        async with self.store.read() as uow:
            user = await uow.users.get("u1")
        assert user is not None
        return user

    async def row(self) -> Migration:
        async with self.store.read() as uow:
            row = await uow.migrations.get(REF)
        assert row is not None
        return row

    async def tokens(self) -> list[ResetToken]:
        async with self.store.read() as uow:
            return list(await uow.tokens.of_migration(REF))

    async def journal(self) -> list[JournalEntry]:
        async with self.store.read() as uow:
            return list(await uow.journal.of_user("acme", "u1"))

    async def end_migration(self, state: MigrationState) -> None:
        async with self.store.write() as uow:
            await uow.migrations.move(REF, [MigrationState.AWAITING_PASSWORD], state, self.clock.now())
            await uow.commit()


async def scene(store: Store, organization: Organization | None = None, **user: Any) -> Scene:
    """u1 of acme in AWAITING_PASSWORD, without a link yet."""
    clock, hasher = MovableClock(), CountingHasher()
    business = {"edition": Edition.BUSINESS, "org_id": "acme", "credential_state": CredentialState.RESET_ISSUED}
    async with store.write() as uow:
        await uow.organizations.put(organization or builders.organization())
        await uow.users.put([builders.user(**{**business, **user})])
        waits: dict[str, Any] = {"deadline_from": clock.now(), "deadline_at": clock.now() + timedelta(days=14)}
        await uow.migrations.add([builders.migration(state=MigrationState.AWAITING_PASSWORD, **waits)])
        await uow.commit()
    credentials = Credentials(store=store, clock=clock, hasher=hasher, strength=strength, keys=LINK_KEYS)
    return Scene(store, clock, hasher, credentials)
