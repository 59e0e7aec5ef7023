"""`reconcile`: names every difference between rows, ledgers, mails, links and workflows, and mends what is provable.

Page by page through one organization or all, so that neither memory nor a transaction grows with them. Used daily by
the workflow `Reconciliation`, and by `starter.py reconcile`.
"""

from bisect import bisect_right
from collections.abc import AsyncGenerator

from edition_migration.application.queries import organization_named
from edition_migration.application.reconcile_journal import JournalReconciliation
from edition_migration.application.reconcile_organization import OrganizationReconciliation
from edition_migration.application.reconcile_rows import RowReconciliation
from edition_migration.application.reconcile_workflows import WorkflowReconciliation
from edition_migration.domain.differences import Part, ReconcileCursor, ReconcileOutcome, ReconcilePage
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store


class Reconciliation:
    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        organization: OrganizationReconciliation,
        journal: JournalReconciliation,
        rows: RowReconciliation,
        workflows: WorkflowReconciliation,
    ) -> None:
        self._store = store
        self._clock = clock
        self._organization = organization
        self._journal = journal
        self._rows = rows
        self._workflows = workflows

    async def page(self, given: ReconcilePage) -> ReconcileOutcome:
        """One page, and where the next one begins. A repeat finds mended what the first try mended.

        Raises NotFound for an unknown organization, TemporalUnavailable, StoreUnavailable.
        """
        cursor = given.cursor or await self._first(given.org_id)
        outcome = await self._look(cursor, is_dry=given.is_dry, is_restored=given.is_restored)
        if outcome.next is not None:
            return outcome
        return outcome.model_copy(update={"next": await self._behind(cursor, given.org_id)})

    async def _look(self, cursor: ReconcileCursor, *, is_dry: bool, is_restored: bool) -> ReconcileOutcome:
        match cursor.part:
            case Part.ORGANIZATION:
                found = await self._organization.look(cursor.org_id, is_dry=is_dry, is_restored=is_restored)
                return ReconcileOutcome(differences=tuple(found))
            case Part.JOURNAL:
                return await self._journal.page(cursor, is_dry=is_dry)
            case Part.ROWS:
                return await self._rows.page(cursor, is_dry=is_dry, is_restored=is_restored)
            case Part.WORKFLOWS:
                return await self._workflows.page(cursor, is_dry=is_dry)

    async def _behind(self, cursor: ReconcileCursor, only: str | None) -> ReconcileCursor | None:
        """The next part of the organization, or the next organization; at last the workflows of all of them."""
        if cursor.part is Part.WORKFLOWS:
            return None
        if cursor.part is not Part.ROWS:
            parts = tuple(Part)
            return ReconcileCursor(org_id=cursor.org_id, part=parts[parts.index(cursor.part) + 1])
        if only is not None:
            return ReconcileCursor(org_id=only, part=Part.WORKFLOWS)
        return await self._organization_behind(cursor.org_id) or ReconcileCursor(org_id="", part=Part.WORKFLOWS)

    async def run(
        self, org_id: str | None, *, is_dry: bool, is_restored: bool = False
    ) -> AsyncGenerator[ReconcileOutcome]:
        """All pages, one after the other."""
        page: ReconcilePage | None = ReconcilePage(org_id=org_id, is_dry=is_dry, is_restored=is_restored)
        while page is not None:
            outcome = await self.page(page)
            yield outcome
            page = page.model_copy(update={"cursor": outcome.next}) if outcome.next else None

    async def _first(self, org_id: str | None) -> ReconcileCursor:
        if org_id is None:
            return await self._organization_behind("") or ReconcileCursor(org_id="", part=Part.WORKFLOWS)
        async with self._store.read() as uow:
            return ReconcileCursor(org_id=(await organization_named(uow, org_id)).org_id)

    async def _organization_behind(self, org_id: str) -> ReconcileCursor | None:
        """By id; also those that only events name yet."""
        async with self._store.read() as uow:
            known = {*await uow.organizations.list_ids(), *await uow.organizations.with_work(self._clock.now())}
        in_order = sorted(known)
        place = bisect_right(in_order, org_id)
        return ReconcileCursor(org_id=in_order[place]) if place < len(in_order) else None
