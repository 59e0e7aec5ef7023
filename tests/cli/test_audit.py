"""`audit verify` says whether each chain holds and since when not; `audit export` streams the journal, defused."""

import asyncio
import csv
import io
import json
from typing import Any

import pytest

from edition_migration.ports.store import UnitOfWork
from tests import builders
from tests.cli.conftest import CommandLine
from tests.fixtures import records
from tests.fixtures.tampering import tamper


def _journal(cli: CommandLine, count: int = 3, **fields: Any) -> None:
    cli.put((builders.user(), builders.migration()))

    async def write(uow: UnitOfWork) -> None:
        await uow.journal.add([records.entry(f"command/c{number}", **fields) for number in range(count)])
        await uow.commit()

    cli.write(write)


def test_chain_that_holds_is_shown_with_its_head(cli: CommandLine) -> None:
    _journal(cli)
    cli.seal()
    result = cli.run("audit", "verify")
    assert result.exit_code == 0
    chain = cli.json("audit", "verify", "--org", "acme")["chains"][0]
    assert (chain["head"]["position"], chain["broken_at"], chain["unsealed"]) == (3, None, 0)
    head = f"3:{chain['head']['hash']}"
    assert head in result.stdout.replace("\n", "")
    assert cli.run("audit", "verify", "--csv").stdout.splitlines()[1] == f"acme,{head},,,0,0"


def test_what_is_not_sealed_yet_is_counted_and_is_no_fault(cli: CommandLine) -> None:
    _journal(cli)
    result = cli.run("audit", "verify", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["chains"][0]["unsealed"] == 3


def test_changed_entry_is_named_and_the_code_tells(cli: CommandLine) -> None:
    _journal(cli)
    cli.seal()
    asyncio.run(tamper(cli.store_url, "UPDATE journal SET actor = 'nobody' WHERE entry_id = 2"))
    result = cli.run("audit", "verify")
    assert result.exit_code == 1
    assert "the entry of this position, or its seal, was changed" in result.stdout
    assert cli.json("audit", "verify")["chains"][0]["broken_at"] == 2


def test_head_written_down_earlier_finds_a_chain_cut_off_at_its_end(cli: CommandLine) -> None:
    _journal(cli)
    cli.seal()
    head = cli.json("audit", "verify")["chains"][0]["head"]
    expected = f"{head['position']}:{head['hash']}"
    assert cli.run("audit", "verify", "--expect", expected).exit_code == 0
    asyncio.run(tamper(cli.store_url, "DELETE FROM seals WHERE position = 3", "DELETE FROM journal WHERE entry_id = 3"))
    assert cli.run("audit", "verify").exit_code == 0
    assert cli.run("audit", "verify", "--expect", expected).exit_code == 1


def test_export_as_csv_has_every_field_and_no_formula(cli: CommandLine) -> None:
    _journal(cli, 1, actor="=cmd", detail={"wave": "w1"})
    cli.seal()
    result = cli.run("audit", "export", "--csv")
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    digest = row.pop("hash")
    assert len(digest) == 64
    assert row == {
        "entry_id": "1",
        "org_id": "acme",
        "user_id": "u1",
        "generation": "1",
        "key": "command/c0",
        "action": "select",
        "actor": "'=cmd",
        "at": "2026-11-22T12:00:00.123456Z",
        "source": "IN_REVIEW",
        "target": "SELECTED",
        "detail": '{"wave": "w1"}',
        "position": "1",
    }
    assert result.stderr == "Entries: 1.\n"


@pytest.mark.parametrize("until", ["2026-11-21", "2026-11-22", "2026-11-22T01:00+02:00"])
def test_an_export_that_ends_before_it_begins_is_refused(cli: CommandLine, until: str) -> None:
    _journal(cli)
    result = cli.run("audit", "export", "--since", "2026-11-22", "--until", until)
    assert (result.exit_code, result.stdout) == (2, "")
    refusal = "--until: must be later than --since; give a later time, or leave one of them out\n"
    assert result.stderr.endswith(f"Error: Invalid value for {refusal}")


def test_a_time_beyond_the_calendar_is_refused(cli: CommandLine) -> None:
    result = cli.run("audit", "export", "--since", "9999-12-31T23:00-05:00")
    assert (result.exit_code, "'9999-12-31T23:00-05:00' is no time; write it like 2026-11-23 or" in result.stderr) == (
        2,
        True,
    )


def test_export_of_nothing_is_an_empty_array(cli: CommandLine) -> None:
    _journal(cli)
    assert cli.json("audit", "export", "--since", "2027-01-01") == []
    assert len(cli.json("audit", "export", "--since", "2026-11-22", "--until", "2026-11-23")) == 3
