"""`wave list|show|watch|pause|resume|cancel|retry-failed|report`: selections as a whole."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli.commanding import agree, chosen_users, command
from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import AsJson, Form, How, Order, Org, Who
from edition_migration.cli.output import Cell, say, show_fields, show_json, show_list, show_table
from edition_migration.cli.session import session_of
from edition_migration.cli.wave_board import Board

if TYPE_CHECKING:
    from edition_migration.application.wave_views import MemberCount, WaveDetail
    from edition_migration.cli.services import CliServices
    from edition_migration.domain.waves import WaveAnswer

app = typer.Typer(no_args_is_help=True, help="Waves: what one selection became, and its course.")

WaveId = Annotated[str, typer.Argument(metavar="WAVE", help="The wave's id, as `wave list` shows it.")]
ResultFile = Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Write the result as CSV.")]
_APART = {"states", "orders"}


@app.command("list")
@grouped
def list_waves(ctx: typer.Context, form: Form, org: Org = None) -> None:
    """List the organization's waves, oldest first."""
    from edition_migration.application.wave_views import WaveLine

    view = session_of(ctx).run(lambda services: services.wave_queries.list(org))
    columns = ("Wave", "By", "State", "Users", "Released", "Finished", "Pilot", "Not before (UTC)", "Made (UTC)")

    def cells(it: WaveLine) -> tuple[Cell, ...]:
        return tuple(getattr(it, name) for name in WaveLine.model_fields)

    show_list(form, view, view.waves, WaveLine, f"Waves of {view.org_id}", columns, cells)


@app.command()
def show(ctx: typer.Context, wave: WaveId, org: Org = None, as_json: AsJson = False) -> None:
    """Show where a wave's users are, and what was commanded to it."""
    view = session_of(ctx).run(lambda services: services.wave_queries.show(org, wave))
    if as_json:
        show_json(view)
        return
    fields: list[tuple[str, Cell]] = [
        (name, getattr(view, name)) for name in type(view).model_fields if name not in _APART
    ]
    show_fields("Wave", fields)
    _show_states(view.states)
    rows = [(it.at, it.kind, it.actor) for it in view.orders]
    show_table("Commands", ("At (UTC)", "Command", "By"), rows)


@app.command()
def watch(
    ctx: typer.Context,
    wave: WaveId,
    org: Org = None,
    every: Annotated[float, typer.Option("--every", min=0.2, metavar="SECONDS", help="Between two looks.")] = 2.0,
) -> None:
    """Watch a wave until all of it is finished: states, mails, licenses, pace and problems. Ctrl-C only ends the look.

    On a terminal a board that changes in place, else a line whenever something has changed.
    """
    board = Board(every)
    session_of(ctx).run(lambda services: board.watch(lambda: services.wave_queries.board(org, wave)))


@app.command()
@grouped
def pause(ctx: typer.Context, wave: WaveId, how: Order, org: Org = None, as_json: AsJson = False) -> None:
    """Release nobody more of a wave until it is resumed. Who is released goes on."""
    _control(ctx, "pause", wave, org, how, as_json)


@app.command()
@grouped
def resume(ctx: typer.Context, wave: WaveId, how: Order, org: Org = None, as_json: AsJson = False) -> None:
    """Go on with a paused wave, also behind its pilot."""
    _control(ctx, "resume", wave, org, how, as_json)


@app.command()
@grouped
def cancel(ctx: typer.Context, wave: WaveId, how: How, org: Org = None, as_json: AsJson = False) -> None:
    """Give back to the list whom a wave has not instructed yet. Who is instructed goes on."""
    view = session_of(ctx).run(lambda services: services.wave_queries.show(org, wave))
    if view.state != "cancelled" and (users := _not_instructed(view)):
        agree(f"Users who are not instructed yet and go back to the list: {users}.", how)
    _control(ctx, "cancel", wave, org, how, as_json)


@app.command("retry-failed")
@grouped
def retry_failed(ctx: typer.Context, wave: WaveId, how: Order, form: Form, org: Org = None) -> None:
    """Let everybody of a wave whom something stops go on where he stopped: `retry` for all of them."""
    found = session_of(ctx).run(lambda services: services.wave_queries.named(org, wave))
    whom = Who(in_wave=found.wave_id, org=found.org_id, everybody=True)
    command(ctx, "retry", chosen_users(ctx, whom, "retry"), how, form)


@app.command()
@grouped
def report(ctx: typer.Context, wave: WaveId, form: Form, org: Org = None, to: ResultFile = None) -> None:
    """Say what became of everybody whom a wave selected; the file can be given to `select --from` again."""
    from edition_migration.application.wave_views import MemberLine

    session = session_of(ctx)
    view = session.run(lambda services: services.wave_queries.report(org, wave))
    if to is not None:
        count = session.run(lambda services: services.wave_queries.write_report(org, wave, to))
        say(f"Users written to {to}: {count}.")
    if not (form.as_csv or form.as_json):
        _show_states(view.states)
        say(f"Deselected, on the list again: {view.deselected}. Each user: --csv, --json or --to FILE.")
        return
    show_list(form, view, view.users, MemberLine, "", (), lambda _: ())


def _control(ctx: typer.Context, name: str, wave_id: str, org: str | None, how: Order, as_json: bool) -> None:
    from edition_migration.domain.waves import WaveCommand, WaveCommandKind

    async def act(services: "CliServices") -> "WaveAnswer":
        wave = await services.wave_queries.named(org, wave_id)
        command = WaveCommand(
            kind=WaveCommandKind(name),
            org_id=wave.org_id,
            wave_id=wave.wave_id,
            actor=how.actor,
            command_id=how.key,
        )
        return await services.wave_control.control(command)

    answer = session_of(ctx).change(act, is_dry=how.is_dry)
    if as_json:
        show_json(answer)
    else:
        row = (answer.wave_id, answer.verdict, answer.state, answer.reason, answer.mend)
        show_table("Answer", ("Wave", "Answer", "State", "Reason", "What helps"), [row])
    if name == "cancel" and answer.verdict == "done":
        say(f"Go back to the list: {answer.deselected}. Instructed, these go on: {answer.going_on}.")
    if how.is_dry:
        say("Dry run: nothing was changed.")
    if answer.verdict == "refused":
        raise typer.Exit(ExitCode.REFUSED)


def _show_states(states: "tuple[MemberCount, ...]") -> None:
    show_table("Users", ("State", "Users"), [(it.state, it.users) for it in states])


def _not_instructed(view: "WaveDetail") -> int:
    from edition_migration.domain.states import DESELECTABLE

    return sum(it.users for it in view.states if it.state in DESELECTABLE)
