"""Facts that touch many rows, worked off page by page before the next event (design section 3)."""

from collections.abc import Sequence

from edition_migration.application import organization_facts as kinds
from edition_migration.application.compensation import restore_guest
from edition_migration.application.reconsideration import Reconsideration
from edition_migration.application.records import PROVISIONING, journal_entry
from edition_migration.domain.errors import ConfigurationError, NotFound
from edition_migration.domain.migration import Migration
from edition_migration.domain.organization import ServiceStatus
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
            match errand.kind:
                case kinds.RELEASE_DOMAIN:
                    count = await self._release_domain(uow, errand)
                case kinds.REVIEW_DOMAIN:
                    count = await self._review_domain(uow, errand)
                case unknown:
                    raise ConfigurationError(f"errand of kind {unknown!r} is not known", mend="deploy the newer code")
            await uow.commit()
        return PageOutcome(more=True, count=count)

    async def _release_domain(self, uow: UnitOfWork, errand: Errand) -> int:
        """Who is not yet activated is CANCELLED and a guest again; who is activated goes on. Others are reviewed."""
        rows = await uow.migrations.open_of_domain(errand.org_id, errand.argument, errand.cursor, PAGE)
        reason = await _why_released(uow, errand)
        for row in await _held(uow, rows):
            if row.state in BEFORE_ACTIVATION:
                await self._cancel(uow, row, errand, reason)
        if len(rows) < PAGE:
            await uow.errands.add(errand.org_id, kinds.REVIEW_DOMAIN, errand.argument, self._clock.now())
        await _turn_page(uow, errand, rows)
        return len(rows)

    async def _review_domain(self, uow: UnitOfWork, errand: Errand) -> int:
        """Decides anew from today's facts, for everybody of the domain who has a row."""
        organization = await uow.organizations.get(errand.org_id)
        if organization is None:
            raise NotFound("the organization of an errand is missing", mend="restore the row of organizations")
        rows = await uow.migrations.newest_of_domain(errand.org_id, errand.argument, errand.cursor, PAGE)
        held = await _held(uow, rows)
        users = {user.user_id: user for user in await uow.users.hold_many([row.user_id for row in held])}
        look = Reconsideration(uow, organization, self._clock.now(), f"errand/{errand.errand_id}")
        for row in held:
            await look.of(users[row.user_id], row)
        await _turn_page(uow, errand, rows)
        return len(rows)

    async def _cancel(self, uow: UnitOfWork, row: Migration, errand: Errand, reason: CancelReason) -> None:
        now = self._clock.now()
        await uow.migrations.move(row.ref, [row.state], S.CANCELLED, now, reason=reason)
        entry = journal_entry(
            row,
            key=f"errand/{errand.errand_id}",
            action=errand.kind,
            actor=PROVISIONING,
            at=now,
            target=S.CANCELLED,
        )
        await uow.journal.add([entry])
        await uow.doorbells.add_migrations([row.ref], now)
        await restore_guest(uow, row, now)


async def _why_released(uow: UnitOfWork, errand: Errand) -> CancelReason:
    organization = await uow.organizations.get(errand.org_id)
    if organization is not None and organization.status is ServiceStatus.DEPROVISIONED:
        return CancelReason.DEPROVISIONED
    return CancelReason.DOMAIN_REMOVED


async def _held(uow: UnitOfWork, rows: Sequence[Migration]) -> Sequence[Migration]:
    """All rows of the page before anything else is touched: counters come last, and rows in the order of user ids."""
    held = [await uow.migrations.hold(row.ref) for row in rows]
    return [row for row in held if row is not None]


async def _turn_page(uow: UnitOfWork, errand: Errand, rows: Sequence[Migration]) -> None:
    if len(rows) < PAGE:
        await uow.errands.finish(errand.errand_id)
    else:
        await uow.errands.advance(errand.errand_id, rows[-1].user_id)
