"""Each revision only expands: the code of the revision before runs on it. Or it contracts, and says whom it stops.

The revisions from 0005 on; those before were written before the rule, and nobody has run them.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from edition_migration.adapters.store import schema
from edition_migration.adapters.store.revisions import known_revisions, schema_of
from edition_migration.adapters.store.schema import bring_to
from tests.fixtures.postgres import database_url, execute
from tests.operations.promises import KEPT, broken_promises, read_schema

STORE = Path(schema.__file__).parent
RULED = sorted(it for it in known_revisions() if it > "0005")


class Step(NamedTuple):
    """What a revision broke, and what it says of the oldest code that may run on it."""

    broken: list[str]
    oldest_code: str | None


@pytest_asyncio.fixture(scope="module")
async def steps(postgres_url: str) -> AsyncIterator[dict[str, Step]]:
    """What each revision has made of the schema before it."""
    await execute(postgres_url, "CREATE DATABASE steps")
    engine = create_async_engine(database_url(postgres_url, "steps"))
    async with engine.connect() as connection:
        yield await connection.run_sync(_walk)
    await engine.dispose()
    await execute(postgres_url, "DROP DATABASE steps WITH (FORCE)")


def _walk(connection: Connection) -> dict[str, Step]:
    """Each revision by itself, as `upgrade` takes them."""
    bring_to(connection, "0005")
    found: dict[str, Step] = {}
    before = read_schema(connection)
    for revision in RULED:
        connection.rollback()  # the looking
        bring_to(connection, revision)
        after = read_schema(connection)
        found[revision] = Step(broken_promises(before, after), schema_of(connection).oldest_code)
        before = after
    return found


@pytest.mark.parametrize("revision", RULED)
def test_revision_only_expands_or_names_itself_the_oldest_code(steps: dict[str, Step], revision: str) -> None:
    step = steps[revision]
    assert step.broken == [] or step.oldest_code == revision


HARMLESS = [
    "CREATE TABLE notes (note_id integer PRIMARY KEY, org_id text NOT NULL)",
    "ALTER TABLE users ADD COLUMN nickname text",
    "ALTER TABLE users ADD COLUMN logins integer NOT NULL DEFAULT 0",
    "ALTER TABLE users ADD COLUMN score integer CONSTRAINT positive CHECK (score > 0)",
    "ALTER TABLE users ADD COLUMN badge text UNIQUE",
    "CREATE INDEX ix_more ON users (zone)",
    "DROP INDEX ix_users_to_enroll",
    "ALTER TABLE users ALTER COLUMN domain TYPE varchar(300)",
    "ALTER TABLE users DROP CONSTRAINT ck_users_edition, "
    "ADD CONSTRAINT ck_users_edition CHECK (edition IN ('guest', 'business', 'trial'))",
    "ALTER TABLE users DROP CONSTRAINT ck_users_storage_used_mb",
    "DROP INDEX uq_mails_organization; CREATE UNIQUE INDEX uq_mails_organization ON mails "
    "(org_id, kind, round, about, created_at) WHERE user_id IS NULL",
    "CREATE TABLE notes (note_id integer PRIMARY KEY, before integer REFERENCES notes, user_id text REFERENCES users)",
    "CREATE TABLE notes (note_id bigint REFERENCES mails (sequence) ON DELETE CASCADE)",
    "ALTER TABLE users ADD COLUMN about bigint REFERENCES mails (sequence) ON DELETE SET NULL",
]
BREAKING = [
    ("DROP TABLE contacts", "contacts is gone"),
    ("ALTER TABLE contacts RENAME TO people", "contacts is gone"),
    ("ALTER TABLE users DROP COLUMN zone", "users.zone is gone"),
    ("ALTER TABLE users RENAME COLUMN zone TO time_zone", "users.zone is gone"),
    ("ALTER TABLE users ALTER COLUMN domain TYPE varchar(100)", "users.domain was VARCHAR(253) and is VARCHAR(100)"),
    (
        "ALTER TABLE users ALTER COLUMN storage_used_mb TYPE integer",
        "users.storage_used_mb was BIGINT and is INTEGER",
    ),
    ("ALTER TABLE users ALTER COLUMN zone SET NOT NULL", "users.zone must not be NULL now"),
    ("ALTER TABLE users ALTER COLUMN display_name DROP NOT NULL", "users.display_name may be NULL now"),
    ("ALTER TABLE migrations ALTER COLUMN reminders DROP DEFAULT", "migrations.reminders has no default any more"),
    ("ALTER TABLE users ADD COLUMN nickname text NOT NULL", "users.nickname is new and must be given"),
    ("ALTER TABLE users ADD CONSTRAINT named CHECK (display_name <> '')", "users: rule named is new"),
    ("CREATE UNIQUE INDEX uq_names ON users (display_name)", "users: rule uq_names is new"),
    (
        "ALTER TABLE sessions ADD CONSTRAINT fk_more FOREIGN KEY (session_id) REFERENCES users (user_id)",
        "sessions: rule fk_more is new",
    ),
    (
        "ALTER TABLE users DROP CONSTRAINT ck_users_edition, "
        "ADD CONSTRAINT ck_users_edition CHECK (edition IN ('business', 'trial'))",
        "users: rule ck_users_edition is another",
    ),
    (
        "DROP INDEX uq_mails_organization; "
        "CREATE UNIQUE INDEX uq_mails_organization ON mails (org_id, kind, about) WHERE user_id IS NULL",
        "mails: rule uq_mails_organization is another",
    ),
    ("ALTER TABLE inbox DROP CONSTRAINT uq_inbox_source_event_id", "inbox: rule uq_inbox_source_event_id is gone"),
    (
        "ALTER TABLE inbox DROP CONSTRAINT uq_inbox_source_event_id, "
        "ADD CONSTRAINT uq_inbox_source_event_id UNIQUE (source, event_id, type)",
        "inbox: rule uq_inbox_source_event_id is another",
    ),
    (
        "DROP INDEX uq_migrations_open_user; CREATE UNIQUE INDEX uq_migrations_open_user ON migrations (user_id) "
        "WHERE state IN ('DETECTED', 'EXPIRED')",
        "migrations: rule uq_migrations_open_user is another",
    ),
    (
        "ALTER TABLE users DROP CONSTRAINT ck_users_edition, "
        "ADD CONSTRAINT ck_users_edition CHECK (edition IN ('guest', 'business', 'trial') AND zone IS NULL)",
        "users: rule ck_users_edition is another",
    ),
    ("CREATE TABLE notes (about bigint REFERENCES mails)", "notes: rule notes_about_fkey holds rows of mails"),
    (
        "ALTER TABLE users ADD COLUMN about bigint REFERENCES mails ON DELETE RESTRICT",
        "users: rule users_about_fkey holds rows of mails",
    ),
    (
        "CREATE TABLE notes (link varchar(64) REFERENCES reset_tokens (digest) ON DELETE CASCADE)",
        "notes: rule notes_link_fkey holds reset_tokens(digest)",
    ),
    (
        "CREATE TRIGGER sessions_append_only BEFORE UPDATE ON sessions "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_journal()",
        "sessions: rule sessions_append_only is new",
    ),
]


def test_the_code_removes_rows_but_not_of_what_is_said_to_be_kept() -> None:
    code = "".join(file.read_text() for file in STORE.glob("*.py"))
    removed = set(re.findall(r"\b(?:delete|_Rows)\((\w+)", code))
    assert {"mails", "reset_tokens", "contact_rows"} <= removed
    assert removed & KEPT == set()


@pytest.mark.parametrize("change", HARMLESS)
async def test_harmless_change_breaks_nothing(postgres_store_url: str, change: str) -> None:
    assert await broken_by(postgres_store_url, change) == []


@pytest.mark.parametrize(("change", "sentence"), BREAKING, ids=[it[1] for it in BREAKING])
async def test_breaking_change_is_noticed(postgres_store_url: str, change: str, sentence: str) -> None:
    assert sentence in await broken_by(postgres_store_url, change)


async def broken_by(url: str, change: str) -> list[str]:
    """What the change would break; it is rolled back."""
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        broken = await connection.run_sync(_broken_by, change)
    await engine.dispose()
    return broken


def _broken_by(connection: Connection, change: str) -> list[str]:
    before = read_schema(connection)
    for statement in change.split("; "):
        connection.execute(text(statement))
    return broken_promises(before, read_schema(connection))
