"""Organizations and their domains."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, Table, exists, or_, select, union

from edition_migration.adapters.store.capacity import LICENSES_FREE, STORAGE_FREE_MB
from edition_migration.adapters.store.mails import IS_TO_SEND
from edition_migration.adapters.store.migrations import AWAITS_BLOCK
from edition_migration.adapters.store.tables.capacity import counters, tickets, waves
from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.tables.migrations import Postman, mails, migrations
from edition_migration.adapters.store.tables.people import domains, organizations, users
from edition_migration.adapters.store.tables.work import errands, inbox
from edition_migration.adapters.store.tickets import IS_WAITING
from edition_migration.adapters.store.transaction import Insert, Transaction, given
from edition_migration.adapters.store.waves import IS_FINISHED
from edition_migration.domain.errors import Conflict
from edition_migration.domain.organization import Domain, Organization, OrganizationSettings
from edition_migration.domain.states import OPEN, MigrationState
from edition_migration.ports.store_events import InboxState

_NOTHING_PURCHASED = dict.fromkeys((column.name for column in counters.c if column.name != "org_id"), 0)
_IT = organizations.c
_GET = select(organizations).where(_IT.org_id == given(_IT.org_id, "org_id"))
_HOLD = _GET.with_for_update(key_share=True)
_GET_DOMAIN = select(domains).where(domains.c.name == given(domains.c.name, "name"))
_HOLD_DOMAIN = _GET_DOMAIN.with_for_update(key_share=True)
_DOMAINS = select(domains).where(domains.c.org_id == given(domains.c.org_id, "org_id")).order_by(domains.c.name)
_CLAIMED_DOMAINS = _DOMAINS.where(domains.c.is_claimed)
_HAS_WARNED = exists().where(migrations.c.org_id == domains.c.org_id, migrations.c.state == MigrationState.DETECTED)
_HAS_ENDED = exists().where(
    users.c.domain == domains.c.name,
    migrations.c.user_id == users.c.user_id,
    migrations.c.org_id == domains.c.org_id,
    AWAITS_BLOCK,
)
_FITS = exists().where(tickets.c.org_id == counters.c.org_id, IS_WAITING, tickets.c.storage_mb <= STORAGE_FREE_MB)
_NOW = given(_IT.digest_due_at, "now")
_WITH_WORK = union(
    select(inbox.c.org_id).where(literally(inbox.c.state, [InboxState.PENDING])),
    select(errands.c.org_id),
    select(migrations.c.org_id).where(migrations.c.started_at.is_(None), literally(migrations.c.state, OPEN)),
    select(waves.c.org_id).where(waves.c.started_at.is_(None)),
    select(waves.c.org_id).where(IS_FINISHED),
    select(mails.c.org_id).where(literally(mails.c.postman, [Postman.ORGANIZATION]), IS_TO_SEND),
    select(organizations.c.org_id).where(organizations.c.digest_due_at <= _NOW),
    select(domains.c.org_id).where(domains.c.block_at <= _NOW, or_(_HAS_WARNED, _HAS_ENDED)),
    select(counters.c.org_id).where(LICENSES_FREE > 0, _FITS),
)


def _begin_counting(new: Callable[[Table], Insert]) -> Executable:
    return new(counters).on_conflict_do_nothing()


def _put_domain(insert: Callable[[Table], Insert]) -> Executable:
    statement = insert(domains)
    new = statement.excluded
    put = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"org_id": new.org_id, "is_claimed": new.is_claimed, "block_at": new.block_at, "stamp": new.stamp},
        where=(domains.c.org_id == new.org_id) | ~domains.c.is_claimed,
    )
    return put.returning(domains.c.name)


class SqlOrganizations:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def get(self, org_id: str) -> Organization | None:
        return await self._tx.first(_organization, _GET, {"given_org_id": org_id})

    async def hold(self, org_id: str) -> Organization | None:
        return await self._tx.first(_organization, _HOLD, {"given_org_id": org_id})

    async def put(self, organization: Organization) -> None:
        values = {column.name: getattr(organization, column.name) for column in organizations.c}
        values["settings"] = organization.settings.model_dump(mode="json")
        values["administrators"] = list(organization.administrators)
        await self._tx.change(self._tx.upsert(organizations, "org_id"), values)
        at_zero = {**_NOTHING_PURCHASED, "org_id": organization.org_id, "next_ticket": 1}
        await self._tx.change(self._tx.made(_begin_counting), at_zero)

    async def list_ids(self) -> Sequence[str]:
        ids = select(organizations.c.org_id).order_by(organizations.c.org_id)
        return [row["org_id"] for row in await self._tx.rows(ids)]

    async def longest_undo(self) -> timedelta | None:
        rows = await self._tx.rows(select(organizations.c.settings))
        windows = (OrganizationSettings.model_validate(row["settings"]).undo_window for row in rows)
        return max(windows, default=None)

    async def with_work(self, now: datetime) -> Sequence[str]:
        """Each part is answered by the index that the organization's own drain uses."""
        return sorted({row["org_id"] for row in await self._tx.rows(_WITH_WORK, {"given_now": now})} - {None})


def _organization(*, settings: object, administrators: Sequence[str], **columns: Any) -> Organization:
    return Organization(
        settings=OrganizationSettings.model_validate(settings), administrators=tuple(administrators), **columns
    )


class SqlDomains:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def get(self, name: str) -> Domain | None:
        return await self._tx.first(Domain, _GET_DOMAIN, {"given_name": name})

    async def hold(self, name: str) -> Domain | None:
        return await self._tx.first(Domain, _HOLD_DOMAIN, {"given_name": name})

    async def put(self, domain: Domain) -> None:
        """A domain that somebody else claims is not taken from him, whoever asks."""
        values = {column.name: getattr(domain, column.name) for column in domains.c}
        if not await self._tx.rows(self._tx.made(_put_domain), values):
            raise Conflict("the domain belongs to another organization", mend="remove it there first")

    async def of_organization(self, org_id: str, *, claimed_only: bool = True) -> Sequence[Domain]:
        mine = _CLAIMED_DOMAINS if claimed_only else _DOMAINS
        return await self._tx.all(Domain, mine, {"given_org_id": org_id})
