"""The command line at work, a session a verb in `golden/VERB.txt`: what is typed and what it answers, byte for byte.

`## FORM` begins one of the forms below, `## before` what must have happened. Behind `$ ` stands what is typed on the
organization of the documents (`tests/docs/world.py`); then stdout as it is, stderr behind `2> `, and the exit code.
`sleep 40d` moves the clock.

`python -m tests.cli.sessions [VERB ...]` plays them and writes the answers anew, for whoever changed what a verb says.
A new verb begins with a file that has only headings and commands.
"""

import asyncio
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from docs.site.commands_page import command_tree, leaves
from edition_migration.adapters.store.schema import upgrade
from edition_migration.bootstrap.cli import set_up
from edition_migration.cli.options import duration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.reconciliation import WorkflowStatus
from edition_migration.settings import PREFIX
from tests.application.sound_store import StatingGateway
from tests.cli.conftest import CommandLine
from tests.docs.blocks import Command
from tests.docs.typed import Answer, answer_of
from tests.docs.world import A_MOMENT, ORG, built, office_in, repeated_ids

FOLDER = Path(__file__).parent / "golden"
FORMS = ("table", "csv", "json", "dry run", "no terminal", "bad input")
STILL = {"dry run", "no terminal", "bad input"}
"""These change nothing and ring nobody."""
VERBS: dict[str, Any] = dict(leaves(command_tree()))
NOBODY = "127.0.0.1:1"
"""Where no service listens."""
ENVIRONMENT = {
    "NO_COLOR": "1",
    "TEMPORAL_ADDRESS": NOBODY,
    "TEMPORAL_CONFIG_FILE": os.devnull,
    f"{PREFIX}DATABASE_URL": "sqlite+aiosqlite:///store.db",
    f"{PREFIX}LINK_BASE": f"http://{NOBODY}",
    f"{PREFIX}SMTP_PORT": NOBODY.rpartition(":")[2],
}
_VOLATILE = (
    (r"(?m)^(EDITION_MIGRATION_LINK_KEYS=)[0-9a-f]{8}:.{44}$", r"\1ID:KEY"),
    (r"(?m)^(EDITION_MIGRATION_WEBHOOK_SECRETS=whsec_).{44}$", r"\1SECRET"),
    (r"(?m)^(EDITION_MIGRATION_PAGE_SECRET=).{43}$", r"\1SECRET"),
    (r"/[^ ,]+: \d+ MB free", "FOLDER: NUMBER MB free"),
    (r"SQLite \d[\d.]+", "SQLite VERSION"),
)
FILES = {
    "welcome.txt": "Subject: Welcome to our Business Edition\n\nYou are through, %USERNAME%.\n",
    "wrong.txt": "Subject: Welcome\n\nYour password is %PASSWORD%.\n",
    "smaller.yaml": "id: acme\ndomains: [acme.example]\n",
    "wrong.yaml": "id: acme\ndomains: [gmail.com]\nlicences: 3\n",
    "wrong.csv": "email,displayName\nnobody,Nobody\n",
}


def file_of(verb: str) -> Path:
    return FOLDER / f"{verb.replace(' ', '-')}.txt"


def forms_in(session: str) -> set[str]:
    return {line[3:] for line in session.splitlines() if line.startswith("## ")}


def office_of_sessions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A command line on the world in this folder; all workflows run but that of e1008, and no service answers."""
    for name in [it for it in os.environ if it.startswith((PREFIX, "TEMPORAL_"))]:
        monkeypatch.delenv(name)
    office = office_in(folder, monkeypatch)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    office.set_up = set_up
    with closing(sqlite3.connect(folder / "store.db")) as connection, connection:
        connection.execute("UPDATE migrations SET started_at = since")
    gateway = StatingGateway()
    users = [it["user_id"] for it in office.json("export")["users"] if it["user_id"] != "e1008"]
    running = [MigrationRef(org_id=ORG, user_id=it).workflow_id for it in users]
    gateway.status = dict.fromkeys([*running, f"organization/{ORG}"], WorkflowStatus.RUNNING)
    office.gateway = cast(Any, gateway)
    return office


@repeated_ids(seed=2)
def played(office: CommandLine, session: str) -> str:
    """The session with the answers that are given now. Raises AssertionError where a form changes what it must not."""
    lines: list[str] = []
    form = ""
    for line in session.splitlines():
        if line.startswith("## "):
            form = line[3:]
            lines += [*([""] if lines else []), line]
        elif line.startswith("$ "):
            before = _state(office)
            lines += [line, *_shown(_answered(office, line[2:]))]
            assert form not in STILL or _state(office) == before, line
    return "\n".join(lines) + "\n"


def _answered(office: CommandLine, line: str) -> Answer:
    office.clock.move(A_MOMENT)
    answer = Answer(0, "", "")
    if line.startswith("sleep "):
        office.clock.move(duration(line.removeprefix("sleep ")))
        return answer
    for part in Command("", line, 0, "").parts:
        answer = answer_of(office, part, answer.stdout)
    return answer


def _shown(answer: Answer) -> Iterator[str]:
    yield from _steady(answer.stdout).splitlines()
    yield from (f"2> {line}".rstrip() for line in _steady(answer.stderr).splitlines())
    yield f"[{answer.code}]"


def _steady(text: str) -> str:
    """Without what is this run's or this machine's: new secrets, the folder and the room on its disk, SQLite."""
    for pattern, instead in _VOLATILE:
        text = re.sub(pattern, instead, text)
    return text


def _state(office: CommandLine) -> tuple[bytes, list[str], list[str]]:
    """The store byte for byte and row by row, and who was rung."""
    file = Path(office.store_url.partition("///")[2])
    with closing(sqlite3.connect(file)) as connection:
        return file.read_bytes(), list(connection.iterdump()), list(office.gateway.rung)


def main() -> None:
    verbs = sys.argv[1:] or [it for it in VERBS if file_of(it).exists()]
    with tempfile.TemporaryDirectory() as name:
        acme = Path(name) / "acme"
        acme.mkdir()
        url = f"sqlite+aiosqlite:///{acme / 'store.db'}"
        asyncio.run(upgrade(url))
        built(CommandLine(url), acme)
        for verb in verbs:
            folder = shutil.copytree(acme, Path(name) / verb)
            with pytest.MonkeyPatch.context() as monkeypatch:
                session = played(office_of_sessions(folder, monkeypatch), file_of(verb).read_text(encoding="utf-8"))
            file_of(verb).write_text(session, encoding="utf-8")


if __name__ == "__main__":
    main()
