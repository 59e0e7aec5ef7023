"""The drain of one organization as paged activities. Called by `OrganizationMigration`, in this order."""

from temporalio import activity

from activities.running import run
from edition_migration.application.capacity import Capacity
from edition_migration.application.enrollment import Enrollment
from edition_migration.application.errands import Errands
from edition_migration.application.events import Events
from edition_migration.application.reports import Reports
from edition_migration.domain.progress import PageInput, PageOutcome


class OrganizationActivities:
    """One page each. A repeat finds less to do, never anything twice."""

    def __init__(
        self, *, errands: Errands, events: Events, enrollment: Enrollment, capacity: Capacity, reports: Reports
    ) -> None:
        self._errands = errands
        self._events = events
        self._enrollment = enrollment
        self._capacity = capacity
        self._reports = reports

    @activity.defn
    async def errand_page(self, page: PageInput) -> PageOutcome:
        return await run(self._errands.page(page))

    @activity.defn
    async def apply_next_event(self, page: PageInput) -> PageOutcome:
        return await run(self._events.apply_next(page))

    @activity.defn
    async def block_guests(self, page: PageInput) -> PageOutcome:
        return await run(self._enrollment.block_page(page))

    @activity.defn
    async def start_pending(self, page: PageInput) -> PageOutcome:
        return await run(self._enrollment.start_page(page))

    @activity.defn
    async def grant_capacity(self, page: PageInput) -> PageOutcome:
        return await run(self._capacity.grant_page(page))

    @activity.defn
    async def report(self, page: PageInput) -> PageOutcome:
        return await run(self._reports.report(page))
