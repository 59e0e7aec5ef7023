"""Probes are independent: what one meets, takes too long over or breaks on hides nothing of the others."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from edition_migration.application.diagnosis import diagnose
from edition_migration.domain.diagnosis import ClockReading, Finding, Look, Probe, Subject, Verdict, fails, of_clock, ok
from edition_migration.domain.diagnosis import warning as warns
from edition_migration.domain.errors import ConfigurationError, Inconsistent, StoreUnavailable, TemporalUnavailable

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


async def good() -> Sequence[Finding]:
    return [ok(Subject.WEB, "is ready")]


def raising(error: Exception) -> Look:
    async def look() -> Sequence[Finding]:
        raise error

    return look


async def never() -> Sequence[Finding]:
    await asyncio.Event().wait()
    return []


async def test_findings_stand_in_the_order_of_the_probes_and_the_worst_decides() -> None:
    async def poor() -> Sequence[Finding]:
        return [warns(Subject.DISK, "little room", "make room")]

    diagnosis = await diagnose([Probe(Subject.DISK, poor), Probe(Subject.WEB, good)])
    assert [it.subject for it in diagnosis.findings] == [Subject.DISK, Subject.WEB]
    assert diagnosis.verdict is Verdict.WARNING
    assert (await diagnose([Probe(Subject.WEB, good)])).verdict is Verdict.OK


async def test_a_look_that_gets_stuck_ends_at_its_limit_and_the_others_are_seen() -> None:
    stuck = Probe(Subject.RELAY, never, limit=timedelta(milliseconds=10))
    diagnosis = await diagnose([stuck, Probe(Subject.WEB, good)])
    assert diagnosis.findings == (
        fails(Subject.RELAY, "no answer within 0.01 s", "see whether something on the way is stuck"),
        ok(Subject.WEB, "is ready"),
    )


async def test_a_fault_of_one_look_is_a_finding_of_its_own_without_its_text() -> None:
    diagnosis = await diagnose([Probe(Subject.DISK, raising(KeyError("s3cret"))), Probe(Subject.WEB, good)])
    assert diagnosis.findings == (
        fails(Subject.DISK, "could not be looked at: a fault of this program (KeyError)", "report it"),
        ok(Subject.WEB, "is ready"),
    )


@pytest.mark.parametrize("kind", [ConfigurationError, StoreUnavailable, TemporalUnavailable])
async def test_who_stands_behind_a_shut_entrance_knows_nothing_and_fails_nothing(kind: type[StoreUnavailable]) -> None:
    look = raising(kind("nobody answers", mend="start it"))
    diagnosis = await diagnose([Probe(Subject.STORE, look, is_entrance=True), Probe(Subject.SCHEMA, look)])
    assert diagnosis.findings == (
        fails(Subject.STORE, "nobody answers", "start it"),
        warns(Subject.SCHEMA, "not known: nobody answers"),
    )


async def test_any_other_failure_is_said_with_its_mend() -> None:
    diagnosis = await diagnose([Probe(Subject.SCHEMA, raising(Inconsistent("rows differ", mend="look at them")))])
    assert diagnosis.findings == (fails(Subject.SCHEMA, "rows differ", "look at them"),)


@pytest.mark.parametrize(
    ("seconds", "finding"),
    [
        (0.5, ok(Subject.CLOCK, "its clock and this machine's agree")),
        (2.9, ok(Subject.CLOCK, "its clock and this machine's agree")),
        (4, warns(Subject.CLOCK, "its clock is 3 s ahead of this machine's")),
        (-59.4, warns(Subject.CLOCK, "its clock is 59 s behind this machine's")),
        (-60, fails(Subject.CLOCK, "its clock is 60 s behind this machine's")),
        (361, fails(Subject.CLOCK, "its clock is 360 s ahead of this machine's")),
    ],
)
def test_only_the_part_of_a_skew_that_is_proven_counts(seconds: float, finding: Finding) -> None:
    reading = ClockReading(NOW, NOW + timedelta(seconds=seconds), NOW + timedelta(seconds=1))
    mend = "" if finding.verdict is Verdict.OK else "let both follow the same time servers (NTP)"
    assert of_clock("its clock", reading) == finding.model_copy(update={"mend": mend})
