"""Where a process writes its figures (`domain/metrics.py`); nobody may be listening."""

from typing import Protocol

from edition_migration.domain.metrics import Metric


class Meter(Protocol):
    """Neither waits nor fails. `labels` are all those of the metric, each with one of its values."""

    def count(self, metric: Metric, **labels: str) -> None:
        """One more of a counter."""
        ...

    def show(self, metric: Metric, value: float, **labels: str) -> None:
        """What a gauge is now."""
        ...
