"""One page of the purge. Called by `Purge`."""

from temporalio import activity

from activities.running import run
from edition_migration.application.purge import Purge
from edition_migration.domain.purge import PurgeCounts, PurgePage


class PurgeActivities:
    """The one activity of the daily purge."""

    def __init__(self, purge: Purge) -> None:
        self._purge = purge

    @activity.defn
    async def purge_page(self, page: PurgePage) -> PurgeCounts:
        """A repeat finds gone what the first try removed, and does not count it."""
        return await run(self._purge.page(page))
