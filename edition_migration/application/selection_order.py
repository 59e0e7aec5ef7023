"""A selection as an administrator gives it, and whether it can be given so. Used by `application/selection.py`."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.organization import LONGEST_ACTIVATION_DELAY, Activation, Organization

LONGEST_WAIT = timedelta(days=365)
"""How far ahead a wave may be put."""
JUST_PAST = timedelta(minutes=1)
"""A time no longer ago is now: clocks differ, and who types a minute sends the command within it."""


@dataclass(frozen=True, slots=True)
class SelectionOrder:
    """A selection as given: users in the order in which they shall be served. None takes the organization's setting.

    `release_at` is when the wave begins; `pilot` users go first, and the wave then waits to be resumed.
    `confirm_administrator` lets one administrator through, alone. `fitting` says by what users were found where nobody
    named them: the same order finds others later.
    """

    org_id: str
    user_ids: Sequence[str]
    actor: str
    command_id: str
    activation: Activation | None = None
    activation_delay: timedelta | None = None
    confirm_administrator: bool = False
    release_at: datetime | None = None
    pilot: int | None = None
    fitting: str = ""

    def activation_of(self, organization: Organization) -> tuple[Activation, timedelta]:
        """When users are activated, and with what delay: as ordered, else as the organization has it."""
        settings = organization.settings
        delay = settings.activation_delay if self.activation_delay is None else self.activation_delay
        return self.activation or settings.activation, delay

    @property
    def digest(self) -> str:
        """The same for the same order only, whoever gives it: how a repeat is told from another with the same id."""
        whom = self.fitting or list(dict.fromkeys(self.user_ids))
        terms = (self.activation, self.activation_delay, self.confirm_administrator, self.release_at, self.pilot)
        return hashlib.sha256(json.dumps([whom, *terms], default=str).encode()).hexdigest()

    def check(self, organization: Organization, now: datetime) -> None:
        """Raises InvalidInput naming the field that cannot be given so."""
        if self.release_at is not None:
            _check_time(self.release_at, now)
        if self.pilot is not None and self.pilot < 1:
            raise _refusal("pilot", "is less than one user", "give a number of users, or none at all")
        if self.confirm_administrator and len(set(self.user_ids)) > 1:
            raise _refusal("confirm_administrator", "is given for several users", "select an administrator alone")
        _check_delay(self, organization)


def _check_time(release_at: datetime, now: datetime) -> None:
    if release_at < now - JUST_PAST:
        raise _refusal("release_at", "is in the past", "leave it out to begin now, or give a later time")
    if release_at > now + LONGEST_WAIT:
        raise _refusal("release_at", f"is more than {LONGEST_WAIT.days} days ahead", "give an earlier time")


def _check_delay(order: SelectionOrder, organization: Organization) -> None:
    activation, delay = order.activation_of(organization)
    if activation is not Activation.DELAYED:
        if order.activation_delay is not None:
            mend = "set the activation to delayed, or leave the delay out"
            raise _refusal("activation_delay", "is given, but the activation is not delayed", mend)
        return
    if order.activation_delay is None and not delay:
        reason = "is missing, and the organization has none of its own"
        mend = "give a span like 2d, or set activationDelay in the organization's file"
        raise _refusal("activation_delay", reason, mend)
    if not timedelta() < delay <= LONGEST_ACTIVATION_DELAY:
        reason = f"is not more than 0 and at most {LONGEST_ACTIVATION_DELAY.days} days"
        raise _refusal("activation_delay", reason, "give a span like 2d")


def _refusal(field: str, reason: str, mend: str) -> InvalidInput:
    problem = Problem(field, reason, mend)
    return InvalidInput(str(problem), problems=(problem,))
