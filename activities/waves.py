"""Releasing one page of a selection, and commands on the whole of it. Called by `MigrationWave`."""

from temporalio import activity

from activities.running import run
from edition_migration.application.wave_control import WaveControl
from edition_migration.application.waves import WaveRelease
from edition_migration.domain.progress import WaveInput, WaveOutcome
from edition_migration.domain.waves import WaveAnswer, WaveCommand


class WaveActivities:
    """The activities of a wave."""

    def __init__(self, release: WaveRelease, control: WaveControl) -> None:
        self._release = release
        self._control = control

    @activity.defn
    async def release_page(self, page: WaveInput) -> WaveOutcome:
        """A repeat finds the released ones released and goes on with the rest."""
        return await run(self._release.release_page(page))

    @activity.defn
    async def control_wave(self, command: WaveCommand) -> WaveAnswer:
        """A repeat of the command id gets the first answer."""
        return await run(self._control.control(command))
