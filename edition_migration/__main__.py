"""The web process: `python -m edition_migration` serves the password page, the sign-in gate and the event intake."""

import asyncio
import os
import sys

from edition_migration.bootstrap.web import serve_web
from edition_migration.cli.exit_codes import exit_code_of
from edition_migration.domain.errors import EditionMigrationError

USAGE = """usage: python -m edition_migration [--help]

Serves the password page, the sign-in gate and the event intake until SIGTERM. Settings come from the environment
(EDITION_MIGRATION_...), see README.md. It serves while Temporal is down; the database must answer.
Exit codes are those of `starter.py --help`: 8 for a setting, 5 for the database.
"""


def main(arguments: list[str]) -> int:
    if arguments:
        print(USAGE, end="")  # noqa: T201 - this is what was asked for
        return 0 if arguments == ["--help"] else 2
    try:
        asyncio.run(serve_web())
    except EditionMigrationError as error:
        print(f"edition-migration web: {error.message}\nWhat helps: {error.mend}", file=sys.stderr)  # noqa: T201
        return exit_code_of(error)
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # The SDK's native threads can abort an interpreter that ends the usual way; all is drained and flushed here.
    os._exit(code)
