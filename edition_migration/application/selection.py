"""Selecting users: one wave, its users claimed, tickets cut and capacity granted in one transaction."""

from dataclasses import replace
from datetime import datetime

from edition_migration.application.capacity import cut_tickets, grant
from edition_migration.application.command_turn import command_key, used_id
from edition_migration.application.records import journal_entry
from edition_migration.application.reselection import administrators_among, begin_again
from edition_migration.application.selection_answers import answer_of, other_waves
from edition_migration.application.selection_order import SelectionOrder
from edition_migration.domain.commands import SelectionAnswer
from edition_migration.domain.errors import Conflict, NotFound
from edition_migration.domain.migration import Migration, Wave, WaveState
from edition_migration.domain.names import new_id
from edition_migration.domain.organization import Organization
from edition_migration.domain.states import SELECTABLE
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork


class _KeptAnswer(SelectionAnswer):
    """As the wave keeps it; without the digest of its order where it is of a time that kept none."""

    order: str = ""


class Selection:
    """Accepts selections of administrators."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def select(self, order: SelectionOrder) -> SelectionAnswer:
        """Claims whom it may, and says for each of the others why not. A repeat gets the first answer.

        Raises NotFound for an unknown organization, Conflict where the id was given to another command or selection,
        InvalidInput for a delay that is too long, or without delayed activation, for delayed activation without a
        delay, for a time in the past or too far ahead, for a pilot of nobody. A repeat is not looked at: its time may
        be past by now.
        """
        try:
            return await self._first_answer(order)
        except Conflict:  # the same command at the same moment was faster; now its answer is there
            return await self._first_answer(order)

    async def weigh(self, order: SelectionOrder) -> SelectionAnswer:
        """The answer that the order would get now; nothing is changed. Raises as `select` does."""
        async with self._store.write() as uow:  # left without a commit
            return await self._accept(uow, order, await _organization(uow, order.org_id))

    async def _first_answer(self, order: SelectionOrder) -> SelectionAnswer:
        async with self._store.write() as uow:
            first = await uow.waves.answer_to(order.org_id, order.command_id)
            if first is not None:
                return _repeated(order, first)
            answer = await self._accept(uow, order, await _organization(uow, order.org_id))
            await uow.commit()
            return answer

    async def _accept(self, uow: UnitOfWork, order: SelectionOrder, organization: Organization) -> SelectionAnswer:
        now, key = self._clock.now(), command_key(order.command_id)
        order.check(organization, now)
        user_ids = list(dict.fromkeys(order.user_ids))
        if await uow.journal.has_of_any(order.org_id, user_ids, key):
            raise used_id()
        ended = await uow.migrations.latest_many(order.org_id, user_ids)
        confirmed = order.confirm_administrator
        again = await begin_again(uow, organization, ended, order.actor, now, confirmed=confirmed)
        refusals = {**again, **({} if confirmed else await administrators_among(uow, organization, user_ids))}
        rows = {row.user_id: row for row in await uow.migrations.latest_many(order.org_id, user_ids)}
        wave = _wave(order, organization, now)
        free = [rows[it].ref for it in user_ids if it in rows and it not in refusals and is_free(rows[it])]
        claimed = await uow.migrations.claim(order.org_id, free, wave.wave_id, wave.activation)
        # Once more, since another selection or a step may have been faster than the claim.
        rows = {row.user_id: row for row in await uow.migrations.latest_many(order.org_id, user_ids)}
        await uow.journal.add(
            [
                journal_entry(
                    rows[ref.user_id],
                    key=key,
                    action="select",
                    actor=order.actor,
                    at=now,
                    target=rows[ref.user_id].state,
                    detail={"wave": wave.wave_id},
                )
                for ref in claimed
            ]
        )
        await cut_tickets(uow, organization, claimed)
        await grant(uow, order.org_id, now)
        taken = {ref.user_id for ref in claimed}
        others = await other_waves(uow, order.org_id, rows.values(), wave.wave_id)
        answer = SelectionAnswer(
            wave_id=wave.wave_id if claimed else None,
            answers=tuple(answer_of(it, rows.get(it), it in taken, wave, others, refusals.get(it)) for it in user_ids),
            licenses_free=(await uow.capacity.get(order.org_id)).licenses_free,
            waiting_for_capacity=await uow.tickets.waiting_count(order.org_id),
        )
        await uow.waves.add(_sized(wave, len(claimed), now), _kept(order, answer))
        await uow.doorbells.add_organization(order.org_id, now)
        return answer


def _kept(order: SelectionOrder, answer: SelectionAnswer) -> str:
    return _KeptAnswer(**answer.model_dump(), order=order.digest).model_dump_json()


def _repeated(order: SelectionOrder, first: str) -> SelectionAnswer:
    if _KeptAnswer.model_validate_json(first).order not in {"", order.digest}:
        raise used_id()
    return SelectionAnswer.model_validate_json(first)


async def _organization(uow: UnitOfWork, org_id: str) -> Organization:
    organization = await uow.organizations.get(org_id)
    if organization is None:
        raise NotFound("the organization does not exist", mend="see `starter.py org show`")
    return organization


def is_free(row: Migration) -> bool:
    """Whether a selection may claim this row."""
    return row.state in SELECTABLE and row.wave_id is None


def _wave(order: SelectionOrder, organization: Organization, now: datetime) -> Wave:
    activation, delay = order.activation_of(organization)
    return Wave(
        org_id=order.org_id,
        wave_id=new_id(),
        command_id=order.command_id,
        actor=order.actor,
        state=WaveState.RELEASING,
        activation=activation,
        activation_delay=delay,
        created_at=now,
        started_at=None,
        size=0,
        release_at=order.release_at if order.release_at and order.release_at > now else None,
        pilot=order.pilot,
    )


def _sized(wave: Wave, size: int, now: datetime) -> Wave:
    """A wave of nobody is kept for its answer only, never started and never reported. A pilot of all is none."""
    if size == 0:
        return replace(wave, state=WaveState.RELEASED, started_at=now, reported_at=now)
    return replace(wave, size=size, pilot=wave.pilot if wave.pilot and wave.pilot < size else None)
