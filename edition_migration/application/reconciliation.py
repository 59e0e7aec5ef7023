"""`reconcile`: names every difference between rows, ledgers, mails, links and workflows, and mends what is provable.

Page by page through one organization or all, so that neither memory nor a transaction grows with them. Used daily by
the workflow `Reconciliation`, and by `starter.py reconcile`.
"""

from bisect import bisect_right
from collections.abc import AsyncGenerator

from edition_migration.application.queries import organization_named
from edition_migration.application.reconcile_organization import OrganizationReconciliation
from edition_migration.application.reconcile_rows import RowReconciliation
from edition_migration.domain.differences import ReconcileCursor, ReconcileOutcome, ReconcilePage
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store


class Reconciliation:
    def __init__(
        self, *, store: Store, clock: Clock, organization: OrganizationReconciliation, rows: RowReconciliation
    ) -> None:
        self._store = store
        self._clock = clock
        self._organization = organization
        self._rows = rows

    async def page(self, given: ReconcilePage) -> ReconcileOutcome:
        """One page, and where the next one begins. A repeat finds mended what the first try mended.

        Raises NotFound for an unknown organization, TemporalUnavailable, StoreUnavailable.
        """
        cursor = given.cursor or await self._first(given.org_id)
        if cursor is None:
            return ReconcileOutcome()
        if not cursor.is_in_rows:
            found = await self._organization.look(cursor.org_id, is_dry=given.is_dry)
            rows = cursor.model_copy(update={"is_in_rows": True})
            return ReconcileOutcome(differences=tuple(found), next=rows)
        outcome = await self._rows.page(cursor, is_dry=given.is_dry)
        if outcome.next is not None or given.org_id is not None:
            return outcome
        return outcome.model_copy(update={"next": await self._organization_behind(cursor.org_id)})

    async def run(self, org_id: str | None, *, is_dry: bool) -> AsyncGenerator[ReconcileOutcome]:
        """All pages, one after the other."""
        page: ReconcilePage | None = ReconcilePage(org_id=org_id, is_dry=is_dry)
        while page is not None:
            outcome = await self.page(page)
            yield outcome
            page = page.model_copy(update={"cursor": outcome.next}) if outcome.next else None

    async def _first(self, org_id: str | None) -> ReconcileCursor | None:
        if org_id is None:
            return await self._organization_behind("")
        async with self._store.read() as uow:
            return ReconcileCursor(org_id=(await organization_named(uow, org_id)).org_id)

    async def _organization_behind(self, org_id: str) -> ReconcileCursor | None:
        """By id; also those that only events name yet."""
        async with self._store.read() as uow:
            known = {*await uow.organizations.list_ids(), *await uow.organizations.with_work(self._clock.now())}
        in_order = sorted(known)
        place = bisect_right(in_order, org_id)
        return ReconcileCursor(org_id=in_order[place]) if place < len(in_order) else None
