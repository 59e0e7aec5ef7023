"""What `doctor` asks of the relay: a conversation that sends nothing."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RelayWelcome:
    """How the relay took us in. `is_international`: it takes addresses outside of ASCII (SMTPUTF8)."""

    is_encrypted: bool
    is_logged_in: bool
    is_international: bool


class RelayCheck(Protocol):
    async def converse(self) -> RelayWelcome:
        """Connects, greets, encrypts and logs in as the settings say, asks for nothing and leaves.

        Raises RelayUnavailable that names the stage at which it ended.
        """
        ...
