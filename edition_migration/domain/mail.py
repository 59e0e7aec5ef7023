"""Mails by name, their states, and what a repeat may do."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from edition_migration.domain.names import MigrationRef


class MailKind(StrEnum):
    SERVICE_PROVISIONED = "service_provisioned"
    PENDING_DIGEST = "pending_digest"
    CAPACITY_SHORT = "capacity_short"
    UNDELIVERABLE = "undeliverable"
    WAVE_REPORT = "wave_report"
    COMING_SOON = "coming_soon"
    ACCOUNT_DEACTIVATED = "account_deactivated"
    INSTRUCTIONS = "instructions"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a mail, no password
    REMINDER = "reminder"
    NEW_LINK = "new_link"
    WELCOME = "welcome"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNDONE = "undone"
    ADDRESS_CHANGED = "address_changed"


ADMINISTRATOR_MAILS = frozenset(
    {
        MailKind.SERVICE_PROVISIONED,
        MailKind.PENDING_DIGEST,
        MailKind.CAPACITY_SHORT,
        MailKind.UNDELIVERABLE,
        MailKind.WAVE_REPORT,
    }
)
LINK_MAILS = frozenset({MailKind.RESET_PASSWORD, MailKind.NEW_LINK, MailKind.REMINDER})
TOLD_BY = LINK_MAILS | {MailKind.INSTRUCTIONS}
"""Kinds that ask a user to do something."""

UNASKED_MAILS = frozenset({MailKind.COMING_SOON, MailKind.ACCOUNT_DEACTIVATED, MailKind.ADDRESS_CHANGED})
"""They come unasked and about an account: with a link they would look like phishing, so they hold no address at all."""

KEPT_FOR_THE_DAY = frozenset(
    {
        MailKind.COMING_SOON,
        MailKind.INSTRUCTIONS,
        MailKind.RESET_PASSWORD,
        MailKind.NEW_LINK,
        MailKind.REMINDER,
        MailKind.EXPIRED,
        MailKind.CANCELLED,
        MailKind.UNDONE,
    }
)
"""Quiet hours hold these, unless the user asked. That his account is blocked or his address changed he must know."""

AT_MOST_ONCE = frozenset({MailKind.REMINDER})
"""Kinds of which a repeat would be worse than none: found `sending` they are `unknown` and not sent again."""


class MailState(StrEnum):
    """`accepted` is the relay's 250, never called delivered; `unknown` is a cut after the final dot (RFC 1047)."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"


UNSENT = (MailState.QUEUED, MailState.SENDING, MailState.DEFERRED, MailState.UNKNOWN)
"""Still to be sent. `sending` found by a repeat cannot be known; every kind of ours that must arrive is sent again."""


FINISHED = (MailState.ACCEPTED, MailState.DELIVERED, MailState.COMPLAINED, MailState.SUPPRESSED)
"""Nothing is to be done about it any more; a bounced one is not finished: it stops those behind it."""

NOT_BEGUN = (MailState.QUEUED, MailState.DEFERRED, MailState.UNKNOWN)
"""Unsent, and nobody is speaking to the relay about it now."""

SENDABLE_ONCE = (MailState.QUEUED, MailState.DEFERRED)
"""A mail that is sent at most once is begun only from these: nobody has spoken to the relay, or it said no."""

ABOUT_THE_END = frozenset(
    {MailKind.WELCOME, MailKind.EXPIRED, MailKind.CANCELLED, MailKind.UNDONE, MailKind.ADDRESS_CHANGED}
)
"""What is still to be said when a migration has ended; every other mail of it is moot then."""


_FIRST_REST = timedelta(seconds=2)
_LONGEST_REST = timedelta(minutes=5)


def rest_after(attempts: int) -> timedelta:
    """How long a mail rests that the relay put off after so many attempts before: doubled, up to five minutes."""
    return min(_FIRST_REST * 2 ** min(attempts, 10), _LONGEST_REST)


def message_id(mail_id: str, message_domain: str) -> str:
    """The Message-ID header of the mail: what a relay's log knows it by."""
    return f"<{mail_id}@{message_domain}>"


@dataclass(frozen=True, slots=True)
class Mail:
    """A row of mails: ids only, no rendered body, no address. `sequence` is the order of sending.

    `user_id` and `generation` are None for a mail to the Notification Email. `about` is the id of what the mail is
    about beside its user: a wave, or the former address that it goes to. `is_requested`: the user asked for the mail
    himself, as for its token; a reminder with a token that he asked for is none. `not_before` is its slot of a pace;
    until `held_until` the organization's postman passes it. `text_revision` is the newest of the organization's own
    texts when the mail was first begun: it says those words.
    """

    mail_id: str
    sequence: int
    org_id: str
    user_id: str | None
    generation: int | None
    kind: MailKind
    round: int
    state: MailState
    created_at: datetime
    not_before: datetime | None
    token_id: str | None
    attempts: int = 0
    reply_code: int | None = None
    sending_at: datetime | None = None
    accepted_at: datetime | None = None
    about: str = ""
    held_until: datetime | None = None
    text_revision: int | None = None
    is_requested: bool = False

    @property
    def is_given_up(self) -> bool:
        """Found begun, of a kind sent once: nobody knows whether the relay has it; twice would be worse than never."""
        return self.kind in AT_MOST_ONCE and self.state not in SENDABLE_ONCE

    @property
    def attempt(self) -> int:
        """The number of the attempt that is under way or comes next."""
        return self.attempts if self.state is MailState.SENDING else self.attempts + 1

    @property
    def ref(self) -> MigrationRef | None:
        """Whose migration it belongs to; None for a mail to the Notification Email."""
        if self.user_id is None or self.generation is None:
            return None
        return MigrationRef(org_id=self.org_id, user_id=self.user_id, generation=self.generation)
