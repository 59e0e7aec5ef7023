"""Newest wins, field by field, in any order of arrival."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edition_migration.domain.facts import is_older, merge, stamp_of, turned, turned_at

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_sequence_outranks_any_time() -> None:
    assert stamp_of("1", NOON, "a") > stamp_of(None, NOON + timedelta(days=3650), "z")


def test_the_greater_sequence_is_newer_whatever_the_time() -> None:
    assert stamp_of("2", NOON, "a") > stamp_of("1", NOON + timedelta(days=1), "b")


def test_a_sequence_is_compared_as_text() -> None:
    assert stamp_of("1", NOON, "z") < stamp_of("10", NOON, "a") < stamp_of("2", NOON, "a")
    assert stamp_of("1", NOON, "z") < stamp_of("1!", NOON, "a")


def test_without_sequence_the_later_time_is_newer_in_any_zone() -> None:
    east = timezone(timedelta(hours=9))
    assert stamp_of(None, NOON.astimezone(east), "a") == stamp_of(None, NOON, "a")
    assert stamp_of(None, NOON + timedelta(microseconds=1), "a") > stamp_of(None, NOON, "b")


def test_at_one_time_the_id_decides() -> None:
    assert stamp_of(None, NOON, "b") > stamp_of(None, NOON, "a")
    assert stamp_of("7", NOON, "b") > stamp_of("7", NOON, "a")


def test_an_older_field_is_superseded_beside_a_newer_one() -> None:
    old, new = stamp_of(None, NOON, "a"), stamp_of(None, NOON, "b")
    merged = merge({"email": new}, {"email": "old@example.com", "zone": "UTC"}, old)
    assert merged.accepted == {"zone": "UTC"}
    assert merged.stamps == {"email": new, "zone": old}


def test_a_repeat_accepts_nothing() -> None:
    stamp = stamp_of("1", NOON, "a")
    first = merge({}, {"zone": "UTC"}, stamp)
    assert merge(first.stamps, {"zone": "UTC"}, stamp) == ({}, first.stamps)


def test_older_is_what_happened_more_than_the_skew_before() -> None:
    stamp, skew = stamp_of(None, NOON, "a"), timedelta(minutes=5)
    assert not is_older(stamp, stamp_of(None, NOON + skew, "b"), skew)
    assert is_older(stamp, stamp_of(None, NOON + skew + timedelta(microseconds=1), "b"), skew)
    assert not is_older(stamp, "", skew)


def turn_after(*words: tuple[int, bool]) -> int | None:
    """The minute since which the field is as it is, after these words in this order of arrival; at first False."""
    stamps: dict[str, str] = {}
    value = False
    stamp_at = {minute: stamp_of(None, NOON + timedelta(minutes=minute), "e") for minute, _ in words}
    for minute, said in words:
        known = turned(stamps, "sso", stamp_at[minute], is_same=said == value)
        accepted, stamps = merge(known, {"sso": said}, stamp_at[minute])
        value = bool(accepted.get("sso", value))
    return {stamp: minute for minute, stamp in stamp_at.items()}.get(turned_at(stamps, "sso"))


ON, OFF = True, False


@pytest.mark.parametrize(
    ("words", "minute"),
    [
        ([(1, OFF)], None),
        ([(1, ON)], 1),
        ([(1, ON), (2, ON)], 1),
        ([(2, ON), (1, ON)], 1),
        ([(1, ON), (2, OFF)], 2),
        ([(1, ON), (2, OFF), (3, ON), (4, ON)], 3),
        ([(4, ON), (3, ON), (2, OFF), (1, ON)], 3),
        ([(4, ON), (1, ON), (2, OFF), (3, ON)], 3),
        ([(1, ON), (4, ON), (2, OFF)], 4),
        ([(3, ON), (3, ON), (2, OFF), (3, ON), (2, OFF)], 3),
    ],
)
def test_a_field_has_turned_with_the_first_word_of_its_value_in_any_order(
    words: list[tuple[int, bool]], minute: int | None
) -> None:
    assert turn_after(*words) == minute


def test_of_a_field_turned_before_that_was_kept_the_newest_word_is_the_turn_and_stays_it() -> None:
    first, second = (stamp_of(None, NOON + timedelta(minutes=it), "e") for it in (1, 2))
    assert turned_at({"sso": first}, "sso") == first
    assert (
        turned_at(merge(turned({"sso": first}, "sso", second, is_same=True), {"sso": True}, second).stamps, "sso")
        == first
    )


SEQUENCES = st.none() | st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=3)
TIMES = st.integers(min_value=0, max_value=3).map(lambda seconds: NOON + timedelta(seconds=seconds))
FIELDS = st.dictionaries(st.sampled_from(["email", "zone", "status"]), st.integers(), min_size=1)
EVENTS = st.lists(st.tuples(SEQUENCES, TIMES, FIELDS), min_size=1, max_size=6)


@given(EVENTS, st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_give_the_same_facts(events: list, random) -> None:
    numbered = [
        (stamp_of(sequence, time, str(number)), fields) for number, (sequence, time, fields) in enumerate(events)
    ]
    arrivals = numbered + [random.choice(numbered) for _ in range(3)]
    random.shuffle(arrivals)
    assert replay(arrivals) == replay(sorted(numbered, key=lambda event: event[0]))


@given(SEQUENCES, TIMES, SEQUENCES, TIMES)
def test_stamps_order_as_the_rule_says(
    one: str | None, one_time: datetime, two: str | None, two_time: datetime
) -> None:
    rule = (one is not None, one or "", one_time) < (two is not None, two or "", two_time)
    same = (one, one_time) == (two, two_time)
    assert (stamp_of(one, one_time, "x") < stamp_of(two, two_time, "x")) is (rule and not same)


def replay(arrivals: list) -> tuple[dict[str, object], dict[str, str]]:
    facts: dict[str, object] = {}
    stamps: dict[str, str] = {}
    for stamp, fields in arrivals:
        accepted, stamps = merge(stamps, fields, stamp)
        facts |= accepted
    return facts, stamps
