"""Facts that touch many rows, worked off page by page before the next event (design section 3)."""

from edition_migration.application.compensation import restore_guest
from edition_migration.application.organization_facts import RELEASE_DOMAIN
from edition_migration.application.records import PROVISIONING, journal_entry
from edition_migration.domain.errors import ConfigurationError
from edition_migration.domain.migration import Migration
from edition_migration.domain.progress import PageInput, PageOutcome
from edition_migration.domain.states import BEFORE_ACTIVATION, CancelReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_events import Errand

PAGE = 200


class Errands:
    """The organization's errands, oldest first."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def page(self, given: PageInput) -> PageOutcome:
        """One page of the oldest errand and its cursor, in one transaction; a repeat goes on behind the cursor."""
        async with self._store.write() as uow:
            errand = await uow.errands.next(given.org_id)
            if errand is None:
                return PageOutcome(more=False)
            if errand.kind != RELEASE_DOMAIN:
                raise ConfigurationError(f"errand of kind {errand.kind!r} is not known", mend="deploy the newer code")
            count = await self._release_domain(uow, errand)
            await uow.commit()
        return PageOutcome(more=True, count=count)

    async def _release_domain(self, uow: UnitOfWork, errand: Errand) -> int:
        """Who is not yet activated is CANCELLED and a guest again; who is activated goes on."""
        rows = await uow.migrations.open_of_domain(errand.org_id, errand.argument, errand.cursor, PAGE)
        for row in rows:
            if row.state in BEFORE_ACTIVATION:
                await self._cancel(uow, row, errand)
        if len(rows) < PAGE:
            await uow.errands.finish(errand.errand_id)
        else:
            await uow.errands.advance(errand.errand_id, rows[-1].user_id)
        return len(rows)

    async def _cancel(self, uow: UnitOfWork, row: Migration, errand: Errand) -> None:
        now = self._clock.now()
        held = await uow.migrations.hold(row.ref)
        if held is None or held.state not in BEFORE_ACTIVATION:
            return
        await uow.migrations.move(held.ref, [held.state], S.CANCELLED, now, reason=CancelReason.DOMAIN_REMOVED)
        entry = journal_entry(
            held,
            key=f"errand/{errand.errand_id}",
            action=errand.kind,
            actor=PROVISIONING,
            at=now,
            target=S.CANCELLED,
        )
        await uow.journal.add([entry])
        await uow.doorbells.add_migrations([held.ref], now)
        await restore_guest(uow, held, now)
