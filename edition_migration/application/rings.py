"""Ringing: what tells workflows that their row has changed. Used after commits, and by the worker's sweep."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from edition_migration.domain.errors import TemporalUnavailable
from edition_migration.domain.migration import Attention
from edition_migration.domain.names import OrganizationRef
from edition_migration.ports.gateway import WorkflowGateway
from edition_migration.ports.store import Store
from edition_migration.ports.store_events import Doorbell

LIMIT = 500
"""Doorbells of one look."""
PAGE = 20
"""Targets rung at once, before their bells are removed: a process that is killed now and then still gets through."""


@dataclass(frozen=True, slots=True)
class _Target:
    """One workflow and all its bells: it is rung once for all of them."""

    bells: tuple[Doorbell, ...]


class _Rung(NamedTuple):
    """How a page went: the bells answered, the last failure, and whether nobody at all could be rung."""

    answered: int
    failure: TemporalUnavailable | None
    is_outage: bool


class Bells:
    """Rings doorbells, oldest first. A bell is removed only after its ring, so a repeat rings again, harmlessly."""

    def __init__(self, *, store: Store, gateway: WorkflowGateway) -> None:
        self._store = store
        self._gateway = gateway

    async def ring_due(self, limit: int = LIMIT) -> int:
        """Rings each target once; how many bells were answered. One that cannot be rung holds up nobody behind it.

        Raises TemporalUnavailable, after the others were rung, and StoreUnavailable; bells not yet rung stay.
        """
        async with self._store.read() as uow:
            targets = _targets(await uow.doorbells.oldest(limit))
        answered, failure = 0, None
        for start in range(0, len(targets), PAGE):
            rung = await self._ring_page(targets[start : start + PAGE])
            answered, failure = answered + rung.answered, rung.failure or failure
            if rung.is_outage:
                break
        if failure is not None:
            raise failure
        return answered

    async def _ring_page(self, page: Sequence[_Target]) -> _Rung:
        """All at once: a slow Temporal makes each wait, not one for the other."""
        answers = await asyncio.gather(*(self._tried(target.bells[0]) for target in page))
        failures = [it for it in answers if isinstance(it, TemporalUnavailable)]
        done = [target for target, answer in zip(page, answers, strict=True) if answer is True]
        deaf = [target for target, answer in zip(page, answers, strict=True) if answer is False]
        if deaf and (failure := await self._settle(deaf)):
            failures.append(failure)
        elif deaf:
            done += deaf
        answered = await self._remove(done)
        return _Rung(answered, failures[-1] if failures else None, is_outage=len(failures) >= len(page))

    async def _tried(self, bell: Doorbell) -> bool | TemporalUnavailable:
        try:
            return await self._ring(bell)
        except TemporalUnavailable as failure:
            return failure

    async def wake(self, now: datetime) -> int:
        """Starts the workflows of organizations that have work to do and do not run; how many have work.

        One that was terminated or failed in the middle of its drain has answered its bells already. A running one is
        not disturbed. Raises as `ring_due`.
        """
        async with self._store.read() as uow:
            org_ids = await uow.organizations.with_work(now)
        for org_id in org_ids:
            await self._gateway.start_organization(OrganizationRef(org_id=org_id))
        return len(org_ids)

    async def _ring(self, bell: Doorbell) -> bool:
        """False where no workflow of this migration runs.

        A wave that nobody hears of has ended, or reads its row when it starts; reconciliation names a lost one.
        """
        if bell.wave is not None:
            await self._gateway.ring_wave(bell.wave)
        elif bell.migration is None:
            await self._gateway.ring_organization(bell.organization)
        else:
            return await self._gateway.ring_migration(bell.migration)
        return True

    async def _settle(self, deaf: Sequence[_Target]) -> TemporalUnavailable | None:
        """Whom nobody heard of. Ended: the last mails go to the organization, which is rung once for all of them.

        Not started yet: the workflow will read its row. Else it is missing. The failure where an organization that got
        mails could not be rung: the bells stay then, and a repeat finds the same mails.
        """
        rung_at = {bell.migration: bell.rung_at for bell in (it.bells[0] for it in deaf) if bell.migration is not None}
        async with self._store.write() as uow:
            rows = await uow.migrations.hold_many(list(rung_at))
            for row in rows:
                if row.is_open and row.started_at is not None:
                    await uow.migrations.set_attention(row.ref, Attention.WORKFLOW_MISSING, rung_at[row.ref])
            org_ids = await uow.mails.hand_over([row.ref for row in rows if not row.is_open])
            await uow.commit()
        try:
            for org_id in sorted(org_ids):
                await self._gateway.ring_organization(OrganizationRef(org_id=org_id))
        except TemporalUnavailable as failure:
            return failure
        return None

    async def _remove(self, targets: Sequence[_Target]) -> int:
        """How many bells these had, which are gone now."""
        bell_ids = [bell.bell_id for target in targets for bell in target.bells]
        if bell_ids:
            async with self._store.write() as uow:
                await uow.doorbells.remove(bell_ids)
                await uow.commit()
        return len(bell_ids)


def _targets(bells: Sequence[Doorbell]) -> Sequence[_Target]:
    """Bells by whom they are for, in the order of the first bell of each."""
    by_workflow: dict[str, list[Doorbell]] = {}
    for bell in bells:
        ref = bell.wave or bell.migration or bell.organization
        by_workflow.setdefault(ref.workflow_id, []).append(bell)
    return [_Target(tuple(it)) for it in by_workflow.values()]
