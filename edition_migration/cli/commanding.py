"""What every command on users shares: who is meant, what it would do, one command for each, and the answers."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from edition_migration.cli.documents import STDIN
from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.options import Form, How, Order, Who, WrongUsage
from edition_migration.cli.output import confirm, say, show_csv, show_json, show_table
from edition_migration.cli.progress import Watch
from edition_migration.cli.session import session_of
from edition_migration.cli.stdin_file import spooled_stdin

if TYPE_CHECKING:
    from edition_migration.application.chosen_users import Chosen
    from edition_migration.application.views import CommandPreview
    from edition_migration.domain.commands import CommandAnswer

OUTCOME = ("status", "reason", "nextStep")
"""What a result adds to each row."""


def chosen_users(ctx: typer.Context, who: Who, kind: str) -> "Chosen":
    """The users meant, in exactly one way. Raises InvalidInput, NotFound, and WrongUsage for no way or several.

    A filter beside names would leave some of them out; who named them expects an answer for each.
    """
    from edition_migration.application.chosen_users import Choice
    from edition_migration.domain.commands import CommandKind

    ways = sum((bool(who.users), who.users_from is not None, who.everybody))
    fitting = who.filter
    if ways > 1 or (ways == 0 and not fitting.is_given):
        raise WrongUsage("name users, or use --from, or --all or a filter: exactly one of them")
    if who.is_named and fitting.is_given:
        raise WrongUsage("a filter does not go with users named, or of --from: leave it out, or give it without them")
    with spooled_stdin(Path(who.users_from), STDIN) if who.users_from else nullcontext() as file:
        choice = Choice(
            kind=CommandKind(kind),
            org_id=who.org,
            names=who.users or (),
            file=file,
            is_all=not who.is_named,
            fitting=fitting,
            limit=who.limit,
        )
        return session_of(ctx).run(lambda services: services.chosen_users.of(choice))


def preview(ctx: typer.Context, kind: str, chosen: "Chosen") -> "CommandPreview":
    """In numbers, what the command would do."""
    from edition_migration.domain.commands import CommandKind

    return session_of(ctx).run(lambda services: services.previews.of(CommandKind(kind), chosen))


def agree(warning: str, how: How) -> None:
    """Says what will happen and asks, unless nothing of it is kept. Raises WrongUsage where nobody can be asked."""
    if how.is_dry:
        say(warning)
    else:
        confirm(warning, is_agreed=how.yes)


def agree_unless_named(who: Who, chosen: "Chosen", what: str, how: How, *, hint: str = "") -> None:
    """Before a command on all, or on who fits a filter: how many they are. Users who were named need no question."""
    if not who.is_named and chosen.user_ids:
        agree(f"{what}: {len(chosen.user_ids)} of {chosen.org_id}.{hint}", how)


def command(
    ctx: typer.Context, kind: str, chosen: "Chosen", how: Order, form: Form, *, extension: timedelta | None = None
) -> None:
    """Applies it to each of them and shows the answers; a repeat of the command id gets the first ones."""
    from edition_migration.domain.commands import CommandKind, CommandRequest

    request, key = CommandRequest(actor=how.actor, extension=extension), how.key
    total = len(chosen.user_ids)
    with Watch() as watch:
        try:
            answers = session_of(ctx).change(
                lambda services: services.commands.apply_each(
                    CommandKind(kind),
                    chosen.org_id,
                    chosen.user_ids,
                    request=request,
                    command_id=key,
                    on_answer=lambda done: watch.at("Users", done, total),
                ),
                is_dry=how.is_dry,
            )
        except KeyboardInterrupt:
            say(f"To go on where it stopped, give the same command again with --command-id {key}.")
            raise
    show_command(chosen, key, answers, how, form)


def show_command(chosen: "Chosen", command_id: str, answers: "Sequence[CommandAnswer]", how: Order, form: Form) -> None:
    """As a table, CSV or JSON; leaves with the exit code that the answers have."""
    from edition_migration.application.views import CommandView

    if form.as_json:
        show_json(CommandView(org_id=chosen.org_id, is_dry=how.is_dry, command_id=command_id, answers=tuple(answers)))
    else:
        show_answers(chosen, answers, form)
    end_with(answers, how)


def show_answers(chosen: "Chosen", answers: "Sequence[CommandAnswer]", form: Form) -> None:
    """The answer for each of them; as CSV behind the row that named him."""
    if form.as_csv:
        kept = [it for it in chosen.given.header if it not in OUTCOME] if chosen.given else ["userId"]
        show_csv((*kept, *OUTCOME), _result_rows(chosen, kept, answers))
        return
    rows = [(it.user_id, it.verdict, it.state, it.reason, it.mend) for it in answers]
    show_table("Answers", ("User id", "Answer", "State", "Reason", "What helps"), rows)


def _result_rows(chosen: "Chosen", kept: "Sequence[str]", answers: "Sequence[CommandAnswer]") -> "Iterator[list[str]]":
    from edition_migration.domain.overview import next_in

    for it in answers:
        given = chosen.given.rows[it.user_id] if chosen.given else {"userId": it.user_id}
        then = it.mend or (next_in(it.state, is_in_wave=it.wave_id is not None) if it.state else "")
        yield [*(given[name] for name in kept), it.verdict, it.reason, then]


def end_with(answers: "Sequence[CommandAnswer]", how: Order) -> None:
    """Partly refused, or nobody there to do it to: not 0."""
    if not answers:
        say("Nobody fits what was asked for; nothing was done.")
    elif how.is_dry:
        say("Dry run: these would be the answers; nothing was changed.")
    if not answers or any(it.verdict == "refused" for it in answers):
        raise typer.Exit(ExitCode.REFUSED)
