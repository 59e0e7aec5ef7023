"""Reconciliation of an organization's journal: sealed to its end, and its chain holds, a stretch at a time."""

from edition_migration.application.audit import Audit
from edition_migration.application.sealing import Sealer
from edition_migration.domain.differences import Difference, DifferenceKind, ReconcileCursor, ReconcileOutcome, named
from edition_migration.domain.reconciliation import OLD
from edition_migration.ports.clock import Clock

STRETCH = 20_000
"""Seals that are recomputed in one page."""


class JournalReconciliation:
    def __init__(self, *, clock: Clock, sealer: Sealer, audit: Audit) -> None:
        self._clock = clock
        self._sealer = sealer
        self._audit = audit

    async def page(self, cursor: ReconcileCursor, *, is_dry: bool) -> ReconcileOutcome:
        """The next stretch of the chain; before the first, what is not sealed is sealed. `next` None at its end."""
        org_id = cursor.org_id
        found = [] if cursor.position else await self._seal(org_id, is_dry=is_dry)
        head = await self._audit.seal_at(org_id, cursor.position) if cursor.position else None
        stretch = await self._audit.walk(org_id, head, STRETCH)
        if stretch.broken is not None:
            found.append(named(DifferenceKind.CHAIN_BROKEN, org_id, is_mended=False))
        if stretch.is_over or stretch.head is None:
            return ReconcileOutcome(differences=tuple(found))
        behind = cursor.model_copy(update={"position": stretch.head.position})
        return ReconcileOutcome(differences=tuple(found), next=behind)

    async def _seal(self, org_id: str, *, is_dry: bool) -> list[Difference]:
        """Named only where the workers should have done it long ago."""
        tail = await self._audit.unsealed(org_id)
        if tail.oldest_at is None:
            return []
        if not is_dry:
            await self._sealer.seal_all()
        if tail.oldest_at > self._clock.now() - OLD:
            return []
        return [named(DifferenceKind.JOURNAL_NOT_SEALED, org_id, is_mended=not is_dry)]
