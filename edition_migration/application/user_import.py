"""Writing one chunk of a users file: a file is the provisioning side's word of one moment, in the order of facts.

Users without a migration are written together. Who has one goes the way of a `user.updated` event, one by one, so that
what follows from new facts is decided in one place. A user whom our block holds stays inactive either way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from edition_migration.application.errand_pages import ErrandKind
from edition_migration.application.event_effects import CHANGED
from edition_migration.application.import_file import Outcome, RowStatus
from edition_migration.application.user_facts import UserFacts, merged_user, unknown_user
from edition_migration.domain.addresses import domain_of
from edition_migration.domain.events.user import UserUpdated
from edition_migration.domain.facts import merge, stamp_of
from edition_migration.domain.migration import Migration
from edition_migration.domain.names import new_id
from edition_migration.domain.states import ACTIVATED_BY_US, CredentialState
from edition_migration.domain.user import User
from edition_migration.domain.user_rows import UserRow
from edition_migration.ports.store import UnitOfWork

_PASSWORD = "password_hash"  # noqa: S105 - a field, no password
_ROW_FIELDS = {"reported_status": "status", "reported_inactive_reason": "inactive_reason"}


class ImportedUsers:
    """The rows of one run, all with the stamp of its start; repeated later, the file is a newer word of the same."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now
        self._key = f"import/{new_id()}"
        self._stamp = stamp_of(None, now, self._key)

    async def write(self, uow: UnitOfWork, rows: Sequence[UserRow]) -> list[Outcome]:
        """Writes the rows (one an address) and one doorbell for each organization concerned."""
        owners = await _owners(uow, {domain_of(row.email) for row in rows})
        known = await _known(uow, rows)
        migrations = await _migrations(uow, known, owners)
        moving = {email: migrations[user.user_id] for email, user in known.items() if user.user_id in migrations}
        one_by_one = sorted((row for row in rows if row.email in moving), key=lambda row: known[row.email].user_id)
        outcomes = {row.email: await self._follow(uow, row, known[row.email], moving[row.email]) for row in one_by_one}
        together = [row for row in rows if row.email not in moving]
        outcomes |= await self._write_together(uow, together, known)
        await self._review_late(uow, [known[row.email] for row in together if row.email in known], owners)
        for org_id in sorted(set(owners.values())):
            await uow.doorbells.add_organization(org_id, self._now)
        return [outcomes[row.email] for row in rows]

    async def _write_together(
        self, uow: UnitOfWork, rows: Sequence[UserRow], known: Mapping[str, User]
    ) -> dict[str, Outcome]:
        ids = {row.email: known[row.email].user_id for row in rows if row.email in known}
        held = {user.user_id: user for user in await uow.users.hold_many(sorted(ids.values()))}
        changed: list[User] = []
        outcomes: dict[str, Outcome] = {}
        for row in rows:
            before = held.get(ids.get(row.email, ""))
            after = self._merged(before or unknown_user(row.user_id or new_id()), row)
            outcomes[row.email] = _outcome(before, after)
            if after is not None:
                changed.append(after)
        await uow.users.put(changed)
        return outcomes

    async def _review_late(self, uow: UnitOfWork, written: Sequence[User], owners: Mapping[str, str]) -> None:
        """Whom a page of the organization blocked before his row was held here: his domain is looked at once more."""
        enrolled = await _migrations(uow, {user.user_id: user for user in written}, owners)
        domains = {user.domain for user in written if user.user_id in enrolled and user.domain is not None}
        for name in sorted(domains & owners.keys()):
            await uow.errands.add(owners[name], ErrandKind.REVIEW_DOMAIN, name, self._now)

    def _merged(self, user: User, row: UserRow) -> User | None:
        """The user as the row says; None where newer events said all of it already."""
        facts = row.facts()
        if not _takes_password(user, facts):
            facts.pop(_PASSWORD, None)
        accepted, stamps = merge(user.stamps, facts, self._stamp)
        if user.is_deleted or not accepted:
            return None
        merged = merged_user(user, accepted, stamps, self._now, is_ours=False)
        return replace(merged, credential_state=CredentialState.SET) if _PASSWORD in accepted else merged

    async def _follow(self, uow: UnitOfWork, row: UserRow, user: User, migration: Migration) -> Outcome:
        """As an event would: the facts, then what they mean for the migration."""
        facts = row.facts()
        is_old_password_kept = _takes_password(user, facts) and not _is_past_activation(migration)
        fields = {_ROW_FIELDS.get(name, name): value for name, value in facts.items() if name != _PASSWORD}
        data = UserUpdated.model_validate({"org_id": migration.org_id, "user_id": user.user_id, **fields})
        effect = await UserFacts(uow, self._stamp, self._now, self._key).apply(data)
        if is_old_password_kept and row.password_hash is not None:
            await uow.users.set_password(user.user_id, row.password_hash, CredentialState.SET)
        return _outcome(user, await uow.users.get(user.user_id) if effect is CHANGED else None)


def _takes_password(user: User, facts: Mapping[str, object]) -> bool:
    """An empty cell takes no password away, and a directory's credential is never replaced by an old hash."""
    return facts.get(_PASSWORD) is not None and user.credential_state is not CredentialState.FEDERATED


def _is_past_activation(migration: Migration) -> bool:
    """The old password must not open the account again."""
    return migration.state in ACTIVATED_BY_US


def _outcome(before: User | None, after: User | None) -> Outcome:
    if after is None and before is not None and before.is_deleted:
        return Outcome(RowStatus.SUPERSEDED, "the user of this id was deleted; leave userId out to make a new one")
    if after is None:
        return Outcome(RowStatus.SUPERSEDED, "newer events said otherwise")
    if before is None:
        return Outcome(RowStatus.CREATED)
    same = replace(after, stamps=before.stamps, updated_at=before.updated_at) == before
    return Outcome(RowStatus.UNCHANGED if same else RowStatus.UPDATED)


async def _owners(uow: UnitOfWork, domains: set[str]) -> dict[str, str]:
    """Domain to the organization that claims it."""
    found = [await uow.domains.get(name) for name in sorted(domains)]
    return {domain.name: domain.org_id for domain in found if domain is not None and domain.is_claimed}


async def _known(uow: UnitOfWork, rows: Sequence[UserRow]) -> dict[str, User]:
    """By the row's address: the user who has it, else the tombstone of the row's id."""
    by_id = {user.user_id: user for user in await uow.users.get_many([row.user_id for row in rows if row.user_id])}
    known = {row.email: by_id[row.user_id] for row in rows if row.user_id in by_id}
    living = await uow.users.by_emails([row.email for row in rows])
    return known | {user.email: user for user in living if user.email is not None}


async def _migrations(uow: UnitOfWork, known: Mapping[str, User], owners: Mapping[str, str]) -> dict[str, Migration]:
    """The newest migrations by user id, of the organizations that hold these users or own their domains."""
    found: dict[str, Migration] = {}
    org_ids = {user.org_id for user in known.values()} | set(owners.values())
    for org_id in sorted(it for it in org_ids if it is not None):
        rows = await uow.migrations.latest_many(org_id, [user.user_id for user in known.values()])
        found |= {row.user_id: row for row in rows if row.is_open or row.user_id not in found}
    return found
