"""What holds a mail, or a whole migration, back, until when, and how that is said."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HeldBy(StrEnum):
    """`relay`: it put the mail off, and is asked again."""

    PAUSE = "pause"
    SERVICE_PAUSE = "service_pause"
    DOMAIN_GONE = "domain_gone"
    QUIET_HOURS = "quiet_hours"
    PACE = "pace"
    RELAY = "relay"


ENDED_BY_RING = (HeldBy.PAUSE, HeldBy.SERVICE_PAUSE, HeldBy.DOMAIN_GONE)
"""Who ends these rings whom they held."""
_WORDS = {
    HeldBy.PAUSE: "held by the organization's pause",
    HeldBy.SERVICE_PAUSE: "held by the pause of the whole service",
    HeldBy.DOMAIN_GONE: "held, as his domain is gone",
    HeldBy.QUIET_HOURS: "held by quiet hours",
    HeldBy.PACE: "held by the organization's pace",
    HeldBy.RELAY: "put off by the relay",
}


@dataclass(frozen=True, slots=True)
class Hold:
    """`until` None: nobody knows, as of a pause."""

    by: HeldBy
    until: datetime | None = None


def said(by: HeldBy, until: datetime | None) -> str:
    """As a part of a sentence; times are UTC."""
    return _WORDS[by] + (f" until {until:%Y-%m-%d %H:%M} UTC" if until is not None else "")
