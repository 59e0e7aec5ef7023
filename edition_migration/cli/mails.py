"""`mails list` and the organization's own texts: `mails texts|show|set|check|preview|send-test|undo`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edition_migration.cli.as_typed import as_typed
from edition_migration.cli.documents import read_text, write_text
from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import AsJson, CommandId, Form, Order, Org
from edition_migration.cli.output import Cell, say, show_json, show_list
from edition_migration.cli.session import session_of
from edition_migration.cli.text_file import read_mail_text

if TYPE_CHECKING:
    from edition_migration.application.own_text_views import OwnTextAnswer, OwnTextName
    from edition_migration.application.views import ListedMail
    from edition_migration.cli.services import CliServices
    from edition_migration.domain.own_texts import OwnTextDraft

app = typer.Typer(no_args_is_help=True, help="Mails that were sent or wait, and an organization's own texts for them.")

Kind = Annotated[str, typer.Argument(metavar="MAIL", help="Which mail, e.g. instructions.", show_default=False)]
TextFile = Annotated[
    Path, typer.Argument(metavar="FILE|-", help="First line `Subject: ...`, an empty line, then the text.")
]
Draft = Annotated[Path | None, typer.Option("--file", metavar="FILE", help="A text that is not kept yet.")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the HTML there, for a browser.")]
Language = Annotated[
    str | None, typer.Option("--language", help="Of the text, e.g. en.", show_default="the organization's own")
]
Users = Annotated[list[str] | None, typer.Argument(help="Only to these users, by id or address.", show_default=False)]
Kinds = Annotated[list[str] | None, typer.Option("--mail", help="Only this mail, e.g. reminder; several times.")]
States = Annotated[list[str] | None, typer.Option("--state", help="Only in this state, e.g. bounced; several times.")]
Before = Annotated[int | None, typer.Option("--before", metavar="NUMBER", help="Those before this one: the next page.")]
PageSize = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
OPTIONS = {"kind": "MAIL", "language": "--language"}
"""Under which names the fields of a text's name are typed here."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which text of which organization."""

    kind: Kind
    org: Org = None
    language: Language = None

    @property
    def name(self) -> "OwnTextName":
        from edition_migration.application.own_text_views import OwnTextName

        return OwnTextName(**self.fields)

    @property
    def fields(self) -> dict[str, Any]:
        return {"kind": self.kind, "org": self.org, "language": self.language}


@app.command("list")
@grouped
def list_mails(
    ctx: typer.Context,
    form: Form,
    users: Users = None,
    kinds: Kinds = None,
    states: States = None,
    org: Org = None,
    limit: PageSize = 250,
    before: Before = None,
) -> None:
    """List mails, newest first: to whom, which, and what became of each, or what holds it. Addresses: `user show`."""
    from edition_migration.application.filters import mail_kind_named, mail_state_named
    from edition_migration.application.views import ListedMail

    of_kinds = [mail_kind_named(it) for it in kinds or ()]
    in_states = [mail_state_named(it) for it in states or ()]
    page = session_of(ctx).run(
        lambda services: services.listings.mails(org, users or (), of_kinds, in_states, limit=limit, before=before)
    )
    columns = ("Number", "User id", "Mail", "State", "Attempts", "Reply", "Queued (UTC)", "Accepted (UTC)")
    show_list(form, page, page.mails, ListedMail, f"Mails of {page.org_id}, newest first", columns, _cells)
    if page.next and not form.as_json:
        say(f"Older ones: --before {page.next}")


def _cells(it: "ListedMail") -> tuple[Cell, ...]:
    from edition_migration.domain.holds import said

    whom = it.user_id or "(Notification Email)"
    state = it.state if it.held_by is None else f"{it.state}, {said(it.held_by, it.held_until)}"
    return it.number, whom, it.kind, state, it.attempts, it.reply_code, it.created_at, it.accepted_at


@app.command()
@grouped
def texts(ctx: typer.Context, form: Form, org: Org = None) -> None:
    """List the texts that are, or once were, the organization's own. All others are ours."""
    from edition_migration.application.own_text_views import OwnTextLine

    view = session_of(ctx).run(lambda services: services.own_texts.show(org))

    def cells(it: OwnTextLine) -> tuple[Cell, ...]:
        return it.kind, it.language, "own" if it.is_own else "ours again", it.subject, it.actor, it.at

    columns = ("Mail", "Language", "Whose", "Subject", "By", "Since (UTC)")
    show_list(form, view, view.texts, OwnTextLine, f"Own texts of {view.org_id}", columns, cells)


@app.command()
@grouped
@as_typed(OPTIONS)
def show(ctx: typer.Context, which: Which, as_json: AsJson = False) -> None:
    """Print an own text as `mails set` takes it."""
    view = session_of(ctx).run(lambda services: services.own_texts.text(which.name))
    if as_json:
        show_json(view)
    elif view.is_own:
        typer.echo(f"Subject: {view.subject}\n\n{view.body}")
    else:
        say(f"This text is ours. See it with `starter.py mails preview {view.kind} --org {view.org_id}`.")


@app.command("set")
@grouped
@as_typed(OPTIONS)
def set_text(
    ctx: typer.Context,
    which: Which,
    file: TextFile,
    given: Order,
    as_json: AsJson = False,
) -> None:
    """Keep an own text; mails that are not sent yet get it. It is checked first."""
    from edition_migration.application.own_text_views import OwnTextOrder

    subject, body = read_mail_text(read_text(file))
    order = OwnTextOrder(**which.fields, subject=subject, body=body, actor=given.actor, command_id=given.key)
    answer = session_of(ctx).change(lambda services: services.own_texts.set(order), is_dry=given.is_dry)
    _show_answer(answer, is_dry=given.is_dry, as_json=as_json)


@app.command()
@grouped
@as_typed(OPTIONS)
def undo(
    ctx: typer.Context,
    which: Which,
    given: Order,
    as_json: AsJson = False,
) -> None:
    """Go back to the own text before, and from the first one to ours."""
    from edition_migration.application.own_text_views import UndoOrder

    order = UndoOrder(**which.fields, actor=given.actor, command_id=given.key)
    answer = session_of(ctx).change(lambda services: services.own_texts.undo(order), is_dry=given.is_dry)
    _show_answer(answer, is_dry=given.is_dry, as_json=as_json)


@app.command()
@grouped
def check(ctx: typer.Context, form: Form, org: Org = None) -> None:
    """Check all own texts by today's rules. A text that is not kept yet: `mails preview --file`."""
    from edition_migration.application.own_text_views import KeptProblem

    view = session_of(ctx).run(lambda services: services.own_texts.check_kept(org))

    def cells(it: KeptProblem) -> tuple[Cell, ...]:
        return it.kind, it.language, it.path, it.reason, it.mend

    columns = ("Mail", "Language", "Where", "What", "What helps")
    show_list(form, view, view.problems, KeptProblem, f"Problems of own texts of {view.org_id}", columns, cells)
    if view.problems:
        raise typer.Exit(ExitCode.REFUSED)


@app.command()
@grouped
@as_typed(OPTIONS)
def preview(
    ctx: typer.Context,
    which: Which,
    file: Draft = None,
    to: Html = None,
    as_json: AsJson = False,
) -> None:
    """Show a mail as its reader would get it, with sample values; with --file a text before it is kept."""

    async def look(services: "CliServices") -> Any:
        return await services.mail_samples.preview(which.name, await _draft(services, which, file))

    it = session_of(ctx).run(look)
    if to is not None:
        write_text(to, it.html)
        say(f"HTML written to {to}.")
    if as_json:
        show_json(it)
    else:
        typer.echo(f"Subject: {it.subject}\nPreview: {it.preheader}\n\n{it.text}")


@app.command("send-test")
@grouped
@as_typed(OPTIONS)
def send_test(
    ctx: typer.Context,
    which: Which,
    address: Annotated[str, typer.Argument(help="Where the mail goes.", show_default=False)],
    file: Draft = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Send a mail with sample values to one address, marked as a test; its link belongs to nobody."""
    from edition_migration.application.own_text_views import TestOrder
    from edition_migration.domain.names import new_id

    async def send(services: "CliServices") -> Any:
        draft = await _draft(services, which, file)
        order = TestOrder(**which.fields, address=address, command_id=command_id or new_id(), draft=draft)
        return await services.mail_samples.send_test(order)

    receipt = session_of(ctx).run(send)
    if as_json:
        show_json(receipt)
    else:
        typer.echo(f"The relay accepted the mail ({receipt.reply_code}).")


async def _draft(services: "CliServices", which: Which, file: Path | None) -> "OwnTextDraft | None":
    """The text of the file, checked."""
    if file is None:
        return None
    return await services.own_texts.check(which.name, *read_mail_text(read_text(file)))


def _show_answer(answer: "OwnTextAnswer", *, is_dry: bool, as_json: bool) -> None:
    if as_json:
        show_json(answer)
        return
    words = {
        "set": "Kept, and used for mails that are not sent yet",
        "restored": "Back to the own text before",
        "ours": "Back to ours",
        "unchanged": "Nothing to change",
    }
    typer.echo(f"{words[answer.result]}: {answer.kind} ({answer.language}) of {answer.org_id}.")
    if is_dry:
        say("Dry run: nothing was changed.")
