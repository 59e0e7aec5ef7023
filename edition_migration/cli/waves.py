"""`wave list|show|pause|resume|cancel|report`: selections as a whole."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.options import DEFAULT_ACTOR, Actor, AsJson, CommandId, Org, Yes
from edition_migration.cli.output import Cell, confirm, say, show_fields, show_json, show_table
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from edition_migration.application.wave_views import MemberCount, WaveDetail
    from edition_migration.cli.services import CliServices
    from edition_migration.domain.waves import WaveAnswer

app = typer.Typer(no_args_is_help=True, help="Waves: what one selection became, and its course.")

WaveId = Annotated[str, typer.Argument(metavar="WAVE", help="The wave's id, as `wave list` shows it.")]
ResultFile = Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Write the result as CSV.")]
_APART = {"states", "orders"}


@app.command("list")
def list_waves(ctx: typer.Context, org: Org = None, as_json: AsJson = False) -> None:
    """List the organization's waves, oldest first."""
    view = session_of(ctx).run(lambda services: services.wave_queries.list(org))
    if as_json:
        show_json(view)
        return
    columns = ("Wave", "By", "State", "Users", "Released", "Finished", "Pilot", "Not before (UTC)", "Made (UTC)")
    rows = [tuple(getattr(it, name) for name in type(it).model_fields) for it in view.waves]
    show_table(f"Waves of {view.org_id}", columns, [(row[0], *row[1:]) for row in rows])


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
def pause(
    ctx: typer.Context,
    wave: WaveId,
    org: Org = None,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Release nobody more of a wave until it is resumed. Who is released goes on."""
    _control(ctx, "pause", wave, org, actor, command_id, as_json)


@app.command()
def resume(
    ctx: typer.Context,
    wave: WaveId,
    org: Org = None,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a paused wave, also behind its pilot."""
    _control(ctx, "resume", wave, org, actor, command_id, as_json)


@app.command()
def cancel(
    ctx: typer.Context,
    wave: WaveId,
    org: Org = None,
    yes: Yes = False,
    actor: Actor = DEFAULT_ACTOR,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Give back to the list whom a wave has not instructed yet. Who is instructed goes on."""
    view = session_of(ctx).run(lambda services: services.wave_queries.show(org, wave))
    if view.state != "cancelled":
        confirm(f"Users who are not instructed yet and go back to the list: {_not_instructed(view)}.", is_agreed=yes)
    _control(ctx, "cancel", wave, org, actor, command_id, as_json)


@app.command()
def report(ctx: typer.Context, wave: WaveId, org: Org = None, to: ResultFile = None, as_json: AsJson = False) -> None:
    """Say what became of everybody whom a wave selected; the file can be given to `select --from` again."""
    session = session_of(ctx)
    view = session.run(lambda services: services.wave_queries.report(org, wave))
    if to is not None:
        count = session.run(lambda services: services.wave_queries.write_report(org, wave, to))
        say(f"Users written to {to}: {count}.")
    if as_json:
        show_json(view)
    else:
        _show_states(view.states)
        say(f"Deselected, on the list again: {view.deselected}. Each user: --to FILE, or --json.")


def _control(
    ctx: typer.Context, name: str, wave_id: str, org: str | None, actor: str, command_id: str | None, as_json: bool
) -> None:
    from edition_migration.domain.waves import WaveCommand, WaveCommandKind

    async def act(services: "CliServices") -> "WaveAnswer":
        wave = await services.wave_queries.named(org, wave_id)
        command = WaveCommand(
            kind=WaveCommandKind(name),
            org_id=wave.org_id,
            wave_id=wave.wave_id,
            actor=actor,
            command_id=command_id or uuid4().hex,
        )
        return await services.wave_control.control(command)

    answer = session_of(ctx).change(act)
    if as_json:
        show_json(answer)
    else:
        row = (answer.wave_id, answer.verdict, answer.state, answer.reason, answer.mend)
        show_table("Answer", ("Wave", "Answer", "State", "Reason", "What helps"), [row])
    if answer.verdict == "refused":
        raise typer.Exit(ExitCode.REFUSED)
    if name == "cancel":
        say(f"Back on the list: {answer.deselected}. Instructed, these go on: {answer.going_on}.")


def _show_states(states: "tuple[MemberCount, ...]") -> None:
    show_table("Users", ("State", "Users"), [(it.state, it.users) for it in states])


def _not_instructed(view: "WaveDetail") -> int:
    from edition_migration.domain.states import DESELECTABLE

    return sum(it.users for it in view.states if it.state in DESELECTABLE)
