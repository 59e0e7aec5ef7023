"""The server keys of reset links. Keys outlive links: a link is made again from its row and the key it names."""

from collections.abc import Mapping
from datetime import datetime

from edition_migration.domain.errors import ConfigurationError
from edition_migration.domain.names import new_id
from edition_migration.domain.token import ResetToken, TokenState, digest_of, token_text


class TokenKeys:
    """`keys` by id; new tokens are made under `current`."""

    def __init__(self, *, keys: Mapping[str, bytes], current: str) -> None:
        self._keys = dict(keys)
        self._current = current

    def new_token(
        self, org_id: str, user_id: str, generation: int, *, now: datetime, is_requested: bool = False
    ) -> ResetToken:
        """A new row, `issued`. `is_requested` counts towards the user's own requests a day."""
        token_id = new_id()
        text = token_text(self._key(self._current), token_id, generation)
        return ResetToken(
            token_id=token_id,
            org_id=org_id,
            user_id=user_id,
            generation=generation,
            key_id=self._current,
            digest=digest_of(text),
            state=TokenState.ISSUED,
            created_at=now,
            expires_at=None,
            is_requested=is_requested,
        )

    def text_of(self, token: ResetToken) -> str:
        """The secret of the link, the same at every call. Raises ConfigurationError where its key is gone."""
        return token_text(self._key(token.key_id), token.token_id, token.generation)

    def _key(self, key_id: str) -> bytes:
        if key_id not in self._keys:
            raise ConfigurationError(
                f"link key {key_id!r} is not configured", mend="add it to EDITION_MIGRATION_LINK_KEYS again"
            )
        return self._keys[key_id]
