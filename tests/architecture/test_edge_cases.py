"""docs/edge-cases.md: every row names tests, and every test named is there."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "edge-cases.md"
NAME = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


class Row(NamedTuple):
    """One line of a table, with the heading above it."""

    section: str
    case: str
    what_happens: str
    tests: str


def rows_of(text: str) -> list[Row]:
    """The rows of all tables, without their heads. Raises ValueError where a row has not three cells."""
    rows: list[Row] = []
    section = ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        if not line.startswith("|"):
            continue
        case, what_happens, tests = (cell.strip() for cell in line.strip().strip("|").split("|"))
        if case != "Case" and set(case) != {"-"}:
            rows.append(Row(section, case, what_happens, tests))
    return rows


@cache
def _names_in(path: Path) -> frozenset[str]:
    """The names of the test functions of a file; parametrized ones count once."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return frozenset(it.name for it in nodes if isinstance(it, (ast.FunctionDef, ast.AsyncFunctionDef)))


def missing(row: Row) -> list[str]:
    """The tests that a row names and that do not exist."""
    named = NAME.findall(row.tests)
    return [
        f"{file}::{name}" for file, name in named if not (ROOT / file).exists() or name not in _names_in(ROOT / file)
    ]


ROWS = rows_of(DOCUMENT.read_text())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.case)
def test_a_row_says_what_happens_and_names_tests_that_exist(row: Row) -> None:
    assert row.what_happens.endswith(".")
    assert NAME.search(row.tests), "names no test"
    assert NAME.sub("", row.tests).replace("<br>", "").strip() == "", "holds more than names of tests"
    assert missing(row) == []


def test_every_invariant_has_its_row() -> None:
    assert [row.case for row in ROWS if row.section == "Invariants"] == [f"I{number}" for number in range(1, 16)]


def test_no_case_stands_twice() -> None:
    cases = [(row.section, row.case) for row in ROWS]
    assert sorted(set(cases)) == sorted(cases)


def test_a_row_without_a_test_and_a_test_that_is_gone_are_noticed() -> None:
    here = "`tests/architecture/test_edge_cases.py::test_no_case_stands_twice`"
    text = f"## A\n| Case | What happens | Test |\n| --- | --- | --- |\n| one | It. | {here} |\n| two | It. |  |\n"
    good, bare = rows_of(text)
    assert (good.section, good.case, missing(good)) == ("A", "one", [])
    assert NAME.search(bare.tests) is None
    for gone in ("tests/architecture/test_edge_cases.py::test_gone", "tests/gone.py::test_gone"):
        assert missing(good._replace(tests=f"`{gone}`")) == [gone]
