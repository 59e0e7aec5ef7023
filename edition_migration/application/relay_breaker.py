"""Leaves a relay alone that serves nobody: no mail is begun then, so that its fault burns no attempt of any mail.

One a process, made by bootstrap and asked by `Delivery`. Faults for all are those that every mail would meet: no
connection, no encryption, no login, the sender refused. A fault of one mail never opens it; a refusal that may be the
relay's own does, until others show whose it is (`domain/refusals.py`). Alone it stays in doubt for ever, and the alarm
calls: only what is wrong with one user may park him.
"""

from edition_migration.domain.errors import AddressRefused, RelayUnavailable
from edition_migration.domain.metrics import RELAY_BREAKER_OPEN
from edition_migration.domain.refusals import Blame
from edition_migration.ports.metrics import Meter
from edition_migration.ports.passwords import Pace

FIRST_REST = 1.0
LONGEST_REST = 60.0
"""Seconds between two tries while the relay serves nobody; doubled with each try that is let through."""
TRIES = 3
"""An unclear refusal is the mail's own when it comes so often, while the relay took other mails between."""
IN_A_ROW = 5
"""So many likely refusals of addresses, with no mail taken between, are taken for the relay's."""
_REMEMBERED = 1000


class RelayBreaker:
    """Closed it lets every mail through; open, one mail a rest, until the relay has served one."""

    def __init__(self, *, pace: Pace, meter: Meter) -> None:
        self._pace = pace
        self._meter = meter
        self._cause: RelayUnavailable | None = None
        self._rest = FIRST_REST
        self._tries_at = 0.0
        self._taken = 0
        self._refused_in_a_row = 0
        self._unclear: dict[str, tuple[int, int]] = {}
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

    def report_taken(self, mail_id: str) -> None:
        """The relay said 250 to this mail."""
        self._taken += 1
        self._refused_in_a_row = 0
        self._unclear.pop(mail_id, None)
        self._close()

    def report_refusal(self, mail_id: str, refusal: AddressRefused) -> RelayUnavailable | None:
        """None where the refusal is this mail's own, for good; else the doubt, for which all others wait as well.

        It is no fault for all: it counts as a try of this mail, and an organization's other mails are tried before it
        comes again, since their answers settle it.
        """
        if self._is_its_own(mail_id, refusal.blame):
            self._close()
            return None
        doubt = RelayUnavailable(refusal.message, mend="see in the relay's log whether it refuses us all")
        self._open(doubt)
        return doubt

    def report_fault(self, fault: RelayUnavailable) -> None:
        """A fault of one mail shows that the relay serves."""
        if fault.is_for_all:
            self._open(fault)
        else:
            self._close()

    def _is_its_own(self, mail_id: str, blame: Blame) -> bool:
        if blame is Blame.ADDRESS:
            return True
        if blame is Blame.LIKELY_ADDRESS:
            self._refused_in_a_row += 1
            return self._refused_in_a_row < IN_A_ROW
        tries, taken_before = self._unclear.get(mail_id, (0, -1))
        if self._taken > taken_before:
            tries += 1
        if tries >= TRIES:
            self._unclear.pop(mail_id, None)
            return True
        if len(self._unclear) >= _REMEMBERED:
            self._unclear.clear()  # a long outage: they are counted anew
        self._unclear[mail_id] = (tries, self._taken)
        return False

    def _open(self, cause: RelayUnavailable) -> None:
        if self._cause is None:
            self._tries_at = self._pace.monotonic() + self._rest
        self._cause = cause
        self._meter.show(RELAY_BREAKER_OPEN, 1)

    def _close(self) -> None:
        self._cause, self._rest = None, FIRST_REST
        self._meter.show(RELAY_BREAKER_OPEN, 0)
