"""Each verb in each form: as a table, CSV, JSON, dry run, without a terminal, on bad input; every byte of its answers.

The sessions are in `golden/`; `tests/cli/sessions.py` plays them and says how they are written anew.
"""

import shutil
from pathlib import Path

import pytest

from tests.cli.sessions import FOLDER, FORMS, VERBS, file_of, forms_in, office_of_sessions, played

LOOKS = (
    "secrets",
    "doctor",
    "config",
    "org list",
    "org show",
    "inbox",
    "pending",
    "parked",
    "export",
    "status",
    "plan",
    "wave list",
    "wave show",
    "wave watch",
    "wave report",
    "user show",
    "user timeline",
    "mails list",
    "mails texts",
    "mails show",
    "mails check",
    "mails preview",
    "audit verify",
    "audit export",
)
"""These change nothing."""
MENDABLE = (
    "setup",
    "import users",
    "import contacts",
    "event",
    "fix-address",
    "wave pause",
    "wave resume",
    "wave retry-failed",
    "pause",
    "resume",
    "mails set",
    "mails undo",
    "mails send-test",
    "reconcile",
    "demo",
)
"""These change something, and take away nothing that cannot be given back."""
ONE_THING = (
    "org show",
    "wave show",
    "wave pause",
    "wave resume",
    "wave cancel",
    "pause",
    "resume",
    "user show",
    "event",
    "mails show",
    "mails set",
    "mails undo",
    "mails preview",
    "mails send-test",
)
WITHOUT = {
    "table": {
        "it writes rows for programs, CSV by default": ("export", "audit export"),
        "it wants a Temporal service: tests/temporal/test_preparation.py, tests/docs/test_tutorial.py": ("setup",),
        "it plays for a minute: tests/e2e/test_demo.py": ("demo",),
    },
    "csv": {
        "its few lines are always the same ones": ("purge",),
        "it answers about one thing, in no list": ONE_THING,
        "its changes may be nested": ("org apply",),
        "its result is a CSV file, row by row": ("import users", "import contacts"),
        "it prints lines of a .env file": ("secrets",),
        "it tells people what goes on": ("setup", "wave watch", "demo"),
    },
    "json": {
        "it prints lines of a .env file": ("secrets",),
        "it tells people what goes on": ("setup", "wave watch", "demo"),
    },
    "dry run": {
        "it changes nothing": LOOKS,
        "a repeat changes nothing": ("setup",),
        "it sends one mail, which `mails preview` shows before": ("mails send-test",),
        "it has data of its own": ("demo",),
    },
    "no terminal": {
        "it changes nothing": LOOKS,
        "it asks nothing, since it takes nothing away": MENDABLE,
    },
}
"""Form, why it does not apply, and to which verbs."""
OPTIONS = {"csv": "--csv", "json": "--json", "dry run": "--dry-run", "no terminal": "--yes"}
"""A verb has the form if it has the option."""


def without(form: str) -> set[str]:
    return {verb for verbs in WITHOUT.get(form, {}).values() for verb in verbs}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_answers_as_its_session_shows(
    verb: str, acme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(acme, tmp_path / "office")
    session = file_of(verb).read_text(encoding="utf-8")
    assert played(office_of_sessions(folder, monkeypatch), session) == session


@pytest.mark.parametrize("form", FORMS)
def test_every_verb_has_the_form_or_a_reason_why_not(form: str) -> None:
    written = {verb for verb in VERBS if form in forms_in(file_of(verb).read_text(encoding="utf-8"))}
    assert written | without(form) == set(VERBS)
    assert written & without(form) == set()


@pytest.mark.parametrize("form", OPTIONS)
def test_a_form_is_left_out_only_where_the_verb_has_no_option_for_it(form: str) -> None:
    options = {verb: {name for it in VERBS[verb].params for name in it.opts} for verb in VERBS}
    assert without(form) == {verb for verb, names in options.items() if OPTIONS[form] not in names}


def test_no_session_is_of_a_verb_that_is_gone() -> None:
    assert set(FOLDER.iterdir()) == {file_of(verb) for verb in VERBS}
