"""The sign-in gate: who gave the account's password hears why he may not enter; everyone else hears one thing only.

Refusing an unknown account, a wrong password or a malformed address costs one verification each and takes the same
time (ASVS 5.0, 6.3.8). Used by the web process.
"""

import secrets
from dataclasses import dataclass, field

from edition_migration.application.detection import note_detection
from edition_migration.domain.addresses import normalize_address
from edition_migration.domain.errors import InvalidInput
from edition_migration.domain.gate import SignInResult, Surroundings, decide, is_blocked_guest
from edition_migration.domain.names import new_id
from edition_migration.domain.states import CredentialState
from edition_migration.domain.token import digest_of
from edition_migration.domain.user import User
from edition_migration.ports.clock import Clock
from edition_migration.ports.passwords import Hasher, Pace
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_people import Session


@dataclass(frozen=True, slots=True)
class OutdatedHash:
    """A good sign-in whose stored hash is weaker than today's: give it to `SignIn.strengthen` after the answer."""

    user_id: str
    password_hash: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignInAnswer:
    """`message` and `help_url` are the organization's, with `deactivated`; `download_url` is with `client_too_old`.

    `session_token` is given once, here; the store keeps its SHA-256.
    """

    result: SignInResult
    session_token: str | None = field(default=None, repr=False)
    message: str = ""
    help_url: str = ""
    download_url: str = ""
    outdated: OutdatedHash | None = None


WRONG = SignInAnswer(SignInResult.WRONG_CREDENTIALS)


class SignIn:
    """`refusal_seconds` is the least a refusal of unproven credentials takes, whatever was found."""

    def __init__(self, *, store: Store, clock: Clock, hasher: Hasher, pace: Pace, refusal_seconds: float = 1.0) -> None:
        self._store = store
        self._clock = clock
        self._hasher = hasher
        self._pace = pace
        self._refusal_seconds = refusal_seconds

    async def attempt(self, email: str, password: str, client_version: str | None) -> SignInAnswer:
        """Decides one sign-in. Each good one opens a session of its own, so a repeat opens another.

        Raises Busy where too many passwords wait to be checked, StoreUnavailable where the database cannot answer.
        """
        started = self._pace.monotonic()
        user = await self._recognize(email, password)
        answer = WRONG if user is None else await self._answer(user, password, client_version)
        if answer is WRONG:
            await self._pace.sleep(max(0.0, started + self._refusal_seconds - self._pace.monotonic()))
        return answer

    async def strengthen(self, outdated: OutdatedHash) -> None:
        """Keeps a hash under today's parameters, unless the password was changed meanwhile; a repeat changes nothing.

        Raises Busy and StoreUnavailable; both may be let go, the next sign-in tries again.
        """
        new_hash = await self._hasher.hash(outdated.password)
        async with self._store.write() as uow:
            await uow.users.rehash(outdated.user_id, outdated.password_hash, new_hash)
            await uow.commit()

    async def _recognize(self, email: str, password: str) -> User | None:
        """The user whose password this is, after exactly one verification in every case."""
        user = await self._find(email)
        if user is None or user.password_hash is None or user.credential_state is CredentialState.FEDERATED:
            await self._hasher.verify_nothing(password)
            return None
        return user if await self._hasher.verify(password, user.password_hash) else None

    async def _find(self, email: str) -> User | None:
        try:
            address = normalize_address(email)
        except InvalidInput:
            return None
        async with self._store.read() as uow:
            return await uow.users.by_email(address)

    async def _answer(self, recognized: User, password: str, client_version: str | None) -> SignInAnswer:
        """One transaction: decides again on the held row, so that no session outlives a block of the same moment."""
        async with self._store.write() as uow:
            now = self._clock.now()
            user = await uow.users.hold(recognized.user_id)
            if user is None or user.is_deleted or user.password_hash != recognized.password_hash:
                return WRONG
            around = await _surroundings(uow, user)
            result = decide(user, around, client_version, now)
            if result is SignInResult.SIGNED_IN:
                token = secrets.token_urlsafe(32)
                await uow.sessions.add(Session(new_id(), user.user_id, digest_of(token), created_at=now))
                await uow.commit()
                return SignInAnswer(result, session_token=token, outdated=self._outdated(user, password))
            if around.owner is not None and is_blocked_guest(user, around, client_version, now):
                await note_detection(uow, around.owner, user, client_version, now)
                await uow.commit()
            return _refusal(result, around)

    def _outdated(self, user: User, password: str) -> OutdatedHash | None:
        if user.password_hash is None or not self._hasher.is_outdated(user.password_hash):
            return None
        return OutdatedHash(user.user_id, user.password_hash, password)


async def _surroundings(uow: UnitOfWork, user: User) -> Surroundings:
    domain = await uow.domains.get(user.domain) if user.domain else None
    owner = await uow.organizations.get(domain.org_id) if domain else None
    if user.org_id is None or (owner is not None and owner.org_id == user.org_id):
        return Surroundings(domain, owner, owner if user.org_id else None)
    return Surroundings(domain, owner, await uow.organizations.get(user.org_id))


def _refusal(result: SignInResult, around: Surroundings) -> SignInAnswer:
    organization = around.organization or around.owner
    if organization is None:
        return SignInAnswer(result)
    if result is SignInResult.CLIENT_TOO_OLD:
        return SignInAnswer(result, download_url=organization.client_download_url)
    if result is SignInResult.DEACTIVATED:
        return SignInAnswer(
            result, message=organization.settings.blocked_message, help_url=organization.settings.help_url
        )
    return SignInAnswer(result)
