"""The revisions build the schema that the code's tables say, rule by rule, on both databases."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from edition_migration.adapters.store.revisions import FoundSchema, expected_revision, known_revisions, schema_of
from edition_migration.adapters.store.schema import SCRIPTS, upgrade
from edition_migration.adapters.store.store import SqlStore
from edition_migration.adapters.store.tables import METADATA
from edition_migration.domain.errors import StoreUnavailable

_POSTGRES_RULES = text(
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version' "
    "UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes "
    "WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1, 2, 3"
)


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), METADATA))


def _rules(connection: Connection) -> list[tuple[str, ...]]:
    if connection.dialect.name == "postgresql":
        return [tuple(row) for row in connection.execute(_POSTGRES_RULES)]
    inspector = inspect(connection)
    tables = [name for name in inspector.get_table_names() if name != "alembic_version"]
    found = [
        (name, str(rule.get("name")), " ".join(str(rule).split()))
        for name in tables
        for rule in (
            *inspector.get_check_constraints(name),
            *inspector.get_unique_constraints(name),
            *inspector.get_foreign_keys(name),
            inspector.get_pk_constraint(name),
        )
    ]
    indexes = connection.execute(
        text("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    )
    return sorted(found + [(row[0], row[1], " ".join(row[2].split())) for row in indexes if row[0] in tables])


async def _read(url: str, read: object) -> object:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        answer = await connection.run_sync(read)  # type: ignore[arg-type]
    await engine.dispose()
    return answer


async def _schema(url: str) -> FoundSchema:
    found = await _read(url, schema_of)
    assert isinstance(found, FoundSchema)
    return found


async def _say(url: str, *statements: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the test's own, which other tests do not see."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/own.db"
    return request.getfixturevalue("postgres_database")


async def _create_all(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    await engine.dispose()


def test_the_revisions_are_those_that_alembic_knows() -> None:
    scripts = ScriptDirectory(str(SCRIPTS))
    assert known_revisions() == {it.revision for it in scripts.walk_revisions()}
    assert expected_revision() == scripts.get_current_head()


async def test_migrated_schema_has_the_tables_and_columns_of_the_code(store_url: str) -> None:
    assert await _read(store_url, _differences) == []


async def test_migrated_sqlite_has_every_rule_of_the_code(sqlite_store_url: str, tmp_path: object) -> None:
    of_the_code = f"sqlite+aiosqlite:///{tmp_path}/code.db"
    await _create_all(of_the_code)
    rules = await _read(sqlite_store_url, _rules)
    assert len(rules) > 100
    assert rules == await _read(of_the_code, _rules)


async def test_migrated_postgresql_has_every_rule_of_the_code(postgres_store_url: str, postgres_database: str) -> None:
    await _create_all(postgres_database)
    rules = await _read(postgres_store_url, _rules)
    assert len(rules) > 100
    assert rules == await _read(postgres_database, _rules)


async def test_upgrade_again_changes_nothing(store_url: str) -> None:
    assert await upgrade(store_url) == expected_revision()
    assert (await _schema(store_url)).revision == expected_revision()


async def test_check_passes_on_the_revision_of_the_code(store: SqlStore) -> None:
    await store.check()


async def test_code_runs_on_a_newer_schema_that_still_serves_it_and_sets_up_nothing(empty_url: str) -> None:
    """As of the release behind, while it is rolled out; and of this one, where it is taken back."""
    await upgrade(empty_url)
    await _say(empty_url, "UPDATE alembic_version SET version_num = '9999'")
    store = SqlStore(empty_url)
    await store.check()
    await store.dispose()
    assert await upgrade(empty_url) == "9999"
    assert (await _schema(empty_url)).revision == "9999"


@pytest.mark.parametrize("floor", ["9999", None])
async def test_code_does_not_run_on_a_newer_schema_that_serves_it_no_more(empty_url: str, floor: str | None) -> None:
    await upgrade(empty_url)
    await _say(empty_url, "UPDATE alembic_version SET version_num = '9999'", "DELETE FROM schema_floor")
    if floor is not None:
        await _say(empty_url, f"INSERT INTO schema_floor VALUES ('{floor}')")  # noqa: S608 - a constant
    store = SqlStore(empty_url)
    with pytest.raises(StoreUnavailable, match=f"has schema 9999, this code wants {expected_revision()}"):
        await store.check()
    await store.dispose()
    with pytest.raises(StoreUnavailable) as refused:
        await upgrade(empty_url)
    assert refused.value.mend == "run the newer code that made it"


async def test_code_does_not_run_on_a_schema_behind_it(empty_url: str) -> None:
    await upgrade(empty_url)
    await _say(empty_url, "UPDATE alembic_version SET version_num = '0005'")
    store = SqlStore(empty_url)
    with pytest.raises(StoreUnavailable) as refused:
        await store.check()
    await store.dispose()
    assert refused.value.mend == "run starter.py setup with this code"


async def test_ids_sort_byte_by_byte_on_postgresql(postgres_store_url: str) -> None:
    engine = create_async_engine(postgres_store_url)
    async with engine.connect() as connection:
        query = text("SELECT collation_name FROM information_schema.columns WHERE table_name = 'migrations'")
        found = {row[0] for row in await connection.execute(query)} - {None}
    await engine.dispose()
    assert found == {"C"}
