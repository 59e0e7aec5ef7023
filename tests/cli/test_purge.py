"""`purge` says how many rows of which kind are old, asks, removes them, and says how many went."""

from datetime import timedelta

import pytest

from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import digest_of
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_people import Session
from tests import builders
from tests.builders import NOW
from tests.cli.conftest import CommandLine
from tests.cli.test_events import event

DAY = timedelta(days=1)


@pytest.fixture
def old(cli: CommandLine) -> CommandLine:
    """Ada was done 401 days ago; of then are a former address and two sessions."""
    at = NOW - 401 * DAY
    cli.put((builders.user(org_id="acme"), builders.migration(state=S.MIGRATED, since=at)))

    async def then(uow: UnitOfWork) -> None:
        await uow.former_addresses.add("a1", "u1", "ada@old.example", at)
        for name in ("s1", "s2"):
            await uow.sessions.add(Session(name, "u1", digest_of(name), at, ended_at=at))
        await uow.commit()

    cli.write(then)
    return cli


def test_what_goes_is_said_first_and_then_gone(old: CommandLine) -> None:
    result = old.run("purge", "--yes")
    assert result.exit_code == 0
    assert result.stderr == "Rows to remove for good: 3 (former addresses 1, sessions 2).\n"
    assert [" ".join(line.split()) for line in result.stdout.splitlines()[3:]] == [
        "events 2026-10-23 12:00 0",
        "mails 2025-10-18 12:00 0",
        "links 2025-10-18 12:00 0",
        "former addresses 2025-10-18 12:00 1",
        "sessions 2025-10-18 12:00 2",
    ]
    assert [it["rows"] for it in old.json("purge", "--dry-run")["leftovers"]] == [0, 0, 0, 0, 0]


def test_the_document_has_each_kind_and_how_old_it_must_be(old: CommandLine) -> None:
    dry = old.json("purge", "--dry-run")
    assert dry == old.json("purge", "--yes")
    assert dry["leftovers"] == [
        {"kind": "events", "before": "2026-10-23T12:00:00Z", "rows": 0},
        {"kind": "mails", "before": "2025-10-18T12:00:00Z", "rows": 0},
        {"kind": "links", "before": "2025-10-18T12:00:00Z", "rows": 0},
        {"kind": "former_addresses", "before": "2025-10-18T12:00:00Z", "rows": 1},
        {"kind": "sessions", "before": "2025-10-18T12:00:00Z", "rows": 2},
    ]


def test_where_nothing_is_old_nobody_is_asked(cli: CommandLine) -> None:
    cli.put()
    cli.run("event", "-", given=event())
    result = cli.run("purge")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "sessions" in result.stdout
