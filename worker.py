"""The worker process: `python worker.py` runs workflows and activities until SIGTERM, then drains and exits 0."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence

from edition_migration.bootstrap.worker import work
from edition_migration.cli.exit_codes import exit_code_of
from edition_migration.domain.errors import EditionMigrationError
from edition_migration.temporal.worker import QUEUES

DESCRIPTION = """Runs the migrations: workflows and their steps on queue `migration`, mails on queue `mail`.
Settings are environment variables (docs/reference/settings.md); TEMPORAL_ADDRESS says where Temporal is.
SIGTERM and SIGINT let what runs come to its end. /healthz and /readyz say how it is.
Exit codes are those of `starter.py --help`: 8 for a setting, 5 for the database, 6 for Temporal."""


def main(arguments: Sequence[str]) -> int:
    queue: str | None = _parser().parse_args(arguments).queue
    try:
        asyncio.run(work((queue,) if queue else QUEUES))
    except EditionMigrationError as error:
        sys.stderr.write(f"worker: {error.message}\n")
        if error.mend:
            sys.stderr.write(f"What helps: {error.mend}\n")
        return exit_code_of(error)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="worker.py", description=DESCRIPTION)
    parser.add_argument("--queue", choices=QUEUES, help="take from this queue only; without it from both")
    return parser


if __name__ == "__main__":
    code = main(sys.argv[1:])
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # The SDK's native threads can abort an interpreter that ends the usual way; all is drained and flushed here.
    os._exit(code)
