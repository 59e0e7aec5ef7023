"""What operators read of a row: what comes next, who must act, and which commands would change something."""

from datetime import UTC, datetime
from typing import Any

import pytest

from edition_migration.domain.commands import CommandKind, legal_commands
from edition_migration.domain.holds import HeldBy, Hold
from edition_migration.domain.migration import Attention, Step
from edition_migration.domain.organization import Activation
from edition_migration.domain.overview import overview, waits_for_mail, while_held
from edition_migration.domain.states import MigrationState as S
from tests import builders

DEADLINE = datetime(2026, 12, 6, tzinfo=UTC)
TOLD: dict[str, Any] = {"instructions_accepted_at": datetime(2026, 11, 22, tzinfo=UTC)}


def test_who_is_in_review_waits_for_the_administrator() -> None:
    seen = overview(builders.migration(state=S.IN_REVIEW))
    assert (seen.step, seen.next, seen.who) == (
        Step.SEND_INSTRUCTIONS,
        "select the user, or exclude him",
        "administrator",
    )


def test_who_is_claimed_by_a_wave_waits_for_nobody() -> None:
    seen = overview(builders.migration(state=S.IN_REVIEW, wave_id="w1"))
    assert (seen.step, seen.next, seen.who) == (Step.SEND_INSTRUCTIONS, "the wave releases the user", "nobody")


@pytest.mark.parametrize(
    ("fields", "next_", "who"),
    [
        ({}, "once the relay has accepted the instructions, the user is activated", "nobody"),
        (
            {"activation_requested_at": DEADLINE},
            "once the relay has accepted the instructions, the user is activated",
            "nobody",
        ),
        (TOLD, "a license is there, then the user is activated", "nobody"),
        (
            {**TOLD, "activate_at": DEADLINE},
            "the delay ends, at 2026-12-06 00:00 UTC, and a license is there, then the user is activated",
            "nobody",
        ),
        (
            {**TOLD, "activate_at": DEADLINE, "activation_requested_at": DEADLINE},
            "a license is there, then the user is activated",
            "nobody",
        ),
        ({**TOLD, "activation": Activation.BY_HAND}, "activate the user by hand", "administrator"),
        (
            {**TOLD, "activation": Activation.BY_HAND, "activation_requested_at": DEADLINE},
            "a license is there, then the user is activated",
            "nobody",
        ),
    ],
)
def test_who_is_instructed_waits_for_the_relay_then_for_a_delay_a_hand_or_a_license(
    fields: dict[str, Any], next_: str, who: str
) -> None:
    seen = overview(builders.migration(state=S.INSTRUCTED, **fields))
    assert (seen.step, seen.next, seen.who) == (Step.ACTIVATE, next_, who)


@pytest.mark.parametrize("attention", [None, Attention.UNDELIVERABLE])
def test_whom_a_hold_will_end_has_its_end_as_deadline_and_needs_his_domain(attention: Attention | None) -> None:
    held: dict[str, Any] = {"hold_ends_at": datetime(2026, 12, 2, tzinfo=UTC), "deadline_at": DEADLINE}
    seen = overview(builders.migration(state=S.AWAITING_PASSWORD, attention=attention, **held))
    assert (seen.deadline, seen.next, seen.who) == (
        datetime(2026, 12, 2, tzinfo=UTC),
        "his domain comes back; else he is a guest again when the hold ends",
        "administrator",
    )
    gone = overview(builders.migration(state=S.ACTIVATED, attention=Attention.WORKFLOW_MISSING, **held))
    assert (gone.next, gone.who) == ("start the workflow again (retry)", "operator")
    acted = overview(builders.migration(state=S.PASSWORD_SET, **held))
    assert (acted.deadline, acted.next) == (DEADLINE, "policies are checked and totals confirmed")


@pytest.mark.parametrize(
    ("by", "first", "who"),
    [
        (HeldBy.PAUSE, "the pause ends (`starter.py resume`), then: instructions are sent", "administrator"),
        (
            HeldBy.SERVICE_PAUSE,
            "the pause of the whole service ends (`starter.py resume --service`), then: instructions are sent",
            "operator",
        ),
        (HeldBy.QUIET_HOURS, "the quiet hours end, then: instructions are sent", "nobody"),
        (HeldBy.PACE, "his mail's turn comes, at the organization's pace, then: instructions are sent", "nobody"),
        (HeldBy.RELAY, "the relay is asked again, then: instructions are sent", "nobody"),
        (HeldBy.DOMAIN_GONE, "instructions are sent", "nobody"),
    ],
)
def test_of_who_is_held_is_said_what_must_end_first_and_who_ends_it(by: HeldBy, first: str, who: str) -> None:
    seen = while_held(overview(builders.migration(state=S.SELECTED)), Hold(by))
    assert (seen.state, seen.next, seen.who) == (S.SELECTED, first, who)


@pytest.mark.parametrize(
    ("state", "fields", "waits"),
    [
        (S.IN_REVIEW, {}, False),
        (S.IN_REVIEW, {"wave_id": "w1"}, True),
        (S.INSTRUCTED, {}, True),
        (S.INSTRUCTED, TOLD, False),
        (S.AWAITING_PASSWORD, {}, True),
        (S.AWAITING_PASSWORD, {"deadline_at": DEADLINE}, False),
        (S.AWAITING_FIRST_SIGN_IN, {}, False),
    ],
)
def test_who_goes_on_only_once_a_mail_is_gone(state: S, fields: dict[str, Any], waits: bool) -> None:
    assert waits_for_mail(builders.migration(state=state, **fields)) is waits


@pytest.mark.parametrize("state", [S.MIGRATED, S.CANCELLED, S.EXPIRED, S.DELETED])
def test_who_is_through_has_no_deadline(state: S) -> None:
    assert overview(builders.migration(state=state, deadline_at=DEADLINE)).deadline is None


def test_who_must_choose_a_password_has_a_deadline() -> None:
    assert overview(builders.migration(state=S.AWAITING_PASSWORD, deadline_at=DEADLINE)).deadline == DEADLINE


def test_who_is_in_a_wave_can_be_deselected_or_cancelled() -> None:
    assert legal_commands(S.IN_REVIEW, is_in_wave=True) == (CommandKind.DESELECT, CommandKind.CANCEL)
    assert legal_commands(S.IN_REVIEW, is_in_wave=False) == (
        CommandKind.SELECT,
        CommandKind.EXCLUDE,
        CommandKind.CANCEL,
    )
