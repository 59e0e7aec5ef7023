"""The chain over the journal finds every change, removal, swap and cut, at its first position; export says all."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application import audit as audit_module
from edition_migration.application.audit import Anchor, Audit, ChainView
from edition_migration.application.sealing import Sealer
from edition_migration.domain.seals import Break, NumberedEntry, canonical, hash_of
from tests.application.test_sealing import entry_of, journaled, people
from tests.doubles import MovableClock
from tests.fixtures import records
from tests.fixtures.tampering import tamper

LENGTH = 9
POSITIONS = st.integers(1, LENGTH)
CHANGES = {
    "org_id": "'other'",
    "user_id": "'somebody'",
    "generation": "generation + 1",
    "key": "key || 'x'",
    "action": "'undo'",
    "actor": "'nobody'",
    "at": "'2020-01-01 00:00:00.000000'",
    "source": "'BLOCKED'",
    "target": "'MIGRATED'",
    "detail": "'{\"number\":77}'",
}
"""Every field of an entry but its number, with another value."""

Tamper = Callable[[sqlite3.Connection], object]


async def _build(url: str) -> None:
    store = SqlStore(url)
    await people(store, "acme", "other")
    await journaled(store, *(entry_of(org_id, it) for it in range(LENGTH) for org_id in ("acme", "other")))
    await Sealer(store=store).seal_due()
    await store.dispose()


@pytest.fixture(scope="module")
def sealed_file(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose organizations `acme` and `other` have chains of LENGTH, without the database's own guards."""
    file = tmp_path_factory.mktemp("audit") / "sealed.db"
    shutil.copyfile(sqlite_template, file)
    asyncio.run(_build(f"sqlite+aiosqlite:///{file}"))
    with sqlite3.connect(file) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    return file


def _verify(file: Path, expected: Anchor | None = None) -> dict[str, ChainView]:
    async def run() -> dict[str, ChainView]:
        store = SqlStore(f"sqlite+aiosqlite:///{file}")
        audit = Audit(store=store, clock=MovableClock())
        view = await audit.verify("acme" if expected else None, expected)
        await store.dispose()
        return {chain.org_id: chain for chain in view.chains}

    return asyncio.run(run())


def _tampered(sealed_file: Path, change: Tamper, expected: Anchor | None = None) -> tuple[int | None, Break | None]:
    """What is found of acme after the change; the other organization's chain still holds."""
    file = sealed_file.with_name("tampered.db")
    shutil.copyfile(sealed_file, file)
    with sqlite3.connect(file) as connection:
        change(connection)
    connection.close()
    chains = _verify(file, expected)
    assert all(chain.broken is None for org_id, chain in chains.items() if org_id != "acme")
    return chains["acme"].broken_at, chains["acme"].broken


def _entry_at(connection: sqlite3.Connection, position: int) -> int:
    row = connection.execute("SELECT entry_id FROM seals WHERE org_id = 'acme' AND position = ?", [position]).fetchone()
    return int(row[0])


def test_untouched_chains_hold(sealed_file: Path) -> None:
    chains = _verify(sealed_file)
    assert {org_id: (it.head and it.head.position, it.broken) for org_id, it in chains.items()} == {
        "acme": (LENGTH, None),
        "other": (LENGTH, None),
    }


@settings(max_examples=30, deadline=None)
@given(position=POSITIONS, field=st.sampled_from(sorted(CHANGES)))
def test_edited_field_of_any_entry_is_found_at_its_position(sealed_file: Path, position: int, field: str) -> None:
    def edit(connection: sqlite3.Connection) -> None:
        entry_id = _entry_at(connection, position)
        connection.execute(f'UPDATE journal SET "{field}" = {CHANGES[field]} WHERE entry_id = {entry_id}')  # noqa: S608

    assert _tampered(sealed_file, edit) == (position, Break.CHANGED)


@settings(max_examples=8, deadline=None)
@given(position=POSITIONS)
def test_removed_entry_is_found_at_its_position(sealed_file: Path, position: int) -> None:
    def remove(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM journal WHERE entry_id = ?", [_entry_at(connection, position)])

    assert _tampered(sealed_file, remove) == (position, Break.REMOVED)


@settings(max_examples=8, deadline=None)
@given(position=st.integers(1, LENGTH - 1))
def test_entry_removed_with_its_seal_leaves_a_cut(sealed_file: Path, position: int) -> None:
    def remove(connection: sqlite3.Connection) -> None:
        entry_id = _entry_at(connection, position)
        connection.execute("DELETE FROM seals WHERE entry_id = ?", [entry_id])
        connection.execute("DELETE FROM journal WHERE entry_id = ?", [entry_id])

    assert _tampered(sealed_file, remove) == (position, Break.CUT)


@settings(max_examples=8, deadline=None)
@given(position=st.integers(1, LENGTH - 1))
def test_closing_the_gap_of_a_removed_entry_is_found(sealed_file: Path, position: int) -> None:
    def remove(connection: sqlite3.Connection) -> None:
        entry_id = _entry_at(connection, position)
        connection.execute("DELETE FROM seals WHERE entry_id = ?", [entry_id])
        connection.execute("DELETE FROM journal WHERE entry_id = ?", [entry_id])
        for later in range(position + 1, LENGTH + 1):
            connection.execute(
                "UPDATE seals SET position = ? WHERE org_id = 'acme' AND position = ?", [later - 1, later]
            )

    assert _tampered(sealed_file, remove) == (position, Break.CHANGED)


@settings(max_examples=10, deadline=None)
@given(positions=st.lists(POSITIONS, min_size=2, max_size=2, unique=True))
def test_swapped_entries_are_found_at_the_first_of_them(sealed_file: Path, positions: list[int]) -> None:
    first, second = positions

    def swap(connection: sqlite3.Connection) -> None:
        one, two = _entry_at(connection, first), _entry_at(connection, second)
        for old, new in ((one, -1), (two, one), (-1, two)):
            connection.execute("UPDATE journal SET entry_id = ? WHERE entry_id = ?", [new, old])

    assert _tampered(sealed_file, swap) == (min(positions), Break.SWAPPED)


@settings(max_examples=10, deadline=None)
@given(positions=st.lists(POSITIONS, min_size=2, max_size=2, unique=True))
def test_swapped_seals_are_found_at_the_first_of_them(sealed_file: Path, positions: list[int]) -> None:
    first, second = positions

    def swap(connection: sqlite3.Connection) -> None:
        for old, new in ((first, 1000), (second, first), (1000, second)):
            connection.execute("UPDATE seals SET position = ? WHERE org_id = 'acme' AND position = ?", [new, old])

    assert _tampered(sealed_file, swap) == (min(positions), Break.CHANGED)


@settings(max_examples=8, deadline=None)
@given(position=POSITIONS)
def test_truncated_journal_is_found_where_it_ends(sealed_file: Path, position: int) -> None:
    def truncate(connection: sqlite3.Connection) -> None:
        entry_id = _entry_at(connection, position)
        connection.execute("DELETE FROM journal WHERE org_id = 'acme' AND entry_id >= ?", [entry_id])

    assert _tampered(sealed_file, truncate) == (position, Break.REMOVED)


@settings(max_examples=8, deadline=None)
@given(position=st.integers(1, LENGTH - 1))
def test_chain_cut_off_at_its_end_is_found_by_a_head_that_was_written_down(sealed_file: Path, position: int) -> None:
    head = _verify(sealed_file)["acme"].head

    def truncate(connection: sqlite3.Connection) -> None:
        entry_id = _entry_at(connection, position)
        connection.execute("DELETE FROM seals WHERE org_id = 'acme' AND position >= ?", [position])
        connection.execute("DELETE FROM journal WHERE org_id = 'acme' AND entry_id >= ?", [entry_id])

    assert _tampered(sealed_file, truncate, head) == (LENGTH, Break.OTHER_HEAD)


def test_chain_made_anew_after_a_change_is_found_by_a_head_that_was_written_down(sealed_file: Path) -> None:
    head = _verify(sealed_file)["acme"].head

    def forge(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE journal SET actor = 'nobody' WHERE entry_id = ?", [_entry_at(connection, 1)])
        connection.execute("DELETE FROM seals WHERE org_id = 'acme'")

    file = sealed_file.with_name("forged.db")
    shutil.copyfile(sealed_file, file)
    with sqlite3.connect(file) as connection:
        forge(connection)
    connection.close()

    async def reseal() -> None:
        store = SqlStore(f"sqlite+aiosqlite:///{file}")
        await Sealer(store=store).seal_all()
        await store.dispose()

    asyncio.run(reseal())
    assert _verify(file)["acme"].broken is None
    assert _verify(file, head)["acme"].broken is Break.OTHER_HEAD


async def test_tampering_is_found_on_both_databases(store: SqlStore, store_url: str) -> None:
    await people(store, "acme")
    await journaled(store, *(entry_of("acme", number) for number in range(5)))
    await Sealer(store=store).seal_due()
    audit = Audit(store=store, clock=MovableClock())
    await tamper(store_url, "UPDATE journal SET actor = 'nobody' WHERE entry_id = 4")
    assert (await audit.chain("acme")).broken_at == 4
    await tamper(store_url, "DELETE FROM journal WHERE entry_id = 2")
    found = await audit.chain("acme")
    assert (found.broken_at, found.broken, found.head and found.head.position) == (2, Break.REMOVED, 1)


async def test_unsealed_tail_is_counted_with_its_age_and_is_no_fault(store: SqlStore) -> None:
    await people(store, "acme")
    await journaled(
        store, records.entry("k", "acme"), records.entry("l", "acme", at=records.NOW + timedelta(seconds=5))
    )
    clock = MovableClock(records.NOW + timedelta(minutes=2))
    view = await Audit(store=store, clock=clock).verify("acme")
    assert view.is_intact
    assert view.chains == (ChainView(org_id="acme", head=None, unsealed=2, unsealed_seconds=120),)


async def test_export_has_position_and_hash_in_the_journals_order(store: SqlStore) -> None:
    await people(store, "acme", "other")
    await journaled(store, entry_of("acme", 1), entry_of("other", 2))
    await Sealer(store=store).seal_due()
    await journaled(store, entry_of("acme", 3))
    audit = Audit(store=store, clock=MovableClock())
    lines = [line async for page in await audit.lines(None, None, None) for line in page]
    assert [(it.numbered.entry.org_id, it.numbered.entry.key, it.position) for it in lines] == [
        ("acme", "k1", 1),
        ("other", "k2", 1),
        ("acme", "k3", None),
    ]
    assert [it.hash is None for it in lines] == [False, False, True]


async def test_export_comes_in_pages_so_that_memory_stays_flat(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "PAGE", 4)
    await people(store, "acme")
    await journaled(store, *(entry_of("acme", number) for number in range(10)))
    audit = Audit(store=store, clock=MovableClock())
    assert [len(page) async for page in await audit.lines("acme", None, None)] == [4, 4, 2]


async def test_long_chain_is_recomputed_stretch_by_stretch(
    store: SqlStore, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "PAGE", 4)
    await people(store, "acme")
    await journaled(store, *(entry_of("acme", number) for number in range(8)))
    await Sealer(store=store).seal_due()
    audit = Audit(store=store, clock=MovableClock())
    whole = await audit.chain("acme")
    assert (whole.head and whole.head.position, whole.broken) == (8, None)
    await tamper(store_url, "UPDATE journal SET actor = 'nobody' WHERE entry_id = 7")
    assert (await audit.chain("acme")).broken_at == 7


async def test_export_takes_since_and_leaves_until_out(store: SqlStore) -> None:
    await people(store, "acme")
    hours = [records.entry(f"k{it}", "acme", at=records.NOW + timedelta(hours=it)) for it in range(4)]
    await journaled(store, *hours)
    audit = Audit(store=store, clock=MovableClock())
    since, until = records.NOW + timedelta(hours=1), records.NOW + timedelta(hours=3)
    lines = [it.numbered async for page in await audit.lines("acme", since, until) for it in page]
    assert await audit.newest("acme", until) == lines[-1].entry_id < await audit.newest("acme", None)
    keys = [it.entry.key for it in lines]
    assert keys == ["k1", "k2"]


def test_canonical_form_is_the_documented_one() -> None:
    entry = records.entry("command/é", detail={"wave": "w1", "again": 2, "is_new": True, "reason": None})
    assert canonical(NumberedEntry(7, entry), 3, "ab").decode() == (
        '{"entry":{"action":"select","actor":"staff-1","at":"2026-11-22T12:00:00.123456Z",'
        '"detail":{"again":2,"is_new":true,"reason":null,"wave":"w1"},"entry_id":7,"generation":1,'
        '"key":"command/é","org_id":"acme","source":"IN_REVIEW","target":"SELECTED","user_id":"u1"},'
        '"position":3,"previous":"ab"}'
    )
    digest = sha256(canonical(NumberedEntry(7, entry), 3, "ab")).hexdigest()
    assert hash_of(NumberedEntry(7, entry), 3, "ab") == digest
