"""What an administrator narrows a list or a command by, and whom a command on everybody means."""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from edition_migration.domain.commands import LEGAL_IN, CommandKind
from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.states import RESELECTABLE, CancelReason, InactiveReason, MigrationState, SkipReason
from edition_migration.domain.versions import is_version
from edition_migration.ports.store_listing import PARKED, PENDING, SELECTED, Criteria

UNKNOWN_CLIENT = "unknown"
REASONS = tuple(sorted({*InactiveReason, *SkipReason, *CancelReason, *Attention}))
"""What stands beside a state: why an account is inactive, why a migration ended, what stops it."""
Name = TypeVar("Name", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Filter:
    """All who fit each part that is given.

    `client` is a version or its beginning, `5.2` or `5`, or `unknown`; `older_than` is how long they have been where
    they are, at least, and for `resend` since they were asked last; `reason` is a word that a list shows as one.
    """

    domain: str | None = None
    states: tuple[MigrationState, ...] = ()
    reason: str | None = None
    client: str | None = None
    older_than: timedelta | None = None
    wave_id: str | None = None

    @property
    def is_given(self) -> bool:
        return self != NO_FILTER

    @property
    def words(self) -> str:
        """What was asked for, the same for all who mean the same; a part that is not given is not named."""
        given = ((it.name, getattr(self._meant, it.name), it.default) for it in fields(self))
        return ", ".join(f"{name}={value}" for name, value, default in given if value != default)

    @property
    def _meant(self) -> "Filter":
        """In one form, however it was typed."""
        return replace(
            self,
            domain=self.domain and self.domain.lower(),
            states=tuple(sorted(set(self.states))),
            reason=self.reason and self.reason.lower(),
        )

    @property
    def of_any_age(self) -> "Filter":
        return replace(self, older_than=None)

    def narrowing(self, base: Criteria, now: datetime) -> Criteria:
        """The criteria of both. Raises InvalidInput where no state is in both."""
        return replace(
            base,
            states=self._states_among(base.states),
            domain=self._meant.domain or None,
            reason=self._meant.reason or None,
            client_version="" if self.client == UNKNOWN_CLIENT else self.client,
            since_before=now - self.older_than if self.older_than is not None else None,
            wave_id=self.wave_id,
        )

    def _states_among(self, possible: tuple[MigrationState, ...] | None) -> tuple[MigrationState, ...] | None:
        if not self.states or possible is None:
            return self.states or possible
        common = tuple(it for it in possible if it in self.states)
        if not common:
            names = ", ".join(possible)
            raise _unfit(
                "--state", ", ".join(self.states), "is no state of those who are meant here", f"use one of {names}"
            )
        return common


NO_FILTER = Filter()


def whom(kind: CommandKind, fitting: Filter) -> Criteria:
    """Everybody on whom the command may change something now. A selection means ended ones only where asked for."""
    match kind:
        case CommandKind.SELECT if fitting.states and set(fitting.states) <= set(RESELECTABLE):
            return Criteria(states=RESELECTABLE)
        case CommandKind.SELECT:
            return PENDING
        case CommandKind.DESELECT:
            return SELECTED
        case CommandKind.RETRY:
            return PARKED
        case CommandKind.EXCLUDE:
            return replace(PENDING, states=_in_order(kind))
        case _:
            return Criteria(states=_in_order(kind))


def state_named(name: str) -> MigrationState:
    """The state of this name, in any case. Raises InvalidInput with the nearest."""
    return _named(MigrationState, name, name.upper(), "--state", "is no state of a migration")


def reason_named(name: str) -> str:
    """A reason or attention of this name, in any case. Raises InvalidInput with the nearest."""
    if (wanted := name.lower()) in REASONS:
        return wanted
    nearest = get_close_matches(wanted, REASONS) or REASONS
    raise _unfit("--reason", name, "is no reason that a list shows", f"use one like {', '.join(nearest)}")


def client_named(name: str) -> str:
    """A version, its beginning, or `unknown`. Raises InvalidInput for what is none of them."""
    if name.lower() == UNKNOWN_CLIENT:
        return UNKNOWN_CLIENT
    if is_version(name):
        return name
    raise _unfit("--client", name, "is no version", f"use one like 5.2 or 5, or {UNKNOWN_CLIENT}")


def mail_kind_named(name: str) -> MailKind:
    """As `state_named`."""
    return _named(MailKind, name, name.lower(), "--mail", "is no mail of ours")


def mail_state_named(name: str) -> MailState:
    """As `state_named`."""
    return _named(MailState, name, name.lower(), "--state", "is no state of a mail")


def _named(kind: type[Name], typed: str, name: str, option: str, reason: str) -> Name:
    try:
        return kind(name)
    except ValueError:
        nearest = get_close_matches(name, list(kind)) or list(kind)
        raise _unfit(option, typed, reason, f"use one like {', '.join(nearest)}") from None


def _unfit(option: str, typed: str, reason: str, mend: str) -> InvalidInput:
    problem = Problem(option, reason, mend)
    return InvalidInput(str(problem), problems=(problem,), typed={option: typed})


def _in_order(kind: CommandKind) -> tuple[MigrationState, ...]:
    return tuple(it for it in MigrationState if it in LEGAL_IN[kind])
