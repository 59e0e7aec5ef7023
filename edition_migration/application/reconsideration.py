"""Who is pending, decided anew from today's facts. Used after a user's facts changed, and by the errand of a domain.

Whatever the order in which facts arrived, the last look at them ends the same: who is no longer eligible is let go, who
left the domain or lost it is a guest again (once activated, after a hold; and also where his migration had ended
before), who became eligible is blocked, and a Business Edition user who was there before us counts towards the totals.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from edition_migration.application.awaiting import give_more_time
from edition_migration.application.block import Place, await_block, place_of, why_not_pending
from edition_migration.application.compensation import let_out, restore_guest
from edition_migration.application.enrollment import Candidate, enroll
from edition_migration.application.records import PROVISIONING, Detail, journal_entry
from edition_migration.domain.deadlines import time_held
from edition_migration.domain.eligibility import is_taken_out
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import ADOPTED, Migration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Organization
from edition_migration.domain.states import (
    BEFORE_ACTIVATION,
    HELD_WITHOUT_DOMAIN,
    AccountStatus,
    CancelReason,
    SkipReason,
)
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.user import User
from edition_migration.ports.store import UnitOfWork

HOLD = timedelta(hours=72)
"""How long an activated user waits for a domain that is gone: events come in any order, a removal may be an error."""
_ON_THE_LIST = (S.DETECTED, S.BLOCKED, S.IN_REVIEW)


@dataclass(frozen=True, slots=True)
class Reconsideration:
    """One look at one user, in the transaction that holds his migration's row. `key` names its cause in the journal."""

    uow: UnitOfWork
    organization: Organization
    now: datetime
    key: str

    async def of(self, user: User, row: Migration) -> None:
        """`row` is his newest migration of the organization. Excluded stays excluded.

        Who is in a wave is left to it, unless he left the domain or, by his directory's word, the company.
        """
        if row.org_id != self.organization.org_id or user.is_deleted:
            return
        place = await place_of(self.uow, self.organization, user)
        if row.left_to_the_block is not None:
            await self._follow_block(user, row, place)
        elif row.is_open and place is not Place.OURS:
            await self._part(row, place)
        elif row.is_open and row.wave_id is not None and is_taken_out(user):
            await self._let_go(row, S.CANCELLED, CancelReason.NO_LONGER_ELIGIBLE)
        elif row.is_open and row.hold_ends_at is not None:
            await self._end_hold(row, row.hold_ends_at)
        elif row.state is S.MIGRATED and user.org_id == row.org_id and is_taken_out(user):
            await self._take_out(row)
        if row.wave_id is None or (row.state is S.MIGRATED and user.org_id is None):
            await self._decide(user, row, is_ours=place is Place.OURS)

    async def _follow_block(self, user: User, row: Migration, place: Place) -> None:
        """Whose migration has ended: let out where no block holds him any more, found by one that holds him again."""
        if place is not Place.OURS and user.org_id == row.org_id:
            await self._journal(row, "let_out", row.state, {})
            await let_out(self.uow, row, self.now, mail=None)
        elif place is Place.OURS and user.org_id is None and why_not_pending(user, self.organization) is None:
            await await_block(self.uow, row)

    async def _take_out(self, row: Migration) -> None:
        """He is inactive for the reported reason and holds nothing; that he was migrated stays true.

        Back again, he counts as one who was in the Business Edition before us: no second migration, no mail of ours.
        """
        await self._journal(row, "leave", row.state, {})
        await restore_guest(self.uow, row, self.now, mail=None)

    async def _part(self, row: Migration, place: Place) -> None:
        """Who left goes at once. Whose domain is gone too, but an activated one is held: it may be an error."""
        if place is Place.LEFT:
            await self._let_go(row, S.CANCELLED, CancelReason.LEFT_DOMAIN)
        elif row.state in BEFORE_ACTIVATION:
            await self._let_go(row, S.CANCELLED, self.organization.why_a_domain_is_gone)
        elif row.state in HELD_WITHOUT_DOMAIN and row.hold_ends_at is None and not row.has_acted:
            await self._hold(row)

    async def _hold(self, row: Migration) -> None:
        """While it lasts no link is sent or can be used and no step goes on; the step that finds it over ends him."""
        ends_at = self.now + HOLD
        await self.uow.migrations.set_hold(row.ref, ends_at)
        await self._journal(row, "hold", row.state, {"until": ends_at.isoformat()})

    async def _end_hold(self, row: Migration, ends_at: datetime) -> None:
        """The time in which he could do nothing is given back to him."""
        began = max(ends_at - HOLD, row.deadline_from or ends_at - HOLD)
        lost = time_held(began, self.now, await self.uow.pauses.of(row.org_id))
        await give_more_time(self.uow, row, lost, self.now)
        await self.uow.migrations.set_hold(row.ref, None)
        await self._journal(row, "end_hold", row.state, {"until": None})

    async def _decide(self, user: User, row: Migration, *, is_ours: bool) -> None:
        """Who is on the list of those pending."""
        reason = why_not_pending(user, self.organization)
        if row.state in _ON_THE_LIST and is_ours and reason is not None:
            await self._let_go(row, S.SKIPPED, reason)
        if row.state is S.SKIPPED and row.reason != SkipReason.EXCLUDED and reason is None and is_ours:
            await enroll(self.uow, self.organization, [Candidate(user, row.generation + 1)], self.now, self.now)
            await self.uow.doorbells.add_organization(row.org_id, self.now)
        await self._count(user, is_business=is_ours and reason is SkipReason.ALREADY_BUSINESS)

    async def _let_go(self, row: Migration, target: S, reason: SkipReason | CancelReason) -> None:
        await self.uow.migrations.move(row.ref, [row.state], target, self.now, reason=reason)
        await self._journal(row, "event", target, {"reason": reason})
        is_told = target is S.CANCELLED and reason is not CancelReason.NO_LONGER_ELIGIBLE
        await restore_guest(self.uow, row, self.now, mail=MailKind.CANCELLED if is_told else None)

    async def _journal(self, row: Migration, action: str, target: S, detail: Detail) -> None:
        key = f"{self.key}/{action}"
        entry = journal_entry(
            row, key=key, action=action, actor=PROVISIONING, at=self.now, target=target, detail=detail
        )
        await self.uow.journal.add([entry])
        await self.uow.doorbells.add_migrations([row.ref], self.now)

    async def _count(self, user: User, *, is_business: bool) -> None:
        """Released and taken again, so that a changed storage counts as it is now."""
        org_id = self.organization.org_id
        await self.uow.ledger.release(MigrationRef(org_id=org_id, user_id=user.user_id, generation=ADOPTED))
        if is_business and user.reported_status is AccountStatus.ACTIVE:
            await self.uow.ledger.adopt(org_id, [(user.user_id, user.storage_used_mb)])
