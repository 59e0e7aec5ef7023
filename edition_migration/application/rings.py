"""Ringing: what tells workflows that their row has changed. Used after commits, and by the worker's sweep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from edition_migration.domain.errors import TemporalUnavailable
from edition_migration.domain.migration import Attention
from edition_migration.domain.names import MigrationRef, OrganizationRef
from edition_migration.ports.gateway import WorkflowGateway
from edition_migration.ports.store import Store
from edition_migration.ports.store_events import Doorbell

LIMIT = 500
"""Doorbells of one look."""
KEEP_AFTER = 20
"""Answered bells are removed so many at a time: a process that is killed now and then still gets through a page."""
GIVE_UP_AFTER = 5
"""Targets in a row that cannot be rung mean that nobody can: the rest of the look waits for the next."""


@dataclass(frozen=True, slots=True)
class _Target:
    """One workflow and all its bells: it is rung once for all of them."""

    bells: tuple[Doorbell, ...]

    @property
    def bell_ids(self) -> list[int]:
        return [bell.bell_id for bell in self.bells]


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
            bells = await uow.doorbells.oldest(limit)
        answered: list[int] = []
        try:
            failure = await self._ring_each(_targets(bells), answered)
        finally:
            if answered:
                await self._remove(answered)
        if failure is not None:
            raise failure
        return len(answered)

    async def _ring_each(self, targets: Sequence[_Target], answered: list[int]) -> TemporalUnavailable | None:
        """Adds the bells of those rung to `answered`; what the last one failed of that could not be."""
        failure, in_a_row, removed = None, 0, 0
        for target in targets:
            try:
                await self._ring(target.bells[0])
            except TemporalUnavailable as error:
                failure, in_a_row = error, in_a_row + 1
                if in_a_row == GIVE_UP_AFTER:
                    break
                continue
            in_a_row = 0
            answered += target.bell_ids
            if len(answered) - removed >= KEEP_AFTER:
                await self._remove(answered[removed:])
                removed = len(answered)
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

    async def _ring(self, bell: Doorbell) -> None:
        """A wave that nobody hears of has ended, or reads its row when it starts; reconciliation names a lost one."""
        if bell.wave is not None:
            await self._gateway.ring_wave(bell.wave)
        elif bell.migration is None:
            await self._gateway.ring_organization(bell.organization)
        elif not await self._gateway.ring_migration(bell.migration):
            await self._nobody_heard(bell.migration, bell.rung_at)

    async def _nobody_heard(self, ref: MigrationRef, at: datetime) -> None:
        """Ended: its last mails go to the organization. Not started yet: it will read its row. Else it is missing."""
        async with self._store.write() as uow:
            row = await uow.migrations.hold(ref)
            if row is None or (row.is_open and row.started_at is None):
                return
            if row.is_open:
                await uow.migrations.set_attention(ref, Attention.WORKFLOW_MISSING, at)
            else:
                await uow.mails.hand_over(ref)
            await uow.commit()
        if not row.is_open:
            await self._gateway.ring_organization(OrganizationRef(org_id=ref.org_id))

    async def _remove(self, bell_ids: Sequence[int]) -> None:
        async with self._store.write() as uow:
            await uow.doorbells.remove(bell_ids)
            await uow.commit()


def _targets(bells: Sequence[Doorbell]) -> Sequence[_Target]:
    """Bells by whom they are for, in the order of the first bell of each."""
    by_workflow: dict[str, list[Doorbell]] = {}
    for bell in bells:
        ref = bell.wave or bell.migration or bell.organization
        by_workflow.setdefault(ref.workflow_id, []).append(bell)
    return [_Target(tuple(it)) for it in by_workflow.values()]
