"""Reset tokens: digests only; one live a migration, and each used once."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import func, insert, or_, select, update

from edition_migration.adapters.store.tables.migrations import reset_tokens
from edition_migration.adapters.store.transaction import Transaction, given, given_ref, of
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.token import USABLE, ResetToken, TokenState

_IT = reset_tokens.c
_IS_THEIRS = given_ref(_IT)
_GET = select(reset_tokens).where(_IT.token_id == given(_IT.token_id, "token_id"))
_BY_DIGEST = select(reset_tokens).where(_IT.digest == given(_IT.digest, "digest"))
_KILL = update(reset_tokens).where(_IS_THEIRS, _IT.state.in_(USABLE))


class SqlTokens:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add(self, token: ResetToken) -> None:
        await self._tx.change(insert(reset_tokens).values(asdict(token)))

    async def get(self, token_id: str) -> ResetToken | None:
        return await self._tx.first(ResetToken, _GET, {"given_token_id": token_id})

    async def by_digest(self, digest: str) -> ResetToken | None:
        return await self._tx.first(ResetToken, _BY_DIGEST, {"given_digest": digest})

    async def make_live(self, token_id: str) -> bool:
        mine = select(reset_tokens).where(_IT.token_id == token_id)
        row = await self._tx.row(mine.with_for_update(key_share=True))
        if row is None or row["state"] is not TokenState.ISSUED:
            return row is not None and row["state"] is TokenState.LIVE
        older = update(reset_tokens).where(_IS_THEIRS, _IT.state == TokenState.LIVE)
        await self._tx.change(older.values(state=TokenState.DEAD), of(ResetToken(**row).ref))
        live = update(reset_tokens).where(_IT.token_id == token_id).values(state=TokenState.LIVE)
        return await self._tx.change(live) == 1

    async def start_life(self, token_id: str, expires_at: datetime) -> None:
        it = update(reset_tokens).where(_IT.token_id == token_id, _IT.expires_at.is_(None))
        await self._tx.change(it.values(expires_at=expires_at))

    async def consume(self, digest: str, at: datetime) -> ResetToken | None:
        """A link whose life has not started yet (sent, the relay's answer not yet on disk) can be used."""
        is_alive = or_(_IT.expires_at.is_(None), _IT.expires_at > at)
        it = update(reset_tokens).where(_IT.digest == digest, _IT.state == TokenState.LIVE, is_alive)
        return await self._tx.first(ResetToken, it.values(state=TokenState.USED).returning(*_IT))

    async def kill_all(self, ref: MigrationRef) -> int:
        return await self._tx.change(_KILL, {**of(ref), "state": TokenState.DEAD})

    async def requested_since(self, ref: MigrationRef, since: datetime) -> int:
        asked_for = select(func.count()).where(_IS_THEIRS, _IT.is_requested, _IT.created_at >= since)
        return await self._tx.value(asked_for, of(ref))

    async def of_migration(
        self, ref: MigrationRef, states: Collection[TokenState] | None = None
    ) -> Sequence[ResetToken]:
        """Oldest first."""
        theirs = select(reset_tokens).where(_IS_THEIRS).order_by(_IT.created_at, _IT.token_id)
        if states is not None:
            theirs = theirs.where(_IT.state.in_(sorted(states)))
        return await self._tx.all(ResetToken, theirs, of(ref))
