"""The errand of single sign-on switched on or off mid-way: who waits is made to wait for the right thing.

It compares each row with today's setting, so a repeat changes nothing, and who acted in between is left. Whose step
still asks for a password or a sign-in, asks today's setting itself.
"""

from dataclasses import dataclass
from datetime import datetime

from edition_migration.application.errand_pages import PAGE, held, key_of, turn_page
from edition_migration.application.first_sign_in import is_first_sign_in
from edition_migration.application.links import LinkKeys, queue_again, queue_link
from edition_migration.application.records import PROVISIONING, journal_entry
from edition_migration.application.rows import organization_of
from edition_migration.domain.mail import LINK_MAILS, MailKind
from edition_migration.domain.migration import Migration
from edition_migration.domain.organization import Organization
from edition_migration.domain.states import AWAITING_USER, AccountStatus, CredentialState
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import Errand

_TOLD = (S.INSTRUCTED, S.ACTIVATED)
_MAY_SIGN_IN = (S.ACTIVATED, S.AWAITING_FIRST_SIGN_IN)
_OUTDATED = {*LINK_MAILS, MailKind.INSTRUCTIONS}


async def switch_sign_on(uow: UnitOfWork, errand: Errand, now: datetime, keys: LinkKeys) -> int:
    """One page of those who were told how to get in, or wait for it; how many."""
    organization = await organization_of(uow, errand.org_id)
    rows = await uow.migrations.in_states(errand.org_id, (*_TOLD, *AWAITING_USER), errand.cursor, PAGE)
    switch = _Switch(uow, organization, errand, now, keys)
    for row in await held(uow, rows):
        await switch.follow(row)
    await turn_page(uow, errand, rows)
    return len(rows)


@dataclass(frozen=True, slots=True)
class _Switch:
    uow: UnitOfWork
    organization: Organization
    errand: Errand
    now: datetime
    keys: LinkKeys

    async def follow(self, row: Migration) -> None:
        is_on = self.organization.is_single_sign_on
        if row.state is S.AWAITING_PASSWORD and is_on:
            await self._await_sign_in(row)
        elif row.state is S.AWAITING_FIRST_SIGN_IN and not is_on and row.signed_in_at is None:
            await self._await_password(row)
        elif row.state in _MAY_SIGN_IN and is_on and await self._has_signed_in(row):
            await self._note_sign_in(row)
        elif row.state in _TOLD and is_on and self._was_told_otherwise(row):
            await queue_again(self.uow, row, MailKind.INSTRUCTIONS, self.now)
            await self._journal(row, row.state)

    def _was_told_otherwise(self, row: Migration) -> bool:
        return row.instructions_accepted_at is not None and row.instructions_accepted_at <= self.errand.created_at

    async def _await_sign_in(self, row: Migration) -> None:
        """No link works any more; new instructions say so, and he has the whole time again."""
        await self._move(row, S.AWAITING_FIRST_SIGN_IN)
        deadline = self.now + self.organization.settings.deadline
        await self.uow.migrations.move_deadline(row.ref, self.now, deadline)
        await self.uow.tokens.kill_all(row.ref)
        await self.uow.mails.suppress_unsent(row.ref, _OUTDATED)
        has_signed_in = await self._has_signed_in(row)
        if has_signed_in:
            await self.uow.migrations.set_signed_in(row.ref, self.now)
        else:
            await queue_again(self.uow, row, MailKind.INSTRUCTIONS, self.now)
        await self._set_credential(row, CredentialState.FEDERATED if has_signed_in else CredentialState.LOCKED)

    async def _has_signed_in(self, row: Migration) -> bool:
        """Whether the directory reported a federated sign-in that is newer than the switch, but was heard before it."""
        user = await self.uow.users.get(row.user_id)
        if user is None or row.signed_in_at is not None or "signed_in" not in user.stamps:
            return False
        return await is_first_sign_in(self.uow, self.organization, row, user.stamps["signed_in"])

    async def _note_sign_in(self, row: Migration) -> None:
        await self.uow.migrations.set_signed_in(row.ref, self.now)
        await self._journal(row, row.state)
        await self._set_credential(row, CredentialState.FEDERATED)

    async def _await_password(self, row: Migration) -> None:
        """A link is mailed; the deadline's clock begins when the relay accepts it."""
        await self._move(row, S.AWAITING_PASSWORD)
        await self.uow.migrations.move_deadline(row.ref, None, None)
        await self.uow.mails.suppress_unsent(row.ref, _OUTDATED)
        await queue_link(self.uow, self.keys, row, MailKind.RESET_PASSWORD, self.now)
        await self._set_credential(row, CredentialState.RESET_ISSUED)

    async def _set_credential(self, row: Migration, credential: CredentialState) -> None:
        await self.uow.users.set_account(
            [row.user_id], status=AccountStatus.ACTIVE, reason=None, org_id=row.org_id, credential=credential
        )

    async def _move(self, row: Migration, target: S) -> None:
        await self.uow.migrations.move(row.ref, [row.state], target, self.now)
        await self._journal(row, target)

    async def _journal(self, row: Migration, target: S) -> None:
        key = key_of(self.errand)
        entry = journal_entry(row, key=key, action="sign_on", actor=PROVISIONING, at=self.now, target=target)
        await self.uow.journal.add([entry])
        await self.uow.doorbells.add_migrations([row.ref], self.now)
