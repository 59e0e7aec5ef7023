"""What doctor says of the store, on both databases: good, and broken in each way that it names."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from edition_migration.adapters.store.diagnosis import SqlStoreDiagnosis
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.diagnosis import diagnose
from edition_migration.application.store_probes import SCARCE, StoreProbes
from edition_migration.domain.diagnosis import Finding, Subject, fails, ok, warning
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.states import MigrationState
from edition_migration.domain.token import digest_of, token_text
from edition_migration.ports.store_diagnosis import DiskSpace
from tests import builders
from tests.doubles import MovableClock
from tests.fixtures import records

KEYS = {"k1": b"k" * 32}
RING = {**KEYS, "k0": b"o" * 32}
"""The keys of the links in the store."""
NTP = "let both follow the same time servers (NTP)"


@pytest.fixture
async def diagnosis(store_url: str) -> AsyncIterator[SqlStoreDiagnosis]:
    opened = SqlStoreDiagnosis(store_url)
    yield opened
    await opened.dispose()


def probes(of: SqlStoreDiagnosis, clock: MovableClock | None = None, keys: dict[str, bytes] = KEYS) -> StoreProbes:
    return StoreProbes(store=of, clock=clock or MovableClock(), keys=keys)


async def found(of: StoreProbes, subject: Subject) -> tuple[Finding, ...]:
    looks = [probe for probe in (*of.all, of.link_keys) if probe.subject is subject]
    return (await diagnose(looks)).findings


async def text_of(of: StoreProbes, subject: Subject) -> str:
    [finding] = await found(of, subject)
    return f"{finding.verdict}: {finding.text}"


async def test_a_store_that_is_set_up_says_its_kind_and_revision(diagnosis: SqlStoreDiagnosis, store_url: str) -> None:
    wanted = (await diagnosis.revision()).wanted
    kind = await text_of(probes(diagnosis), Subject.STORE)
    if store_url.startswith("sqlite"):
        file = store_url.removeprefix("sqlite+aiosqlite:///")
        assert kind == f"ok: SQLite {sqlite3.sqlite_version}, file {file} answers"
    else:
        assert kind.startswith("ok: PostgreSQL 1")
        assert kind.endswith(" answers")
    assert await text_of(probes(diagnosis), Subject.SCHEMA) == f"ok: revision {wanted}, as this code wants it"


async def test_a_database_file_that_was_never_made_is_named_and_not_made(tmp_path: Path) -> None:
    file = tmp_path / "var" / "none.db"
    of = probes(SqlStoreDiagnosis(f"sqlite+aiosqlite:///{file}"))
    text = f"there is no database file {file} yet"
    assert await found(of, Subject.STORE) == (fails(Subject.STORE, text, "run `starter.py setup`"),)
    assert await found(of, Subject.SCHEMA) == (warning(Subject.SCHEMA, f"not known: {text}"),)
    assert await found(of, Subject.LINK_KEYS) == (warning(Subject.LINK_KEYS, f"not known: {text}"),)
    assert not file.parent.exists()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    of = probes(SqlStoreDiagnosis("postgresql+asyncpg://nobody:s3cret@127.0.0.1:1/none"))
    [finding] = await found(of, Subject.STORE)
    assert finding.verdict == "fails"
    assert finding.text == "the database gave no connection (ConnectionRefusedError)"


@pytest.mark.parametrize("url", ["rubbish s3cret", "mysql://u:s3cret@db/name", "postgresql+asyncpg://u:s3@cret@db:x/y"])
async def test_a_url_that_is_none_of_ours_is_named_without_being_repeated(url: str) -> None:
    [finding] = await found(probes(SqlStoreDiagnosis(url)), Subject.STORE)
    assert finding.verdict == "fails"
    assert finding.text in {"the store's URL is no URL of a database", "the store's URL is of no kind that is served"}
    assert (
        finding.mend == "begin it with sqlite+aiosqlite:/// or postgresql+asyncpg://, as in docs/reference/settings.md"
    )


@pytest.mark.parametrize(
    ("revision", "text", "mend"),
    [
        (None, "none yet, this code wants revision {wanted}", "run `starter.py setup` with this code"),
        ("0001", "revision 0001, this code wants {wanted}", "run `starter.py setup` with this code"),
        (
            "9999",
            "revision 9999, this code wants {wanted}, which it serves no more",
            "run the newer code that made it",
        ),
    ],
)
async def test_a_schema_of_another_revision_is_told_from_one_that_is_newer_than_this_code(
    revision: str | None, text: str, mend: str, sqlite_store_url: str
) -> None:
    set_schema(sqlite_store_url, revision, oldest_code="9999")
    of = SqlStoreDiagnosis(sqlite_store_url)
    wanted = (await of.revision()).wanted
    assert await found(probes(of), Subject.SCHEMA) == (fails(Subject.SCHEMA, text.format(wanted=wanted), mend),)
    unknown = warning(Subject.LINK_KEYS, "not known: the database's schema is not this code's")
    assert await found(probes(of), Subject.LINK_KEYS) == (unknown,)
    await of.dispose()


async def test_a_newer_schema_that_serves_this_code_is_fine(sqlite_store_url: str) -> None:
    of = SqlStoreDiagnosis(sqlite_store_url)
    wanted = (await of.revision()).wanted
    set_schema(sqlite_store_url, "9999", oldest_code=wanted)
    text = f"revision 9999, this code wants {wanted}, which it serves too"
    assert await found(probes(of), Subject.SCHEMA) == (ok(Subject.SCHEMA, text),)
    assert [it.verdict for it in await found(probes(of), Subject.LINK_KEYS)] == ["ok"]
    await of.dispose()


def set_schema(url: str, revision: str | None, *, oldest_code: str) -> None:
    """As newer or older code has left it."""
    with closing(sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"))) as connection:
        connection.execute("DELETE FROM alembic_version")
        if revision is not None:
            connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
        connection.execute("UPDATE schema_floor SET oldest_code = ?", (oldest_code,))
        connection.commit()


async def test_an_empty_database_of_a_server_has_no_schema_yet(postgres_database: str) -> None:
    of = SqlStoreDiagnosis(postgres_database)
    assert (await text_of(probes(of), Subject.SCHEMA)).startswith("fails: none yet, this code wants revision ")
    await of.dispose()


async def test_a_clock_of_a_server_that_differs_is_seen(postgres_store_url: str) -> None:
    of = SqlStoreDiagnosis(postgres_store_url)
    there = await of.clock()
    assert there is not None
    same, behind = MovableClock(there), MovableClock(there + timedelta(hours=1))
    assert await text_of(probes(of, same), Subject.CLOCK) == "ok: the database's clock and this machine's agree"
    [finding] = await found(probes(of, behind), Subject.CLOCK)
    assert (finding.verdict, finding.mend) == ("fails", NTP)
    assert finding.text in {f"the database's clock is {n} s behind this machine's" for n in range(3590, 3601)}
    await of.dispose()


async def test_a_file_has_this_machines_clock(sqlite_store_url: str) -> None:
    of = probes(SqlStoreDiagnosis(sqlite_store_url))
    assert await text_of(of, Subject.CLOCK) == "ok: the database has this machine's clock"
    await of.store.dispose()


async def test_a_server_keeps_its_disk_to_itself(postgres_store_url: str) -> None:
    of = probes(SqlStoreDiagnosis(postgres_store_url))
    assert await text_of(of, Subject.DISK) == "ok: the database is a server; its disk is not seen from here"


@pytest.mark.parametrize(
    ("space", "text"),
    [
        (DiskSpace("/data", SCARCE, is_writable=True), "ok: /data: 1024 MB free"),
        (DiskSpace("/data", SCARCE - 1, is_writable=True), "warning: /data: 1023 MB free"),
        (DiskSpace("/data", 99 * 1024 * 1024, is_writable=True), "fails: /data: 99 MB free"),
        (DiskSpace("/data", SCARCE, is_writable=False), "fails: /data: the database cannot be written to"),
    ],
)
async def test_too_little_room_fails_before_it_is_used_up(
    space: DiskSpace, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def disk(self: SqlStoreDiagnosis) -> DiskSpace:
        return space

    monkeypatch.setattr(SqlStoreDiagnosis, "disk", disk)
    assert await text_of(probes(SqlStoreDiagnosis("sqlite+aiosqlite:///x.db")), Subject.DISK) == text


async def test_the_disk_of_a_file_not_yet_made_is_that_of_its_nearest_folder(tmp_path: Path) -> None:
    space = await SqlStoreDiagnosis(f"sqlite+aiosqlite:///{tmp_path}/a/b/c.db").disk()
    assert space is not None
    assert (space.folder, space.is_writable) == (str(tmp_path), True)
    assert space.free_bytes > 0


@pytest.fixture
async def with_links(store: SqlStore) -> SqlStore:
    """Links of key k1 and k0, one each to be mailed; one of k0 whose mail is accepted."""
    async with store.write() as uow:
        await uow.organizations.put(builders.organization())
        users = [builders.user(f"u{n}") for n in (1, 2, 3)]
        await uow.users.put(users)
        await uow.migrations.add(
            [builders.migration(it.user_id, state=MigrationState.AWAITING_PASSWORD) for it in users]
        )
        for number, key in ((1, "k1"), (2, "k0"), (3, "k0")):
            digest = digest_of(token_text(RING[key], f"t{number}", 1))
            await uow.tokens.add(records.token(f"t{number}", user_id=f"u{number}", key_id=key, digest=digest))
            mail = records.mail(f"m{number}", user_id=f"u{number}", kind=MailKind.RESET_PASSWORD, token_id=f"t{number}")
            await uow.mails.queue([mail])
        await uow.mails.mark("m3", [MailState.QUEUED], MailState.SENDING, builders.NOW)
        await uow.mails.mark("m3", [MailState.SENDING], MailState.ACCEPTED, builders.NOW)
        await uow.commit()
    return store


async def test_a_key_that_links_in_the_queue_need_and_that_is_gone_is_named(
    with_links: SqlStore, diagnosis: SqlStoreDiagnosis
) -> None:
    assert await found(probes(diagnosis), Subject.LINK_KEYS) == (
        fails(
            Subject.LINK_KEYS,
            "links of key k0 to be mailed: 1; it is not set, so they cannot go",
            "add that key to EDITION_MIGRATION_LINK_KEYS again, behind the current one",
        ),
    )


async def test_another_key_under_the_same_id_is_found_by_the_links_themselves(
    with_links: SqlStore, diagnosis: SqlStoreDiagnosis
) -> None:
    assert await found(probes(diagnosis, keys={**RING, "k0": b"x" * 32}), Subject.LINK_KEYS) == (
        fails(
            Subject.LINK_KEYS,
            "links of key k0 to be mailed: 1; it was another key, so they would be dead",
            "give the new key an id of its own, and add the former one again behind it",
        ),
    )


async def test_keys_that_fit_say_which_is_needed_no_more(with_links: SqlStore, diagnosis: SqlStoreDiagnosis) -> None:
    text = "ok: k1 makes new links; 2 wait for their mail, and their keys are set"
    assert await text_of(probes(diagnosis, keys=RING), Subject.LINK_KEYS) == text
    kept = {**RING, "old": b"w" * 32}
    assert await text_of(probes(diagnosis, keys=kept), Subject.LINK_KEYS) == f"{text}; needed no more: old"


async def test_the_longest_undo_window_of_all_organizations_counts(
    store: SqlStore, diagnosis: SqlStoreDiagnosis
) -> None:
    assert await probes(diagnosis).longest_undo() == timedelta(days=30)
    async with store.write() as uow:
        for name, days in (("acme", 5), ("globex", 90), ("initech", 45)):
            await uow.organizations.put(builders.organization(org_id=name, undo_window=timedelta(days=days)))
        await uow.commit()
    assert await probes(diagnosis).longest_undo() == timedelta(days=90)
