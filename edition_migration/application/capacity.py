"""The one owner of capacity: only `grant` reserves, in the transaction that cuts tickets and after each release."""

from collections.abc import Sequence
from datetime import datetime

from edition_migration.domain.capacity import choose
from edition_migration.domain.migration import Migration, Ticket
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Organization
from edition_migration.domain.progress import PageInput, PageOutcome
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork

PAGE = 500


async def cut_tickets(uow: UnitOfWork, organization: Organization, refs: Sequence[MigrationRef]) -> None:
    """One ticket a user, in the given order, for a license and for the storage he will count with, in MB."""
    users = {user.user_id: user for user in await uow.users.get_many([ref.user_id for ref in refs])}
    holders = [(ref, organization.storage_counted_mb(users[ref.user_id].storage_used_mb)) for ref in refs]
    await uow.tickets.cut(organization.org_id, holders)


async def grant(uow: UnitOfWork, org_id: str, now: datetime) -> int:
    """Reserves for waiting tickets what is free, lowest number first; how many were granted.

    The counters are held, so two grants never see the same free license; `take` is guarded all the same.
    """
    counters = await uow.capacity.hold(org_id)
    licenses, storage_mb, after, total = counters.licenses_free, counters.storage_free_mb, 0, 0
    while licenses > 0 and (page := await uow.tickets.waiting(org_id, after, PAGE)):
        after = page[-1].number
        chosen = choose(page, licenses, storage_mb)
        if not chosen.granted or not await uow.capacity.take(org_id, chosen.licenses, chosen.storage_mb):
            continue
        holders = [
            (MigrationRef(org_id=org_id, user_id=it.user_id, generation=it.generation), it.storage_mb)
            for it in chosen.granted
        ]
        await uow.tickets.set_granted(org_id, [it.number for it in chosen.granted], now)
        await uow.ledger.reserve(org_id, holders)
        await uow.doorbells.add_migrations([ref for ref, _ in holders], now)
        licenses, storage_mb = licenses - chosen.licenses, storage_mb - chosen.storage_mb
        total += chosen.licenses
    return total


async def give_back(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    """His place in the queue, and what was reserved or used for him, go to the next. A repeat changes nothing."""
    await uow.tickets.close(row.ref)
    await uow.ledger.release(row.ref)
    await uow.doorbells.add_organization(row.org_id, now)


async def why_waiting(uow: UnitOfWork, ticket: Ticket) -> str:
    """What a waiting ticket lacks, in words: a license, or storage alone."""
    counters = await uow.capacity.get(ticket.org_id)
    lacks_storage_only = counters.licenses_free > 0 and counters.storage_free_mb < ticket.storage_mb
    return "waiting for storage" if lacks_storage_only else "waiting for a license"


class Capacity:
    """The organization's own look at its queue, after releases and after licenses were changed."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def grant_page(self, page: PageInput) -> PageOutcome:
        """Grants all that fits. A repeat finds nothing left to grant.

        An organization of which only users are known yet has nothing to grant.
        """
        async with self._store.write() as uow:
            if await uow.organizations.get(page.org_id) is None:
                return PageOutcome(more=False)
            count = await grant(uow, page.org_id, self._clock.now())
            await uow.commit()
        return PageOutcome(more=False, count=count)
