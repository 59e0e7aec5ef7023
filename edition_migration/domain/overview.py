"""From a migration's row to the overview that operators see: which step, what comes next, who must act."""

from typing import NamedTuple

from edition_migration.domain.holds import HeldBy, Hold
from edition_migration.domain.migration import Attention, Migration, Step
from edition_migration.domain.organization import Activation
from edition_migration.domain.progress import Overview
from edition_migration.domain.states import OPEN, RESELECTABLE, TERMINAL
from edition_migration.domain.states import MigrationState as S


class _Station(NamedTuple):
    step: Step | None
    next: str
    who: str


_STATIONS = {
    S.DETECTED: _Station(Step.NOTIFY_DEACTIVATION, "the warning period ends", "nobody"),
    S.BLOCKED: _Station(Step.NOTIFY_DEACTIVATION, "the user is told that the account is deactivated", "nobody"),
    S.IN_REVIEW: _Station(Step.SEND_INSTRUCTIONS, "select the user, or exclude him", "administrator"),
    S.SELECTED: _Station(Step.SEND_INSTRUCTIONS, "instructions are sent", "nobody"),
    S.WAITING_CAPACITY: _Station(Step.SEND_INSTRUCTIONS, "a license and storage become free", "administrator"),
    S.INSTRUCTED: _Station(
        Step.ACTIVATE, "once the relay has accepted the instructions, the user is activated", "nobody"
    ),
    S.ACTIVATED: _Station(Step.RESET_PASSWORD, "the password is reset", "nobody"),
    S.AWAITING_PASSWORD: _Station(Step.AWAIT_NEW_PASSWORD, "the user chooses a password", "user"),
    S.AWAITING_FIRST_SIGN_IN: _Station(Step.AWAIT_NEW_PASSWORD, "the user signs in with the company account", "user"),
    S.PASSWORD_SET: _Station(Step.APPLY_POLICIES, "policies are checked and totals confirmed", "nobody"),
}


class _Mend(NamedTuple):
    next: str
    who: str


_ATTENTION = {
    Attention.UNDELIVERABLE: _Mend("mend the address (fix-address), or try again (retry)", "administrator"),
    Attention.COMPLAINT: _Mend("ask the user, who called our mail unwanted; then retry", "administrator"),
    Attention.POLICY: _Mend("allow the user the Business Edition in the policy", "administrator"),
    Attention.WORKFLOW_MISSING: _Mend("start the workflow again (retry)", "operator"),
}
_WITHOUT_DOMAIN = _Mend("his domain comes back; else he is a guest again when the hold ends", "administrator")
_WHAT_ENDS = {
    HeldBy.PAUSE: _Mend("the pause ends (`starter.py resume`)", "administrator"),
    HeldBy.SERVICE_PAUSE: _Mend("the pause of the whole service ends (`starter.py resume --service`)", "operator"),
    HeldBy.QUIET_HOURS: _Mend("the quiet hours end", "nobody"),
    HeldBy.PACE: _Mend("his mail's turn comes, at the organization's pace", "nobody"),
    HeldBy.RELAY: _Mend("the relay is asked again", "nobody"),
}
_RELEASED_NEXT = "the wave releases the user"
STEP_OF_STATE = {state: station.step for state, station in _STATIONS.items()}
_ORDER = tuple(Step)


def is_behind(state: S, step: Step) -> bool:
    """Whether a migration in this open state has left `step` behind it already."""
    current = STEP_OF_STATE[state]
    return current is not None and _ORDER.index(current) > _ORDER.index(step)


def is_past(step: Step, row: Migration) -> bool:
    """Whether this step is behind the place where an open row stands, so that its workflow cannot have come to it."""
    current = STEP_OF_STATE[row.state]
    if row.state is S.AWAITING_FIRST_SIGN_IN and row.signed_in_at is not None:
        current = Step.APPLY_POLICIES  # the sign-in moves no state; the next step does
    return current is not None and _ORDER.index(step) > _ORDER.index(current)


def overview(row: Migration) -> Overview:
    """What the Temporal UI shows of this row. No personal data. Who is through has no deadline any more.

    Whom a hold will end has the end of the hold as his deadline.
    """
    station = _STATIONS.get(row.state, _Station(None, f"nothing; ended{_because(row)}", "nobody"))
    if row.state is S.IN_REVIEW and row.wave_id is not None:
        station = _Station(Step.SEND_INSTRUCTIONS, _RELEASED_NEXT, "nobody")
    if row.state is S.INSTRUCTED and row.instructions_accepted_at is not None:
        station = _told(row)
    if row.held_until is not None:
        station = station._replace(**_WITHOUT_DOMAIN._asdict())
    if row.state in OPEN and row.attention is not None and _is_first_to_mend(row):
        station = station._replace(**_ATTENTION[row.attention]._asdict())
    return Overview(
        state=row.state,
        since=row.since,
        step=station.step,
        next=station.next,
        who=station.who,
        wave_id=row.wave_id,
        deadline=row.held_until or (row.deadline_at if row.state in OPEN else None),
        attention=row.attention,
    )


def mend_of(attention: Attention) -> str:
    """What lets a parked user go on."""
    return _ATTENTION[attention].next


def waits_for_mail(row: Migration) -> bool:
    """Whether an open migration goes on only once its next mail is gone: the user, or his wave, waits for it."""
    match row.state:
        case S.IN_REVIEW:
            return row.wave_id is not None
        case S.INSTRUCTED:
            return row.instructions_accepted_at is None
        case S.AWAITING_PASSWORD:
            return row.deadline_at is None
        case _:
            return False


def while_held(seen: Overview, hold: Hold) -> Overview:
    """The same, with what must end first, and who ends it. That his domain is gone an overview says itself."""
    end = _WHAT_ENDS.get(hold.by)
    if end is None:
        return seen
    return seen.model_copy(update={"next": f"{end.next}, then: {seen.next}", "who": end.who})


def _is_first_to_mend(row: Migration) -> bool:
    """Of who is held without his domain nothing else matters, but that a workflow is there to end the hold."""
    return row.held_until is None or row.attention is Attention.WORKFLOW_MISSING


def _told(row: Migration) -> _Station:
    """The third step of who has his instructions. Whether a license is still reserved the row does not know."""
    if row.activation is Activation.BY_HAND and row.activation_requested_at is None:
        return _Station(Step.ACTIVATE, "activate the user by hand", "administrator")
    if row.activate_at is not None and row.activation_requested_at is None:
        when = f"the delay ends, at {row.activate_at:%Y-%m-%d %H:%M} UTC, and a license is there"
        return _Station(Step.ACTIVATE, f"{when}, then the user is activated", "nobody")
    return _Station(Step.ACTIVATE, "a license is there, then the user is activated", "nobody")


def next_step(row: Migration) -> str:
    """What comes next, for a list of users; nothing where it is over for good."""
    return next_in(row.state) if row.state in TERMINAL else overview(row).next


def next_in(state: S, *, is_in_wave: bool = False) -> str:
    """What comes next in this state, of a row of which no more is known."""
    if state is S.IN_REVIEW and is_in_wave:
        return _RELEASED_NEXT
    if state in RESELECTABLE:
        return "select the user again, if he is still to move"
    return _STATIONS[state].next if state in OPEN else ""


def _because(row: Migration) -> str:
    return f" ({row.reason})" if row.reason else ""
