"""Exit codes of the command line: stable, documented in `--help`, decided by the class of the failure."""

from enum import IntEnum

from edition_migration.domain.errors import (
    AddressRefused,
    ConfigurationError,
    Conflict,
    EditionMigrationError,
    InvalidInput,
    NotFound,
    RelayUnavailable,
    StoreUnavailable,
    TemporalUnavailable,
)


class ExitCode(IntEnum):
    OK = 0
    REFUSED = 1
    USAGE = 2
    INVALID_INPUT = 3
    NOT_FOUND = 4
    STORE_UNAVAILABLE = 5
    TEMPORAL_UNAVAILABLE = 6
    CONFLICT = 7
    CONFIGURATION = 8
    INTERNAL = 9
    RELAY_UNAVAILABLE = 10
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "done, or nothing had to be done",
    ExitCode.REFUSED: "some or all was refused, nobody fits, or a check found something; the output says what",
    ExitCode.USAGE: "wrong arguments",
    ExitCode.INVALID_INPUT: "the input breaks a rule; nothing was changed",
    ExitCode.NOT_FOUND: "no such organization, user or wave",
    ExitCode.STORE_UNAVAILABLE: "the database cannot answer",
    ExitCode.TEMPORAL_UNAVAILABLE: "Temporal cannot be reached",
    ExitCode.CONFLICT: "the same id was used before with another content",
    ExitCode.CONFIGURATION: "a setting is missing or wrong",
    ExitCode.INTERNAL: "a fault of this program",
    ExitCode.RELAY_UNAVAILABLE: "the mail relay cannot be reached, or does not take mails now",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C; what was done so far is kept whole",
}

_CODES: dict[type[EditionMigrationError], ExitCode] = {
    InvalidInput: ExitCode.INVALID_INPUT,
    NotFound: ExitCode.NOT_FOUND,
    StoreUnavailable: ExitCode.STORE_UNAVAILABLE,
    TemporalUnavailable: ExitCode.TEMPORAL_UNAVAILABLE,
    Conflict: ExitCode.CONFLICT,
    ConfigurationError: ExitCode.CONFIGURATION,
    AddressRefused: ExitCode.REFUSED,
    RelayUnavailable: ExitCode.RELAY_UNAVAILABLE,
}


def exit_code_of(error: EditionMigrationError) -> ExitCode:
    return _CODES.get(type(error), ExitCode.INTERNAL)


def help_text() -> str:
    """For the foot of `--help`; the mark keeps its lines apart."""
    return "\b\nExit codes:\n" + "\n".join(f"  {code.value} {meaning}" for code, meaning in MEANINGS.items())
