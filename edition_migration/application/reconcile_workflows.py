"""Reconciliation of what runs in Temporal: every migration and wave that runs there must have a row that is open.

A workflow whose row is open is the row's own business (`reconcile_rows`, `reconcile_organization`).
"""

from collections.abc import Sequence

from edition_migration.application.waves import ENDED
from edition_migration.domain.differences import (
    Difference,
    DifferenceKind,
    ReconcileCursor,
    ReconcileOutcome,
    named,
)
from edition_migration.domain.names import MigrationRef, WaveRef, ref_of
from edition_migration.domain.reconciliation import WorkflowStatus
from edition_migration.ports.gateway import WorkflowGateway
from edition_migration.ports.store import Store, UnitOfWork

K = DifferenceKind
NO_ROW = "the database does not know it"


class WorkflowReconciliation:
    def __init__(self, *, store: Store, gateway: WorkflowGateway) -> None:
        self._store = store
        self._gateway = gateway

    async def page(self, cursor: ReconcileCursor, *, is_dry: bool) -> ReconcileOutcome:
        """One page of Temporal's lists; `next` is behind it, or None at their end."""
        listed, token = await self._gateway.running_page(cursor.org_id or None, cursor.token)
        refs = [ref for ref in map(ref_of, listed) if ref is not None]
        async with self._store.read() as uow:
            suspects = [
                *await _without_row(uow, [it for it in refs if isinstance(it, MigrationRef)]),
                *[it for it in refs if isinstance(it, WaveRef) and await _kind(uow, it) is not None],
            ]
        found = [await self._settle(ref, is_dry=is_dry) for ref in suspects]
        return ReconcileOutcome(
            differences=tuple(it for it in found if it is not None),
            next=cursor.model_copy(update={"token": token}) if token else None,
        )

    async def _settle(self, ref: MigrationRef | WaveRef, *, is_dry: bool) -> Difference | None:
        """Looks once more, since lists lag; None where it has ended, or got its row."""
        if (await self._gateway.seen(ref.workflow_id)).status is not WorkflowStatus.RUNNING:
            return None
        async with self._store.read() as uow:
            kind = await _kind(uow, ref)
        if kind is not None and not is_dry:
            await self._mend(ref, kind)
        return None if kind is None else _difference(ref, kind, is_mended=not is_dry)

    async def _mend(self, ref: MigrationRef | WaveRef, kind: DifferenceKind) -> None:
        if kind is K.WORKFLOW_STRAY:
            await self._gateway.end(ref.workflow_id, NO_ROW)
        elif isinstance(ref, WaveRef):
            await self._gateway.ring_wave(ref)


async def _kind(uow: UnitOfWork, ref: MigrationRef | WaveRef) -> DifferenceKind | None:
    if isinstance(ref, MigrationRef):
        return None if await uow.migrations.get(ref) else K.WORKFLOW_STRAY
    wave = await uow.waves.get(ref.org_id, ref.wave_id)
    if wave is None:
        return K.WORKFLOW_STRAY
    return K.WORKFLOW_LEFT_OVER if wave.state in ENDED else None


async def _without_row(uow: UnitOfWork, refs: Sequence[MigrationRef]) -> list[MigrationRef]:
    """One query an organization."""
    newest: dict[tuple[str, str], int] = {}
    for org_id in sorted({ref.org_id for ref in refs}):
        user_ids = [ref.user_id for ref in refs if ref.org_id == org_id]
        rows = await uow.migrations.latest_many(org_id, user_ids)
        newest |= {(org_id, row.user_id): row.generation for row in rows}
    return [ref for ref in refs if ref.generation > newest.get((ref.org_id, ref.user_id), 0)]


def _difference(ref: MigrationRef | WaveRef, kind: DifferenceKind, *, is_mended: bool) -> Difference:
    if isinstance(ref, WaveRef):
        return named(kind, ref.org_id, wave_id=ref.wave_id, is_mended=is_mended)
    return named(kind, ref.org_id, user_id=ref.user_id, generation=ref.generation, is_mended=is_mended)
