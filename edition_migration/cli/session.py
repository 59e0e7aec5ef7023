"""How a command runs: services opened for it alone, failures shown without a traceback, doorbells rung afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from typer.core import TyperGroup

from edition_migration.cli.exit_codes import ExitCode, exit_code_of
from edition_migration.cli.output import let_go_of_stdout, say, show_error
from edition_migration.cli.typed import in_our_words
from edition_migration.domain.errors import EditionMigrationError, TemporalUnavailable

if TYPE_CHECKING:
    from edition_migration.cli.services import CliServices, OpenServices, SetUp

Answer = TypeVar("Answer")
NOT_RUNG = "Temporal is not reachable. The change is saved, and the worker will go on by itself."


@dataclass(frozen=True, slots=True)
class Session:
    """What every command gets as `ctx.obj`."""

    open_services: "OpenServices"
    set_up: "SetUp"

    def run(self, action: "Callable[[CliServices], Awaitable[Answer]]") -> Answer:
        """Looks only."""
        return asyncio.run(self._with_services(action))

    def change(self, action: "Callable[[CliServices], Awaitable[Answer]]", *, is_dry: bool = False) -> Answer:
        """Changes something, then rings; a ring that fails is said and costs seconds only. `is_dry`: does neither."""
        return asyncio.run(self._with_services(action, is_ringing=not is_dry, is_dry=is_dry))

    async def _with_services(
        self, action: "Callable[[CliServices], Awaitable[Answer]]", *, is_ringing: bool = False, is_dry: bool = False
    ) -> Answer:
        async with self.open_services(is_dry=is_dry) as services:
            answer = await action(services)
            if is_ringing:
                await _ring(services)
            return answer


async def _ring(services: "CliServices") -> None:
    try:
        await services.bells.ring_due()
    except TemporalUnavailable:
        say(NOT_RUNG)


def session_of(ctx: typer.Context) -> Session:
    session = ctx.find_object(Session)
    assert session is not None, "the root command makes it"
    return session


class GuardedGroup(TyperGroup):
    """The root command: turns failures into a message and an exit code. `--debug` shows the traceback instead."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except EditionMigrationError as error:
            if ctx.params.get("debug"):
                raise
            show_error(error)
            raise typer.Exit(exit_code_of(error)) from None
        except KeyboardInterrupt:
            say("Interrupted. What was done so far is kept whole; nothing was left half done.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:  # who reads our output has enough of it, as `head` does
            let_go_of_stdout()
            raise typer.Exit(ExitCode.OK) from None
        except typer.BadParameter as error:
            raise in_our_words(error)  # noqa: B904 - the same error
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except Exception as error:  # the last line of defense: no input or secret of it is printed
            if ctx.params.get("debug"):
                raise
            say(f"Error: this program has a fault ({type(error).__name__}).")
            say(
                "What helps: run it again with --debug first, as in `starter.py --debug ...`, and report what it shows."
            )
            raise typer.Exit(ExitCode.INTERNAL) from None
