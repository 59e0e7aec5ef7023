"""The daily look at everything, page by page through all organizations; a Schedule starts it."""

from temporalio import workflow

from activities.reconciliation import ReconciliationActivities
from edition_migration.domain.differences import ReconcileCounts, ReconcilePage
from workflows.display import table
from workflows.options import page


@workflow.defn
class Reconciliation:
    """Its result is how many differences of each kind were found and mended; `starter.py reconcile` names each."""

    @workflow.run
    async def run(self, so_far: ReconcileCounts) -> ReconcileCounts:
        while True:
            counts = await workflow.execute_activity_method(
                ReconciliationActivities.reconcile_page,
                ReconcilePage(cursor=so_far.next),
                **page("look at the next rows and their workflows"),
            )
            so_far = so_far.and_then(counts)
            self._show(so_far)
            if so_far.next is None:
                return so_far
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(so_far)

    def _show(self, counts: ReconcileCounts) -> None:
        state = f"at organization {counts.next.org_id}" if counts.next else "done"
        found = {kind: f"{count}, mended {counts.mended.get(kind, 0)}" for kind, count in sorted(counts.found.items())}
        workflow.set_current_details(
            table({"State": state, "Migrations looked at": str(counts.rows), **(found or {"Differences": "none"})})
        )
