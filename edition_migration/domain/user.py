"""A user as the store keeps him: who he is, and the facts that are never merged into one status."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from edition_migration.domain.states import AccountStatus, CredentialState, Edition, InactiveReason


@dataclass(frozen=True, slots=True)
class User:
    """A row of users. `email` is in lower case with an IDNA domain and None on a tombstone.

    `reported_*` is the provisioning side's own word; `account_status` is what holds now, our block included.
    """

    user_id: str
    email: str | None
    domain: str | None
    display_name: str
    locale: str | None
    zone: str | None
    edition: Edition
    client_version: str | None
    account_status: AccountStatus
    inactive_reason: InactiveReason | None
    credential_state: CredentialState
    password_hash: str | None
    org_id: str | None
    storage_used_mb: int
    policy_group: str | None
    reported_status: AccountStatus
    reported_inactive_reason: InactiveReason | None
    is_deleted: bool
    stamps: dict[str, str] = field(default_factory=dict[str, str])
    updated_at: datetime | None = None

    def with_credential_elsewhere(self) -> Self:
        """The directory has the credential now; our old hash must not open the account again."""
        return replace(self, credential_state=CredentialState.FEDERATED, password_hash=None)
