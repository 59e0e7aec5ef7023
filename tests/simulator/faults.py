"""What goes wrong, by the seed; and the list of ambiguous faults, each of which may explain one surplus mail."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from tests.simulator.stage import Work


@dataclass(frozen=True)
class Rates:
    """How often each place fails. The two big ones are the issue's: 20 % and 10 %."""

    dependency: float = 0.20
    answer_lost: float = 0.10
    kill: float = 0.03
    freeze: float = 0.02
    evict: float = 0.15
    lost_ring: float = 0.25
    double_ring: float = 0.15


CALM = Rates(0, 0, 0, 0, 0, 0, 0)


@dataclass
class Faults:
    """Decides each fault and keeps count. `ambiguous` names the mail once for each fault that leaves it unknown."""

    random: Random
    rates: Rates
    ambiguous: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def strikes(self, kind: str, share: float = 1.0) -> bool:
        """Whether a fault of this kind happens here; `share` is the part of the rate that this place has."""
        rate: float = getattr(self.rates, kind)
        if rate == 0 or self.random.random() >= rate * share:
            return False
        self.counts[kind] += 1
        return True

    def leaves_unknown(self, work: Work) -> None:
        """A fault hits `work`: if the relay took its mail and no row says so, nobody can know any more."""
        if work.unsettled_mail is not None:
            self.ambiguous.append(work.unsettled_mail)
            work.unsettled_mail = None

    @contextmanager
    def held_back(self) -> Generator[None]:
        """No fault happens inside."""
        rates, self.rates = self.rates, CALM
        try:
            yield
        finally:
            self.rates = rates

    def end(self) -> None:
        self.rates = CALM
