"""Waves: the selections, what was commanded to them, and who is in them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Executable, Table, and_, case, func, literal, select, tuple_, update

from edition_migration.adapters.store.listing import LINE, line_of
from edition_migration.adapters.store.tables.capacity import tickets, wave_orders, waves
from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.tables.migrations import migrations
from edition_migration.adapters.store.tables.people import users
from edition_migration.adapters.store.transaction import GIVEN_LIMIT, Insert, Transaction, chunks, given
from edition_migration.domain.errors import Conflict
from edition_migration.domain.migration import Migration, TicketState, Wave, WaveState
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import OPEN, SELECTABLE, MigrationState
from edition_migration.ports.store_listing import ListedUser
from edition_migration.ports.store_waves import WaveOrder

_WAVE = [column for column in waves.c if column.name != "answer"]
_IT = migrations.c
_IS_OPEN = literally(_IT.state, OPEN)
_ENDED_BY_ITSELF = (WaveState.RELEASED, WaveState.CANCELLED)
IS_FINISHED = and_(
    waves.c.reported_at.is_(None),
    waves.c.state.in_(_ENDED_BY_ITSELF),
    ~select(_IT.user_id).where(_IT.org_id == waves.c.org_id, _IT.wave_id == waves.c.wave_id, _IS_OPEN).exists(),
)
"""Releases nobody more, nobody of it is open, nobody was told. Also for the look of the sweep at all organizations."""
_IS_OF_ORGANIZATION = waves.c.org_id == given(waves.c.org_id, "org_id")
_IS_IT = and_(_IS_OF_ORGANIZATION, waves.c.wave_id == given(waves.c.wave_id, "wave_id"))
_GET = select(*_WAVE).where(_IS_IT)
_HOLD = _GET.with_for_update(key_share=True)
_FIRST_ANSWER = select(waves.c.answer).where(_IS_IT)
_IS_COMMAND = waves.c.command_id == given(waves.c.command_id, "command_id")
_ANSWER_TO = select(waves.c.answer).where(_IS_OF_ORGANIZATION, _IS_COMMAND)
_OLDEST_FIRST = (waves.c.created_at, waves.c.wave_id)
_OF_ORGANIZATION = select(*_WAVE).where(_IS_OF_ORGANIZATION).order_by(*_OLDEST_FIRST).limit(GIVEN_LIMIT)
_UNSTARTED = _OF_ORGANIZATION.where(waves.c.started_at.is_(None))
_FINISHED = _OF_ORGANIZATION.where(IS_FINISHED)


def _add(new: Callable[[Table], Insert]) -> Executable:
    return new(waves).on_conflict_do_nothing().returning(waves.c.wave_id)


class SqlWaves:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add(self, wave: Wave, answer: str) -> None:
        values = {column.name: getattr(wave, column.name) for column in _WAVE}
        if not await self._tx.rows(self._tx.made(_add), {**values, "answer": answer}):
            raise Conflict("this command was given before", mend="give each command an id of its own")

    async def answer_to(self, org_id: str, command_id: str) -> str | None:
        return await self._tx.value(_ANSWER_TO, {"given_org_id": org_id, "given_command_id": command_id})

    async def first_answer(self, org_id: str, wave_id: str) -> str | None:
        return await self._tx.value(_FIRST_ANSWER, {"given_org_id": org_id, "given_wave_id": wave_id})

    async def get(self, org_id: str, wave_id: str) -> Wave | None:
        return await self._tx.first(Wave, _GET, {"given_org_id": org_id, "given_wave_id": wave_id})

    async def hold(self, org_id: str, wave_id: str) -> Wave | None:
        return await self._tx.first(Wave, _HOLD, {"given_org_id": org_id, "given_wave_id": wave_id})

    async def get_many(self, org_id: str, wave_ids: Sequence[str]) -> Sequence[Wave]:
        found: list[Wave] = []
        for chunk in chunks(wave_ids):
            found += await self._waves(and_(waves.c.org_id == org_id, waves.c.wave_id.in_(chunk)))
        return found

    async def of_organization(self, org_id: str) -> Sequence[Wave]:
        return await self._waves(waves.c.org_id == org_id)

    async def unstarted(self, org_id: str, limit: int) -> Sequence[Wave]:
        """Oldest first."""
        return await self._tx.all(Wave, _UNSTARTED, {"given_org_id": org_id, "given_limit": limit})

    async def finished(self, org_id: str, limit: int) -> Sequence[Wave]:
        return await self._tx.all(Wave, _FINISHED, {"given_org_id": org_id, "given_limit": limit})

    async def _waves(self, where: ColumnElement[bool]) -> list[Wave]:
        return await self._tx.all(Wave, select(*_WAVE).where(where).order_by(*_OLDEST_FIRST))

    async def set_started(self, org_id: str, wave_id: str, at: datetime) -> None:
        it = update(waves).where(_is_wave(org_id, wave_id), waves.c.started_at.is_(None))
        await self._tx.change(it.values(started_at=at))

    async def set_state(self, org_id: str, wave_id: str, state: WaveState) -> None:
        await self._tx.change(update(waves).where(_is_wave(org_id, wave_id)).values(state=state))

    async def set_released(self, org_id: str, wave_id: str, state: WaveState, released: int) -> None:
        it = update(waves).where(_is_wave(org_id, wave_id))
        await self._tx.change(it.values(state=state, released=released))

    async def set_reported(self, org_id: str, wave_id: str, at: datetime) -> None:
        it = update(waves).where(_is_wave(org_id, wave_id), waves.c.reported_at.is_(None))
        await self._tx.change(it.values(reported_at=at))

    async def add_order(self, order: WaveOrder) -> None:
        values = {column.name: getattr(order, column.name) for column in wave_orders.c}
        new = self._tx.insert(wave_orders).values(values).on_conflict_do_nothing()
        if not await self._tx.rows(new.returning(wave_orders.c.wave_id)):
            raise Conflict("this command was given before", mend="give each command an id of its own")

    async def order(self, org_id: str, command_id: str) -> WaveOrder | None:
        given = select(wave_orders).where(wave_orders.c.org_id == org_id, wave_orders.c.command_id == command_id)
        return await self._tx.first(WaveOrder, given)

    async def orders(self, org_id: str, wave_id: str) -> Sequence[WaveOrder]:
        theirs = select(wave_orders).where(wave_orders.c.org_id == org_id, wave_orders.c.wave_id == wave_id)
        return await self._tx.all(WaveOrder, theirs.order_by(wave_orders.c.at, wave_orders.c.command_id))


def _is_wave(org_id: str, wave_id: str) -> ColumnElement[bool]:
    return and_(waves.c.org_id == org_id, waves.c.wave_id == wave_id)


class SqlMembers:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def to_release(self, org_id: str, wave_id: str, limit: int, *, told_only: bool) -> Sequence[Migration]:
        told = literally(_IT.state, [MigrationState.IN_REVIEW])
        which = told if told_only else and_(_IS_OPEN, _IT.state.in_(SELECTABLE))
        ticket = and_(
            tickets.c.org_id == _IT.org_id,
            tickets.c.user_id == _IT.user_id,
            tickets.c.generation == _IT.generation,
            tickets.c.state != TicketState.CLOSED,
        )
        rows = select(migrations).outerjoin(tickets, ticket).where(_is_member(org_id, wave_id), which)
        return await self._tx.all(Migration, rows.order_by(tickets.c.number, _IT.user_id).limit(limit))

    async def to_release_count(self, org_id: str, wave_id: str) -> int:
        waiting = and_(_is_member(org_id, wave_id), _IS_OPEN, _IT.state.in_(SELECTABLE))
        return await self._tx.value(select(func.count()).select_from(migrations).where(waiting))

    async def release(
        self, org_id: str, wave_id: str, refs: Sequence[MigrationRef], at: datetime
    ) -> Sequence[MigrationRef]:
        moved: set[MigrationRef] = set()
        keys = sorted((ref.user_id, ref.generation) for ref in refs)
        for chunk in chunks(keys):
            theirs = and_(
                _is_member(org_id, wave_id),
                tuple_(_IT.user_id, _IT.generation).in_(chunk),
                _IT.state == MigrationState.IN_REVIEW,
            )
            await self._tx.lock(_IT.user_id, theirs)
            given = update(migrations).where(theirs).values(state=MigrationState.SELECTED, since=at, reason=None)
            rows = await self._tx.rows(given.returning(_IT.org_id, _IT.user_id, _IT.generation))
            moved.update(MigrationRef(**row) for row in rows)
        return [ref for ref in refs if ref in moved]

    async def give_back(self, org_id: str, wave_id: str, refs: Sequence[MigrationRef], at: datetime) -> None:
        keys = sorted((ref.user_id, ref.generation) for ref in refs)
        was_released = _IT.state.in_([MigrationState.SELECTED, MigrationState.WAITING_CAPACITY])
        for chunk in chunks(keys):
            theirs = and_(_is_member(org_id, wave_id), tuple_(_IT.user_id, _IT.generation).in_(chunk))
            given = (
                update(migrations)
                .where(theirs)
                .values(
                    state=case((was_released, MigrationState.IN_REVIEW.value), else_=_IT.state),
                    since=case((was_released, literal(at, _IT.since.type)), else_=_IT.since),
                    wave_id=None,
                    activation=Activation.WITH_INSTRUCTIONS,
                    activate_at=None,
                )
            )
            await self._tx.change(given)

    async def open_ones(self, org_id: str, wave_id: str, after_user_id: str, limit: int) -> Sequence[Migration]:
        rows = select(migrations).where(_is_member(org_id, wave_id), _IS_OPEN, _IT.user_id > after_user_id)
        return await self._tx.all(Migration, rows.order_by(_IT.user_id).limit(limit))

    async def counts(self, org_id: str) -> Mapping[str, Mapping[MigrationState, int]]:
        return await self._counts(and_(_IT.org_id == org_id, _IT.wave_id.is_not(None)))

    async def counts_of(self, org_id: str, wave_id: str) -> Mapping[MigrationState, int]:
        return (await self._counts(_is_member(org_id, wave_id))).get(wave_id, {})

    async def _counts(self, where: ColumnElement[bool]) -> dict[str, dict[MigrationState, int]]:
        grouped = select(_IT.wave_id, _IT.state, func.count().label("users")).where(where)
        found: dict[str, dict[MigrationState, int]] = {}
        for row in await self._tx.rows(grouped.group_by(_IT.wave_id, _IT.state)):
            found.setdefault(row["wave_id"], {})[row["state"]] = row["users"]
        return found

    async def lines(self, org_id: str, wave_id: str) -> Sequence[ListedUser]:
        rows = select(migrations, *LINE).join(users, users.c.user_id == _IT.user_id)
        theirs = rows.where(_is_member(org_id, wave_id)).order_by(_IT.user_id)
        return [line_of(row) for row in await self._tx.rows(theirs)]


def _is_member(org_id: str, wave_id: str) -> ColumnElement[bool]:
    return and_(_IT.org_id == org_id, _IT.wave_id == wave_id)
