"""`pause` and `resume`: an organization, or the whole service, stands still for a while and goes on."""

from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli.options import DEFAULT_ACTOR, Actor, AsJson, DryRun, Org, WrongUsage
from edition_migration.cli.output import say, show_json, text_of
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from edition_migration.application.views import PauseAnswer

WholeService = Annotated[bool, typer.Option("--service", help="The whole service instead of one organization.")]


def pause(
    ctx: typer.Context,
    org: Org = None,
    service: WholeService = False,
    is_dry: DryRun = False,
    actor: Actor = DEFAULT_ACTOR,
    as_json: AsJson = False,
) -> None:
    """Hold instructions, activations, links and all mails. Deadlines stand still; users with a link may go on."""
    scope = _scope(ctx, org, service)
    _show(session_of(ctx).change(lambda services: services.pauses.pause(scope, actor), is_dry=is_dry), is_dry, as_json)


def resume(
    ctx: typer.Context,
    org: Org = None,
    service: WholeService = False,
    is_dry: DryRun = False,
    actor: Actor = DEFAULT_ACTOR,
    as_json: AsJson = False,
) -> None:
    """End the pause. Everybody goes on where he stood, and held mails go out at their usual pace."""
    scope = _scope(ctx, org, service)
    _show(session_of(ctx).change(lambda services: services.pauses.resume(scope, actor), is_dry=is_dry), is_dry, as_json)


def scope_name(org_id: str | None) -> str:
    """An organization's id, or the whole service."""
    return org_id or "the whole service"


def _scope(ctx: typer.Context, org: str | None, service: bool) -> str:
    from edition_migration.ports.store_events import SERVICE

    if not service:
        return session_of(ctx).run(lambda services: services.queries.organization(org)).org_id
    if org is not None:
        raise WrongUsage("name an organization with --org, or use --service: not both")
    return SERVICE


def _show(answer: "PauseAnswer", is_dry: bool, as_json: bool) -> None:
    if as_json:
        show_json(answer)
        return
    words = {
        "paused": "Paused",
        "already_paused": "Paused already",
        "resumed": "Resumed",
        "not_paused": "No pause to end",
    }
    typer.echo(f"{words[answer.verdict]}: {scope_name(answer.org_id)}.")
    is_said = answer.verdict == "paused"
    for it in (pause for pause in answer.pauses if not (is_said and pause.org_id == answer.org_id)):
        say(f"Paused: {scope_name(it.org_id)}, since {text_of(it.started_at)} (UTC) by {it.actor}.")
    if answer.verdict == "resumed" and answer.pauses:
        say("Nobody goes on before that ends too.")
    if is_dry:
        say("Dry run: nothing was changed.")
