"""The wave's workflow on the real server: pages at its pace, then the counts."""

from datetime import timedelta

from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.testing import TimeSkipper

from edition_migration.domain.commands import Verdict
from edition_migration.domain.migration import WaveState
from edition_migration.domain.names import WaveRef
from edition_migration.domain.progress import WaveInput, WaveOutcome
from edition_migration.domain.waves import WaveAnswer, WaveCommandKind, WaveRequest
from tests.workflows.conftest import Started
from tests.workflows.script import Script, result_of
from workflows.migration_wave import MigrationWave


async def test_wave_releases_pages_at_its_pace_and_ends_with_the_counts(
    started: Started, script: Script, time_skipper: TimeSkipper
) -> None:
    async def page_of_two(given: WaveInput) -> WaveOutcome:
        return WaveOutcome(done=False, released=2, remaining=1, resume_at=given.as_of + timedelta(minutes=1))

    script.will("release_page", page_of_two, page_of_two, WaveOutcome(done=True, released=1, remaining=0))
    handle = await started.wave()
    await script.until_asked("release_page")
    await time_skipper.fast_forward(handle, timedelta(seconds=50))
    assert script.names == ["release_page"]
    await time_skipper.fast_forward(handle, timedelta(seconds=20))
    await script.until_asked("release_page", times=2)
    await time_skipper.fast_forward(handle, timedelta(minutes=1))
    assert WaveOutcome.model_validate(await result_of(handle)) == WaveOutcome(done=True, released=5, remaining=0)
    assert [given.wave_id for _, given in script.asked] == ["w1", "w1", "w1"]


async def test_wave_of_nobody_left_ends_at_once(started: Started, script: Script) -> None:
    script.will("release_page", WaveOutcome(done=True, released=0, remaining=0))
    handle = await started.wave()
    assert WaveOutcome.model_validate(await result_of(handle)) == WaveOutcome(done=True, released=0, remaining=0)


async def test_a_paused_wave_goes_on_when_it_is_rung(started: Started, script: Script) -> None:
    paused = WaveOutcome(done=False, released=0, remaining=3, why="until it is resumed", state=WaveState.PAUSED)
    script.will("release_page", paused, WaveOutcome(done=True, released=3, remaining=0))
    handle = await started.wave()
    await script.until_asked("release_page")
    await started.gateway.ring_wave(WaveRef(org_id=started.org_id, wave_id="w1"))
    assert WaveOutcome.model_validate(await result_of(handle)).released == 3


async def test_a_wave_begins_at_its_time(started: Started, script: Script, time_skipper: TimeSkipper) -> None:
    async def in_an_hour(given: WaveInput) -> WaveOutcome:
        until = given.as_of + timedelta(hours=1)
        return WaveOutcome(done=False, released=0, remaining=3, resume_at=until, why="until its time")

    script.will("release_page", in_an_hour, WaveOutcome(done=True, released=3, remaining=0))
    handle = await started.wave()
    await script.until_asked("release_page")
    await time_skipper.fast_forward(handle, timedelta(minutes=59))
    assert script.names == ["release_page"]
    await time_skipper.fast_forward(handle, timedelta(minutes=2))
    assert WaveOutcome.model_validate(await result_of(handle)).released == 3


async def test_a_ring_does_not_hurry_the_pace(started: Started, script: Script, time_skipper: TimeSkipper) -> None:
    async def page_of_two(given: WaveInput) -> WaveOutcome:
        return WaveOutcome(done=False, released=2, remaining=1, resume_at=given.as_of + timedelta(minutes=1))

    script.will("release_page", page_of_two, WaveOutcome(done=True, released=1, remaining=0))
    handle = await started.wave()
    await script.until_asked("release_page")
    await started.gateway.ring_wave(WaveRef(org_id=started.org_id, wave_id="w1"))
    await time_skipper.fast_forward(handle, timedelta(seconds=50))
    assert script.names == ["release_page"]
    await time_skipper.fast_forward(handle, timedelta(seconds=20))
    assert WaveOutcome.model_validate(await result_of(handle)).released == 3


async def test_a_wave_paused_between_two_pages_says_so_at_once(started: Started, script: Script) -> None:
    async def page_of_two(given: WaveInput) -> WaveOutcome:
        return WaveOutcome(done=False, released=2, remaining=1, resume_at=given.as_of + timedelta(hours=1))

    paused = WaveAnswer(wave_id="w1", kind=WaveCommandKind.PAUSE, verdict=Verdict.DONE, state=WaveState.PAUSED)
    script.will("release_page", page_of_two)
    script.will("control", paused)
    handle = await started.wave()
    await script.until_asked("release_page")
    await handle.execute_update(MigrationWave.pause, WaveRequest(actor="staff-7"), id="c1")
    metadata: WorkflowMetadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    assert "paused" in metadata.current_details
    assert script.names == ["release_page", "control"]


async def test_native_cancel_of_a_wave_acts_as_the_command_by_temporal(started: Started, script: Script) -> None:
    paused = WaveOutcome(done=False, released=0, remaining=3, why="until it is resumed", state=WaveState.PAUSED)
    cancelled = WaveOutcome(done=True, released=0, remaining=3, state=WaveState.CANCELLED)
    script.will("release_page", paused, cancelled)
    handle = await started.wave()
    await script.until_asked("release_page")
    await handle.cancel()
    assert WaveOutcome.model_validate(await result_of(handle)).remaining == 3
    assert script.names == ["release_page", "control", "release_page"]
    command = script.asked[1][1]
    assert (command.kind, command.actor, command.wave_id) == (WaveCommandKind.CANCEL, "temporal", "w1")
    assert command.command_id == f"{handle.id}/native-cancel"


async def test_operators_pause_and_resume_a_wave_by_updates(started: Started, script: Script) -> None:
    waits = WaveOutcome(done=False, released=0, remaining=3, why="until its time", state=WaveState.RELEASING)
    script.will("release_page", waits, waits, WaveOutcome(done=True, released=3, remaining=0))
    handle = await started.wave()
    await script.until_asked("release_page")
    await handle.execute_update(MigrationWave.pause, WaveRequest(actor="staff-7"), id="c1")
    await script.until_asked("release_page", times=2)
    await handle.execute_update(MigrationWave.resume, id="c2")
    await result_of(handle)
    commands = [given for name, given in script.asked if name == "control"]
    assert [(it.kind, it.actor, it.command_id) for it in commands] == [
        ("pause", "staff-7", f"{handle.id}/c1"),
        ("resume", "temporal", f"{handle.id}/c2"),
    ]
