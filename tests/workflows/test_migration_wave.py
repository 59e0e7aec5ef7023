"""The wave's workflow on the real server: pages at its pace, then the counts."""

from datetime import timedelta

from temporalio.testing import TimeSkipper

from edition_migration.domain.progress import WaveInput, WaveOutcome
from tests.workflows.conftest import Started
from tests.workflows.script import Script, result_of


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
