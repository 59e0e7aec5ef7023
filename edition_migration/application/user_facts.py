"""What `user.*` and `credential.*` events change: facts of one user, then what follows from them for his migration.

The migration's row is held first. Whether the user is pending is decided anew from the facts, so the order in which
events arrive makes no difference to the facts, the account and the counters.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from edition_migration.application import address_change
from edition_migration.application.compensation import restore_guest
from edition_migration.application.conflicts import address_is_free, address_is_taken, older_words_are_moot
from edition_migration.application.errand_mail_times import follow_zone
from edition_migration.application.errand_policies import follow_policy
from edition_migration.application.event_effects import CHANGED, NOTHING_SAID, OF_A_DELETED_USER, OVERTAKEN, Effect
from edition_migration.application.first_sign_in import is_before_the_activation, is_first_sign_in
from edition_migration.application.reconsideration import Reconsideration
from edition_migration.application.records import PROVISIONING, Detail, journal_entry
from edition_migration.application.rows import organization_of
from edition_migration.domain.addresses import domain_of
from edition_migration.domain.errors import Conflict
from edition_migration.domain.events.user import PasswordSet, UserData, UserDeleted, UserSignedIn
from edition_migration.domain.facts import merge
from edition_migration.domain.migration import ADOPTED, Migration
from edition_migration.domain.states import ACTIVATED_BY_US, AccountStatus, CredentialState, Edition
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.user import User
from edition_migration.ports.store import UnitOfWork


def unknown_user(user_id: str) -> User:
    """The row of a user of whom nothing is known yet: no address, so nobody's guest."""
    return User(
        user_id=user_id,
        email=None,
        domain=None,
        display_name="",
        locale=None,
        zone=None,
        edition=Edition.GUEST,
        client_version=None,
        account_status=AccountStatus.ACTIVE,
        inactive_reason=None,
        credential_state=CredentialState.LOCKED,
        password_hash=None,
        org_id=None,
        storage_used_mb=0,
        policy_group=None,
        reported_status=AccountStatus.ACTIVE,
        reported_inactive_reason=None,
        is_deleted=False,
    )


def tombstone(user_id: str) -> User:
    """What is kept of a deleted user: that his id is never used again."""
    return replace(unknown_user(user_id), account_status=AccountStatus.INACTIVE, is_deleted=True)


@dataclass(frozen=True, slots=True)
class UserFacts:
    """One event's transaction on one user. `event_key` names the event in the journal."""

    uow: UnitOfWork
    stamp: str
    now: datetime
    event_key: str

    async def apply(self, data: UserData) -> Effect:
        """Raises Conflict where somebody else has the address; nothing of the event is kept then."""
        row = await self.uow.migrations.latest_of_user(data.user_id)
        if row is not None:
            row = await self.uow.migrations.hold(row.ref)
        user = await self.uow.users.hold(data.user_id) or unknown_user(data.user_id)
        if user.is_deleted:
            return OF_A_DELETED_USER  # final, whatever the stamps: who comes back gets a new id
        match data:
            case UserDeleted():
                return await self._delete(user, row)
            case UserSignedIn() if data.is_federated:
                return await self._first_sign_in(user, row)
            case PasswordSet():
                return await self._password_set_elsewhere(user, row)
            case _:
                return await self._keep_facts(user, row, data)

    async def _keep_facts(self, user: User, row: Migration | None, data: UserData) -> Effect:
        facts = {name: value for name, value in data.facts().items() if name != "is_federated"}
        accepted, stamps = merge(user.stamps, facts, self.stamp)
        if not accepted:
            return OVERTAKEN if facts else NOTHING_SAID
        is_ours = row is not None and row.state in ACTIVATED_BY_US and user.org_id == row.org_id
        changed = merged_user(user, accepted, stamps, self.now, is_ours=is_ours)
        await self._put(changed)
        if user.email is not None and changed.email != user.email:
            await self._follow_address(changed, row, user.email)
        else:
            if user.email is None and changed.email is not None:
                await older_words_are_moot(self.uow, user.user_id, self.now)
            await self._reconsider(changed, row)
        if row is not None and changed.zone != user.zone:
            await follow_zone(self.uow, row, self.now)
        if row is not None and changed.policy_group != user.policy_group:
            await self._follow_policy_group(row)
        await self._ring_owner(changed, data.org_id)
        return CHANGED

    async def _put(self, user: User) -> None:
        """The address is the one key of a user's row that another may have."""
        try:
            await self.uow.users.put([user])
        except Conflict:
            raise address_is_taken() from None

    async def _reconsider(self, user: User, row: Migration | None) -> None:
        organization = await self.uow.organizations.get(row.org_id) if row is not None else None
        if organization is not None and row is not None:
            await Reconsideration(self.uow, organization, self.now, self.event_key).of(user, row)

    async def _follow_address(self, user: User, row: Migration | None, former: str) -> None:
        """What another address means: for who waits for the old one, for his migration, for his mails and links."""
        await address_is_free(self.uow, former, self.now)
        if row is None or not address_change.is_told(row):
            await self._reconsider(user, row)
            return
        await address_change.try_new_address(self.uow, row, self.now)
        await self._reconsider(user, await self.uow.migrations.get(row.ref))
        after = await self.uow.migrations.get(row.ref) or row
        await address_change.tell_both(self.uow, after, former, self.now, self.event_key)
        await address_change.renew_link(self.uow, after, self.now)

    async def _follow_policy_group(self, row: Migration) -> None:
        today = await self.uow.migrations.get(row.ref)
        if today is not None:
            await follow_policy(self.uow, today, self.now, self.event_key)

    async def _ring_owner(self, user: User, heard_by: str) -> None:
        """Another organization, whose domain the user's address is in: he may be pending there."""
        domain = await self.uow.domains.get(user.domain) if user.domain else None
        if domain is not None and domain.is_claimed and domain.org_id != heard_by:
            await self.uow.doorbells.add_organization(domain.org_id, self.now)

    async def _delete(self, user: User, row: Migration | None) -> Effect:
        """The address goes, wherever it was kept; license and storage of whichever organization are free again."""
        if row is not None and row.is_open:
            await self._move(row, S.DELETED)
        if row is not None:
            await restore_guest(self.uow, row, self.now, mail=None)
            await self.uow.ledger.release(replace(row, generation=ADOPTED).ref)
        await self.uow.sessions.end_all([user.user_id], self.now)
        await self.uow.former_addresses.erase(user.user_id)
        await self.uow.contacts.erase(user.user_id)
        await self.uow.users.put([tombstone(user.user_id)])
        await address_is_free(self.uow, user.email, self.now)
        await older_words_are_moot(self.uow, user.user_id, self.now)
        return CHANGED

    async def _first_sign_in(self, user: User, row: Migration | None) -> Effect:
        accepted, stamps = merge(user.stamps, {"signed_in": True}, self.stamp)
        if not accepted:
            return OVERTAKEN
        is_awaited = row is not None and row.signed_in_at is None and await self._is_awaited(row)
        credential = CredentialState.FEDERATED if is_awaited else user.credential_state
        await self.uow.users.put([replace(user, credential_state=credential, stamps=stamps)])
        if row is not None and is_awaited:
            await self.uow.migrations.set_signed_in(row.ref, self.now)
            await self._journal(row, "first_sign_in", row.state)
            await self.uow.doorbells.add_migrations([row.ref], self.now)
        return CHANGED

    async def _is_awaited(self, row: Migration) -> bool:
        """Who waits for a password, or will, does not become a federated user by signing in elsewhere."""
        organization = await organization_of(self.uow, row.org_id)
        will_await = row.state is S.ACTIVATED and organization.is_single_sign_on
        if not (will_await or row.state is S.AWAITING_FIRST_SIGN_IN):
            return False
        return await is_first_sign_in(self.uow, organization, row, self.stamp)

    async def _password_set_elsewhere(self, user: User, row: Migration | None) -> Effect:
        """Awaited, it is the user's act. Just activated, it is kept for the step that would ask. Else only a fact.

        A word about the time before his activation, which comes late, is about a password that is locked since.
        """
        accepted, stamps = merge(user.stamps, {"credential": True}, self.stamp)
        if not accepted:
            return OVERTAKEN
        changed = replace(user, stamps=stamps)
        if row is not None and await is_before_the_activation(self.uow, row, self.stamp):
            row = None
        if row is not None and row.state is S.ACTIVATED:
            await self.uow.migrations.set_password_set(row.ref, self.now)
            await self._journal(row, "password_set", row.state)
            await self.uow.doorbells.add_migrations([row.ref], self.now)
        if row is not None and row.state is S.AWAITING_PASSWORD:
            await self._move(row, S.PASSWORD_SET)
            await self.uow.migrations.set_hold(row.ref, None)
            await self.uow.tokens.kill_all(row.ref)
            changed = changed.with_credential_elsewhere()
        await self.uow.users.put([changed])
        return CHANGED

    async def _move(self, row: Migration, target: S, *, reason: str | None = None) -> None:
        await self.uow.migrations.move(row.ref, [row.state], target, self.now, reason=reason)
        await self._journal(row, "event", target, {"reason": reason})
        await self.uow.doorbells.add_migrations([row.ref], self.now)

    async def _journal(self, row: Migration, action: str, target: S, detail: Detail | None = None) -> None:
        entry = journal_entry(
            row, key=self.event_key, action=action, actor=PROVISIONING, at=self.now, target=target, detail=detail
        )
        await self.uow.journal.add([entry])


def merged_user(
    user: User, accepted: dict[str, object], stamps: dict[str, str], now: datetime, *, is_ours: bool
) -> User:
    """The user with the accepted facts. The account's effective status follows the reported one unless we hold it."""
    facts = dict(accepted)
    if is_ours:
        facts.pop("edition", None)
    merged = replace(user, **facts, stamps=stamps, updated_at=now)  # pyright: ignore[reportArgumentType]
    if merged.email is not None:
        merged = replace(merged, domain=domain_of(merged.email))
    if user.org_id is None and not is_ours:
        merged = replace(merged, account_status=merged.reported_status, inactive_reason=merged.reported_inactive_reason)
    return merged
