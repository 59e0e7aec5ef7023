"""The rule of the sign-in gate: what someone hears who gave the right password. Pure; used by `application/sign_in`.

The product's own sentence: users of a client 5.x or earlier, with an address in a provisioned domain, are prevented
from signing in. It holds by domain, edition and client, so also for a guest who has no migration yet.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from edition_migration.domain.organization import Domain, Organization
from edition_migration.domain.states import AccountStatus, CredentialState, Edition
from edition_migration.domain.user import User
from edition_migration.domain.versions import is_old_client


class SignInResult(StrEnum):
    SIGNED_IN = "signed_in"
    DEACTIVATED = "deactivated"
    CLIENT_TOO_OLD = "client_too_old"
    PASSWORD_NOT_CHOSEN = "password_not_chosen"  # noqa: S105 - a result, no password
    WRONG_CREDENTIALS = "wrong_credentials"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the decision depends on beside the user: the domain of his address, its owner, and his organization."""

    domain: Domain | None
    owner: Organization | None
    organization: Organization | None


def is_blocked_guest(user: User, around: Surroundings, client_version: str | None, now: datetime) -> bool:
    """Whether the domain's block stops this guest: an old client, or an unknown one, now or as last recorded."""
    domain, owner = around.domain, around.owner
    if user.edition is not Edition.GUEST or domain is None or owner is None:
        return False
    if not domain.is_claimed or domain.block_at is None or domain.block_at > now:
        return False
    minimum = owner.settings.minimum_client
    return is_old_client(client_version, minimum) or is_old_client(user.client_version, minimum)


def decide(user: User, around: Surroundings, client_version: str | None, now: datetime) -> SignInResult:
    """The answer for the holder of the account's password (also of the old one, kept for recognition only)."""
    if is_blocked_guest(user, around, client_version, now) or user.account_status is AccountStatus.INACTIVE:
        return SignInResult.DEACTIVATED
    if user.credential_state in (CredentialState.LOCKED, CredentialState.RESET_ISSUED):
        return SignInResult.PASSWORD_NOT_CHOSEN
    organization = around.organization
    if user.edition is not Edition.BUSINESS or organization is None:
        return SignInResult.SIGNED_IN
    if is_old_client(client_version, organization.settings.minimum_client):
        return SignInResult.CLIENT_TOO_OLD
    return SignInResult.SIGNED_IN
