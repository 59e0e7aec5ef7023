"""Arguments and options that several commands share."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edition_migration.cli.typed import unfit

if TYPE_CHECKING:
    from edition_migration.application.filters import Filter


class WrongUsage(typer.BadParameter):
    """Arguments that do not go together, or one that lacks: the message stands alone, since no value is wrong."""

    def format_message(self) -> str:
        return self.message


def opaque(text: str) -> str:
    """An id that says nothing about a person. Parser of options."""
    from edition_migration.domain.names import OPAQUE_ID  # loads pydantic

    if not OPAQUE_ID.fullmatch(text):
        raise unfit(text, "is no id", "use letters, digits, - and _, and no address")
    return text


def duration(text: str) -> timedelta:
    """As in files. Parser of options."""
    from edition_migration.domain.durations import LONGEST, parse  # loads pydantic

    span = parse(text)
    if not isinstance(span, timedelta):
        raise unfit(text, "is no duration", "write it like 2d, 12h or 30m")
    if span > LONGEST:
        raise unfit(text, f"is more than {LONGEST.days} days", "give fewer")
    return span


ActivationName = Literal["with_instructions", "delayed", "by_hand"]

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document for programs.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="CSV with a header; what `--from` of the next command takes.")]
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
Everybody = Annotated[bool, typer.Option("--all", help="Everybody whom the command concerns.")]
InDomain = Annotated[str | None, typer.Option("--domain", help="Only with an address in this domain.")]
InState = Annotated[
    list[str] | None, typer.Option("--state", help="Only in this state, e.g. IN_REVIEW; may be given several times.")
]
WithReason = Annotated[
    str | None, typer.Option("--reason", help="Only with this reason or attention, e.g. undeliverable.")
]
OnClient = Annotated[
    str | None,
    typer.Option("--client", help="Only on this client version, e.g. 5.2 or 5; unknown for those without one."),
]
OlderThan = Annotated[
    timedelta | None,
    typer.Option("--older-than", parser=duration, metavar="SPAN", help="Only whose state is older than this, e.g. 3d."),
]
InWave = Annotated[str | None, typer.Option("--wave", help="Only of this wave.")]
AtMost = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="At most so many of them.")]
AfterUser = Annotated[str, typer.Option("--after", help="Begin behind this user id: the next page.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Run every check on the real data, show the answers, and change nothing.")
]
InputFile = Annotated[Path, typer.Argument(metavar="FILE|-", help="YAML or JSON; - is stdin.", show_default=False)]
DEFAULT_ACTOR = "cli"


@dataclass(frozen=True, slots=True)
class Fitting:
    """By what a list, or those whom a command means, are narrowed; all who fit each of them."""

    in_domain: InDomain = None
    in_state: InState = None
    with_reason: WithReason = None
    on_client: OnClient = None
    older_than: OlderThan = None
    in_wave: InWave = None
    limit: AtMost = None

    @property
    def filter(self) -> "Filter":
        """Raises InvalidInput for a state, reason or version that does not exist."""
        from edition_migration.application.filters import Filter, client_named, reason_named, state_named

        return Filter(
            domain=self.in_domain,
            states=tuple(state_named(it) for it in self.in_state or ()),
            reason=reason_named(self.with_reason) if self.with_reason is not None else None,
            client=client_named(self.on_client) if self.on_client is not None else None,
            older_than=self.older_than,
            wave_id=self.in_wave,
        )


@dataclass(frozen=True, slots=True)
class Who(Fitting):
    """Whom a command means: users named, those of a file, or with a filter or `--all` everybody."""

    users: Users = None
    users_from: UsersFrom = None
    org: Org = None
    everybody: Everybody = False

    @property
    def is_named(self) -> bool:
        """Whether each of them was named, so that nobody else can be meant."""
        return bool(self.users) or self.users_from is not None


@dataclass(frozen=True, slots=True)
class Order:
    """How a command is given that asks nothing: by whom, as which, and whether it shall last."""

    is_dry: DryRun = False
    actor: Actor = DEFAULT_ACTOR
    command_id: CommandId = None

    @property
    def key(self) -> str:
        """The id of this command; a new one unless one was given."""
        from edition_migration.domain.names import new_id  # loads pydantic

        return self.command_id or new_id()


@dataclass(frozen=True, slots=True)
class How(Order):
    """The same, of a command that may ask before it does anything."""

    yes: Yes = False


@dataclass(frozen=True, slots=True)
class Form:
    """As a table for people, as CSV or as JSON for programs."""

    as_csv: AsCsv = False
    as_json: AsJson = False

    def __post_init__(self) -> None:
        if self.as_csv and self.as_json:
            raise WrongUsage("choose one of --csv and --json")
