"""Durations in files: what is written as a span becomes one, what nobody can count is refused as bad input."""

from datetime import timedelta

import pytest

from edition_migration.domain.errors import InvalidInput
from edition_migration.domain.organization_file import OrganizationFile


def deadline_of(text: str) -> timedelta | None:
    file = OrganizationFile.parse({"id": "acme", "settings": {"deadline": text}})
    return file.settings.deadline


@pytest.mark.parametrize(
    ("text", "span"),
    [("45s", timedelta(seconds=45)), ("12h", timedelta(hours=12)), ("2 w", timedelta(weeks=2)), ("P7D", timedelta(7))],
)
def test_span_is_read(text: str, span: timedelta) -> None:
    assert deadline_of(text) == span


@pytest.mark.parametrize("text", ["9999999999d", "9" * 5000 + "s", "soon"])
def test_what_is_no_span_or_longer_than_time_is_refused_by_path(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        deadline_of(text)
    assert [str(it) for it in refusal.value.problems] == [
        "settings.deadline: is no duration; write it like 7d, 12h or 30m"
    ]


@pytest.mark.parametrize("number", [30, 1.5, "30", " 30 ", "-2", True])
def test_number_without_unit_is_refused_and_not_taken_for_seconds(number: object) -> None:
    with pytest.raises(InvalidInput) as refusal:
        OrganizationFile.parse({"id": "acme", "settings": {"undoWindow": number}})
    assert [str(it) for it in refusal.value.problems] == [
        "settings.undoWindow: has no unit; write it like 7d, 12h or 30m"
    ]


def test_digest_is_due_at_least_once_a_year() -> None:
    """A longer span would end after the last day that can be stored."""
    with pytest.raises(InvalidInput) as refusal:
        OrganizationFile.parse({"id": "acme", "settings": {"digestEvery": "999999999d"}})
    assert [it.path for it in refusal.value.problems] == ["settings.digestEvery"]
