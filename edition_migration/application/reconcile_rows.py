"""Reconciliation of migrations, page by page: each row against ledger, tickets, mails, links, journal and workflow.

Reads one snapshot a page; each suspicion is looked at again under the row's lock before anything is changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from edition_migration.application.reconcile_mends import mend, point_out
from edition_migration.domain.differences import (
    Difference,
    DifferenceKind,
    ReconcileCursor,
    ReconcileOutcome,
    is_mendable,
    named,
)
from edition_migration.domain.migration import Migration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Organization
from edition_migration.domain.quiet_hours import held_until
from edition_migration.domain.reconciliation import (
    MISSING,
    OLD,
    RowFacts,
    WorkflowSeen,
    WorkflowStatus,
    contradictions,
    workflow_difference,
)
from edition_migration.ports.clock import Clock
from edition_migration.ports.gateway import WorkflowGateway
from edition_migration.ports.store import Store, UnitOfWork

PAGE = 500
WENT_BACK = "its row went back in time"
_STARTED_ANEW = (DifferenceKind.WORKFLOW_AHEAD, DifferenceKind.MAIL_DOUBTFUL)
_ENDED_BEFORE = (*_STARTED_ANEW, DifferenceKind.END_LOST)
_SHOWN_TO_OPERATORS = (DifferenceKind.WORKFLOW_ENDED, DifferenceKind.END_LOST)


@dataclass(frozen=True, slots=True)
class Holding:
    """What keeps an organization's mails back, or did within the last hour: a pause, or quiet hours."""

    organization: Organization | None
    is_paused: bool
    now: datetime

    @classmethod
    async def of(cls, uow: UnitOfWork, org_id: str, now: datetime) -> "Holding":
        pauses = await uow.pauses.of(org_id)
        is_paused = any(it.ended_at is None or it.ended_at > now - OLD for it in pauses)
        return cls(await uow.organizations.get(org_id), is_paused, now)

    def holds(self, zone: str | None) -> bool:
        """Whether a reader in this zone may wait for his mail on purpose."""
        if self.is_paused or self.organization is None:
            return True
        hours, where = self.organization.settings.quiet_hours, zone or self.organization.settings.zone
        if hours is None:
            return False
        return any(held_until(at, hours, where) is not None for at in (self.now - OLD, self.now))


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """`seen` is the workflow, where the difference is about it."""

    ref: MigrationRef
    kind: DifferenceKind
    seen: WorkflowSeen | None = None
    is_restored: bool = False


class RowReconciliation:
    def __init__(self, *, store: Store, clock: Clock, gateway: WorkflowGateway) -> None:
        self._store = store
        self._clock = clock
        self._gateway = gateway

    async def page(self, cursor: ReconcileCursor, *, is_dry: bool, is_restored: bool) -> ReconcileOutcome:
        """One page behind the cursor; `next` is behind it, or None at the organization's end."""
        now = self._clock.now()
        async with self._store.read() as uow:
            page = await uow.evidence.of_rows(cursor.org_id, cursor.user_id, cursor.generation, PAGE)
            holding = await Holding.of(uow, cursor.org_id, now)
        suspicions = _within_the_store(page, holding) + await self._about_workflows(page, now, is_restored=is_restored)
        found = [await self._settle(it, holding, is_dry=is_dry) for it in suspicions]
        last = page[-1].row if len(page) == PAGE else None
        return ReconcileOutcome(
            differences=tuple(it for it in found if it is not None),
            next=cursor.model_copy(update={"user_id": last.user_id, "generation": last.generation}) if last else None,
            rows=len(page),
        )

    async def _about_workflows(self, page: Sequence[RowFacts], now: datetime, *, is_restored: bool) -> list[_Suspicion]:
        """By the lists first; whatever looks wrong there is asked of the workflow itself."""
        listed = await self._gateway.running_among([facts.row.ref.workflow_id for facts in page])
        suspicions: list[_Suspicion] = []
        for facts in page:
            ref = facts.row.ref
            shown = listed.get(ref.workflow_id, MISSING)
            if workflow_difference(facts, shown, now, is_restored=is_restored) is None:
                continue
            seen = await self._gateway.seen(ref.workflow_id)
            if (kind := workflow_difference(facts, seen, now, is_restored=is_restored)) is not None:
                suspicions.append(_Suspicion(ref, kind, seen, is_restored))
        return suspicions

    async def _settle(self, suspicion: _Suspicion, holding: Holding, *, is_dry: bool) -> Difference | None:
        """Looks once more, and mends what can be mended; None where it was none, or is over."""
        if is_dry:
            async with self._store.read() as uow:
                return await self._named(uow, suspicion, holding)
        is_ended = await self._end_what_cannot_go_back(suspicion, holding)
        async with self._store.write() as uow:
            row = await uow.migrations.hold(suspicion.ref)
            difference = await self._named(uow, suspicion, holding)
            if row is None or not (difference or is_ended):
                return None
            if difference is None:
                await _replace_workflow(uow, row, self._clock.now())
                difference = _difference(suspicion, is_mended=True)
            elif is_mendable(suspicion.kind):
                await mend(uow, row, suspicion.kind, self._clock.now())
                difference = _difference(suspicion, is_mended=True)
            elif suspicion.kind in _SHOWN_TO_OPERATORS:
                await point_out(uow, row, self._clock.now())
            await uow.commit()
        return difference

    async def _end_what_cannot_go_back(self, suspicion: _Suspicion, holding: Holding) -> bool:
        """Whether it ended the workflow. The row says before that another is to be started, lest a crash leave none."""
        seen, ref = suspicion.seen, suspicion.ref
        if suspicion.kind not in _ENDED_BEFORE or seen is None or seen.status is not WorkflowStatus.RUNNING:
            return False
        async with self._store.write() as uow:
            if await uow.migrations.hold(ref) is None or await self._named(uow, suspicion, holding) is None:
                return False
            if suspicion.kind in _STARTED_ANEW:
                await uow.migrations.restart(ref)
                await uow.commit()
        await self._gateway.end(ref.workflow_id, WENT_BACK)
        return True

    async def _named(self, uow: UnitOfWork, suspicion: _Suspicion, holding: Holding) -> Difference | None:
        facts = await uow.evidence.of_row(suspicion.ref)
        if facts is None:
            return None
        if suspicion.seen is not None:
            kind = workflow_difference(facts, suspicion.seen, holding.now, is_restored=suspicion.is_restored)
            holds = kind is suspicion.kind
        else:
            is_held = holding.holds(facts.holder.zone)
            holds = suspicion.kind in set(contradictions(facts, holding.now, is_held=is_held))
        return _difference(suspicion, is_mended=False) if holds else None


async def _replace_workflow(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    """Its row moved while it was ended: another is started, or it is rung for, so that its mails are handed over."""
    instead = DifferenceKind.WORKFLOW_MISSING if row.is_open else DifferenceKind.WORKFLOW_LEFT_OVER
    await mend(uow, row, instead, now)


def _within_the_store(page: Sequence[RowFacts], holding: Holding) -> list[_Suspicion]:
    return [
        _Suspicion(facts.row.ref, kind)
        for facts in page
        for kind in contradictions(facts, holding.now, is_held=holding.holds(facts.holder.zone))
    ]


def _difference(suspicion: _Suspicion, *, is_mended: bool) -> Difference:
    ref = suspicion.ref
    return named(suspicion.kind, ref.org_id, user_id=ref.user_id, generation=ref.generation, is_mended=is_mended)
