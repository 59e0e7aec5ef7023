"""The state machine of one user's migration: the states, the one table of legal transitions, and the four facts.

The README's diagram is generated from `TRANSITIONS`. Every guarded UPDATE takes its `WHERE state IN` from here.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class MigrationState(StrEnum):
    """Where one user's migration stands."""

    DETECTED = "DETECTED"
    BLOCKED = "BLOCKED"
    IN_REVIEW = "IN_REVIEW"
    SELECTED = "SELECTED"
    WAITING_CAPACITY = "WAITING_CAPACITY"
    INSTRUCTED = "INSTRUCTED"
    ACTIVATED = "ACTIVATED"
    AWAITING_PASSWORD = "AWAITING_PASSWORD"  # noqa: S105 - a state, no password
    AWAITING_FIRST_SIGN_IN = "AWAITING_FIRST_SIGN_IN"
    PASSWORD_SET = "PASSWORD_SET"  # noqa: S105 - a state, no password
    MIGRATED = "MIGRATED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"
    DELETED = "DELETED"
    UNDONE = "UNDONE"


S = MigrationState


class AccountStatus(StrEnum):
    """Whether the account may sign in at all."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class InactiveReason(StrEnum):
    """Why an account is inactive. Without it, "activate the inactive ones" revives leavers."""

    GUEST_PENDING = "guest_pending"
    ADMIN_DEACTIVATED = "admin_deactivated"
    LEFT_COMPANY = "left_company"
    POLICY = "policy"
    EXPIRED = "expired"


class CredentialState(StrEnum):
    """What the account's credential is worth."""

    LOCKED = "locked"
    RESET_ISSUED = "reset_issued"
    SET = "set"
    FEDERATED = "federated"


class Edition(StrEnum):
    GUEST = "guest"
    BUSINESS = "business"


class Transition(NamedTuple):
    """A legal move of one migration, and what makes it, in the words of the design."""

    source: MigrationState
    target: MigrationState
    cause: str


def _from_each(sources: tuple[MigrationState, ...], target: MigrationState, cause: str) -> tuple[Transition, ...]:
    return tuple(Transition(source, target, cause) for source in sources)


BEFORE_ACTIVATION = (S.DETECTED, S.BLOCKED, S.IN_REVIEW, S.SELECTED, S.WAITING_CAPACITY, S.INSTRUCTED)
AFTER_ACTIVATION = (S.ACTIVATED, S.AWAITING_PASSWORD, S.AWAITING_FIRST_SIGN_IN, S.PASSWORD_SET)
OPEN = BEFORE_ACTIVATION + AFTER_ACTIVATION
TERMINAL = (S.MIGRATED, S.EXPIRED, S.CANCELLED, S.SKIPPED, S.DELETED, S.UNDONE)
ACTIVATED_BY_US = (*AFTER_ACTIVATION, S.MIGRATED)
"""From activation on, edition, account status and policy are what the migration made them."""
SELECTABLE = (S.BLOCKED, S.IN_REVIEW)
DESELECTABLE = (S.BLOCKED, S.IN_REVIEW, S.SELECTED, S.WAITING_CAPACITY)
RESELECTABLE = (S.EXPIRED, S.CANCELLED, S.UNDONE)
HELD_WITHOUT_DOMAIN = (S.ACTIVATED, S.AWAITING_PASSWORD, S.AWAITING_FIRST_SIGN_IN)
AWAITING_USER = (S.AWAITING_PASSWORD, S.AWAITING_FIRST_SIGN_IN)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(S.DETECTED, S.BLOCKED, "warning period over"),
    Transition(S.BLOCKED, S.IN_REVIEW, "notify_deactivation"),
    Transition(S.BLOCKED, S.SELECTED, "notify_deactivation, in a wave already"),
    Transition(S.IN_REVIEW, S.SELECTED, "select"),
    *_from_each((S.SELECTED, S.WAITING_CAPACITY), S.IN_REVIEW, "deselect"),
    Transition(S.SELECTED, S.WAITING_CAPACITY, "no license or storage"),
    Transition(S.SELECTED, S.INSTRUCTED, "send_instructions"),
    Transition(S.WAITING_CAPACITY, S.INSTRUCTED, "send_instructions"),
    Transition(S.INSTRUCTED, S.ACTIVATED, "activate"),
    Transition(S.ACTIVATED, S.AWAITING_PASSWORD, "reset_password"),
    Transition(S.ACTIVATED, S.AWAITING_FIRST_SIGN_IN, "reset_password, single sign-on"),
    Transition(S.ACTIVATED, S.PASSWORD_SET, "password set elsewhere"),
    Transition(S.AWAITING_PASSWORD, S.PASSWORD_SET, "password chosen"),
    Transition(S.AWAITING_PASSWORD, S.AWAITING_FIRST_SIGN_IN, "single sign-on switched on"),
    Transition(S.AWAITING_FIRST_SIGN_IN, S.AWAITING_PASSWORD, "single sign-on switched off"),
    Transition(S.PASSWORD_SET, S.MIGRATED, "apply_policies"),
    Transition(S.AWAITING_FIRST_SIGN_IN, S.MIGRATED, "apply_policies"),
    *_from_each(AWAITING_USER, S.EXPIRED, "deadline"),
    *_from_each((S.DETECTED, S.BLOCKED, S.IN_REVIEW), S.SKIPPED, "exclude, or no longer eligible"),
    *_from_each(OPEN, S.CANCELLED, "cancel"),
    *_from_each(OPEN, S.DELETED, "user deleted"),
    Transition(S.MIGRATED, S.UNDONE, "undo"),
)


def sources_of(target: MigrationState) -> frozenset[MigrationState]:
    """The states from which `target` can be reached: what a guarded UPDATE puts into its WHERE."""
    return frozenset(move.source for move in TRANSITIONS if move.target is target)


class SkipReason(StrEnum):
    """Why a user of a matching domain is not pending, or left the list."""

    ALREADY_BUSINESS = "already_business"
    ADMINISTRATOR = "administrator"
    LEFT_COMPANY = "left_company"
    ADMIN_DEACTIVATED = "admin_deactivated"
    BROKE_POLICY = "broke_policy"
    OTHER_OWNER = "other_owner"
    NEWER_CLIENT = "newer_client"
    ALREADY_MIGRATING = "already_migrating"
    EXCLUDED = "excluded"


class CancelReason(StrEnum):
    ADMINISTRATOR = "administrator"
    DOMAIN_REMOVED = "domain_removed"
    DEPROVISIONED = "deprovisioned"
    LEFT_DOMAIN = "left_domain"
    NO_LONGER_ELIGIBLE = "no_longer_eligible"


LEFT_TO_THE_BLOCK: Mapping[tuple[MigrationState, str | None], InactiveReason] = {
    (S.EXPIRED, None): InactiveReason.EXPIRED,
    (S.CANCELLED, CancelReason.ADMINISTRATOR): InactiveReason.GUEST_PENDING,
    (S.SKIPPED, SkipReason.EXCLUDED): InactiveReason.GUEST_PENDING,
    (S.UNDONE, None): InactiveReason.GUEST_PENDING,
}
"""Ends, with their reasons, after which the user stays a guest of the domain: its block keeps the account inactive with
this reason, for as long as the block lasts. Every other end decides about the account itself."""
