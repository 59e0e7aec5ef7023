"""One page of reconciliation. Called by `Reconciliation`; what it found is counted, so that histories stay small."""

from temporalio import activity

from activities.running import run
from edition_migration.application.reconciliation import Reconciliation
from edition_migration.domain.differences import ReconcileCounts, ReconcilePage, counted


class ReconciliationActivities:
    """The one activity of the daily look."""

    def __init__(self, reconciliation: Reconciliation) -> None:
        self._reconciliation = reconciliation

    @activity.defn
    async def reconcile_page(self, page: ReconcilePage) -> ReconcileCounts:
        """A repeat finds mended what the first try mended."""
        return counted(await run(self._reconciliation.page(page)))
