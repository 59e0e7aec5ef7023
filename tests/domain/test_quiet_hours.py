"""Quiet hours by the reader's wall clock: nights, week-ends, and days on which clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edition_migration.domain.organization import QuietHours
from edition_migration.domain.quiet_hours import held_until, working_until

NIGHTS = QuietHours(begins="18:00", ends="08:00", weekends=False)
NIGHTS_AND_WEEKENDS = QuietHours()
NOONS = QuietHours(begins="12:00", ends="14:30", weekends=False)
WEEKENDS = QuietHours(begins="00:00", ends="00:00")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "zone", "now", "until"),
    [
        (NIGHTS, "UTC", "2026-11-24 17:59:59", None),
        (NIGHTS, "UTC", "2026-11-24 18:00", "2026-11-25 08:00"),
        (NIGHTS, "UTC", "2026-11-25 07:59:59.999999", "2026-11-25 08:00"),
        (NIGHTS, "UTC", "2026-11-25 08:00", None),
        (NIGHTS, "America/New_York", "2026-11-24 18:00", None),
        (NIGHTS, "America/New_York", "2026-11-24 23:00", "2026-11-25 13:00"),
        (NIGHTS, "Asia/Kathmandu", "2026-11-24 12:15", "2026-11-25 02:15"),
        (NOONS, "UTC", "2026-11-24 11:59", None),
        (NOONS, "UTC", "2026-11-24 12:00", "2026-11-24 14:30"),
        (NOONS, "UTC", "2026-11-24 14:30", None),
        (NIGHTS_AND_WEEKENDS, "UTC", "2026-11-27 17:00", None),
        (NIGHTS_AND_WEEKENDS, "UTC", "2026-11-27 19:00", "2026-11-30 08:00"),
        (NIGHTS_AND_WEEKENDS, "UTC", "2026-11-29 12:00", "2026-11-30 08:00"),
        (NIGHTS, "UTC", "2026-11-28 12:00", None),
        (WEEKENDS, "UTC", "2026-11-27 23:59", None),
        (WEEKENDS, "Asia/Tokyo", "2026-11-27 15:00", "2026-11-29 15:00"),
    ],
)
def test_a_mail_is_held_until_the_reader_is_up(hours: QuietHours, zone: str, now: str, until: str | None) -> None:
    assert held_until(utc(now), hours, zone) == (utc(until) if until else None)


@pytest.mark.parametrize(
    ("begin", "work", "end"),
    [
        ("2026-11-24 10:00", timedelta(hours=2), "2026-11-24 12:00"),
        ("2026-11-24 17:00", timedelta(hours=2), "2026-11-25 09:00"),
        ("2026-11-24 20:00", timedelta(seconds=30), "2026-11-25 08:00:30"),
        ("2026-11-27 17:59", timedelta(minutes=3), "2026-11-30 08:02"),
        ("2026-11-24 20:00", timedelta(), "2026-11-24 20:00"),
    ],
)
def test_work_stands_still_in_quiet_time(begin: str, work: timedelta, end: str) -> None:
    assert working_until(utc(begin), work, NIGHTS_AND_WEEKENDS, "UTC") == utc(end)


@pytest.mark.parametrize("zone", ["Nowhere/Atall", "", "../etc/passwd", "Europe", "/", "a\0b"])
def test_an_unknown_zone_is_utc(zone: str) -> None:
    assert held_until(utc("2026-11-24 18:00"), NIGHTS, zone) == utc("2026-11-25 08:00")


@pytest.mark.parametrize(
    ("ends", "now", "until"),
    [
        ("02:30", "2026-03-29 00:30", "2026-03-29 01:00"),  # 02:30 does not come: at 02:00 it is 03:00
        ("08:00", "2026-03-28 22:00", "2026-03-29 06:00"),
        ("02:30", "2026-10-25 00:10", "2026-10-25 00:30"),  # 02:30 for the first time
        ("02:30", "2026-10-25 01:10", "2026-10-25 01:30"),  # and for the second
        ("08:00", "2026-10-24 22:00", "2026-10-25 07:00"),
    ],
)
def test_clocks_put_forward_and_back(ends: str, now: str, until: str) -> None:
    hours = QuietHours(begins="22:00", ends=ends, weekends=False)
    assert held_until(utc(now), hours, "Europe/Berlin") == utc(until)


def test_a_clock_put_back_before_quiet_hours_ends_them() -> None:
    hours = QuietHours(begins="02:30", ends="08:00", weekends=False)
    assert held_until(utc("2026-10-25 00:45"), hours, "Europe/Berlin") == utc("2026-10-25 01:00")


def test_a_weekend_in_which_the_clock_changes_lasts_until_its_monday() -> None:
    """Lebanon's clocks go from 00:00 to 01:00 of this Sunday."""
    assert held_until(utc("2026-03-28 21:59"), WEEKENDS, "Asia/Beirut") == utc("2026-03-29 21:00")


_MINUTES = st.integers(0, 24 * 60 - 1).map(lambda it: f"{it // 60:02}:{it % 60:02}")
_HOURS = st.builds(QuietHours, begins=_MINUTES, ends=_MINUTES, weekends=st.booleans())
_ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "Africa/Cairo", "Pacific/Apia"]
)
_CHANGES = [utc(it) for it in ("2026-03-29 00:00", "2026-10-25 00:00", "2026-04-04 15:00", "2026-04-23 22:00")]
_BEGIN = utc("2020-01-01")
_ANY_TIME = st.integers(0, 10 * 365 * 86_400).map(lambda seconds: _BEGIN + timedelta(seconds=seconds))
_NEAR_A_CHANGE = st.tuples(st.sampled_from(_CHANGES), st.integers(-90_000, 90_000)).map(
    lambda it: it[0] + timedelta(seconds=it[1])
)
_MOMENTS = _ANY_TIME | _NEAR_A_CHANGE


def is_quiet(at: datetime, hours: QuietHours, zone: str) -> bool:
    """The same rule said once more, by minutes of the wall clock."""
    local = at.astimezone(ZoneInfo(zone))
    if hours.weekends and local.strftime("%a") in ("Sat", "Sun"):
        return True
    begin, end = (int(it[:2]) * 60 + int(it[3:]) for it in (hours.begins, hours.ends))
    minute = local.hour * 60 + local.minute
    return (minute - begin) % 1440 < (end - begin) % 1440


@given(now=_MOMENTS, hours=_HOURS, zone=_ZONES)
@example(now=utc("2026-10-25 00:45"), hours=QuietHours(begins="02:30", ends="08:00"), zone="Europe/Berlin")
def test_it_is_held_exactly_while_it_is_quiet(now: datetime, hours: QuietHours, zone: str) -> None:
    until = held_until(now, hours, zone)
    if until is None:
        assert not is_quiet(now, hours, zone)
        return
    assert until > now
    assert not is_quiet(until, hours, zone)
    step = timedelta(minutes=7)
    moments = [now + step * n for n in range(int((until - now) / step) + 1)] + [until - timedelta(microseconds=1)]
    assert all(is_quiet(it, hours, zone) for it in moments if it < until)
    assert until - now <= timedelta(days=4)


@given(now=_MOMENTS, zone=_ZONES)
def test_no_hours_and_no_weekends_hold_nothing(now: datetime, zone: str) -> None:
    assert held_until(now, QuietHours(begins="07:00", ends="07:00", weekends=False), zone) is None
