"""The official programs of a Temporal cluster: pinned by `deploy/temporal-dev/go.mod`, built once a machine.

They lie beside the local server in the user's cache, under the same key. With what its build left they take seconds.
"""

from collections.abc import Mapping
from pathlib import Path

from edition_migration.temporal.local_build import build_program, built_server

PACKAGES = {
    "temporal-server": "go.temporal.io/server/cmd/server",
    "temporal-sql-tool": "go.temporal.io/server/cmd/tools/sql",
    "temporal-ui-server": "github.com/temporalio/ui-server/v2/cmd/server",
}


def built_programs(environ: Mapping[str, str]) -> dict[str, Path]:
    """Each program by its name. Raises TemporalUnavailable as `build_program`."""
    folder = built_server(environ).parent
    return {name: build_program(folder / name, package, environ) for name, package in PACKAGES.items()}
