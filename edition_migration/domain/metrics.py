"""The figures that our processes show to Prometheus: one table, from which the reference page is made.

Every figure is one that somebody is called for. The values of a label are closed sets of our own words, so that no id,
no name and no address can be one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from edition_migration.domain.gate import SignInResult
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.states import OPEN


class MetricKind(StrEnum):
    """A counter only grows, from the start of its process; a gauge is what holds now."""

    COUNTER = "counter"
    GAUGE = "gauge"


class Process(StrEnum):
    """Who shows a figure."""

    WORKER = "worker"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class Metric:
    """`name` as it stands on the page. `labels` are all values that each label can have.

    A label without any is closed by who counts: see `meaning`.
    """

    name: str
    kind: MetricKind
    process: Process
    meaning: str
    labels: Mapping[str, Collection[str]] = field(default_factory=dict[str, Collection[str]])


MAIL_OUTCOMES = (
    MailState.ACCEPTED,
    MailState.BOUNCED,
    MailState.DEFERRED,
    MailState.SUPPRESSED,
    MailState.UNKNOWN,
)
"""What a try to deliver a mail can come to."""


class QuietHours(StrEnum):
    """Whether quiet hours of its organization can hold a mail back."""

    HOLD = "hold"
    LEAVE = "leave"


def _gauge(name: str, meaning: str, **labels: Collection[str]) -> Metric:
    return Metric(f"edition_migration_{name}", MetricKind.GAUGE, Process.WORKER, meaning, labels)


def _counter(name: str, process: Process, meaning: str, **labels: Collection[str]) -> Metric:
    return Metric(f"edition_migration_{name}_total", MetricKind.COUNTER, process, meaning, labels)


LOOKED_UP = _gauge(
    "looked_up_timestamp_seconds",
    "When the gauges below were looked up in the database, in seconds since 1970; they are as old as that",
)
OLDEST_DOORBELL = _gauge("oldest_doorbell_seconds", "Age of the oldest doorbell that was not answered; 0 without any")
OLDEST_EVENT = _gauge("oldest_event_seconds", "Age of the oldest event that was not applied; 0 without any")
OLDEST_MAIL = _gauge(
    "oldest_mail_seconds",
    "Age of the oldest mail that could leave and has not: no pause, pace or attention to its user holds it. "
    "`quiet_hours` says of which mails: those that quiet hours may hold now and then, or those that they leave alone",
    quiet_hours=tuple(QuietHours),
)
OLDEST_UNSEALED = _gauge(
    "oldest_unsealed_journal_seconds", "Age of the oldest journal entry that no seal covers; 0 without any"
)
OPEN_MIGRATIONS = _gauge("open_migrations", "Migrations that have not ended, by state", state=OPEN)
PARKED_MIGRATIONS = _gauge(
    "parked_migrations", "Open migrations that somebody must look after, by reason", attention=tuple(Attention)
)
RELAY_BREAKER_OPEN = _gauge(
    "relay_breaker_open", "1 while this process leaves the relay alone because it serves nobody, else 0"
)
MAILS = _counter(
    "mails",
    Process.WORKER,
    "Tries to deliver a mail, by its kind and by what they came to; `accepted` is the relay's 250",
    kind=tuple(MailKind),
    outcome=MAIL_OUTCOMES,
)
SIGN_INS = _counter(
    "sign_ins", Process.WEB, "Sign-ins that the gate decided, by its answer", result=tuple(SignInResult)
)
HTTP_REQUESTS = _counter(
    "http_requests",
    Process.WEB,
    "Answers, by the method, the route's template (never the path, which may hold a link) and the status",
    method=(),
    route=(),
    status=(),
)

METRICS = (
    LOOKED_UP,
    OLDEST_DOORBELL,
    OLDEST_EVENT,
    OLDEST_MAIL,
    OLDEST_UNSEALED,
    OPEN_MIGRATIONS,
    PARKED_MIGRATIONS,
    RELAY_BREAKER_OPEN,
    MAILS,
    SIGN_INS,
    HTTP_REQUESTS,
)
