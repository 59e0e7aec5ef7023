"""What an invariant may look at: rows, mails received, faults injected, and what else the tester knows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from edition_migration.domain.mail import MailState
from edition_migration.domain.states import MigrationState
from tests.simulator.view import Row, View


@dataclass(frozen=True)
class ReceivedMail:
    """One mail that reached a mailbox. `state_on_disk` is what its row said at that moment, where that is known."""

    mail_id: str
    recipient: str
    link: str
    at: datetime
    state_on_disk: MailState | None = None


@dataclass(frozen=True)
class WorkflowSeen:
    """A workflow's latest run: whether it runs, what it returned (the state), how long its history is."""

    is_running: bool
    result: MigrationState | None = None
    events: int = 0
    bytes: int = 0
    news: int = 0
    """Rings and commands that it was given, and mails that were held: each may add a look to the history."""


@dataclass(frozen=True)
class Evidence:
    """All that an invariant may look at."""

    view: View
    mails: Sequence[ReceivedMail] = ()
    ambiguous: Sequence[str] = ()
    """The mail's id, once for each injected fault that left its sending unknown."""
    returned: Sequence[str] = ()
    """The mail's id, once for each time that it came back after the relay had taken it: a retry sends it again."""
    workflows: Mapping[str, WorkflowSeen] = field(default_factory=dict[str, WorkflowSeen])
    chosen: Sequence[tuple[str, str]] = ()
    """User and password hash of each choice that the page confirmed, in their order."""
    addresses: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """All addresses that each user ever had."""
    notification_emails: frozenset[str] = frozenset()
    contacts: Sequence[Row] | None = None
    """Contacts as they were before."""
    now: datetime | None = None


Invariant = Callable[[Evidence], list[str]]
