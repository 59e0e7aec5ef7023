"""Newest wins, field by field, in any order of arrival."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from edition_migration.domain.facts import merge, stamp_of

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
