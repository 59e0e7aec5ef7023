"""What operators read of a row: what comes next, who must act, and which commands would change something."""

from datetime import UTC, datetime
from typing import Any

import pytest

from edition_migration.domain.commands import CommandKind, legal_commands
from edition_migration.domain.migration import Step
from edition_migration.domain.organization import Activation
from edition_migration.domain.overview import overview
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
            "the delay ends and a license is there, then the user is activated",
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
