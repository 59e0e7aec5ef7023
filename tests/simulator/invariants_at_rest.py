"""The invariants that hold once nothing is left to do: the faults are over and the service has had its time.

As `invariants`, over plain evidence; `Evidence.now` must be given.
"""

from collections import Counter
from datetime import datetime

from edition_migration.domain.mail import AT_MOST_ONCE, KEPT_FOR_THE_DAY, UNSENT, MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.organization import Activation, OrganizationSettings
from edition_migration.domain.quiet_hours import held_until
from edition_migration.domain.states import AWAITING_USER, LEFT_TO_THE_BLOCK, OPEN, AccountStatus, Edition
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.versions import is_old_client
from tests.simulator.evidence import Evidence, Invariant
from tests.simulator.invariants import (
    i1_one_state_everywhere,
    i3_a_password_for_a_link,
    i6_accepted_mails_arrived,
)
from tests.simulator.view import Key, Row, View, key_of, name_of

MOST_EVENTS = 150
MOST_BYTES = 64 * 1024
EVENTS_OF_A_RING = 10
"""A signal, a workflow task, a look of the step, the timer it may renew, what it shows. Also of a mail that is held."""
EVENTS_OF_A_MAIL = 30
"""Of a mail outside the steps: the timer, the look, the delivery, the look and timer behind it, and their tasks."""

_BESIDE_THE_STEPS = (MailKind.COMING_SOON, MailKind.REMINDER, MailKind.NEW_LINK, MailKind.ADDRESS_CHANGED)

_PASSING = (S.BLOCKED, S.SELECTED, S.ACTIVATED, S.PASSWORD_SET)
"""States in which only the service itself has something to do."""


def i4_accounts_follow_the_block_after_the_end(seen: Evidence) -> list[str]:
    """Whose newest migration ended and left him to the block is inactive while his domain is blocked, and only then.

    Who would not be pending today may be an active guest beside the block.
    """
    broken: list[str] = []
    blocks = {(row["org_id"], row["name"]): row["block_at"] for row in seen.view["domains"] if row["block_at"]}
    newest = {(row["org_id"], row["user_id"]): row for row in seen.view["migrations"]}
    for row in newest.values():
        user = seen.view.users[row["user_id"]]
        if (row["state"], row["reason"]) not in LEFT_TO_THE_BLOCK or user["is_deleted"]:
            continue
        block_at = blocks.get((row["org_id"], user["domain"]))
        is_shut = user["org_id"] == row["org_id"] and user["account_status"] is AccountStatus.INACTIVE
        if is_shut and block_at is None:
            broken.append(f"I4 {name_of(row)} is {row['state']}, and the account is locked without a block")
        is_due = block_at is not None and block_at <= _now(seen) and user["org_id"] is None
        if is_due and _is_pending_guest(user):
            broken.append(f"I4 {name_of(row)} is {row['state']}, and the block does not hold the account")
    return broken


def _is_pending_guest(user: Row) -> bool:
    is_guest = user["edition"] is Edition.GUEST and user["reported_status"] is AccountStatus.ACTIVE
    return is_guest and is_old_client(user["client_version"], OrganizationSettings().minimum_client)


def i10_nothing_is_left(seen: Evidence) -> list[str]:
    """No event waits, no doorbell, no errand, and everything was started."""
    view = seen.view
    broken = [
        f"I10 event {row['type']} {row['event_id']} is pending"
        for row in view["inbox"]
        if str(row["state"]) == "pending"
    ]
    broken += [f"I10 a doorbell of {row['org_id']} {row['user_id']} was not answered" for row in view["doorbells"]]
    broken += [f"I10 the errand {row['kind']} {row['argument']} was not done" for row in view["errands"]]
    broken += [f"I10 {name_of(row)} was never started" for row in view.open_migrations() if row["started_at"] is None]
    return broken + [
        f"I10 wave {row['wave_id']} was never started" for row in view["waves"] if row["started_at"] is None
    ]


def i10_no_mail_is_stuck(seen: Evidence) -> list[str]:
    """Every mail that may be sent was; behind a refused one or a complaint, before its time or in a pause it may wait.

    One that goes at most once is given up where nobody knows whether it was sent.
    """
    broken: list[str] = []
    held = {
        key_of(row)
        for row in seen.view["migrations"]
        if row["hold_ends_at"] is not None or row["attention"] is Attention.COMPLAINT
    }
    first: dict[Key, Row] = {}
    """The mail that those behind it wait for."""
    for row in seen.view["mails"]:
        if row["user_id"] and row["state"] in (*UNSENT, MailState.BOUNCED) and not _is_given_up(row):
            first.setdefault(key_of(row), row)
    for row in seen.view["mails"]:
        if row["state"] not in UNSENT or _is_given_up(row):
            continue
        ahead = first[key_of(row)] if row["user_id"] is not None else row
        is_behind = ahead["state"] is MailState.BOUNCED or _is_early(seen, ahead)
        is_held = row["user_id"] is not None and key_of(row) in held
        if not (is_behind or is_held or is_paused(seen.view, row["org_id"])):
            broken.append(f"I10 {row['kind']} of {row['user_id'] or row['org_id']} is still {row['state']}")
    return broken


def _is_given_up(mail: Row) -> bool:
    return mail["kind"] in AT_MOST_ONCE and mail["state"] is MailState.UNKNOWN


def _is_early(seen: Evidence, mail: Row) -> bool:
    """Before its slot, or at night."""
    if mail["not_before"] is not None and _now(seen) < mail["not_before"]:
        return True
    settings = OrganizationSettings.model_validate(seen.view.organizations[mail["org_id"]]["settings"])
    if settings.quiet_hours is None or mail["kind"] not in KEPT_FOR_THE_DAY:
        return False
    return held_until(_now(seen), settings.quiet_hours, settings.zone) is not None


def _has_early_mail(seen: Evidence, row: Row) -> bool:
    mails = seen.view.by_migration("mails").get(key_of(row), [])
    return any(it["state"] in UNSENT and _is_early(seen, it) for it in mails)


def i10_nobody_is_stuck(seen: Evidence) -> list[str]:
    """Who is open waits for a person, a license, or a time that has not come."""
    return [
        f"I10 {name_of(row)} is stuck in {row['state']}"
        for row in seen.view.open_migrations()
        if not _may_wait(seen, row) and not is_paused(seen.view, row["org_id"])
    ]


def i10_workflows_follow_rows(seen: Evidence) -> list[str]:
    """Every open migration has a running workflow, and no ended one has, but to wait for the time of its last mail."""
    broken: list[str] = []
    if not seen.workflows:
        return broken
    for row in seen.view["migrations"]:
        workflow = seen.workflows.get(name_of(row))
        is_running = workflow is not None and workflow.is_running
        is_known_missing = row["attention"] is not None and str(row["attention"]) == "workflow_missing"
        if row["state"] in OPEN and not is_running and not is_known_missing:
            broken.append(f"I10 {name_of(row)} is {row['state']} and no workflow runs")
        if row["state"] not in OPEN and is_running and not _has_early_mail(seen, row):
            broken.append(f"I10 {name_of(row)} is {row['state']} and its workflow still runs")
    return broken


def i13_histories_stay_small(seen: Evidence) -> list[str]:
    """A migration's history is below 150 events and 64 KiB, but for what news and mails outside the steps add."""
    broken: list[str] = []
    more = Counter(name_of(row) for row in seen.view["mails"] if row["kind"] in _BESIDE_THE_STEPS)
    for name, workflow in seen.workflows.items():
        if not name.startswith("migration/"):
            continue
        if workflow.events - EVENTS_OF_A_RING * workflow.news - EVENTS_OF_A_MAIL * more[name] > MOST_EVENTS:
            beside = f"{workflow.news} of them news, {more[name]} mails beside the steps"
            broken.append(f"I13 {name} has {workflow.events} events, {beside}")
        if workflow.bytes > MOST_BYTES:
            broken.append(f"I13 {name} has {workflow.bytes} bytes")
    return broken


def is_paused(view: View, org_id: str) -> bool:
    """Whether the organization or the whole service is paused."""
    return any(row["ended_at"] is None and row["scope"] in (org_id, "*") for row in view.tables.get("pauses", ()))


def _may_wait(seen: Evidence, row: Row) -> bool:
    state = row["state"]
    if row["attention"] is not None or state is S.DETECTED:
        return True
    if _has_early_mail(seen, row):
        return True
    if state in _PASSING:
        return False
    if state is S.IN_REVIEW:
        return row["wave_id"] is None or _wave_waits(seen, row)
    if state is S.WAITING_CAPACITY:
        return not _could_be_granted(seen, row)
    if state is S.INSTRUCTED:
        return _waits_for_activation(seen, row)
    until = row["hold_ends_at"] or row["deadline_at"]
    return state in AWAITING_USER and until is not None and until > _now(seen)


def _wave_waits(seen: Evidence, row: Row) -> bool:
    """A wave may be paused, or its time may not have come."""
    waves = [it for it in seen.view["waves"] if it["org_id"] == row["org_id"] and it["wave_id"] == row["wave_id"]]
    is_later = any((it.get("release_at") or _now(seen)) > _now(seen) for it in waves)
    return is_later or any(str(it["state"]) == "paused" for it in waves)


def _could_be_granted(seen: Evidence, row: Row) -> bool:
    """Whether his ticket waits although a license and his storage are free."""
    counters = next(it for it in seen.view["counters"] if it["org_id"] == row["org_id"])
    mine = [it for it in seen.view.by_migration("tickets").get(key_of(row), []) if str(it["state"]) != "closed"]
    if any(str(it["state"]) == "granted" for it in mine):
        return True
    free = counters["licenses_purchased"] - counters["licenses_reserved"] - counters["licenses_used"]
    free_mb = counters["storage_purchased_mb"] - counters["storage_reserved_mb"] - counters["storage_used_mb"]
    return not mine or (free > 0 and any(it["storage_mb"] <= free_mb for it in mine))


def _waits_for_activation(seen: Evidence, row: Row) -> bool:
    if row["instructions_accepted_at"] is None or row["activation_requested_at"] is not None:
        return not _is_granted(seen, row)
    by_hand = row["activation"] is Activation.BY_HAND
    is_later = row["activate_at"] is not None and row["activate_at"] > _now(seen)
    return by_hand or is_later or not _is_granted(seen, row)


def _is_granted(seen: Evidence, row: Row) -> bool:
    tickets = seen.view.by_migration("tickets").get(key_of(row), [])
    return any(str(it["state"]) == "granted" for it in tickets)


def _now(seen: Evidence) -> datetime:
    assert seen.now is not None
    return seen.now


AT_REST: tuple[Invariant, ...] = (
    i1_one_state_everywhere,
    i3_a_password_for_a_link,
    i4_accounts_follow_the_block_after_the_end,
    i6_accepted_mails_arrived,
    i10_nothing_is_left,
    i10_no_mail_is_stuck,
    i10_nobody_is_stuck,
    i10_workflows_follow_rows,
    i13_histories_stay_small,
)
