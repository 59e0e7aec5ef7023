"""What every command on users shares: who is meant, one command for each of them, and how the answers are shown."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import typer

from edition_migration.cli.documents import STDIN
from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.output import say, show_json, show_table
from edition_migration.cli.session import session_of
from edition_migration.cli.stdin_file import spooled_stdin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edition_migration.application.chosen_users import Chosen, Filter
    from edition_migration.domain.commands import CommandAnswer, CommandKind


def chosen_users(
    ctx: typer.Context,
    org: str | None,
    users: list[str] | None,
    users_from: str | None,
    everybody: bool = False,
    limit: int | None = None,
    alternative: str = "",
    fitting: "Filter | None" = None,
) -> "Chosen":
    """The users named in exactly one way. Raises InvalidInput, NotFound, and BadParameter for no way or several.

    `alternative` is the option by which this command may mean users without naming them, `fitting` narrows it.
    """
    from edition_migration.application.chosen_users import Choice, Filter

    fitting = fitting or Filter()
    everybody = everybody or fitting.is_given
    ways = sum((bool(users), users_from is not None, everybody))
    if ways != 1:
        ways_in_words = ", ".join(("name users", "or use --from", *([f"or {alternative}"] if alternative else [])))
        raise typer.BadParameter(f"{ways_in_words}: exactly one of them")
    with spooled_stdin(Path(users_from) if users_from else None, STDIN) as file:
        choice = Choice(org_id=org, names=users or (), file=file, is_all=everybody, fitting=fitting, limit=limit)
        return session_of(ctx).run(lambda services: services.chosen_users.of(choice))


def command(
    ctx: typer.Context,
    kind: "CommandKind",
    chosen: "Chosen",
    *,
    actor: str,
    command_id: str | None,
    as_json: bool,
    extension: timedelta | None = None,
) -> None:
    """Applies it to each of them and shows the answers; a repeat of the command id gets the first ones."""
    from edition_migration.domain.commands import CommandRequest

    request, key = CommandRequest(actor=actor, extension=extension), command_id or uuid4().hex
    answers = session_of(ctx).change(
        lambda services: services.commands.apply_each(
            kind, chosen.org_id, chosen.user_ids, request=request, command_id=key
        )
    )
    show_command(chosen.org_id, key, answers, as_json=as_json)


def show_command(org_id: str, command_id: str, answers: "Sequence[CommandAnswer]", *, as_json: bool) -> None:
    """As a table or JSON; leaves with the exit code that the answers have."""
    from edition_migration.application.views import CommandView

    if as_json:
        show_json(CommandView(org_id=org_id, command_id=command_id, answers=tuple(answers)))
    else:
        show_answers(answers)
    exit_by(answers)


def show_answers(answers: "Sequence[CommandAnswer]") -> None:
    if not answers:
        say("Nobody fits what was asked for; nothing was done.")
    rows = [(it.user_id, it.verdict, it.state, it.reason, it.mend) for it in answers]
    show_table("Answers", ("User id", "Answer", "State", "Reason", "What helps"), rows)


def exit_by(answers: "Sequence[CommandAnswer]") -> None:
    """Partly refused, or nobody there to do it to: not 0."""
    if not answers or any(it.verdict == "refused" for it in answers):
        raise typer.Exit(ExitCode.REFUSED)
