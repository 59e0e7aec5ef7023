"""Who is pending, decided anew from today's facts. Used after a user's facts changed, and by the errand of a domain.

Whatever the order in which facts arrived, the last look at them ends the same: who is no longer eligible is let go, who
became eligible is blocked, and a Business Edition user who was there before us counts towards the totals.
"""

from dataclasses import dataclass
from datetime import datetime

from edition_migration.application.compensation import restore_guest
from edition_migration.application.enrollment import Candidate, enroll
from edition_migration.application.records import PROVISIONING, journal_entry
from edition_migration.domain.eligibility import decide
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import ADOPTED, Migration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Organization, ServiceStatus
from edition_migration.domain.states import AccountStatus, CancelReason, SkipReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.user import User
from edition_migration.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Reconsideration:
    """One look at one user, in the transaction that holds his migration's row. `key` names its cause in the journal."""

    uow: UnitOfWork
    organization: Organization
    now: datetime
    key: str

    async def of(self, user: User, row: Migration) -> None:
        """`row` is his newest migration of the organization. Who is in a wave, or excluded, is left as he is."""
        if row.org_id != self.organization.org_id or row.wave_id is not None or user.is_deleted:
            return
        is_ours = await self._is_of_blocked_domain(user)
        reason = self._reason(user)
        if row.state in (S.BLOCKED, S.IN_REVIEW) and (reason is not None or not is_ours):
            await self._let_go(row, reason if is_ours else None)
        if row.state is S.SKIPPED and row.reason != SkipReason.EXCLUDED and reason is None and is_ours:
            await enroll(self.uow, self.organization, [Candidate(user, row.generation + 1)], self.now)
            await self.uow.doorbells.add_organization(row.org_id, self.now)
        await self._count(user, is_business=is_ours and reason is SkipReason.ALREADY_BUSINESS)

    def _reason(self, user: User) -> SkipReason | None:
        return decide(
            user,
            org_id=self.organization.org_id,
            administrators=self.organization.administrators,
            minimum_client=self.organization.settings.minimum_client,
            has_open_migration=False,
        )

    async def _is_of_blocked_domain(self, user: User) -> bool:
        domain = await self.uow.domains.get(user.domain) if user.domain else None
        if domain is None or domain.org_id != self.organization.org_id:
            return False
        return self.organization.status is ServiceStatus.PROVISIONED and domain.block_at is not None

    async def _let_go(self, row: Migration, reason: SkipReason | None) -> None:
        target, why = (S.CANCELLED, CancelReason.LEFT_DOMAIN) if reason is None else (S.SKIPPED, reason)
        await self.uow.migrations.move(row.ref, [row.state], target, self.now, reason=why)
        entry = journal_entry(
            row, key=self.key, action="event", actor=PROVISIONING, at=self.now, target=target, detail={"reason": why}
        )
        await self.uow.journal.add([entry])
        await self.uow.doorbells.add_migrations([row.ref], self.now)
        await restore_guest(self.uow, row, self.now, mail=MailKind.CANCELLED if target is S.CANCELLED else None)

    async def _count(self, user: User, *, is_business: bool) -> None:
        """Released and taken again, so that a changed storage counts as it is now."""
        org_id = self.organization.org_id
        await self.uow.ledger.release(MigrationRef(org_id=org_id, user_id=user.user_id, generation=ADOPTED))
        if is_business and user.reported_status is AccountStatus.ACTIVE:
            await self.uow.ledger.adopt(org_id, [(user.user_id, user.storage_used_mb)])
