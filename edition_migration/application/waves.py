"""Releasing an accepted selection in pages, at its pace: IN_REVIEW becomes SELECTED and the users are rung.

Whoever holds a row before a wave holds a row that the wave does not move, so the two never wait for each other.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from edition_migration.application.records import journal_entry
from edition_migration.domain.errors import NotFound
from edition_migration.domain.migration import Migration, Wave, WaveState
from edition_migration.domain.names import MigrationRef, WaveRef
from edition_migration.domain.progress import WaveInput, WaveOutcome
from edition_migration.domain.states import SELECTABLE
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork

PAGE_PERIOD = timedelta(minutes=1)
SOONEST = timedelta(seconds=5)
"""Between two pages, however small: many who are told one after the other are not a page each."""
ENDED = (WaveState.RELEASED, WaveState.CANCELLED)


async def passes_review(uow: UnitOfWork, row: Migration, now: datetime) -> bool:
    """Whether the first step makes the user SELECTED at once, since his wave has released everybody already.

    Else he is in review, and the wave is rung to release him in his turn. The row is held. The wave is held too, so
    that its last page comes either before this look or after the row is in review.
    """
    if row.wave_id is None:
        return False
    wave = await uow.waves.hold(row.org_id, row.wave_id)
    if wave is not None and wave.state is WaveState.RELEASED:
        return True
    await uow.doorbells.add_wave(WaveRef(org_id=row.org_id, wave_id=row.wave_id), now)
    return False


async def note_end(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    """For whoever ends a row or takes it out of its wave: rings who waits for that. `row` is as it was before.

    The last open one of a wave wakes the organization, which reports the wave. Two last ones at the same moment may
    each see the other; then the sweep finds the wave.
    """
    if row.wave_id is None:
        return
    if row.state in SELECTABLE:
        await uow.doorbells.add_wave(WaveRef(org_id=row.org_id, wave_id=row.wave_id), now)
    if not await uow.migrations.has_open_in_wave(row.org_id, row.wave_id):
        await uow.doorbells.add_organization(row.org_id, now)


class WaveRelease:
    """`page_size` users a minute: about a minute of mail, so that a queue of mails never grows long."""

    def __init__(self, *, store: Store, clock: Clock, page_size: int) -> None:
        self._store = store
        self._clock = clock
        self._page_size = page_size

    async def release_page(self, given: WaveInput) -> WaveOutcome:
        """Releases one page, unless the wave is paused or its time has not come; `why` is what it waits for.

        A repeat finds the released ones SELECTED and goes on with the rest.
        """
        async with self._store.write() as uow:
            wave = await uow.waves.hold(given.org_id, given.wave_id)
            if wave is None:
                raise NotFound("the wave has no row", mend="restore the database")
            remaining = await uow.members.to_release_count(given.org_id, given.wave_id)
            if wave.state in ENDED:
                return WaveOutcome(done=True, released=0, remaining=remaining, state=wave.state)
            if wave.state is WaveState.PAUSED:
                return _waits(wave.state, remaining, "until it is resumed")
            if wave.release_at is not None and wave.release_at > given.as_of:
                return _waits(wave.state, remaining, "until its time", wave.release_at)
            moved = await self._release(uow, wave)
            state = await self._advance(uow, wave, len(moved), remaining - len(moved))
            await uow.commit()
        return _outcome(state, len(moved), remaining - len(moved), given.as_of + self._rest_after(len(moved)))

    def _rest_after(self, released: int) -> timedelta:
        """A whole page's minute; less after a smaller one, so that who is told late waits no minute for his turn."""
        return max(PAGE_PERIOD * released / self._page_size, SOONEST)

    async def _release(self, uow: UnitOfWork, wave: Wave) -> Sequence[MigrationRef]:
        """The next in the order of the selection. Of a pilot nobody takes the place of one not told yet."""
        now, is_pilot = self._clock.now(), _pilot_left(wave) > 0
        size = min(self._page_size, _pilot_left(wave)) if is_pilot else self._page_size
        page = await uow.members.to_release(wave.org_id, wave.wave_id, size, told_only=not is_pilot)
        rows = {row.ref: row for row in page if row.state is S.IN_REVIEW}
        moved = await uow.members.release(wave.org_id, wave.wave_id, list(rows), now)
        key = f"release/{wave.wave_id}"
        await uow.journal.add(
            [
                journal_entry(rows[ref], key=key, action="release", actor=wave.actor, at=now, target=S.SELECTED)
                for ref in moved
            ]
        )
        await uow.doorbells.add_migrations(moved, now)
        return moved

    async def _advance(self, uow: UnitOfWork, wave: Wave, moved: int, remaining: int) -> WaveState:
        """Counts, and decides how the wave goes on: nobody left is the end, a whole pilot is a pause."""
        released = wave.released + moved
        state = WaveState.RELEASING
        if remaining == 0:
            state = WaveState.RELEASED
        elif wave.pilot is not None and wave.released < wave.pilot <= released:
            state = WaveState.PAUSED
        await uow.waves.set_released(wave.org_id, wave.wave_id, state, released)
        if state is WaveState.RELEASED and not await uow.migrations.has_open_in_wave(wave.org_id, wave.wave_id):
            await uow.doorbells.add_organization(wave.org_id, self._clock.now())
        return state


def _pilot_left(wave: Wave) -> int:
    """How many of the pilot are still to be released."""
    return 0 if wave.pilot is None else max(0, wave.pilot - wave.released)


def _waits(state: WaveState, remaining: int, why: str, until: datetime | None = None) -> WaveOutcome:
    return WaveOutcome(done=False, released=0, remaining=remaining, resume_at=until, state=state, why=why)


def _outcome(state: WaveState, released: int, remaining: int, next_at: datetime) -> WaveOutcome:
    """After a page: the end, the pace, or a ring of those who are not told yet."""
    if state is WaveState.RELEASED:
        return WaveOutcome(done=True, released=released, remaining=0, state=state)
    if state is WaveState.PAUSED:
        return WaveOutcome(
            done=False, released=released, remaining=remaining, state=state, why="until the pilot is found good"
        )
    if not released:
        return _waits(state, remaining, "until its users are told of the deactivation")
    return WaveOutcome(done=False, released=released, remaining=remaining, state=state, resume_at=next_at)
