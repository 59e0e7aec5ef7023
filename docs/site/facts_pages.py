"""The reference of search attributes, ids and errors."""

from collections.abc import Iterator

from docs.site.tables import code, page, table
from edition_migration.cli.exit_codes import ExitCode, exit_code_of
from edition_migration.domain.errors import AddressRefused, EditionMigrationError
from edition_migration.domain.events.envelope import EventType
from edition_migration.domain.names import (
    MAIL_QUEUE,
    MIGRATION_QUEUE,
    PURGE,
    RECONCILIATION,
    SEARCH_ATTRIBUTE_TYPES,
    MigrationRef,
    OrganizationRef,
    SearchAttribute,
    WaveRef,
)

A = SearchAttribute
MEANING = {
    A.ORG: "id of the organization",
    A.STATE: "state of the migration",
    A.STEP: "the step that the migration is at",
    A.WAVE: "id of the wave",
    A.DEADLINE: "until when the user must have chosen a password, or signed in; without his domain, when the hold ends",
    A.ATTENTION: "why somebody should look: `undeliverable`, `complaint`, `policy`, `workflow_missing`",
}


def search_attributes_page() -> str:
    rows = [(code(it), kind, MEANING[it]) for it, kind in SEARCH_ATTRIBUTE_TYPES.items()]
    ids = [
        (
            "One user",
            code(MigrationRef(org_id="ORG", user_id="USER", generation=1).workflow_id.replace("/1", "/GENERATION")),
        ),
        ("One selection", code(WaveRef(org_id="ORG", wave_id="WAVE").workflow_id)),
        ("One organization", code(OrganizationRef(org_id="ORG").workflow_id)),
        ("Daily reconciliation (a Schedule)", code(RECONCILIATION)),
        ("Daily purge (a Schedule)", code(PURGE)),
    ]
    queues = f"Task queues: `{MIGRATION_QUEUE}` for workflows and steps, `{MAIL_QUEUE}` for mails."
    return page(
        "Search attributes and workflow ids",
        "`starter.py setup` registers them. Queries that use them: [operating](../operating.md#queries). None of them "
        "holds a name, an address or a link.",
        table(("Search attribute", "Type", "Holds"), rows),
        "## Workflow ids and queues",
        table(("What", "Workflow id"), ids),
        queues,
    )


def errors_page() -> str:
    return page(
        "Errors",
        "The closed set of failures. The code is stable; callers decide by it and never by text. No message "
        "holds an address, a name, a secret or a link; `nearest`, which only the command line shows, to whoever typed "
        "a wrong name, may be addresses.",
        table(("Code", "What", "Who can mend it", "A repeat can help", "Exit code"), [_error(it) for it in _errors()]),
    )


def events_page() -> str:
    rows = [(code(it), f"[{it}.schema.json](../events/{it}.schema.json)") for it in EventType]
    return page(
        "Events",
        "Rules, answers and an example of each: [provisioning events](../events/README.md).",
        table(("Type", "Schema"), rows),
    )


def _errors() -> Iterator[type[EditionMigrationError]]:
    yield EditionMigrationError
    yield from EditionMigrationError.__subclasses__()


def _error(kind: type[EditionMigrationError]) -> tuple[str, str, str, str, str]:
    what = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
    if kind is EditionMigrationError:
        what = "A fault of this program."
    return code(kind.code), what, kind.audience, "yes" if kind.retryable else "no", code(int(_exit_code(kind)))


def _exit_code(kind: type[EditionMigrationError]) -> ExitCode:
    return exit_code_of(AddressRefused("", reply_code=550) if kind is AddressRefused else kind(""))
