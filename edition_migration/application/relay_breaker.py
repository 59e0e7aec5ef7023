"""Leaves a relay alone that serves nobody: no mail is begun then, so that its fault burns no attempt of any mail.

One a process, made by bootstrap and asked by `Delivery`. Faults for all are those that every mail would meet: no
connection, no encryption, no login, the sender refused. A fault of one mail never opens it.
"""

from edition_migration.domain.errors import RelayUnavailable
from edition_migration.domain.metrics import RELAY_BREAKER_OPEN
from edition_migration.ports.metrics import Meter
from edition_migration.ports.passwords import Pace

FIRST_REST = 1.0
LONGEST_REST = 60.0
"""Seconds between two tries while the relay serves nobody; doubled with each try that is let through."""


class RelayBreaker:
    """Closed it lets every mail through; open, one mail a rest, until the relay has served one."""

    def __init__(self, *, pace: Pace, meter: Meter) -> None:
        self._pace = pace
        self._meter = meter
        self._cause: RelayUnavailable | None = None
        self._rest = FIRST_REST
        self._tries_at = 0.0
        self._meter.show(RELAY_BREAKER_OPEN, 0)

    def admit(self) -> None:
        """Returns where a mail may be begun now. Raises RelayUnavailable with the cause where it is held back.

        Whoever is let through while it is open is the try of this rest; should it never come to an end, the next rest
        has a try of its own.
        """
        if self._cause is None:
            return
        now = self._pace.monotonic()
        if now < self._tries_at:
            raise RelayUnavailable(f"Held back, the relay serves nobody: {self._cause.message}", mend=self._cause.mend)
        self._rest = min(self._rest * 2, LONGEST_REST)
        self._tries_at = now + self._rest

    def report(self, fault: RelayUnavailable | None) -> None:
        """What a conversation came to: None for a mail taken or refused. A fault of one mail shows that it serves."""
        if fault is None or not fault.is_for_all:
            self._cause, self._rest = None, FIRST_REST
            self._meter.show(RELAY_BREAKER_OPEN, 0)
            return
        if self._cause is None:
            self._tries_at = self._pace.monotonic() + self._rest
        self._cause = fault
        self._meter.show(RELAY_BREAKER_OPEN, 1)
