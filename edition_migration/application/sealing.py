"""The sealer: chains hashes over the journal after the fact, so that no transaction queues behind a chain.

Run by every worker beside its sweep, and by reconciliation. Two at once are safe: a position is given once.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from edition_migration.domain.errors import Conflict
from edition_migration.domain.seals import NumberedEntry, Seal, continued
from edition_migration.ports.store import Store, UnitOfWork

PAGE = 500

MARGIN = 10_000
"""So far behind the newest sealed entry the sealer looks again: on PostgreSQL numbers may be committed out of order,
and an entry that appears late is sealed then, in a later position. What was later still, the full look finds."""


class Sealer:
    """Seals what is committed and not sealed yet, oldest number first."""

    def __init__(self, *, store: Store, margin: int = MARGIN) -> None:
        self._store = store
        self._margin = margin

    async def seal_due(self) -> int:
        """Seals all that is found near the end of the journal; how many entries. Raises StoreUnavailable."""
        async with self._store.read() as uow:
            newest = await uow.seals.newest_entry_id()
        return await self._seal_behind(newest - self._margin)

    async def oldest_unsealed(self) -> datetime | None:
        """When the first entry was written that `seal_due` would seal; None without any. Raises StoreUnavailable."""
        async with self._store.read() as uow:
            newest = await uow.seals.newest_entry_id()
            waiting = await uow.seals.unsealed(newest - self._margin, limit=1)
        return waiting[0].entry.at if waiting else None

    async def seal_all(self) -> int:
        """As `seal_due`, after a look at the whole journal."""
        return await self._seal_behind(0)

    async def _seal_behind(self, entry_id: int) -> int:
        """Goes on behind the last number that it sealed; what is committed behind its back is the next look's."""
        total = 0
        while await self._is_any_unsealed(entry_id):
            seals = await self._seal_page(entry_id)
            total += len(seals)
            entry_id = max((seal.entry_id for seal in seals), default=entry_id)
        return total

    async def _is_any_unsealed(self, after_entry_id: int) -> bool:
        """Looks without a lock first: most looks find nothing."""
        async with self._store.read() as uow:
            return bool(await uow.seals.unsealed(after_entry_id, 1))

    async def _seal_page(self, after_entry_id: int) -> Sequence[Seal]:
        """One short transaction; none where another sealer was faster, whose seals stand."""
        try:
            async with self._store.write() as uow:
                seals = await _next_seals(uow, await uow.seals.unsealed(after_entry_id, PAGE))
                await uow.seals.add(seals)
                await uow.commit()
        except Conflict:
            return []
        return seals


async def _next_seals(uow: UnitOfWork, entries: Sequence[NumberedEntry]) -> Sequence[Seal]:
    by_organization = sorted(entries, key=lambda it: it.entry.org_id)  # stable: by number within each
    heads = await uow.seals.heads({it.entry.org_id for it in entries})
    return [
        seal
        for org_id, theirs in groupby(by_organization, key=lambda it: it.entry.org_id)
        for seal in continued(org_id, heads.get(org_id), theirs)
    ]
