"""Ringing: what tells workflows that their row has changed. Used after commits, and by the worker's sweep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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
GIVE_UP_AFTER = 5
"""Targets in a row that cannot be rung mean that nobody can: the rest of the look waits for the next."""


@dataclass(frozen=True, slots=True)
class _Target:
    """One workflow and all its bells: it is rung once for all of them."""

    bells: tuple[Doorbell, ...]


@dataclass(slots=True)
class _Look:
    """How one look goes: the bells answered, the last failure, and how many came one after the other."""

    answered: int = 0
    failure: TemporalUnavailable | None = None
    in_a_row: int = 0

    @property
    def is_given_up(self) -> bool:
        return self.in_a_row >= GIVE_UP_AFTER

    def note(self, failure: TemporalUnavailable) -> None:
        self.failure, self.in_a_row = failure, self.in_a_row + 1


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
        look = _Look()
        for start in range(0, len(targets), PAGE):
            if not look.is_given_up:
                await self._ring_page(targets[start : start + PAGE], look)
        if look.failure is not None:
            raise look.failure
        return look.answered

    async def _ring_page(self, page: Sequence[_Target], look: _Look) -> None:
        """What was rung is kept, whatever the others of the page raise."""
        heard: list[_Target] = []
        deaf: list[_Target] = []
        try:
            for target in page:
                try:
                    (heard if await self._ring(target.bells[0]) else deaf).append(target)
                    look.in_a_row = 0
                except TemporalUnavailable as error:
                    look.note(error)
                    if look.is_given_up:
                        break
            if deaf and await self._settle(deaf, look):
                heard += deaf
        finally:
            look.answered += await self._remove(heard)

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

    async def _settle(self, deaf: Sequence[_Target], look: _Look) -> bool:
        """Whom nobody heard of. Ended: the last mails go to the organization, which is rung once for all of them.

        Not started yet: the workflow will read its row. Else it is missing. False where an organization that got
        mails could not be rung: the bells stay, and a repeat finds the same mails.
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
        except TemporalUnavailable as error:
            look.note(error)
            return False
        return True

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
