"""Reconciliation of one organization as a whole: counters, queue, waves, workflow, what was left lying."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime

from edition_migration.application.errand_pages import ErrandKind
from edition_migration.application.reconcile_rows import Holding
from edition_migration.application.rings import Bells
from edition_migration.domain.capacity import choose
from edition_migration.domain.differences import Difference, DifferenceKind, named
from edition_migration.domain.migration import Wave, WaveState
from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.reconciliation import OLD, WorkflowStatus
from edition_migration.ports.clock import Clock
from edition_migration.ports.gateway import WorkflowGateway
from edition_migration.ports.store import Store, UnitOfWork

K = DifferenceKind
FIRST_IN_QUEUE = 500
RESTORED = "a database was restored"
STRAYS = 500
_UNFINISHED = (WaveState.RELEASING, WaveState.PAUSED)


class OrganizationReconciliation:
    def __init__(self, *, store: Store, clock: Clock, gateway: WorkflowGateway, bells: Bells) -> None:
        self._store = store
        self._clock = clock
        self._gateway = gateway
        self._bells = bells

    async def look(self, org_id: str, *, is_dry: bool, is_restored: bool) -> Sequence[Difference]:
        """All differences of the organization itself. Of one that only events name, what was left lying."""
        async with self._store.read() as uow:
            is_known = await uow.organizations.get(org_id) is not None
        found: list[Difference] = []
        if is_known:
            found += await self._counters(org_id, is_dry=is_dry)
            found += await self._strays(org_id, is_dry=is_dry)
            found += await self._waves(org_id, is_dry=is_dry)
        found += await self._left_lying(org_id, is_known=is_known, is_dry=is_dry)
        if is_known and is_restored and not is_dry:
            await self._begin_anew(org_id)
        return found

    async def _begin_anew(self, org_id: str) -> None:
        """Its workflow, which may believe of a mail that it is sent. It rings everybody, as after a pause.

        A ring too many is one look.
        """
        now = self._clock.now()
        await self._gateway.end(OrganizationRef(org_id=org_id).workflow_id, RESTORED)
        async with self._store.write() as uow:
            for wave in await uow.waves.of_organization(org_id):
                if _should_run(wave):
                    await uow.doorbells.add_wave(WaveRef(org_id=org_id, wave_id=wave.wave_id), now)
            await uow.errands.add(org_id, ErrandKind.RESUME, "", now)
            await uow.doorbells.add_organization(org_id, now)
            await uow.commit()

    async def _counters(self, org_id: str, *, is_dry: bool) -> list[Difference]:
        async with self._store.read() as uow:
            if await _are_counters_right(uow, org_id):
                return []
        if not is_dry:
            async with self._store.write() as uow:
                await uow.doorbells.add_organization(org_id, self._clock.now())
                await uow.capacity.hold(org_id)
                await uow.capacity.set_in_use(await uow.ledger.sums(org_id))
                await uow.commit()
        return [named(K.COUNTERS_WRONG, org_id, is_mended=not is_dry)]

    async def _strays(self, org_id: str, *, is_dry: bool) -> list[Difference]:
        """What no migration will ever give back; at most a page of them a look."""
        async with self._store.read() as uow:
            strays = await uow.evidence.stray_holders(org_id, STRAYS)
        if not is_dry:
            strays = [ref for ref in strays if await self._release(ref)]
        return [
            named(K.LEDGER_STRAY, org_id, user_id=ref.user_id, generation=ref.generation, is_mended=not is_dry)
            for ref in strays
        ]

    async def _release(self, ref: MigrationRef) -> bool:
        """Whether it still was stray."""
        async with self._store.write() as uow:
            await uow.doorbells.add_organization(ref.org_id, self._clock.now())
            if not await uow.evidence.is_stray(ref) or not await uow.ledger.release(ref):
                return False
            await uow.commit()
        return True

    async def _waves(self, org_id: str, *, is_dry: bool) -> list[Difference]:
        """A wave whose own workflow does not run releases nobody any more."""
        async with self._store.read() as uow:
            waves = [it for it in await uow.waves.of_organization(org_id) if _should_run(it)]
        found: list[Difference] = []
        for wave in waves:
            ref = WaveRef(org_id=org_id, wave_id=wave.wave_id)
            if await self._runs(ref.workflow_id) or not await self._is_unfinished(ref):
                continue
            if not is_dry:
                await self._gateway.start_wave(ref)
            is_mended = not is_dry and await self._runs(ref.workflow_id)
            found.append(named(K.WAVE_STOPPED, org_id, wave_id=wave.wave_id, is_mended=is_mended))
        return found

    async def _is_unfinished(self, ref: WaveRef) -> bool:
        """Once more: it may have come to its end since it was read."""
        async with self._store.read() as uow:
            wave = await uow.waves.get(ref.org_id, ref.wave_id)
        return wave is not None and _should_run(wave)

    async def _left_lying(self, org_id: str, *, is_known: bool, is_dry: bool) -> list[Difference]:
        now = self._clock.now()
        kinds = await self._old_work(org_id, now)
        if is_known and await self._is_grant_due(org_id):
            kinds.append(K.TICKET_WAITING)
        ref = OrganizationRef(org_id=org_id)
        if not await self._runs(ref.workflow_id) and await self._has_work(org_id, now):
            kinds.append(K.ORGANIZATION_STOPPED)
        if kinds and not is_dry:
            if K.DOORBELL_OLD in kinds:
                await self._bells.ring_due()
            await self._gateway.ring_organization(ref)
        return [named(kind, org_id, is_mended=not is_dry) for kind in kinds]

    async def _old_work(self, org_id: str, now: datetime) -> list[DifferenceKind]:
        before = now - OLD
        async with self._store.read() as uow:
            is_held = (await Holding.of(uow, org_id, now)).holds(None)
            old = {
                K.DOORBELL_OLD: await uow.evidence.has_old_doorbells(org_id, before),
                K.ERRAND_OLD: await uow.evidence.has_old_errands(org_id, before),
                K.EVENT_OLD: await uow.evidence.has_old_events(org_id, before),
                K.MAIL_STUCK: not is_held and await uow.evidence.has_old_mails(org_id, before),
            }
        return [kind for kind, is_old in old.items() if is_old]

    async def _is_grant_due(self, org_id: str) -> bool:
        """Whether somebody waits for what is free. A transaction for changes, since the queue is held to be read."""
        async with self._store.read() as uow:
            if not await uow.tickets.waiting_count(org_id):
                return False
        async with self._store.write() as uow:
            counters = await uow.capacity.hold(org_id)
            first = await uow.tickets.waiting(org_id, 0, FIRST_IN_QUEUE)
            return bool(choose(first, counters.licenses_free, counters.storage_free_mb).granted)

    async def _has_work(self, org_id: str, now: datetime) -> bool:
        async with self._store.read() as uow:
            return org_id in await uow.organizations.with_work(now)

    async def _runs(self, workflow_id: str) -> bool:
        return (await self._gateway.seen(workflow_id)).status is WorkflowStatus.RUNNING


async def _are_counters_right(uow: UnitOfWork, org_id: str) -> bool:
    return astuple(await uow.capacity.get(org_id)) == astuple(await uow.ledger.sums(org_id))


def _should_run(wave: Wave) -> bool:
    return wave.state in _UNFINISHED and wave.started_at is not None
