"""A refusal says again what was typed, to whoever typed it; all wrong names at once."""

import pytest

from edition_migration.cli.typed import quoted
from tests.cli.conftest import CommandLine
from tests.cli.test_commands import guest


@pytest.fixture
def office(cli: CommandLine) -> CommandLine:
    cli.put(guest("u1"), guest("u2"))
    return cli


def test_of_several_names_those_are_said_that_nobody_has(office: CommandLine) -> None:
    result = office.run("select", "u9999", "u1", "nobody@acme.example", "u2", "Ada Osei")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.splitlines()[0] == ("Error: there is no such user: 'u9999', 'nobody@acme.example', 'Ada Osei'")
    assert result.stderr.splitlines()[-1] == "What helps: give a user id or an address"
    assert office.json("wave", "list")["waves"] == []


@pytest.mark.parametrize(
    ("typed", "code", "line"),
    [
        ("user show u99", 4, "Error: there is no such user: 'u99'"),
        ("fix-address u99 ada@acme.example", 4, "Error: there is no such user: 'u99'"),
        ("fix-address u1 ada", 3, "  address: 'ada' has no @; give one address like name@example.com"),
        ("fix-address u1 ada@else.example", 1, "The address given is 'ada@else.example'."),
        ("wave show nope", 4, "Error: there is no wave of this id: 'nope'"),
        ("status --org amce", 4, "Error: there is no organization of this id: 'amce'"),
        ("pending --domain nowhere.example", 4, "Error: the organization has no such domain: 'nowhere.example'"),
        ("pending --reason foo", 3, "  --reason: 'foo' is no reason that a list shows; use one like "),
        ("pending --state FOO", 3, "  --state: 'FOO' is no state of a migration; use one like "),
        ("pending --state migrated", 3, "  --state: 'MIGRATED' is no state of those who are meant here; use one of "),
        ("pending --client 5.x", 3, "  --client: '5.x' is no version; use one like 5.2 or 5, or unknown"),
        ("mails list --mail foo", 3, "  --mail: 'foo' is no mail of ours; use one like "),
        ("mails list --state foo", 3, "  --state: 'foo' is no state of a mail; use one like "),
        (
            "select u1 --at tomorrow",
            2,
            "Error: Invalid value for '--at': 'tomorrow' is no time; write it like 2026-11-23T08:00+01:00",
        ),
        (
            "pending --older-than 3",
            2,
            "Error: Invalid value for '--older-than': '3' is no duration; write it like 2d, 12h or 30m",
        ),
        ("pending --limit 0", 2, "Error: Invalid value for '--limit': '0' is less than 1; give 1 or more"),
        ("pending --limit x", 2, "Error: Invalid value for '--limit': 'x' is no whole number; write it like 5"),
        ("wave watch w --every x", 2, "Error: Invalid value for '--every': 'x' is no number; write it like 5 or 2.5"),
        (
            "select u1 --activation sometime",
            2,
            "Error: Invalid value for '--activation': "
            "'sometime' is not one of 'with_instructions', 'delayed', 'by_hand'",
        ),
        (
            "audit verify --expect x",
            2,
            "Error: Invalid value for --expect: 'x' is no head; write it like POSITION:HASH, as ",
        ),
    ],
)
def test_a_refusal_says_what_was_typed(office: CommandLine, typed: str, code: int, line: str) -> None:
    result = office.run(*typed.split())
    assert result.exit_code == code
    assert [it for it in result.stderr.splitlines() if it.startswith(line)] != []


def test_what_was_typed_is_printable_and_not_long() -> None:
    assert quoted("a\x1b[31mb\n") == r"'a\x1b[31mb\n'"
    assert quoted("a" * 200) == f"'{'a' * 100}...'"
