"""A store in which nothing contradicts, with a user in each place that matters, and a gateway that says the same."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from edition_migration.application.audit import Audit
from edition_migration.application.capacity import cut_tickets, grant
from edition_migration.application.reconcile_journal import JournalReconciliation
from edition_migration.application.reconcile_organization import OrganizationReconciliation
from edition_migration.application.reconcile_rows import RowReconciliation
from edition_migration.application.reconcile_workflows import WorkflowReconciliation
from edition_migration.application.reconciliation import Reconciliation
from edition_migration.application.rings import Bells
from edition_migration.application.sealing import Sealer
from edition_migration.domain.differences import Difference
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import WaveState
from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.progress import Overview
from edition_migration.domain.reconciliation import WorkflowSeen, WorkflowStatus
from edition_migration.domain.states import OPEN, AccountStatus, Edition, InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.user import User
from edition_migration.ports.store import Store, UnitOfWork
from tests import builders
from tests.builders import NOW
from tests.doubles import MovableClock
from tests.fixtures import records

BEFORE = NOW - timedelta(hours=2)
RECENTLY = NOW - timedelta(minutes=5)
STATES = {
    "blocked": S.BLOCKED,
    "instructed": S.INSTRUCTED,
    "awaiting": S.AWAITING_PASSWORD,
    "chosen": S.PASSWORD_SET,
    "migrated": S.MIGRATED,
    "expired": S.EXPIRED,
}
GRANTED = ("instructed", "awaiting", "chosen", "migrated")
ACTIVATED = ("awaiting", "chosen", "migrated")


class StatingGateway:
    """Says of workflows what the test says; `listed` is what the lists show, where they differ."""

    def __init__(self) -> None:
        self.status: dict[str, WorkflowStatus] = {}
        self.shown: dict[str, S] = {}
        self.listed: set[str] | None = None
        self.ended: list[str] = []
        self.rung: list[str] = []
        self.started: list[str] = []
        self.described: list[str] = []

    async def end(self, workflow_id: str, reason: str) -> None:
        self.ended.append(workflow_id)
        self.status[workflow_id] = WorkflowStatus.TERMINATED

    async def running_among(self, workflow_ids: Sequence[str]) -> Mapping[str, WorkflowSeen]:
        return {it: self._seen(it) for it in workflow_ids if it in self._listed()}

    async def running_page(self, org_id: str | None, token: str) -> tuple[Sequence[str], str]:
        """Two a page; the token is how many were listed."""
        listed = sorted(it for it in self._listed() if org_id is None or f"/{org_id}/" in it)
        start = int(token or 0)
        return listed[start : start + 2], str(start + 2) if start + 2 < len(listed) else ""

    async def seen(self, workflow_id: str) -> WorkflowSeen:
        self.described.append(workflow_id)
        return self._seen(workflow_id)

    def _seen(self, workflow_id: str) -> WorkflowSeen:
        return WorkflowSeen(self.status.get(workflow_id, WorkflowStatus.MISSING), self.shown.get(workflow_id))

    def _listed(self) -> set[str]:
        running = {it for it, status in self.status.items() if status is WorkflowStatus.RUNNING}
        return running if self.listed is None else self.listed

    async def start_migration(self, ref: MigrationRef, overview: Overview) -> None:
        raise AssertionError("the organization starts migrations")

    async def start_wave(self, ref: WaveRef) -> None:
        self.started.append(ref.workflow_id)
        self.status[ref.workflow_id] = WorkflowStatus.RUNNING

    async def ring_migration(self, ref: MigrationRef) -> bool:
        self.rung.append(ref.workflow_id)
        return True

    async def ring_wave(self, ref: WaveRef) -> bool:
        self.rung.append(ref.workflow_id)
        return True

    async def ring_organization(self, ref: OrganizationRef) -> None:
        self.rung.append(ref.workflow_id)

    async def start_organization(self, ref: OrganizationRef) -> None:
        raise AssertionError("it is rung")


def ref(user_id: str) -> MigrationRef:
    return MigrationRef(org_id="acme", user_id=user_id)


async def sound(store: Store) -> StatingGateway:
    """Acme with 10 licenses and STATES, all sealed; one wave that is released and one that is not."""
    async with store.write() as uow:
        await uow.organizations.put(builders.organization())
        await uow.domains.put(builders.domain())
        await uow.capacity.set_purchased("acme", licenses=10, storage_mb=10_000)
        await uow.users.put([_user(name, state) for name, state in STATES.items()])
        await uow.waves.add(records.wave("w1", state=WaveState.RELEASED, started_at=BEFORE), "")
        await uow.waves.add(records.wave("w2", state=WaveState.PAUSED, started_at=BEFORE), "")
        await uow.migrations.add([_row(name, state) for name, state in STATES.items()])
        await uow.journal.add([_entry(name, state) for name, state in STATES.items()])
        await _give_licenses(uow)
        await _await_password(uow)
        await uow.doorbells.remove([bell.bell_id for bell in await uow.doorbells.oldest(100)])
        await uow.commit()
    await Sealer(store=store).seal_all()
    gateway = StatingGateway()
    for name, state in STATES.items():
        is_open = state in OPEN
        gateway.status[ref(name).workflow_id] = WorkflowStatus.RUNNING if is_open else WorkflowStatus.COMPLETED
        gateway.shown[ref(name).workflow_id] = state
    gateway.status["wave/acme/w2"] = gateway.status["organization/acme"] = WorkflowStatus.RUNNING
    return gateway


def _user(name: str, state: S) -> User:
    is_active = name in ACTIVATED
    return builders.user(
        name,
        org_id="acme",
        edition=Edition.BUSINESS if is_active else Edition.GUEST,
        account_status=AccountStatus.ACTIVE if is_active else AccountStatus.INACTIVE,
        inactive_reason=None if is_active else InactiveReason.GUEST_PENDING,
        password_hash="$quick$" if state in (S.PASSWORD_SET, S.MIGRATED) else None,
    )


def _row(name: str, state: S) -> Any:
    row = builders.migration(name, state=state, since=BEFORE, started_at=BEFORE)
    return replace(row, instructions_accepted_at=BEFORE) if name in GRANTED else row


def _entry(name: str, state: S) -> Any:
    return records.entry("enroll", name, source=None, target=state, at=RECENTLY)


async def _give_licenses(uow: UnitOfWork) -> None:
    await cut_tickets(uow, builders.organization(), [ref(it) for it in GRANTED])
    assert await grant(uow, "acme", BEFORE) == len(GRANTED)
    for name in ACTIVATED:
        assert await uow.ledger.use(ref(name))


async def _await_password(uow: UnitOfWork) -> None:
    await uow.tokens.add(records.token("t1", user_id="awaiting"))
    await uow.tokens.make_live("t1")
    kind = MailKind.RESET_PASSWORD
    await uow.mails.queue([records.mail("m1", user_id="awaiting", kind=kind, token_id="t1", created_at=BEFORE)])
    await uow.mails.mark("m1", [MailState.QUEUED], MailState.SENDING, BEFORE)
    await uow.mails.mark("m1", [MailState.SENDING], MailState.ACCEPTED, BEFORE)


def reconciliation(store: Store, gateway: StatingGateway) -> Reconciliation:
    clock = MovableClock()
    organization = OrganizationReconciliation(
        store=store, clock=clock, gateway=gateway, bells=Bells(store=store, gateway=gateway)
    )
    journal = JournalReconciliation(clock=clock, sealer=Sealer(store=store), audit=Audit(store=store, clock=clock))
    rows = RowReconciliation(store=store, clock=clock, gateway=gateway)
    workflows = WorkflowReconciliation(store=store, gateway=gateway)
    return Reconciliation(
        store=store, clock=clock, organization=organization, journal=journal, rows=rows, workflows=workflows
    )


async def differences(
    store: Store, gateway: StatingGateway, *, is_dry: bool = False, is_restored: bool = False
) -> list[Difference]:
    look = reconciliation(store, gateway).run(None, is_dry=is_dry, is_restored=is_restored)
    return [it async for outcome in look for it in outcome.differences]
