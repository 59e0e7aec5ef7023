"""The daily removal of what nobody needs any more, page by page through all tables; a Schedule starts it."""

from temporalio import workflow

from activities.purge import PurgeActivities
from edition_migration.domain.purge import PurgeCounts, PurgePage
from workflows.display import table
from workflows.options import page


@workflow.defn
class Purge:
    """Its result is how many rows of each kind were removed."""

    @workflow.run
    async def run(self, so_far: PurgeCounts) -> PurgeCounts:
        while True:
            counts = await workflow.execute_activity_method(
                PurgeActivities.purge_page,
                PurgePage(cursor=so_far.next),
                **page("remove the next rows that nobody needs"),
            )
            so_far = so_far.and_then(counts)
            self._show(so_far)
            if so_far.next is None:
                return so_far
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(so_far)

    def _show(self, counts: PurgeCounts) -> None:
        state = f"at {counts.next.kind}, older than {counts.next.before:%Y-%m-%d}" if counts.next else "done"
        removed = {kind: str(count) for kind, count in sorted(counts.removed.items())}
        workflow.set_current_details(table({"State": state, **(removed or {"Removed": "nothing"})}))
