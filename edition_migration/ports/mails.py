"""Rendering and sending one mail. Names, addresses and links exist only between these two calls."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from edition_migration.domain.mail import MailKind
from edition_migration.domain.organization import Capacity
from edition_migration.domain.own_texts import Variable
from edition_migration.domain.states import CancelReason, MigrationState


class RelaySecurity(StrEnum):
    """How the connection to the relay is encrypted: not at all, by STARTTLS (587), or from the first byte (465)."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class WaveOutcome(NamedTuple):
    """What a wave came to: when it was selected, its users, how many of them are in each state or on the list again."""

    selected_at: datetime
    size: int
    counts: tuple[tuple[MigrationState, int], ...]
    deselected: int = 0


class OwnWords(NamedTuple):
    """What an organization wrote itself, with the product's variables in it (`domain/own_texts.py`)."""

    language: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True, repr=False)
class MailContext:
    """All that a template may know. `link` and `expires_at` are None where the mail carries no link.

    `written_at` is from when the time left is counted; `block_at` when the account will be deactivated;
    `is_requested` whether the user himself asked for this link; `is_again` whether he got a mail of this kind before;
    `is_former_address` whether it goes to the address that he had; `cancel_reason` why the migration was cancelled;
    `is_guest_again` whether no organization holds the account any more.
    To administrators: `waiting_count` users wait for `capacity`, `parked_count` are stopped.
    `own` replaces our words. `is_test`: for somebody to look at, which subject and first line then say.
    """

    kind: MailKind
    locale: str
    zone: str
    user_name: str
    organization_name: str
    client_download_url: str
    help_url: str
    link: str | None = None
    expires_at: datetime | None = None
    deadline_at: datetime | None = None
    is_single_sign_on: bool = False
    pending_count: int = 0
    domains: tuple[str, ...] = ()
    written_at: datetime | None = None
    block_at: datetime | None = None
    is_requested: bool = False
    is_again: bool = False
    is_former_address: bool = False
    cancel_reason: CancelReason | None = None
    is_guest_again: bool = False
    capacity: Capacity | None = None
    waiting_count: int = 0
    parked_count: int = 0
    wave: WaveOutcome | None = None
    own: OwnWords | None = None
    is_test: bool = False

    @property
    def own_words(self) -> OwnWords | None:
        """`own`, unless it is about a link that this mail lacks: a reminder with single sign-on says ours."""
        is_about_link = self.own is not None and Variable.NEWPASSWORDURL.written in self.own.body
        return None if is_about_link and self.link is None else self.own


@dataclass(frozen=True, slots=True, repr=False)
class MailContent:
    """A rendered mail: subject, plain text and HTML of the same words.

    `preheader` is what a list of mails shows beside the subject; it stands hidden in the HTML.
    """

    subject: str
    text: str
    html: str
    preheader: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """Rows for a spreadsheet, which goes with a mail as a CSV file of this name."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Envelope:
    """What makes a repeat byte-identical: recipient, Message-ID, Date and MIME boundary derive from the row."""

    mail_id: str
    recipient: str
    created_at: datetime
    content: MailContent
    sheet: Sheet | None = None


class Renderer(Protocol):
    def render(self, context: MailContext) -> MailContent:
        """Pure: the same context gives the same bytes."""
        ...


class Mailer(Protocol):
    async def send(self, envelope: Envelope) -> int:
        """Speaks SMTP and returns at the relay's 250 to the final dot (its code), whatever QUIT says.

        Raises AddressRefused where the relay refuses this recipient, or the message, for good (5xx to RCPT, DATA or
        the final dot, unless it is one that every mail would get), RelayUnavailable for everything else, with
        `outcome_unknown` where the connection broke after the final dot.
        """
        ...
