"""Releasing one page of a selection. Called by `MigrationWave`."""

from temporalio import activity

from activities.running import run
from edition_migration.application.waves import WaveRelease
from edition_migration.domain.progress import WaveInput, WaveOutcome


class WaveActivities:
    """The one activity of a wave."""

    def __init__(self, release: WaveRelease) -> None:
        self._release = release

    @activity.defn
    async def release_page(self, page: WaveInput) -> WaveOutcome:
        """A repeat finds the released ones released and goes on with the rest."""
        return await run(self._release.release_page(page))
