"""Releasing an accepted selection in pages, at its pace: IN_REVIEW becomes SELECTED and the users are rung."""

from collections.abc import Sequence
from datetime import timedelta

from edition_migration.application.records import journal_entry
from edition_migration.domain.errors import NotFound
from edition_migration.domain.migration import Migration, Wave, WaveState
from edition_migration.domain.progress import WaveInput, WaveOutcome
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork

PAGE_PERIOD = timedelta(minutes=1)


class WaveRelease:
    """`page_size` users a minute: about a minute of mail, so that a queue of mails never grows long."""

    def __init__(self, *, store: Store, clock: Clock, page_size: int) -> None:
        self._store = store
        self._clock = clock
        self._page_size = page_size

    async def release_page(self, given: WaveInput) -> WaveOutcome:
        """Releases one page. Users who are still BLOCKED need no release: their first step sees the wave.

        A repeat finds the released ones SELECTED and goes on with the rest.
        """
        async with self._store.write() as uow:
            wave = await uow.waves.get(given.org_id, given.wave_id)
            if wave is None:
                raise NotFound("the wave has no row", mend="restore the database")
            rows = await uow.migrations.claimed_in_review(given.org_id, given.wave_id, self._page_size + 1)
            page = rows[: self._page_size]
            await self._release(uow, wave, page)
            is_done = len(rows) == len(page)
            if is_done:
                await uow.waves.set_state(given.org_id, given.wave_id, WaveState.RELEASED)
            await uow.commit()
        return WaveOutcome(
            done=is_done,
            released=len(page),
            remaining=len(rows) - len(page),
            resume_at=None if is_done else given.as_of + PAGE_PERIOD,
        )

    async def _release(self, uow: UnitOfWork, wave: Wave, page: Sequence[Migration]) -> None:
        now = self._clock.now()
        moved = [row for row in page if await uow.migrations.move(row.ref, [S.IN_REVIEW], S.SELECTED, now)]
        await uow.journal.add(
            [
                journal_entry(
                    row, key=f"release/{wave.wave_id}", action="release", actor=wave.actor, at=now, target=S.SELECTED
                )
                for row in moved
            ]
        )
        await uow.doorbells.add_migrations([row.ref for row in moved], now)
