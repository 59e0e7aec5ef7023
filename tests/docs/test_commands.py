"""Every command that a document shows is run on the organization of `examples/`, in the page's order.

Words in capitals that stand for something are filled in, and other programs of a pipe are run by the shell. What ends
with another code than 0 says so in its comment: `# code 1: ...`.
"""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from docs.site.commands_page import command_tree, leaves
from tests.cli.conftest import CommandLine
from tests.docs.blocks import PAGES, Command, commands_of, mentions_of, name_of
from tests.docs.typed import answer_of
from tests.docs.world import A_MOMENT, ROOT, office_in

NOT_RUN = {
    "demo": "plays for a minute: tests/e2e/test_demo.py",
    "doctor": "looks at processes that no page starts: tests/cli/test_doctor.py",
    "reconcile": "asks Temporal about workflows: tests/cli/test_reconcile.py",
    "secrets": "its output is new each time: tests/docs/test_tutorial.py",
    "setup": "wants a Temporal service: tests/docs/test_tutorial.py",
    "mails send-test": "wants a relay: tests/cli",
    "wave watch": "runs until the wave has ended: tests/cli",
}
"""Verbs that are only parsed here: why, and which test runs them."""
WALKED = {"docs/tutorial.md"}
"""Pages that tests/docs/test_tutorial.py runs whole, with all processes."""
VERBS: dict[str, Any] = dict(leaves(command_tree()))
PAGES_RUN = [it for it in PAGES if commands_of(it) and name_of(it) not in WALKED]


@pytest.fixture
def office(acme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A command line on a copy of the world, in a folder of its own."""
    shutil.copytree(acme, tmp_path / "office")
    return office_in(tmp_path / "office", monkeypatch)


@pytest.mark.parametrize("page", PAGES_RUN, ids=name_of)
def test_every_command_of_a_page_runs_as_the_page_says(page: Path, office: CommandLine) -> None:
    for command in commands_of(page):
        office.clock.move(A_MOMENT)
        code, output = _run(office, command)
        assert code == command.code, f"{command.line}\n{output}"


@pytest.mark.parametrize("page", [it for it in PAGES if mentions_of(it)], ids=name_of)
def test_every_verb_and_option_in_a_sentence_exists(page: Path) -> None:
    assert [problem for it in mentions_of(page) for problem in _problems(it)] == []


@pytest.mark.parametrize("page", WALKED)
def test_every_command_of_a_page_that_is_walked_can_be_parsed(page: str) -> None:
    assert [problem for it in commands_of(ROOT / page) for problem in _problems(it)] == []


@pytest.mark.parametrize(
    ("line", "problems"),
    [
        ("starter.py select --all", []),
        ("starter.py fly", ["starter.py fly: no such verb"]),
        ("starter.py wave", []),
        ("starter.py wave fly", ["starter.py wave fly: no such verb"]),
        ("starter.py pending --csv | python starter.py undo --never", ["starter.py undo: no option --never"]),
    ],
)
def test_an_unknown_verb_or_option_is_noticed(line: str, problems: list[str]) -> None:
    assert _problems(Command("page", line, 0, "")) == problems


def _run(office: CommandLine, command: Command) -> tuple[int, str]:
    """The code of the last program, and everything that was written."""
    given, seen, code = "", "", 0
    for part in command.parts:
        if part.is_ours and _verb(part.arguments) in NOT_RUN:
            assert _problems(command) == []
            continue
        answer = answer_of(office, part, given)
        given, code, seen = answer.stdout, answer.code, seen + answer.stdout + answer.stderr
    return code, seen


def _verb(arguments: list[str] | tuple[str, ...]) -> str | None:
    """The longest verb that these begin with."""
    plain = [it for it in arguments if not it.startswith("-")]
    names = (" ".join(plain[:count]) for count in (2, 1))
    return next((name for name in names if name in VERBS), None)


def _problems(command: Command) -> list[str]:
    return [problem for arguments in command.runs for problem in _wrong(arguments)]


def _wrong(arguments: tuple[str, ...]) -> list[str]:
    verb = _verb(arguments)
    if verb is None:
        is_group = len(arguments) == 1 and any(name.startswith(f"{arguments[0]} ") for name in VERBS)
        is_root = not arguments or arguments[0].startswith("-") or re.fullmatch(r"[A-Z]+|\.\.\.", arguments[0])
        return [] if is_group or is_root else [f"{shlex.join(('starter.py', *arguments))}: no such verb"]
    known = {name for it in VERBS[verb].params for name in it.opts} | {"--help"}
    return [f"starter.py {verb}: no option {it}" for it in arguments if it.startswith("--") and it not in known]
