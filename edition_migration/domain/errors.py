"""The closed set of failures, each saying who must act and whether a repeat can help.

Expected refusals of a use case are results, not errors; what is raised is one of these. Callers decide by class and
`code`, never by text. The text holds no address, name, secret or link: it reaches logs and Temporal histories.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from edition_migration.domain.refusals import Blame

NOTHING: Mapping[str, str] = MappingProxyType({})


class Audience(StrEnum):
    """Who can mend it."""

    USER = "user"
    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    NOBODY = "nobody"


class Problem(NamedTuple):
    """One fault of an input, e.g. Problem("domains[1]", "is a public mail domain", "use a domain that you own")."""

    path: str
    reason: str
    mend: str = ""

    def __str__(self) -> str:
        sentence = f"{self.path}: {self.reason}" if self.path else self.reason
        return f"{sentence}; {self.mend}" if self.mend else sentence


class EditionMigrationError(Exception):
    """Root of the set. `code` is stable; `mend` says what to do about it."""

    code = "internal"
    audience = Audience.OPERATOR
    retryable = False

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend


class InvalidInput(EditionMigrationError):
    """What was given breaks a rule; nothing was changed. `problems` are complete, each with its path.

    `typed` is, by path, what was given there: for the eyes of who typed it, no log and no history.
    """

    code = "invalid_input"
    audience = Audience.ADMINISTRATOR

    def __init__(
        self, message: str, *, problems: tuple[Problem, ...] = (), typed: Mapping[str, str] = NOTHING, mend: str = ""
    ) -> None:
        super().__init__(message, mend=mend)
        self.problems = problems
        self.typed = typed


class NotFound(EditionMigrationError):
    """The organization, user or wave named does not exist.

    `typed` are the names given that nobody has, `nearest` those close to them, addresses too: for the eyes of who
    typed them, no log and no history.
    """

    code = "not_found"
    audience = Audience.ADMINISTRATOR

    def __init__(
        self, message: str, *, typed: tuple[str, ...] = (), nearest: tuple[str, ...] = (), mend: str = ""
    ) -> None:
        super().__init__(message, mend=mend)
        self.typed = typed
        self.nearest = nearest


class Conflict(EditionMigrationError):
    """The same key was used before with another content (an event id, a command id)."""

    code = "conflict"
    audience = Audience.ADMINISTRATOR


class ConfigurationError(EditionMigrationError):
    """A setting is missing, unsafe or wrong; the message names it. A repeat helps once the operator mended it."""

    code = "configuration"
    retryable = True


class Inconsistent(EditionMigrationError):
    """Rows contradict each other, which no use case of ours can make. Nothing is changed; an operator must look.

    Retried, so that the failure stays in sight and the work goes on once the rows are mended.
    """

    code = "inconsistent"
    retryable = True


class StoreUnavailable(EditionMigrationError):
    """The database is down, busy beyond patience, or full. Retried without limit, alarmed by age."""

    code = "store_unavailable"
    retryable = True


class Busy(EditionMigrationError):
    """More work of one kind waits than the process takes on (password hashing). The same again in some seconds."""

    code = "busy"
    retryable = True


class RelayUnavailable(EditionMigrationError):
    """The SMTP relay did not take the mail for a reason that is not this address. Retried without limit.

    `outcome_unknown` is true where the relay may have accepted it (cut after the final dot, RFC 1047). `is_for_all`
    is true where every other mail would have met the same: no connection, no encryption, no login, no sender.
    """

    code = "relay_unavailable"
    retryable = True

    def __init__(
        self, message: str, *, outcome_unknown: bool = False, is_for_all: bool = False, mend: str = ""
    ) -> None:
        super().__init__(message, mend=mend)
        self.outcome_unknown = outcome_unknown
        self.is_for_all = is_for_all


class AddressRefused(EditionMigrationError):
    """The relay refused this recipient, or this mail, for good (5xx). `reply_code` is the SMTP code.

    `blame` says how sure it is that the relay does not refuse everybody so.
    """

    code = "address_refused"
    audience = Audience.ADMINISTRATOR

    def __init__(self, message: str, *, reply_code: int, blame: Blame = Blame.ADDRESS, mend: str = "") -> None:
        super().__init__(message, mend=mend)
        self.reply_code = reply_code
        self.blame = blame


class TemporalUnavailable(EditionMigrationError):
    """The Temporal service cannot be reached. What was committed stays; the sweep rings later."""

    code = "temporal_unavailable"
    retryable = True
