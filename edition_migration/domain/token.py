"""Reset tokens: made again from a row and a server key, never stored; one live at most."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from edition_migration.domain.names import MigrationRef


class TokenState(StrEnum):
    """`issued` until its mail is being sent; then `live` until used or killed by a newer one."""

    ISSUED = "issued"
    LIVE = "live"
    USED = "used"
    DEAD = "dead"


USABLE = (TokenState.ISSUED, TokenState.LIVE)
"""Whose link may still set a password, now or once it is mailed."""


@dataclass(frozen=True, slots=True)
class ResetToken:
    """A row of reset_tokens. `digest` is the SHA-256 of the token; its life starts at the 250."""

    token_id: str
    org_id: str
    user_id: str
    generation: int
    key_id: str
    digest: str
    state: TokenState
    created_at: datetime
    expires_at: datetime | None
    is_requested: bool

    @property
    def ref(self) -> MigrationRef:
        return MigrationRef(org_id=self.org_id, user_id=self.user_id, generation=self.generation)


def token_text(key: bytes, token_id: str, generation: int) -> str:
    """The secret of the link: HMAC-SHA256 over purpose, row id and generation, 43 URL-safe characters."""
    mac = hmac.new(key, f"reset-password/{token_id}/{generation}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def digest_of(token: str) -> str:
    """What the store keeps. 256 random bits need no salt (ASVS 5.0, 6.5.2)."""
    return hashlib.sha256(token.encode()).hexdigest()
