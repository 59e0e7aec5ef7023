"""The rows of migrations: the truth about where each user stands, moved by guarded UPDATEs only."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, Table, and_, case, func, or_, select, tuple_, update

from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.tables.migrations import COMING_BACK
from edition_migration.adapters.store.tables.migrations import migrations as table
from edition_migration.adapters.store.tables.people import users
from edition_migration.adapters.store.transaction import (
    GIVEN_LIMIT,
    Insert,
    Transaction,
    chunks,
    given,
    given_list,
    given_ref,
    of,
)
from edition_migration.domain.migration import Attention, Migration, gives_way_to
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import LEFT_TO_THE_BLOCK, OPEN, SELECTABLE, TERMINAL, MigrationState

_IT = table.c
COLUMNS = tuple(column.name for column in _IT)
_KEY = (_IT.org_id, _IT.user_id, _IT.generation)
_IS_OPEN = literally(_IT.state, OPEN)
_IS_PENDING = and_(_IT.wave_id.is_(None), literally(_IT.state, SELECTABLE))

_LATER = table.alias("later")
IS_NEWEST = ~(
    select(_LATER.c.generation)
    .where(
        _LATER.c.org_id == _IT.org_id,
        _LATER.c.user_id == _IT.user_id,
        _LATER.c.generation > _IT.generation,
    )
    .exists()
)

_IS_IT = given_ref(_IT)
_GET = select(table).where(_IS_IT)
_HOLD = _GET.with_for_update(key_share=True)
_OF_ORGANIZATION = _IT.org_id == given(_IT.org_id, "org_id")
_OF_USER = select(table).where(_IT.user_id == given(_IT.user_id, "user_id"))
_LATEST = _OF_USER.where(_OF_ORGANIZATION).order_by(_IT.generation.desc()).limit(1)
_OPEN_FIRST = case((_IS_OPEN, 0), (_IT.state == MigrationState.MIGRATED, 1), else_=2)
_LATEST_OF_USER = _OF_USER.order_by(_OPEN_FIRST, _IT.since.desc(), _IT.generation.desc()).limit(1)
_LATEST_MANY = select(table).where(_OF_ORGANIZATION, _IT.user_id.in_(given_list(_IT.user_id, "user_ids")), IS_NEWEST)
_OPEN_AMONG = select(_IT.user_id).where(_IT.user_id.in_(given_list(_IT.user_id, "user_ids")), _IS_OPEN)
_OPEN_IN_WAVE = (
    select(_IT.user_id).where(_OF_ORGANIZATION, _IT.wave_id == given(_IT.wave_id, "wave_id"), _IS_OPEN).limit(1)
)
_SET = update(table).where(_IS_IT)
_MOVE = _SET.where(_IT.state.in_(given_list(_IT.state, "sources")))
_SET_ENROLLED_BY = update(users).where(users.c.user_id.in_(given_list(users.c.user_id, "user_ids")))
_UNSTARTED = (
    select(table)
    .where(_OF_ORGANIZATION, _IT.started_at.is_(None), _IS_OPEN)
    .order_by(_IT.since, _IT.user_id)
    .limit(GIVEN_LIMIT)
)
_DETECTED_OF_DOMAINS = (
    select(table)
    .join(users, users.c.user_id == _IT.user_id)
    .where(
        _OF_ORGANIZATION,
        literally(_IT.state, [MigrationState.DETECTED]),
        users.c.domain.in_(given_list(users.c.domain, "domains")),
    )
    .order_by(_IT.user_id)
    .limit(GIVEN_LIMIT)
    .with_for_update(of=table, key_share=True)
)
_IS_LEFT_TO_THE_BLOCK = or_(
    *(
        and_(literally(_IT.state, [state]), _IT.reason.is_(None) if reason is None else _IT.reason == reason)
        for state, reason in LEFT_TO_THE_BLOCK
    )
)
AWAITS_BLOCK = and_(
    IS_NEWEST, _IS_LEFT_TO_THE_BLOCK, users.c.enrolled_by.is_(None), users.c.org_id.is_(None), ~users.c.is_deleted
)
"""Of a row and its user: nobody holds him, and the begin of his domain's block is to look at him."""
_AWAITING_BLOCK = (
    select(table)
    .join(users, users.c.user_id == _IT.user_id)
    .where(
        _OF_ORGANIZATION,
        users.c.domain.in_(given_list(users.c.domain, "domains")),
        AWAITS_BLOCK,
    )
    .order_by(_IT.user_id)
    .limit(GIVEN_LIMIT)
    .with_for_update(of=table, key_share=True)
)


def _add(new: Callable[[Table], Insert]) -> Executable:
    return new(table).on_conflict_do_nothing().returning(*_KEY)


class SqlMigrations:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def get(self, ref: MigrationRef) -> Migration | None:
        return await self._tx.first(Migration, _GET, of(ref))

    async def latest(self, org_id: str, user_id: str) -> Migration | None:
        return await self._tx.first(Migration, _LATEST, {"given_org_id": org_id, "given_user_id": user_id})

    async def latest_of_user(self, user_id: str) -> Migration | None:
        return await self._tx.first(Migration, _LATEST_OF_USER, {"given_user_id": user_id})

    async def latest_many(self, org_id: str, user_ids: Sequence[str]) -> Sequence[Migration]:
        found: list[Migration] = []
        for chunk in chunks(user_ids):
            theirs = {"given_org_id": org_id, "given_user_ids": list(chunk)}
            found.extend(await self._tx.all(Migration, _LATEST_MANY, theirs))
        return found

    async def with_open_ones(self, user_ids: Sequence[str]) -> frozenset[str]:
        found: set[str] = set()
        for chunk in chunks(user_ids):
            rows = await self._tx.rows(_OPEN_AMONG, {"given_user_ids": list(chunk)})
            found.update(row["user_id"] for row in rows)
        return frozenset(found)

    async def hold(self, ref: MigrationRef) -> Migration | None:
        return await self._tx.first(Migration, _HOLD, of(ref))

    async def hold_many(self, refs: Sequence[MigrationRef]) -> Sequence[Migration]:
        found: list[Migration] = []
        for where in _each_chunk(refs):
            rows = select(table).where(where).order_by(_IT.user_id).with_for_update(key_share=True)
            found.extend(await self._migrations(rows))
        return found

    async def add(self, migrations: Sequence[Migration]) -> Sequence[MigrationRef]:
        if not migrations:
            return []
        rows = [{name: getattr(it, name) for name in COLUMNS} for it in migrations]
        rows.sort(key=lambda row: row["user_id"])
        added = {MigrationRef(**row) for row in await self._tx.rows(self._tx.made(_add), rows)}
        for org_id in sorted({ref.org_id for ref in added}):
            await self.mark_enrolled([ref.user_id for ref in added if ref.org_id == org_id], org_id)
        return [it.ref for it in migrations if it.ref in added]

    async def move(
        self,
        ref: MigrationRef,
        sources: Collection[MigrationState],
        target: MigrationState,
        at: datetime,
        *,
        reason: str | None = None,
    ) -> bool:
        values: dict[str, Any] = {"state": target, "since": at, "reason": reason}
        if target in TERMINAL:
            values["hold_ends_at"] = None
        guard = {**of(ref), "given_sources": sorted(sources)}
        has_moved = await self._tx.change(_MOVE, {**guard, **values}) == 1
        if has_moved and target is MigrationState.CANCELLED and reason in COMING_BACK:
            await self.mark_enrolled([ref.user_id], None)
        return has_moved

    async def mark_enrolled(self, user_ids: Sequence[str], org_id: str | None) -> None:
        """`Users.to_enroll` and `awaiting_block` pass who is marked, by an index."""
        for chunk in chunks(sorted(user_ids)):
            theirs = users.c.user_id.in_(chunk)
            await self._tx.lock(users.c.user_id, theirs)
            await self._tx.change(_SET_ENROLLED_BY, {"given_user_ids": list(chunk), "enrolled_by": org_id})

    async def set_started(self, refs: Sequence[MigrationRef], at: datetime) -> None:
        for where in _each_chunk(refs):
            await self._tx.lock(_IT.user_id, where)
            await self._tx.change(update(table).where(where, _IT.started_at.is_(None)).values(started_at=at))

    async def set_deadline(self, ref: MigrationRef, since: datetime, deadline_at: datetime) -> None:
        await self._set_once(ref, _IT.deadline_at, deadline_from=since, deadline_at=deadline_at)

    async def move_deadline(self, ref: MigrationRef, since: datetime | None, deadline_at: datetime | None) -> None:
        await self._set(ref, deadline_from=since, deadline_at=deadline_at, reminders=0)

    async def set_reminders(self, ref: MigrationRef, count: int) -> None:
        await self._set(ref, reminders=count)

    async def set_password_set(self, ref: MigrationRef, at: datetime) -> None:
        await self._set_once(ref, _IT.password_set_at, password_set_at=at, hold_ends_at=None)

    async def set_hold(self, ref: MigrationRef, ends_at: datetime | None) -> None:
        await self._set(ref, hold_ends_at=ends_at)

    async def set_instructions_accepted(self, ref: MigrationRef, at: datetime, activate_at: datetime | None) -> None:
        await self._set_once(ref, _IT.instructions_accepted_at, instructions_accepted_at=at, activate_at=activate_at)

    async def request_activation(self, ref: MigrationRef, at: datetime) -> None:
        await self._set_once(ref, _IT.activation_requested_at, activation_requested_at=at)

    async def set_signed_in(self, ref: MigrationRef, at: datetime) -> None:
        await self._set_once(ref, _IT.signed_in_at, signed_in_at=at, hold_ends_at=None)

    async def _set_once(self, ref: MigrationRef, column: ColumnElement[Any], **values: datetime | None) -> None:
        """The first fact stays: a repeat changes nothing."""
        await self._tx.change(_SET.where(column.is_(None)), {**of(ref), **values})

    async def set_attention(self, ref: MigrationRef, attention: Attention | None, at: datetime) -> None:
        mine = _SET
        if attention is not None:
            mine = mine.where(or_(_IT.attention.is_(None), _IT.attention.in_(gives_way_to(attention))))
        values = {"attention": attention, "attention_at": at if attention else None}
        await self._tx.change(mine, {**of(ref), **values})

    async def restart(self, ref: MigrationRef) -> None:
        await self._set(ref, started_at=None)

    async def unclaim(self, ref: MigrationRef) -> None:
        await self._set(ref, wave_id=None, activation=Activation.WITH_INSTRUCTIONS, activate_at=None)

    async def has_open_in_wave(self, org_id: str, wave_id: str) -> bool:
        its = {"given_org_id": org_id, "given_wave_id": wave_id}
        return await self._tx.value(_OPEN_IN_WAVE, its) is not None

    async def _set(self, ref: MigrationRef, **values: Any) -> None:
        await self._tx.change(_SET, {**of(ref), **values})

    async def claim(
        self, org_id: str, refs: Sequence[MigrationRef], wave_id: str, activation: Activation
    ) -> Sequence[MigrationRef]:
        claimed: set[MigrationRef] = set()
        for where in _each_chunk(refs):
            theirs = and_(_IT.org_id == org_id, where, _IS_PENDING)
            await self._tx.lock(_IT.user_id, theirs)
            given = update(table).where(theirs).values(wave_id=wave_id, activation=activation)
            claimed.update(MigrationRef(**row) for row in await self._tx.rows(given.returning(*_KEY)))
        return [ref for ref in refs if ref in claimed]

    async def unstarted(self, org_id: str, limit: int) -> Sequence[Migration]:
        return await self._tx.all(Migration, _UNSTARTED, {"given_org_id": org_id, "given_limit": limit})

    async def detected_of_domains(self, org_id: str, domains: Sequence[str], limit: int) -> Sequence[Migration]:
        theirs = {"given_org_id": org_id, "given_domains": list(domains), "given_limit": limit}
        return await self._tx.all(Migration, _DETECTED_OF_DOMAINS, theirs)

    async def awaiting_block(self, org_id: str, domains: Sequence[str], limit: int) -> Sequence[Migration]:
        theirs = {"given_org_id": org_id, "given_domains": list(domains), "given_limit": limit}
        return await self._tx.all(Migration, _AWAITING_BLOCK, theirs)

    async def in_states(
        self,
        org_id: str,
        states: Collection[MigrationState],
        after_user_id: str,
        limit: int,
        *,
        or_with: Collection[Attention] = (),
    ) -> Sequence[Migration]:
        which = or_(_IT.state.in_(sorted(states)), and_(_IS_OPEN, _IT.attention.in_(sorted(or_with))))
        rows = select(table).where(_IT.org_id == org_id, which, _IT.user_id > after_user_id)
        return await self._migrations(rows.order_by(_IT.user_id).limit(limit))

    async def newest_of_domain(self, org_id: str, domain: str, after_user_id: str, limit: int) -> Sequence[Migration]:
        rows = (
            select(table)
            .join(users, users.c.user_id == _IT.user_id)
            .where(_IT.org_id == org_id, IS_NEWEST, ~users.c.is_deleted, users.c.domain == domain)
            .where(users.c.user_id > after_user_id)
            .order_by(users.c.user_id)
        )
        return await self._migrations(rows.limit(limit))

    async def counts(self, org_id: str) -> dict[tuple[MigrationState, str | None], int]:
        rows = select(_IT.state, _IT.reason, func.count().label("users")).where(_IT.org_id == org_id, IS_NEWEST)
        grouped = await self._tx.rows(rows.group_by(_IT.state, _IT.reason))
        return {(row["state"], row["reason"]): row["users"] for row in grouped}

    async def _migrations(self, statement: Select[Any]) -> list[Migration]:
        return await self._tx.all(Migration, statement)


def _each_chunk(refs: Sequence[MigrationRef]) -> Sequence[ColumnElement[bool]]:
    """One condition for each chunk of refs, in the order of their user ids."""
    key = tuple_(_IT.org_id, _IT.user_id, _IT.generation)
    keys = sorted((ref.org_id, ref.user_id, ref.generation) for ref in refs)
    return [key.in_(chunk) for chunk in chunks(keys)]
