"""What `doctor` finds: one finding a line, in the order in which a service is set up. Used by everything that looks."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Verdict(StrEnum):
    """From good to bad. `warning`: it works, or cannot be known from here; `fails`: the service cannot do its work."""

    OK = "ok"
    WARNING = "warning"
    FAILS = "fails"


class Subject(StrEnum):
    """What is looked at, in the order of the report."""

    SETTINGS = "settings"
    SECRETS = "secrets"
    STORE = "store"
    SCHEMA = "schema"
    DISK = "disk"
    CLOCK = "clock"
    LINK_KEYS = "link_keys"
    TEMPORAL = "temporal"
    NAMESPACE = "namespace"
    RETENTION = "retention"
    SEARCH_ATTRIBUTES = "search_attributes"
    SCHEDULE = "schedule"
    WORKERS = "workers"
    RELAY = "relay"
    SENDER = "sender"
    LINK_BASE = "link_base"
    WEB = "web"


class Finding(BaseModel):
    """`text` says what was found, without secrets and persons; `mend` what to do, empty where all is well."""

    model_config = ConfigDict(frozen=True)

    subject: Subject
    verdict: Verdict
    text: str
    mend: str = ""


class Diagnosis(BaseModel):
    """`doctor --json`. `verdict` is the worst of the findings."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    findings: tuple[Finding, ...]


Look = Callable[[], Awaitable[Sequence[Finding]]]
"""Changes nothing. Raises an EditionMigrationError where it cannot see."""

LOOK_LIMIT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Probe:
    """One look, independent of all others. `is_entrance`: where this one fails, those behind it see nothing either."""

    subject: Subject
    look: Look
    is_entrance: bool = False
    limit: timedelta = LOOK_LIMIT


def ok(subject: Subject, text: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.OK, text=text)


def warning(subject: Subject, text: str, mend: str = "") -> Finding:
    return Finding(subject=subject, verdict=Verdict.WARNING, text=text, mend=mend)


def fails(subject: Subject, text: str, mend: str = "") -> Finding:
    return Finding(subject=subject, verdict=Verdict.FAILS, text=text, mend=mend)


SEEN_SKEW = timedelta(seconds=2)
"""Less is no matter: nothing of ours is decided by parts of a second."""
HARMFUL_SKEW = timedelta(minutes=1)
"""More moves deadlines and reminders, and soon the signatures of events are refused for their time."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Another clock, read between two looks at this machine's."""

    before: datetime
    theirs: datetime
    after: datetime

    @property
    def ahead(self) -> timedelta:
        """How far the other clock is ahead at least; negative where it is behind."""
        if self.theirs > self.after:
            return self.theirs - self.after
        return min(self.theirs - self.before, timedelta(0))


def of_clock(whose: str, reading: ClockReading) -> Finding:
    """Whether two clocks agree well enough."""
    skew = abs(reading.ahead)
    if skew < SEEN_SKEW:
        return ok(Subject.CLOCK, f"{whose} and this machine's agree")
    where = "ahead of" if reading.ahead > timedelta(0) else "behind"
    find = fails if skew >= HARMFUL_SKEW else warning
    text = f"{whose} is {round(skew.total_seconds())} s {where} this machine's"
    return find(Subject.CLOCK, text, "let both follow the same time servers (NTP)")
