"""The time that is stored. Tests move it together with Temporal's time skipping."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...
