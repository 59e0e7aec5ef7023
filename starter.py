"""The command line of edition-migration: `python starter.py --help`."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from edition_migration.cli.app import build_app

if TYPE_CHECKING:
    from edition_migration.cli.services import CliServices


def _open_services() -> "AbstractAsyncContextManager[CliServices]":
    from edition_migration.bootstrap import cli  # loads everything; help does not need it

    return cli.open_services()


async def _set_up() -> Sequence[str]:
    from edition_migration.bootstrap import cli

    return await cli.set_up()


if __name__ == "__main__":
    build_app(_open_services, _set_up)(prog_name="starter.py")
