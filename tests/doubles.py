"""Clock, pace, hasher and meter for tests: time that moves when told, hashing that counts and costs nothing."""

from collections import Counter
from datetime import datetime, timedelta
from hashlib import sha256

from edition_migration.application.token_keys import TokenKeys
from edition_migration.domain.metrics import Metric
from tests.builders import NOW

LINK_KEYS = TokenKeys(keys={"k1": b"k" * 32}, current="k1")


class MovableClock:
    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


class StillPace:
    """Seconds pass only while somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


class KeepingMeter:
    """`counted` and `shown` by metric and the values of its labels; a label that the metric does not have fails."""

    def __init__(self) -> None:
        self.counted: Counter[tuple[str, ...]] = Counter()
        self.shown: dict[tuple[str, ...], float] = {}

    def count(self, metric: Metric, **labels: str) -> None:
        self.counted[self._series(metric, labels)] += 1

    def show(self, metric: Metric, value: float, **labels: str) -> None:
        self.shown[self._series(metric, labels)] = value

    @staticmethod
    def _series(metric: Metric, labels: dict[str, str]) -> tuple[str, ...]:
        assert labels.keys() == metric.labels.keys()
        return (metric.name, *(labels[name] for name in metric.labels))


class CountingHasher:
    """`verified` are the hashes looked at, None for nobody's; `hashed` counts."""

    def __init__(self) -> None:
        self.verified: list[str | None] = []
        self.hashed = 0

    @staticmethod
    def quick(password: str, kind: str = "quick") -> str:
        return f"${kind}$" + sha256(password.encode()).hexdigest()

    async def hash(self, password: str) -> str:
        self.hashed += 1
        return self.quick(password)

    async def verify(self, password: str, password_hash: str) -> bool:
        self.verified.append(password_hash)
        return password_hash in (self.quick(password), self.quick(password, "old"))

    async def verify_nothing(self, password: str) -> None:
        self.verified.append(None)

    def is_outdated(self, password_hash: str) -> bool:
        return password_hash.startswith("$old$")
