"""A missing or placeholder secret stops the process with the setting's name, and never with its value."""

import base64
from pathlib import Path

import pytest

from edition_migration.bootstrap.web import web_settings
from edition_migration.domain.errors import ConfigurationError, Problem
from edition_migration.settings import PREFIX, examined_settings, load_settings
from edition_migration.settings_table import settings_table
from edition_migration.web.services import WebLimits

KEY = base64.b64encode(b"k" * 32).decode()
GOOD = {
    "LINK_KEYS": f"new:{KEY},old:{KEY}",
    "WEBHOOK_SECRETS": f"whsec_{KEY}",
    "PAGE_SECRET": "a page secret of more than 32 characters",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    for name, value in GOOD.items():
        monkeypatch.setenv(PREFIX + name, value)


def refusal() -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert "starter.py secrets" in refused.value.mend
    return refused.value.message


def test_defaults_serve_one_machine_and_the_first_link_key_is_the_current_one() -> None:
    settings = load_settings()
    assert settings.database_url.get_secret_value() == "sqlite+aiosqlite:///var/edition-migration.db"
    assert list(settings.keys_of_links) == ["new", "old"]
    assert settings.webhook_secret_list == (f"whsec_{KEY}",)


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_secret_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(PREFIX + name)
    assert refusal() == f"{PREFIX}{name}: is missing"


def test_all_missing_secrets_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        monkeypatch.setenv(PREFIX + name, "")
    assert refusal() == " | ".join(f"{PREFIX}{name}: is missing" for name in GOOD)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("placeholder", ["changeme", " Secret ", "TODO"])
def test_a_placeholder_is_named(monkeypatch: pytest.MonkeyPatch, name: str, placeholder: str) -> None:
    monkeypatch.setenv(PREFIX + name, placeholder)
    assert refusal() == f"{PREFIX}{name}: is a placeholder; make one with `starter.py secrets`"


@pytest.mark.parametrize(
    ("name", "weak", "message"),
    [
        ("LINK_KEYS", "k1:c2hvcnQ=", f"{PREFIX}LINK_KEYS: needs ID:BASE64 of 32 bytes or more in each part"),
        ("LINK_KEYS", KEY, f"{PREFIX}LINK_KEYS: needs ID:BASE64 of 32 bytes or more in each part"),
        ("WEBHOOK_SECRETS", KEY, f"{PREFIX}WEBHOOK_SECRETS: needs whsec_BASE64 of 24 bytes or more in each part"),
        ("PAGE_SECRET", "too short a page secret", f"{PREFIX}PAGE_SECRET: is shorter than 32 characters"),
    ],
)
def test_a_weak_secret_is_refused_without_being_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, weak: str, message: str
) -> None:
    monkeypatch.setenv(PREFIX + name, weak)
    assert refusal() == message


def test_no_secret_is_shown_when_settings_are_printed() -> None:
    shown = repr(load_settings())
    assert [value for value in (KEY, GOOD["PAGE_SECRET"]) if value in shown] == []


def test_another_setting_out_of_range_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}SMTP_PORT", "0")
    assert refusal().startswith(f"{PREFIX}SMTP_PORT: ")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("EVENT_RETENTION", "3d", "is less than 4 days; give 4 days or more"),
        ("RETENTION", "29d", "is less than 30 days; give 30 days or more"),
        ("RETENTION", "101y", "is no duration; write it like 7d, 12h or 30m"),
        ("RETENTION", "400", "has no unit"),
    ],
)
def test_a_retention_that_would_break_something_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", value)
    assert refusal().startswith(f"{PREFIX}{name}: {message}")


def test_what_is_no_network_is_trusted_by_nobody_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}TRUSTED_PROXIES", "10.0.0.0/8, ingress.example")
    expected = f"{PREFIX}TRUSTED_PROXIES: ingress.example is no IP address and no network, e.g. 10.0.0.0/8"
    assert refusal() == expected


def test_the_web_process_knows_its_proxies_and_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1")
    monkeypatch.setenv(f"{PREFIX}SIGN_INS_PER_MINUTE", "7")
    monkeypatch.setenv(f"{PREFIX}PAGE_REQUESTS_PER_MINUTE", "8")
    web = web_settings(load_settings())
    assert web.trusted_proxies == ("10.0.0.0/8", "2001:db8::1")
    assert web.limits == WebLimits(sign_in_by_address="7/minute", page_by_address="8/minute")


def test_a_retention_is_written_in_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}EVENT_RETENTION", "96h")
    rows = {row.name.removeprefix(PREFIX): (row.value, row.default) for row in settings_table().settings}
    assert (rows["EVENT_RETENTION"], rows["RETENTION"]) == (("4d", "30d"), ("400d", "400d"))


def test_everything_that_is_wrong_is_named_at_once_and_the_rest_is_as_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(f"{PREFIX}LINK_KEYS")
    monkeypatch.setenv(f"{PREFIX}PAGE_SECRET", "changeme")
    monkeypatch.setenv(f"{PREFIX}SMTP_PORT", "often")
    monkeypatch.setenv(f"{PREFIX}SMTP_HOST", "mail.acme.example")
    settings, problems = examined_settings()
    assert problems == (
        Problem(f"{PREFIX}LINK_KEYS", "is missing"),
        Problem(f"{PREFIX}PAGE_SECRET", "is a placeholder; make one with `starter.py secrets`"),
        Problem(f"{PREFIX}SMTP_PORT", "is no whole number", "write it like 5"),
    )
    assert (settings.smtp_host, settings.smtp_port) == ("mail.acme.example", 1025)
    assert settings.webhook_secret_list == (f"whsec_{KEY}",)


def test_a_stand_in_of_a_missing_secret_is_another_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(f"{PREFIX}PAGE_SECRET")
    seen = {examined_settings()[0].page_secret.get_secret_value() for _ in range(3)}
    assert len(seen) == 3


def test_secrets_may_be_files_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("LINK_KEYS", "PAGE_SECRET"):
        monkeypatch.delenv(PREFIX + name)
    (tmp_path / f"{PREFIX}LINK_KEYS").write_text(f"filed:{KEY}\n")
    (tmp_path / f"{PREFIX}page_secret".lower()).write_text("a page secret of more than 32 characters, in a file\n")
    (tmp_path / f"{PREFIX}WEBHOOK_SECRETS").write_text("whsec_not looked at")
    monkeypatch.setenv(f"{PREFIX}SECRETS_DIR", str(tmp_path))
    settings = load_settings()
    assert list(settings.keys_of_links) == ["filed"]
    assert settings.page_secret.get_secret_value() == "a page secret of more than 32 characters, in a file"
    assert settings.webhook_secret_list == (f"whsec_{KEY}",)
    rows = {row.name.removeprefix(PREFIX): row for row in settings_table().settings}
    assert (rows["LINK_KEYS"].value, rows["LINK_KEYS"].source) == ("set", "secret file")
    assert rows["WEBHOOK_SECRETS"].source == "environment"


def test_a_secret_file_that_holds_a_placeholder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(f"{PREFIX}PAGE_SECRET")
    (tmp_path / f"{PREFIX}PAGE_SECRET").write_text("changeme\n")
    monkeypatch.setenv(f"{PREFIX}SECRETS_DIR", str(tmp_path))
    assert refusal() == f"{PREFIX}PAGE_SECRET: is a placeholder; make one with `starter.py secrets`"


def test_a_folder_of_secrets_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(f"{PREFIX}SECRETS_DIR", str(tmp_path / "none"))
    assert refusal() == f"{PREFIX}SECRETS_DIR: is no folder"
