"""Pausing an organization or the whole service, and going on. Used by the command line.

While paused, nobody is instructed, activated or given a link, and all mails are held; who has a link may use it, and
deadlines stand still. A pause changes one row; its end also leaves an errand, which wakes everybody page by page.
"""

from edition_migration.application.errand_pages import ErrandKind
from edition_migration.application.queries import organization_named, running_pauses
from edition_migration.application.views import PauseAnswer, PauseVerdict
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_events import SERVICE


class Pauses:
    """A scope is an organization, or `SERVICE`. A repeat changes nothing and says what is true."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def pause(self, scope: str, actor: str) -> PauseAnswer:
        """Raises NotFound where there is no such organization."""
        async with self._store.write() as uow:
            await _check(uow, scope)
            is_new = await uow.pauses.begin(scope, self._clock.now(), actor)
            answer = await _answer(uow, scope, PauseVerdict.PAUSED if is_new else PauseVerdict.ALREADY_PAUSED)
            await uow.commit()
        return answer

    async def resume(self, scope: str, actor: str) -> PauseAnswer:
        """Ends this scope's pause. Whom the other scope still pauses stays paused until that ends too.

        Raises NotFound where there is no such organization.
        """
        async with self._store.write() as uow:
            await _check(uow, scope)
            is_ended = await uow.pauses.end(scope, self._clock.now(), actor)
            if is_ended:
                await self._wake(uow, scope)
            answer = await _answer(uow, scope, PauseVerdict.RESUMED if is_ended else PauseVerdict.NOT_PAUSED)
            await uow.commit()
        return answer

    async def _wake(self, uow: UnitOfWork, scope: str) -> None:
        now = self._clock.now()
        for org_id in await uow.organizations.list_ids() if scope == SERVICE else [scope]:
            if not await uow.pauses.is_paused(org_id):
                await uow.errands.add(org_id, ErrandKind.RESUME, "", now)
                await uow.doorbells.add_organization(org_id, now)


async def _check(uow: UnitOfWork, scope: str) -> None:
    if scope != SERVICE:
        await organization_named(uow, scope)


async def _answer(uow: UnitOfWork, scope: str, verdict: PauseVerdict) -> PauseAnswer:
    org_id = None if scope == SERVICE else scope
    return PauseAnswer(org_id=org_id, verdict=verdict, pauses=await running_pauses(uow, scope))
