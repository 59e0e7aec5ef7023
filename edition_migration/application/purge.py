"""Removes what nobody needs any more, page by page, so that no transaction grows with what there is.

The journal and its seals stay, and so do the rows that they are about. Used daily by the workflow `Purge`, and by
`starter.py purge`.
"""

from collections.abc import AsyncGenerator
from datetime import timedelta

from edition_migration.domain.purge import (
    Leftover,
    LeftoverLine,
    PurgeCounts,
    PurgeCursor,
    PurgePage,
    PurgeView,
    Retention,
)
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork

PAGE = 1000
"""Rows that one transaction looks at."""


class Purge:
    def __init__(self, *, store: Store, clock: Clock, retention: Retention) -> None:
        self._store = store
        self._clock = clock
        self._retention = retention

    async def due(self) -> PurgeView:
        """What a purge would remove now. Looks only."""
        async with self._store.read() as uow:
            cursors = [await self._beginning(uow, kind) for kind in Leftover]
            counts = [await uow.leftovers.count(it.kind, it.before) for it in cursors]
        lines = (
            LeftoverLine(kind=it.kind, before=it.before, rows=rows) for it, rows in zip(cursors, counts, strict=True)
        )
        return PurgeView(leftovers=tuple(lines))

    async def page(self, given: PurgePage) -> PurgeCounts:
        """One page, and where the next one begins. A repeat finds gone what the first try removed.

        Raises StoreUnavailable.
        """
        async with self._store.write() as uow:
            cursor = given.cursor or await self._beginning(uow, next(iter(Leftover)))
            page = await uow.leftovers.remove_page(cursor.kind, cursor.before, cursor.after, PAGE)
            onwards = await self._onwards(uow, cursor) if page.until is None else cursor.behind(page.until)
            await uow.commit()
        return PurgeCounts(next=onwards, removed={cursor.kind: page.count})

    async def run(self) -> AsyncGenerator[PurgeCounts]:
        """All pages, one after the other; each time what is removed by then."""
        so_far = PurgeCounts()
        while True:
            so_far = so_far.and_then(await self.page(PurgePage(cursor=so_far.next)))
            yield so_far
            if so_far.next is None:
                return

    async def _onwards(self, uow: UnitOfWork, cursor: PurgeCursor) -> PurgeCursor | None:
        kinds = tuple(Leftover)
        place = kinds.index(cursor.kind) + 1
        return await self._beginning(uow, kinds[place]) if place < len(kinds) else None

    async def _beginning(self, uow: UnitOfWork, kind: Leftover) -> PurgeCursor:
        longest_undo = await uow.organizations.longest_undo() or timedelta(0)
        return PurgeCursor(kind=kind, before=self._retention.since(kind, self._clock.now(), longest_undo))
