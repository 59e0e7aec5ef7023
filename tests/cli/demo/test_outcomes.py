"""The demo's verdict: it reads the hand-written list, and calls everything else wrong."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from edition_migration.cli.demo.outcomes import Outcome, differences, read_guests, table_rows
from edition_migration.cli.demo.story import BLOCKED
from edition_migration.domain.events.parse import ProvisioningEvent, parse_event
from edition_migration.domain.organization_file import OrganizationFile

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_forty_guests_are_expected_in_every_way_that_a_migration_can_go() -> None:
    guests = read_guests(EXAMPLES)
    assert len(guests) == 40
    assert Counter(guest.expected.state for guest in guests) == {
        "MIGRATED": 18,
        "SKIPPED": 11,
        "IN_REVIEW": 3,
        "WAITING_CAPACITY": 3,
        "": 3,
        "EXPIRED": 1,
        "CANCELLED": 1,
    }
    assert {it.user_id for it in guests if "account_deactivated" in it.expected.mails} == set(BLOCKED)


@pytest.mark.parametrize(
    "change",
    [
        {"sign_in_before": "deactivated"},
        {"state": "EXPIRED"},
        {"reason": "administrator"},
        {"mails": ("account_deactivated", "instructions")},
        {"sign_in_after": "wrong_credentials"},
    ],
)
def test_any_other_outcome_of_one_user_is_a_difference(change: dict[str, str | tuple[str, ...]]) -> None:
    guests = read_guests(EXAMPLES)
    actual = {guest.user_id: guest.expected for guest in guests}
    assert differences(guests, actual) == {}
    other = replace(guests[0].expected, **change)  # pyright: ignore[reportArgumentType] - fields of Outcome
    actual[guests[0].user_id] = other
    assert differences(guests, actual) == {"e1001": other}


def test_a_wrong_outcome_is_followed_by_what_was_expected() -> None:
    guests = read_guests(EXAMPLES)[:2]
    wrong = Outcome("signed_in", "EXPIRED", "", ("expired",), "deactivated")
    rows, marks = table_rows(guests, {"e1001": wrong, "e1002": guests[1].expected})
    assert rows == [
        ["WRONG", "ada.osei@acme.example", "signed_in", "EXPIRED", "-", "expired", "deactivated"],
        ["", "  expected", "signed_in", "MIGRATED", "-", " ".join(guests[0].expected.mails), "signed_in"],
        ["ok", "zoe.angstrom@acme-europe.example", "signed_in", "MIGRATED", "-", "4, last welcome", "signed_in"],
    ]
    assert marks == [True, True, False]


@pytest.mark.parametrize("name", ["organization.yaml", "short-link.yaml", "short-deadline.yaml"])
def test_the_organization_files_of_the_examples_are_valid(name: str) -> None:
    file = OrganizationFile.parse(yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8")))
    assert (file.id, file.domains, file.licenses_purchased) == ("acme", None, None)


def test_the_event_of_the_examples_is_valid() -> None:
    event = parse_event(json.loads((EXAMPLES / "provisioned.json").read_bytes()))
    assert isinstance(event, ProvisioningEvent)
    assert event.org_id == "acme"
