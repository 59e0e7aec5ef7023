"""Finds and starts the local Temporal server for tests, the demo and local work (design section 9). Not for production.

`python -m edition_migration.temporal.local_server --ensure` makes sure that one is there and prints where.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.errors import ConfigurationError, EditionMigrationError
from edition_migration.temporal.local_build import build_server, built_server, cache_dir, tell_stderr
from edition_migration.temporal.search_attributes import register_search_attributes

CLI_VERSION = "v1.9.1"
"""The Temporal CLI that the SDK downloads; it pins the server and UI that `deploy/temporal-dev` pins."""

DOWNLOAD_HOST = "temporal.download"
CONNECT_LIMIT = 3.0
DOWNLOAD_LIMIT = 300.0
"""Seconds: whether the download's host answers at all, and for the whole download."""

STARTUP_LIMIT = timedelta(seconds=30)
"""The server is ready in a third of a second; a busy machine gets more than the SDK's five."""

DYNAMIC_CONFIG = (
    "frontend.WorkflowTimeSkippingEnabled=true",
    "matching.enableFairness=true",
    'history.timerProcessorMaxTimeShift="50ms"',  # else each skipped timer costs a second
    "system.forceSearchAttributesCacheRefreshOnRead=true",
)
LOCAL_SERVER_ARGS = tuple(part for value in DYNAMIC_CONFIG for part in ("--dynamic-config-value", value))

Fetch = Callable[[Mapping[str, str]], Awaitable[Path | None]]
Build = Callable[[Mapping[str, str]], Path]


async def start_local_server(
    *,
    search_attributes: Sequence[SearchAttributeKey[Any]],
    ui: bool = False,
    ui_port: int | None = None,
    port: int | None = None,
    db_filename: str | None = None,
) -> WorkflowEnvironment:
    """A Temporal server with the search attributes registered: that of TEMPORAL_ADDRESS, else one started here.

    What was started ends with `env.shutdown()`. Loopback only; without ports the system chooses them; without
    `db_filename` the state is in memory. With TEMPORAL_ADDRESS all but the attributes is that server's own business.
    Raises ConfigurationError for a wrong TEMPORAL_CLI_PATH, TemporalUnavailable where no server can be had, and
    RuntimeError of the SDK where one does not answer.
    """
    if os.environ.get("TEMPORAL_ADDRESS"):
        return await _connect_to_named_server(search_attributes)
    binary = await find_local_server(os.environ)
    return await WorkflowEnvironment.start_local(  # pyright: ignore[reportUnknownMemberType] (the SDK's own type)
        data_converter=pydantic_data_converter,
        search_attributes=search_attributes,
        port=port,
        ui=ui,
        ui_port=ui_port,
        dev_server_existing_path=str(binary),
        dev_server_database_filename=db_filename,
        dev_server_log_level="error",
        dev_server_extra_args=LOCAL_SERVER_ARGS,
        dev_server_startup_timeout=STARTUP_LIMIT,
    )


async def find_local_server(
    environ: Mapping[str, str], *, fetch: Fetch | None = None, build: Build | None = None
) -> Path:
    """The server's binary: TEMPORAL_CLI_PATH, our cached build, the SDK's own download, else a new build.

    Raises ConfigurationError for a wrong TEMPORAL_CLI_PATH and TemporalUnavailable where nothing can be had.
    `fetch` and `build` stand in for the last two in tests.
    """
    if named := environ.get("TEMPORAL_CLI_PATH"):
        return _named_binary(named)
    built = built_server(environ)
    if built.exists():
        return built
    fetched = await (fetch or fetch_server)(environ)
    if fetched is not None:
        return fetched
    return await asyncio.to_thread(build or build_server, environ)


async def fetch_server(environ: Mapping[str, str]) -> Path | None:
    """The Temporal CLI by the SDK's own download, kept in our cache; None where it cannot be had.

    Fails within seconds where there is no way out, so that the build can begin.
    """
    folder = cache_dir(environ) / f"temporal-cli-{CLI_VERSION}"
    if not _downloaded(folder) and not await _can_download(environ):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # The SDK downloads only on the way to a start.
        async with asyncio.timeout(DOWNLOAD_LIMIT):
            started = await WorkflowEnvironment.start_local(  # pyright: ignore[reportUnknownMemberType]
                download_dest_dir=str(folder), dev_server_download_version=CLI_VERSION
            )
    except (RuntimeError, TimeoutError) as error:
        tell_stderr(f"no download of the Temporal CLI {CLI_VERSION}: {error}")
        return None
    await started.shutdown()
    return _downloaded(folder)


def _downloaded(folder: Path) -> Path | None:
    """The one executable that the SDK leaves in its folder, under a name of its own."""
    return next((path for path in sorted(folder.glob("temporal*")) if os.access(path, os.X_OK)), None)


async def _can_download(environ: Mapping[str, str]) -> bool:
    if any(environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return True
    try:
        async with asyncio.timeout(CONNECT_LIMIT):
            _, writer = await asyncio.open_connection(DOWNLOAD_HOST, 443)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _connect_to_named_server(search_attributes: Sequence[SearchAttributeKey[Any]]) -> WorkflowEnvironment:
    connection = ClientConfig.load_client_connect_config()
    client = await Client.connect(**connection, data_converter=pydantic_data_converter)
    await register_search_attributes(client, search_attributes)
    return WorkflowEnvironment.from_client(client)


def _named_binary(named: str) -> Path:
    path = Path(named)
    if path.is_file() and os.access(path, os.X_OK):
        return path
    raise ConfigurationError(
        f"TEMPORAL_CLI_PATH: {named} is no executable file",
        mend="give the path of a Temporal CLI, or unset it",
    )


async def _ensure(environ: Mapping[str, str]) -> str:
    return environ.get("TEMPORAL_ADDRESS") or str(await find_local_server(environ))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="local_server", description="Find, download or build the local server.")
    parser.add_argument("--ensure", action="store_true", required=True, help="print its address or its path")
    parser.parse_args(arguments)
    try:
        sys.stdout.write(asyncio.run(_ensure(os.environ)) + "\n")
    except EditionMigrationError as error:
        tell_stderr(f"{error.message}\nWhat helps: {error.mend}")
        return 1
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    # The SDK's native threads can abort an interpreter that ends the usual way after a download's start.
    os._exit(code)
