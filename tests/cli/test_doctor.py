"""`doctor` as a command: before anything is set up, on a service that is all well, and what it never shows."""

import base64
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from temporalio.testing import WorkflowEnvironment
from typer.testing import CliRunner

from edition_migration.adapters.store.schema import upgrade
from edition_migration.bootstrap.doctor import examine
from edition_migration.cli.app import build_app
from edition_migration.domain.diagnosis import Diagnosis, Finding, Subject, Verdict, fails, ok, warning
from edition_migration.settings import PREFIX
from edition_migration.temporal.preparation import prepare
from tests.cli.conftest import CommandLine
from tests.fixtures.smtp import HOST, SmtpServer

KEY = base64.b64encode(b"k" * 32).decode()
SECRETS = {
    "LINK_KEYS": f"k1:{KEY}",
    "WEBHOOK_SECRETS": f"whsec_{KEY}",
    "PAGE_SECRET": "a page secret of more than 32 characters",
}
MAKE_SECRETS = "make them: (umask 077 && python starter.py secrets >> .env)"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """An empty working folder and environment; nobody answers at the address of Temporal, relay and page."""
    for name in [it for it in os.environ if it.startswith((PREFIX, "TEMPORAL_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with socket.socket() as held:
        held.bind((HOST, 0))  # never listens
        address = f"{HOST}:{held.getsockname()[1]}"
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
        monkeypatch.setenv(f"{PREFIX}SMTP_PORT", address.rpartition(":")[2])
        monkeypatch.setenv(f"{PREFIX}LINK_BASE", f"http://{address}")
        yield address


def set_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(PREFIX + name, value)


def lines_of(findings: tuple[Finding, ...], *subjects: Subject) -> list[tuple[Subject, Verdict, str]]:
    return [(it.subject, it.verdict, it.text) for it in findings if it.subject in subjects]


def test_before_anything_is_set_up_it_says_what_to_do_first(cli: CommandLine, nowhere: str) -> None:
    result = cli.run("doctor")
    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if " disk " not in line]
    assert lines[:9] == [
        "ok       settings           of 34: 2 from environment, 0 from .env, 0 from secret file, 32 from default",
        *(
            f"fails    secrets            {PREFIX}{name}: is missing; what helps: {MAKE_SECRETS}"
            for name in ("LINK_KEYS", "WEBHOOK_SECRETS", "PAGE_SECRET")
        ),
        "fails    store              there is no database file var/edition-migration.db yet;"
        " what helps: run `starter.py setup`",
        "warning  schema             not known: there is no database file var/edition-migration.db yet",
        "ok       clock              the database has this machine's clock",
        f"warning  link_keys          not known: {PREFIX}LINK_KEYS is missing or wrong",
        f"fails    temporal           no Temporal service answers at {nowhere};"
        " what helps: start it, or set TEMPORAL_ADDRESS in the environment; .env is not read for it",
    ]
    assert result.stderr == "Looked at: 20. Fail: 7. Warnings: 10.\nBegin with: secrets.\n"
    assert list(Path.cwd().iterdir()) == []


def test_a_setting_that_is_wrong_is_one_line_and_what_rests_on_it_is_not_looked_at(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_secrets(monkeypatch)
    monkeypatch.setenv(f"{PREFIX}SMTP_PORT", "often")
    monkeypatch.setenv(f"{PREFIX}SMPT_HOST", "mail.acme.example")
    findings = Diagnosis.model_validate(cli.json("doctor")).findings
    reason = "is no whole number; write it like 5"
    assert lines_of(findings, Subject.SETTINGS, Subject.SECRETS, Subject.RELAY, Subject.SENDER) == [
        (Subject.SETTINGS, Verdict.FAILS, f"{PREFIX}SMTP_PORT: {reason}"),
        (Subject.SETTINGS, Verdict.WARNING, f"{PREFIX}SMPT_HOST (environment) is no setting"),
        (Subject.SECRETS, Verdict.OK, "3 are set, and long enough"),
        (Subject.RELAY, Verdict.WARNING, f"not known: {PREFIX}SMTP_PORT is missing or wrong"),
        (Subject.SENDER, Verdict.WARNING, f"not known: {PREFIX}SMTP_PORT is missing or wrong"),
    ]
    assert next(it.mend for it in findings if "no setting" in it.text) == f"write {PREFIX}SMTP_HOST"


def test_an_env_file_that_others_can_read_or_that_speaks_of_temporal_is_seen(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_secrets(monkeypatch)
    monkeypatch.delenv("TEMPORAL_ADDRESS")
    Path(".env").write_text("TEMPORAL_ADDRESS=temporal:7233\n")
    Path(".env").chmod(stat.S_IRUSR | stat.S_IRGRP)
    findings = Diagnosis.model_validate(cli.json("doctor")).findings
    mend = "put it into the environment, or into a profile of Temporal's own"
    assert warning(Subject.SETTINGS, "TEMPORAL_ADDRESS is in .env, where nobody reads it", mend) in findings
    assert warning(Subject.SECRETS, ".env can be read by others on this machine", "chmod 600 .env") in findings
    Path(".env").chmod(stat.S_IRUSR)
    findings = Diagnosis.model_validate(cli.json("doctor")).findings
    assert [it for it in findings if "can be read by others" in it.text] == []


def test_settings_of_temporal_that_cannot_be_read_are_named(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_PROFILE", "nobody-wrote-this")
    monkeypatch.delenv("TEMPORAL_CONFIG_FILE")
    findings = Diagnosis.model_validate(cli.json("doctor")).findings
    text = "Temporal's own settings cannot be read"
    mend = "check TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE and what that file says"
    assert fails(Subject.TEMPORAL, text, mend) in findings
    assert warning(Subject.NAMESPACE, f"not known: {text}") in findings


def test_no_secret_is_shown(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    set_secrets(monkeypatch)
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", "postgresql+asyncpg://app:s3cret@127.0.0.1:1/name")
    monkeypatch.setenv(f"{PREFIX}SMTP_USERNAME", "acme")
    monkeypatch.setenv(f"{PREFIX}SMTP_PASSWORD", "s3cret")
    for arguments in (("doctor",), ("doctor", "--json"), ("--debug", "doctor")):
        result = cli.run(*arguments)
        for secret in ("s3cret", KEY, SECRETS["PAGE_SECRET"]):
            assert secret not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("verdict", "code", "foot"),
    [
        (Verdict.OK, 0, "Looked at: 1. Fail: 0. Warnings: 0.\n"),
        (Verdict.WARNING, 0, "Looked at: 1. Fail: 0. Warnings: 1.\n"),
        (Verdict.FAILS, 1, "Looked at: 1. Fail: 1. Warnings: 0.\nBegin with: web.\n"),
    ],
)
def test_only_what_fails_makes_the_exit_code_one(verdict: Verdict, code: int, foot: str) -> None:
    finding = Finding(subject=Subject.WEB, verdict=verdict, text="something was found", mend="do something")

    async def found() -> Diagnosis:
        return Diagnosis(verdict=verdict, findings=(finding,))

    nothing = cast("Any", None)  # doctor opens nothing and sets nothing up
    result = CliRunner().invoke(build_app(nothing, nothing, found), ["doctor"], prog_name="starter.py")
    line = f"{verdict:<8} web                something was found; what helps: do something\n"
    assert (result.exit_code, result.stdout, result.stderr) == (code, line, foot)


async def test_a_service_that_is_set_up_is_well_but_for_its_worker_and_page(
    monkeypatch: pytest.MonkeyPatch, temporal_env: WorkflowEnvironment, smtp_server: SmtpServer, tmp_path: Path
) -> None:
    set_secrets(monkeypatch)
    client = temporal_env.client
    monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
    monkeypatch.setenv(f"{PREFIX}SMTP_PORT", str(smtp_server.port))
    monkeypatch.setenv(f"{PREFIX}SMTP_SECURITY", "none")
    monkeypatch.setenv(f"{PREFIX}SMTP_SENDER", "post@acme.example")
    monkeypatch.setenv(f"{PREFIX}SMTP_MESSAGE_DOMAIN", "acme.example")
    url = f"sqlite+aiosqlite:///{tmp_path}/acme.db"
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", url)
    await upgrade(url)
    await prepare(client)
    findings = (await examine()).findings
    bad = {it.subject for it in findings if it.verdict is not Verdict.OK}
    assert bad <= {Subject.RETENTION, Subject.WORKERS, Subject.LINK_BASE, Subject.WEB, Subject.DISK}
    assert list(dict.fromkeys(it.subject for it in findings)) == list(Subject)
    assert ok(Subject.SECRETS, "3 are set, and long enough") in findings
    assert ok(Subject.LINK_KEYS, "k1 makes new links; 0 wait for their mail, and their keys are set") in findings
    assert smtp_server.received == []
