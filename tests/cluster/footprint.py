"""What a migration leaves behind in both databases and in Temporal: the figures that a sizing starts from.

Only for PostgreSQL, after a run. Sizes are of tables with their indexes, as they lie there, unvacuumed.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from statistics import mean
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url
from temporalio.client import Client

SAMPLE = 50
"""Workflows that are looked at."""
_TABLES = """
SELECT relname, pg_total_relation_size(relid) AS bytes
FROM pg_stat_user_tables WHERE schemaname = 'public' ORDER BY relname
"""


class Footprint:
    """Of what happens between `begin` and `end`, in the databases of these URLs."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls
        self._before: dict[str, Mapping[str, int]] = {}

    async def begin(self) -> None:
        self._before = {url: await _sizes(url) for url in self._urls}

    async def end(self, client: Client, migrations: int) -> dict[str, Any]:
        """By database, and of the workflows of users who reached the goal."""
        databases = {_name(url): await self._grown(url, migrations) for url in self._urls}
        return {"databases": databases, "workflows": await _of_workflows(client)}

    async def _grown(self, url: str, migrations: int) -> dict[str, Any]:
        """Bytes for each migration, and of tables that have a row of each, also what a migration has of theirs."""
        before, after = self._before[url], await _sizes(url)
        counts = {table: await _count(url, table) for table in after}
        return {
            "bytes_per_migration": round((sum(after.values()) - sum(before.values())) / migrations),
            "per_migration": {
                table: {
                    "rows": round(counts[table] / migrations, 1),
                    "bytes": round((size - before[table]) / migrations),
                }
                for table, size in after.items()
                if counts[table] >= migrations
            },
        }


async def _sizes(url: str) -> Mapping[str, int]:
    """Bytes of each table."""
    async with _connected(url) as connection:
        return {row["relname"]: row["bytes"] for row in await connection.fetch(_TABLES)}


async def _count(url: str, table: str) -> int:
    async with _connected(url) as connection:
        return await connection.fetchval(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - the catalog's own name


async def _of_workflows(client: Client) -> dict[str, Any]:
    """Means; none where nobody was migrated."""
    query = 'WorkflowType="UserMigration" AND MigrationState="MIGRATED"'
    ids = [it.id async for it in client.list_workflows(query, limit=SAMPLE)]
    infos = [(await client.get_workflow_handle(it).describe()).raw_description.workflow_execution_info for it in ids]
    if not infos:
        return {"looked_at": 0}
    return {
        "looked_at": len(infos),
        "events": round(mean(it.history_length for it in infos)),
        "bytes": round(mean(it.history_size_bytes for it in infos)),
        "state_transitions": round(mean(it.state_transition_count for it in infos)),
    }


def _name(url: str) -> str:
    return make_url(url).database or ""


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[Any]:
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    try:
        yield connection
    finally:
        await connection.close()
