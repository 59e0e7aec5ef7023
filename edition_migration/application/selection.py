"""Selecting users: one wave, its users claimed, tickets cut and capacity granted in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edition_migration.application.capacity import cut_tickets, grant
from edition_migration.application.records import journal_entry
from edition_migration.application.reselection import administrators_among, begin_again
from edition_migration.application.selection_answers import answer_of, other_waves
from edition_migration.domain.commands import SelectionAnswer
from edition_migration.domain.errors import Conflict, InvalidInput, NotFound, Problem
from edition_migration.domain.migration import Migration, Wave, WaveState
from edition_migration.domain.names import new_id
from edition_migration.domain.organization import LONGEST_ACTIVATION_DELAY, Activation, Organization
from edition_migration.domain.states import SELECTABLE
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork

LONGEST_WAIT = timedelta(days=365)
"""How far ahead a wave may be put."""
JUST_PAST = timedelta(minutes=1)
"""A time no longer ago is now: clocks differ, and who types a minute sends the command within it."""


@dataclass(frozen=True, slots=True)
class SelectionOrder:
    """A selection as given: users in the order in which they shall be served. None takes the organization's setting.

    `release_at` is when the wave begins; `pilot` users go first, and the wave then waits to be resumed.
    `confirm_administrator` lets one administrator through, alone.
    """

    org_id: str
    user_ids: Sequence[str]
    actor: str
    command_id: str
    activation: Activation | None = None
    activation_delay: timedelta | None = None
    confirm_administrator: bool = False
    release_at: datetime | None = None
    pilot: int | None = None

    def activation_of(self, organization: Organization) -> tuple[Activation, timedelta]:
        """When users are activated, and with what delay: as ordered, else as the organization has it."""
        settings = organization.settings
        delay = settings.activation_delay if self.activation_delay is None else self.activation_delay
        return self.activation or settings.activation, delay


class Selection:
    """Accepts selections of administrators."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def select(self, order: SelectionOrder) -> SelectionAnswer:
        """Claims whom it may, and says for each of the others why not. A repeat gets the first answer.

        Raises NotFound for an unknown organization, InvalidInput for a delay that is too long, or without delayed
        activation, for delayed activation without a delay, for a time in the past or too far ahead, for a pilot of
        nobody. A repeat is not looked at: its time may be past by now.
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
                return SelectionAnswer.model_validate_json(first)
            answer = await self._accept(uow, order, await _organization(uow, order.org_id))
            await uow.commit()
            return answer

    async def _accept(self, uow: UnitOfWork, order: SelectionOrder, organization: Organization) -> SelectionAnswer:
        now = self._clock.now()
        _check(order, organization, now)
        user_ids = list(dict.fromkeys(order.user_ids))
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
                    key=f"command/{order.command_id}",
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
        await uow.waves.add(_sized(wave, len(claimed), now), answer.model_dump_json())
        await uow.doorbells.add_organization(order.org_id, now)
        return answer


async def _organization(uow: UnitOfWork, org_id: str) -> Organization:
    organization = await uow.organizations.get(org_id)
    if organization is None:
        raise NotFound("the organization does not exist", mend="see `starter.py org show`")
    return organization


def is_free(row: Migration) -> bool:
    """Whether a selection may claim this row."""
    return row.state in SELECTABLE and row.wave_id is None


def _check(order: SelectionOrder, organization: Organization, now: datetime) -> None:
    if order.release_at is not None:
        _check_time(order.release_at, now)
    if order.pilot is not None and order.pilot < 1:
        raise _refusal("pilot", "is less than one user", "give a number of users, or none at all")
    if order.confirm_administrator and len(set(order.user_ids)) > 1:
        raise _refusal("confirm_administrator", "is given for several users", "select an administrator alone")
    _check_delay(order, organization)


def _check_time(release_at: datetime, now: datetime) -> None:
    if release_at < now - JUST_PAST:
        raise _refusal("release_at", "is in the past", "leave it out to begin now, or give a later time")
    if release_at > now + LONGEST_WAIT:
        raise _refusal("release_at", f"is more than {LONGEST_WAIT.days} days ahead", "give an earlier time")


def _check_delay(order: SelectionOrder, organization: Organization) -> None:
    activation, delay = order.activation_of(organization)
    if activation is not Activation.DELAYED:
        if order.activation_delay is not None:
            mend = "set the activation to delayed, or leave the delay out"
            raise _refusal("activation_delay", "is given, but the activation is not delayed", mend)
        return
    if order.activation_delay is None and not delay:
        reason = "is missing, and the organization has none of its own"
        mend = "give a span like 2d, or set activationDelay in the organization's file"
        raise _refusal("activation_delay", reason, mend)
    if not timedelta() < delay <= LONGEST_ACTIVATION_DELAY:
        reason = f"is not more than 0 and at most {LONGEST_ACTIVATION_DELAY.days} days"
        raise _refusal("activation_delay", reason, "give a span like 2d")


def _refusal(field: str, reason: str, mend: str) -> InvalidInput:
    problem = Problem(field, reason, mend)
    return InvalidInput(str(problem), problems=(problem,))


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
