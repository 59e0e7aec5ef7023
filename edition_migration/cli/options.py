"""Arguments and options that several commands share."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer


def opaque(text: str) -> str:
    """An id that says nothing about a person. Parser of options."""
    from edition_migration.domain.names import OPAQUE_ID  # loads pydantic

    if not OPAQUE_ID.fullmatch(text):
        raise typer.BadParameter("must be an id of letters, digits, - and _; no address")
    return text


def duration(text: str) -> timedelta:
    """As in files. Parser of options."""
    from edition_migration.domain.durations import parse  # loads pydantic

    span = parse(text)
    if not isinstance(span, timedelta):
        raise typer.BadParameter("must be a duration like 2d, 12h or 30m")
    return span


ActivationName = Literal["with_instructions", "delayed", "by_hand"]

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document for programs instead of tables.")]
Org = Annotated[str | None, typer.Option("--org", help="Organization id; not needed where there is only one.")]
Actor = Annotated[
    str, typer.Option("--actor", envvar="EDITION_MIGRATION_ACTOR", parser=opaque, help="Who decides: a staff id.")
]
CommandId = Annotated[
    str | None,
    typer.Option("--command-id", parser=opaque, help="Id of this command; repeated, it gets the first answer."),
]
Users = Annotated[list[str] | None, typer.Argument(help="Users by id or address.", show_default=False)]
UsersFrom = Annotated[
    str | None, typer.Option("--from", metavar="FILE|-", help="CSV with a column userId or email; - is stdin.")
]
Everybody = Annotated[bool, typer.Option("--all", help="Everybody pending, administrators never.")]
AtMost = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many of them.")]
AfterUser = Annotated[str, typer.Option("--after", help="Begin behind this user id: the next page.")]
PageSize = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Users of one page.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
InputFile = Annotated[Path, typer.Argument(metavar="FILE", help="The file.", show_default=False)]
DEFAULT_ACTOR = "cli"
