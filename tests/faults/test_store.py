"""Rows of the failure matrix about the database: locked, full, its answer lost, killed, its journal failing.

Each plays a whole service whose database fails under it, and looks at what is there at the end: everything, once.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.engine import make_url
from temporalio.testing import TimeSkipper

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.commands import CommandAnswer, CommandRequest
from edition_migration.domain.errors import StoreUnavailable
from edition_migration.domain.mail import MailState
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.e2e.scenes import STORY
from tests.e2e.watched_ports import WatchedStore
from tests.e2e.world import World, guest, running_world, until
from tests.faults.commit_cutter import cutting_commits
from tests.faults.play import assert_migrated_once, migrate, post_event
from tests.fixtures.database_process import DatabaseProcess, running_database
from tests.fixtures.smtp import SmtpServer

PATIENCE = timedelta(milliseconds=300)
"""In place of the 30 seconds that a statement waits for a lock: one locked for twice as long is refused twice."""

HOLD_FILE = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""
FULL_AT_ONCE = "x" * 100_000


@asynccontextmanager
async def world_on(store: Store, skipper: TimeSkipper, smtp: SmtpServer) -> AsyncGenerator[World]:
    async with running_world(store, skipper, smtp) as world:
        yield world
    await store.dispose()


@asynccontextmanager
async def held_by_another_process(file: str) -> AsyncGenerator[None]:
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLD_FILE, file), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    try:
        yield
    finally:
        await holder.communicate(b"enough")


@asynccontextmanager
async def row_held_by_another(url: str, user_id: str) -> AsyncGenerator[None]:
    parsed = make_url(url)
    other = await asyncpg.connect(host=str(parsed.query["host"]), user=parsed.username, database=parsed.database)
    try:
        async with other.transaction():
            await other.execute("SELECT 1 FROM migrations WHERE user_id = $1 FOR UPDATE", user_id)
            yield
    finally:
        await other.close()


async def cancel(world: World, user_id: str) -> CommandAnswer:
    return await world.handle(user_id).execute_update(
        "cancel", CommandRequest(actor="operator-7"), id="cancel-1", result_type=CommandAnswer
    )


async def until_tried(world: World, user_id: str, activity: str, times: int) -> str:
    """The cause that operators see, once this activity has been begun so often."""
    causes: list[str] = []

    async def there() -> bool:
        described = await world.handle(user_id).describe()
        pending = described.raw_description.pending_activities
        causes[:] = [
            it.last_failure.message for it in pending if it.activity_type.name == activity and it.attempt >= times
        ]
        return bool(causes)

    await until(there, lambda: f"{activity} was not tried {times} times", every=0.05)
    return causes[0]


async def in_review(world: World, *user_ids: str, licenses: int = 10) -> None:
    await world.guests(*(guest(it) for it in user_ids))
    await world.provision(licenses=licenses)
    for user_id in user_ids:
        await world.until(user_id, S.IN_REVIEW)
        await until_all_accepted(world, user_id)


async def until_all_accepted(world: World, user_id: str) -> None:
    """No mail is between its 250 and the commit of it: cut there, it would rightly be sent twice."""

    async def there() -> bool:
        row = await world.row(user_id)
        assert row is not None
        async with world.store.read() as uow:
            return all(it.state is MailState.ACCEPTED for it in await uow.mails.of_migration(row.ref))

    await until(there, lambda: f"mails of {user_id} are not accepted")


async def test_database_locked_for_a_minute_by_another_process_loses_nothing(
    sqlite_store_url: str, time_skipper: TimeSkipper, smtp_server: SmtpServer
) -> None:
    async with world_on(SqlStore(sqlite_store_url, patience=PATIENCE), time_skipper, smtp_server) as world:
        await in_review(world, "ada", "bob")
        more = world.document("org.licenses.changed", {"licenses_purchased": 11})
        async with held_by_another_process(sqlite_store_url.removeprefix("sqlite+aiosqlite:///")):
            answering = asyncio.create_task(cancel(world, "ada"))
            answer = await post_event(world, more)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert await world.sign_in("bob@acme.example", "whatever it is") == "wrong_credentials"
            cause = await until_tried(world, "ada", "apply_command", 2)
            assert cause == "the database cannot answer (SQLITE_BUSY)"
            assert not answering.done()
        assert ((await answering).verdict, (await answering).state) == ("done", S.CANCELLED)
        assert [it.action for it in await world.journal("ada")].count("cancel") == 1
        assert (await post_event(world, more)).status_code == 202
        await world.select("bob")
        await migrate(world, "bob")
        await assert_migrated_once(world, "bob")


async def test_row_locked_for_a_minute_by_another_holds_up_its_user_only(
    postgres_store_url: str, time_skipper: TimeSkipper, smtp_server: SmtpServer
) -> None:
    async with world_on(SqlStore(postgres_store_url, patience=PATIENCE), time_skipper, smtp_server) as world:
        await in_review(world, "ada", "bob")
        async with row_held_by_another(postgres_store_url, "ada"):
            answering = asyncio.create_task(cancel(world, "ada"))
            cause = await until_tried(world, "ada", "apply_command", 2)
            assert cause == "the database cannot answer (55P03)"
            await world.select("bob")
            await migrate(world, "bob")
            assert not answering.done()
        assert (await answering).verdict == "done"
        assert [it.action for it in await world.journal("ada")].count("cancel") == 1
        await assert_migrated_once(world, "bob")


LOST = {
    f"ada.{what}.after_commit"
    for what in (
        *("select", "send_instructions", "activate", "reset_password", "choose_password", "apply_policies"),
        *("mail_reset_password_sending", "mail_reset_password_accepted"),
    )
}


class LostAnswers:
    """Each of these commits is done, and then said to have failed, once."""

    def __init__(self) -> None:
        self.waiting = set(LOST)

    async def reached(self, place: str) -> None:
        if place in self.waiting:
            self.waiting.remove(place)
            raise StoreUnavailable("the database cannot answer (disk I/O error)")


async def test_commit_answer_lost_on_a_file_is_done_once(
    sqlite_store_url: str, time_skipper: TimeSkipper, smtp_server: SmtpServer
) -> None:
    lost = LostAnswers()
    store = WatchedStore(SqlStore(sqlite_store_url), lost.reached)
    async with world_on(store, time_skipper, smtp_server) as world:
        await in_review(world, "ada")
        with pytest.raises(StoreUnavailable):
            await world.select("ada", command_id="c1")
        answer = await world.select("ada", command_id="c1")
        assert [it.verdict for it in answer.answers] == ["done"]
        await migrate(world, "ada")
        await assert_migrated_once(world, "ada")
        assert (await world.capacity()).licenses_used == 1
    assert lost.waiting == set()


async def test_commit_answer_lost_on_the_way_is_done_once(
    postgres_store_url: str, time_skipper: TimeSkipper, smtp_server: SmtpServer, tmp_path: Path
) -> None:
    """A proxy cuts the line of every fifth COMMIT, after PostgreSQL has done it."""
    users = ("ada", "bob")
    async with (
        cutting_commits(postgres_store_url, tmp_path) as (url, cutter),
        world_on(SqlStore(url), time_skipper, smtp_server) as world,
    ):
        await in_review(world, *users)
        await world.select(*users)
        cutter.cuts_each = 5
        await asyncio.gather(*(migrate(world, it) for it in users))
        cutter.cuts_each = 0
        for user_id in users:
            await assert_migrated_once(world, user_id)
        assert (await world.capacity()).licenses_used == 2
    assert cutter.cut >= 5


async def test_disk_full_answers_503_before_accepting_and_recovers_by_itself(
    sqlite_store_url: str, time_skipper: TimeSkipper, smtp_server: SmtpServer
) -> None:
    store = SqlStore(sqlite_store_url)
    async with world_on(store, time_skipper, smtp_server) as world:
        await in_review(world, "bob")
        await limit_pages(store, 0)
        documents = [world.document("org.renamed", {"name": FULL_AT_ONCE + str(it)}) for it in range(5)]
        answers = [(await post_event(world, it)).status_code for it in documents]
        assert set(answers) == {503}
        assert await inbox_ids(world) & {it["id"] for it in documents} == set()
        await limit_pages(store, 1_000_000)
        assert [(await post_event(world, it)).status_code for it in documents] == [202] * 5
        assert {it["id"] for it in documents} <= await inbox_ids(world)
        await world.select("bob")
        await migrate(world, "bob")
        await assert_migrated_once(world, "bob")


async def limit_pages(store: SqlStore, more: int) -> None:
    """Room for so many more pages of the file, and none of those that it has already."""
    async with store._engines.writer.connect() as connection:
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
        await connection.execute(text(f"PRAGMA max_page_count = {pages + more}"))


async def inbox_ids(world: World) -> set[str]:
    async with world.store.read() as uow:
        return {row.event_id for row in await uow.inbox.listing(None, 1000)}


@pytest_asyncio.fixture(scope="module")
async def database() -> AsyncIterator[DatabaseProcess]:
    """Of these tests alone: it is killed."""
    async with running_database() as running:
        yield running


async def test_database_killed_and_restarted_loses_nothing_that_was_answered(
    database: DatabaseProcess, time_skipper: TimeSkipper, smtp_server: SmtpServer
) -> None:
    async with world_on(SqlStore(database.url), time_skipper, smtp_server) as world:
        await in_review(world, "ada", "bob", "cleo")
        await world.select("ada", "bob")
        accepted = [await accepted_at_last(world) for _ in range(2)]
        for _ in range(2):
            database.kill()
            late = world.document("org.licenses.changed", {"licenses_purchased": 12})
            assert (await post_event(world, late)).status_code == 503
            await asyncio.to_thread(database.start)
            accepted.append(await accepted_at_last(world))
            assert set(accepted) <= await inbox_ids(world)
        await asyncio.gather(migrate(world, "ada"), migrate(world, "bob"))
        for user_id in ("ada", "bob"):
            journal = [(it.action, it.target) for it in await world.journal(user_id)]
            assert journal == STORY
        counters = await world.capacity()
        assert (counters.licenses_reserved, counters.licenses_used) == (0, 2)


async def accepted_at_last(world: World) -> str:
    """The id of an event, sent again until it is answered: a line of before the kill is noticed at its next use."""
    document = world.document("org.licenses.changed", {"licenses_purchased": 11})

    async def is_accepted() -> bool:
        return (await post_event(world, document)).status_code in (202, 200)

    await until(is_accepted, lambda: "the event was never accepted", every=0.1)
    return document["id"]


async def test_audit_writer_that_fails_fails_the_change_too(
    store_url: str, time_skipper: TimeSkipper, smtp_server: SmtpServer
) -> None:
    store, kind = SqlStore(store_url), make_url(store_url).get_backend_name()
    async with world_on(store, time_skipper, smtp_server) as world:
        await in_review(world, "ada", "bob")
        await run(store, *FORBID[kind])
        answering = asyncio.create_task(cancel(world, "ada"))
        cause = await until_tried(world, "ada", "apply_command", 2)
        assert cause.startswith("the database refuses a statement of ours (")
        row = await world.row("ada")
        assert row is not None
        assert row.state is S.IN_REVIEW
        await run(store, ALLOW[kind])
        assert (await answering).verdict == "done"
        assert (await world.journal("ada"))[-1].action == "cancel"


FORBID = {
    "sqlite": ["CREATE TRIGGER no_audit BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'no audit'); END"],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION no_audit() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN RAISE EXCEPTION 'no audit'; END $$",
        "CREATE TRIGGER no_audit BEFORE INSERT ON journal EXECUTE FUNCTION no_audit()",
    ],
}
ALLOW = {"sqlite": "DROP TRIGGER no_audit", "postgresql": "DROP TRIGGER no_audit ON journal"}


async def run(store: SqlStore, *statements: str) -> None:
    async with store._engines.writer.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
