#!/usr/bin/env python3
"""The command line of edition-migration: `python starter.py --help`."""

import os
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from edition_migration.cli.app import build_app

if TYPE_CHECKING:
    from edition_migration.cli.services import CliServices
    from edition_migration.domain.diagnosis import Diagnosis


def _open_services(*, is_dry: bool = False) -> "AbstractAsyncContextManager[CliServices]":
    from edition_migration.bootstrap import cli  # loads everything; help does not need it

    return cli.open_services(is_dry=is_dry)


async def _set_up(*, creates_namespace: bool = False) -> Sequence[str]:
    from edition_migration.bootstrap import cli

    return await cli.set_up(creates_namespace=creates_namespace)


async def _examine() -> "Diagnosis":
    from edition_migration.bootstrap import doctor

    return await doctor.examine()


def main() -> int:
    """The exit code of the command that was given."""
    try:
        build_app(_open_services, _set_up, _examine)(prog_name="starter.py")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The SDK's native threads can abort an interpreter that ends the usual way.
    os._exit(code)
