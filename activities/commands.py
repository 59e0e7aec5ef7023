"""Operators' commands from the Temporal UI: the same use cases as the command line's. Called by Update handlers."""

from temporalio import activity

from activities.running import run
from edition_migration.application.commands import Commands
from edition_migration.domain.commands import Command, CommandAnswer


class CommandActivities:
    """The one activity behind every Update."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    @activity.defn
    async def apply_command(self, command: Command) -> CommandAnswer:
        """A repeat of the command id gets the first answer."""
        return await run(self._commands.apply(command))

    @activity.defn
    async def apply_to_newest(self, command: Command) -> CommandAnswer:
        """As `apply_command`, on the user's newest migration, whichever generation the command names."""
        return await run(self._commands.apply_to_newest(command))
