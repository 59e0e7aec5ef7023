"""Choosing the new password by a mailed link, and asking for another link. Used by the password page.

Whether a link is unknown, used, expired or dead is never told apart. The link's text is a secret: it is turned into
its digest at once and kept nowhere.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from edition_migration.application.links import LinkKeys, queue_link
from edition_migration.application.records import journal_entry
from edition_migration.domain.addresses import local_part_of
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import Migration
from edition_migration.domain.organization import Organization
from edition_migration.domain.password_advice import advice
from edition_migration.domain.passwords import Failure, Strength, check
from edition_migration.domain.sentences import Sentence
from edition_migration.domain.states import CredentialState
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import ResetToken, TokenState, digest_of
from edition_migration.domain.user import User
from edition_migration.ports.clock import Clock
from edition_migration.ports.passwords import Hasher
from edition_migration.ports.store import Store, UnitOfWork

USER = "user"
"""The actor of what the user does himself."""

REQUEST_WINDOW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PasswordForm:
    """What the page shows before a password is chosen."""

    organization_name: str
    rules: tuple[Sentence, ...]


class ChoiceResult(StrEnum):
    CHOSEN = "chosen"
    REFUSED = "refused"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Choice:
    """`refused` names every rule broken; `unusable` is any link that cannot be used, now or any more."""

    result: ChoiceResult
    form: PasswordForm | None = None
    failures: tuple[Failure, ...] = ()
    download_url: str = ""


UNUSABLE = Choice(ChoiceResult.UNUSABLE)


@dataclass(frozen=True, slots=True)
class _Link:
    """A usable link and whose it is, as read before the transaction that uses it."""

    token: ResetToken
    user: User
    organization: Organization

    @property
    def form(self) -> PasswordForm:
        return PasswordForm(self.organization.name, advice(self.organization.settings.password))

    @property
    def own_words(self) -> tuple[str, ...]:
        return (self.user.display_name, local_part_of(self.user.email or ""), self.organization.name)


class Credentials:
    def __init__(self, *, store: Store, clock: Clock, hasher: Hasher, strength: Strength, keys: LinkKeys) -> None:
        self._store = store
        self._clock = clock
        self._hasher = hasher
        self._strength = strength
        self._keys = keys

    async def form(self, token: str) -> PasswordForm | None:
        """What the page shows for a usable link, else None. Only reads: mail scanners fetch links."""
        async with self._store.read() as uow:
            link = await self._usable_link(uow, digest_of(token))
        return link.form if link else None

    async def choose(self, token: str, password: str) -> Choice:
        """Checks all rules, hashes outside the transaction, then uses the link and sets the password in one.

        Of any number of attempts with one link one is `chosen`; a repeat finds the link unusable. Raises Busy where
        too many passwords wait to be hashed: nothing is spent then.
        """
        digest = digest_of(token)
        async with self._store.read() as uow:
            link = await self._usable_link(uow, digest)
        if link is None:
            return UNUSABLE
        rules = link.organization.settings.password
        failures = await asyncio.to_thread(check, password, rules, link.own_words, self._strength)
        if failures:
            return Choice(ChoiceResult.REFUSED, form=link.form, failures=failures)
        password_hash = await self._hasher.hash(password)
        if not await self._set(link.token, password_hash):
            return UNUSABLE
        return Choice(ChoiceResult.CHOSEN, form=link.form, download_url=link.organization.client_download_url)

    async def request_new_link(self, token: str) -> None:
        """Queues a mail with a new link where the row behind this one still waits for its user; else nothing.

        Says nothing either way. Above the organization's number of requests a day it does nothing more.
        """
        async with self._store.read() as uow:
            asked = await uow.tokens.by_digest(digest_of(token))
        if asked is None:
            return
        async with self._store.write() as uow:
            row = await uow.migrations.hold(asked.ref)
            if row is None or not _is_awaited(row):
                return
            now = self._clock.now()
            if not await self._may_request(uow, row, now):
                return
            await self._queue_new_link(uow, row, now)
            await uow.commit()

    async def _usable_link(self, uow: UnitOfWork, digest: str) -> _Link | None:
        token = await uow.tokens.by_digest(digest)
        if token is None or not self._is_live(token):
            return None
        row = await uow.migrations.get(token.ref)
        user = await uow.users.get(token.user_id)
        organization = await uow.organizations.get(token.org_id)
        if row is None or not _is_awaited(row) or user is None or organization is None:
            return None
        return _Link(token, user, organization)

    def _is_live(self, token: ResetToken) -> bool:
        is_expired = token.expires_at is not None and token.expires_at <= self._clock.now()
        return token.state is TokenState.LIVE and not is_expired

    async def _set(self, token: ResetToken, password_hash: str) -> bool:
        """The one transaction; False where the link was used, killed or outlived since it was read."""
        async with self._store.write() as uow:
            now = self._clock.now()
            row = await uow.migrations.hold(token.ref)
            if row is None or not _is_awaited(row):
                return False
            await uow.migrations.move(row.ref, [row.state], S.PASSWORD_SET, now)
            if await uow.tokens.consume(token.digest, now) is None:
                return False
            await uow.tokens.kill_all(row.ref)
            await uow.users.set_password(row.user_id, password_hash, CredentialState.SET)
            await uow.sessions.end_all([row.user_id], now)
            key = f"password/{token.token_id}"
            entry = journal_entry(row, key=key, action="choose_password", actor=USER, at=now, target=S.PASSWORD_SET)
            await uow.journal.add([entry])
            await uow.doorbells.add_migrations([row.ref], now)
            await uow.commit()
            return True

    async def _may_request(self, uow: UnitOfWork, row: Migration, now: datetime) -> bool:
        organization = await uow.organizations.get(row.org_id)
        if organization is None:
            return False
        asked = await uow.tokens.requested_since(row.ref, now - REQUEST_WINDOW)
        return asked < organization.settings.new_links_per_day

    async def _queue_new_link(self, uow: UnitOfWork, row: Migration, now: datetime) -> None:
        token_id = await queue_link(uow, self._keys, row, MailKind.NEW_LINK, now, is_requested=True)
        key = f"new_link/{token_id}"
        entry = journal_entry(row, key=key, action="request_new_link", actor=USER, at=now, target=row.state)
        await uow.journal.add([entry])
        await uow.doorbells.add_migrations([row.ref], now)


def _is_awaited(row: Migration) -> bool:
    """Not while the user is held because his domain is gone: links work again if it comes back."""
    return row.state is S.AWAITING_PASSWORD and row.hold_ends_at is None
