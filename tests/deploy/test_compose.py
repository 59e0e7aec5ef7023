"""compose.yaml by the published schema of Compose, and by what the schema cannot see. No container is run."""

import json
import re
import stat
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from edition_migration.settings import PREFIX, Settings, load_settings
from tests.deploy.manifests import COMMANDS, DEPLOY, NAMESPACE, documents, unknown_settings

FOLDER = DEPLOY / "compose"
COMPOSE: dict[str, Any] = documents(FOLDER / "compose.yaml")[0]
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: it for name, it in SERVICES.items() if "edition-migration" in it["image"]}
JOBS = {"temporal-schema", "setup"}
TEMPORAL_SERVICES = 4
"""Of the server that runs all in one process: each has connections of its own."""


def schema() -> dict[str, Any]:
    folder = files("check_jsonschema") / "builtin_schemas" / "vendor"
    return json.loads((folder / "compose-spec.json").read_text())


def mistakes(document: dict[str, Any]) -> list[str]:
    validator = validator_for(schema(), default=Draft202012Validator)(schema())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def test_it_is_right_by_the_schema_of_compose() -> None:
    assert mistakes(COMPOSE) == []


def test_the_schema_finds_a_misspelt_key() -> None:
    broken = {**COMPOSE, "services": {**SERVICES, "web": {**SERVICES["web"], "comand": ["web"]}}}
    assert len(mistakes(broken)) == 1


def test_each_of_our_services_runs_a_command_of_the_image() -> None:
    assert {name: it["command"] for name, it in OURS.items()} == {**COMMANDS, "setup": [*COMMANDS["setup"], NAMESPACE]}


def test_the_image_of_ours_is_built_once_for_the_one_that_all_others_wait_for() -> None:
    assert [name for name, it in SERVICES.items() if "build" in it] == ["setup"]
    assert len({it["image"] for it in OURS.values()}) == 1
    assert [name for name, it in OURS.items() if name != "setup" and "setup" not in it["depends_on"]] == []


def test_versions_of_temporal_are_those_that_everything_here_runs_on() -> None:
    modules = dict(re.findall(r"^\t(\S+) v(\S+)", (DEPLOY / "temporal-dev" / "go.mod").read_text(), re.MULTILINE))
    versions = {it["image"].rpartition("/")[2] for name, it in SERVICES.items() if name.startswith("temporal")}
    server, ui = modules["go.temporal.io/server"], modules["github.com/temporalio/ui-server/v2"]
    assert versions == {
        f"server:${{TEMPORAL_VERSION:-{server}}}",
        f"admin-tools:${{TEMPORAL_VERSION:-{server}}}",
        f"ui:${{TEMPORAL_UI_VERSION:-{ui}}}",
    }


def test_postgresql_has_a_connection_for_everybody_at_their_most() -> None:
    [_, setting] = SERVICES["postgres"]["command"]
    temporal = TEMPORAL_SERVICES * (20 + 10)  # SQL_MAX_CONNS and SQL_VIS_MAX_CONNS of its image
    ours = Settings.model_fields["database_connections"].default * (len(OURS) + 1)  # and one for a command
    assert int(setting.removeprefix("max_connections=")) > temporal + ours


def test_whoever_waits_for_a_service_waits_for_one_that_can_say_that_it_is_ready() -> None:
    waits = [wait for service in SERVICES.values() for wait in service.get("depends_on", {}).items()]
    ended = {name for name, it in waits if it["condition"] == "service_completed_successfully"}
    healthy = {name for name, it in waits if it["condition"] == "service_healthy"}
    assert ended == JOBS
    assert [name for name in healthy if "healthcheck" not in SERVICES[name]] == []
    assert {name for name, _ in waits} == ended | healthy


def test_the_uis_begin_with_a_namespace_to_show_and_say_when_they_do() -> None:
    for ui in (SERVICES["temporal-ui"], SERVICES["temporal-ui-operator"]):
        assert ui["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
        assert ui["healthcheck"]["test"] == ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/healthz"]


def test_every_variable_of_ours_is_a_setting() -> None:
    assert {name: unknown_settings(it["environment"]) for name, it in OURS.items()} == {name: [] for name in OURS}


def test_a_proxy_can_be_named_without_a_change_of_the_file_and_none_is_trusted_else() -> None:
    assert SERVICES["web"]["environment"][f"{PREFIX}TRUSTED_PROXIES"] == "${TRUSTED_PROXIES:-}"


def test_our_services_write_nothing_but_their_scratch_and_have_no_right_of_their_own() -> None:
    for service in OURS.values():
        assert (service["read_only"], service["tmpfs"], service["cap_drop"]) == (True, ["/tmp"], ["ALL"])
        assert service["user"] == "10001:10001"


def test_ports_are_open_to_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_only_the_operators_ui_may_act() -> None:
    uis = {name: it["environment"] for name, it in SERVICES.items() if "-ui" in name}
    switches = {name: it["TEMPORAL_DISABLE_WRITE_ACTIONS"] for name, it in uis.items()}
    assert switches == {"temporal-ui": "true", "temporal-ui-operator": "false"}
    assert SERVICES["temporal-ui-operator"]["profiles"] == ["operator"]
    assert {it["TEMPORAL_CSRF_COOKIE_INSECURE"] for it in uis.values()} == {"true"}, "they are served by http"


def test_each_of_ours_that_serves_is_asked_on_the_port_where_it_does() -> None:
    ports = dict.fromkeys(("worker", "mail-worker"), Settings.model_fields["worker_health_port"].default)
    ports["web"] = Settings.model_fields["web_port"].default
    asked = {name: it["healthcheck"]["test"][-1] for name, it in OURS.items() if "healthcheck" in it}
    assert {name: re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", it) for name, it in asked.items()} == {
        name: [(str(port), "/readyz")] for name, port in ports.items()
    }


def test_the_made_secrets_are_those_that_are_mounted_and_our_settings_take_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _make_secrets(tmp_path / "secrets")
    assert {Path(it["file"]).name for it in COMPOSE["secrets"].values()} == set(made)
    assert {name for service in SERVICES.values() for name in service.get("secrets", [])} == set(made)
    monkeypatch.chdir(tmp_path)
    for name in ("LINK_KEYS", "WEBHOOK_SECRETS", "PAGE_SECRET", "DATABASE_URL"):
        monkeypatch.delenv(f"{PREFIX}{name}", raising=False)
    monkeypatch.setenv(f"{PREFIX}SECRETS_DIR", str(tmp_path / "secrets"))
    password = made["edition_migration_db_password"].strip()
    url = f"postgresql+asyncpg://edition_migration:{password}@postgres/edition_migration"
    assert load_settings().database_url.get_secret_value() == url


def test_secrets_that_are_there_already_stay_and_only_their_owner_gets_to_them(tmp_path: Path) -> None:
    made = _make_secrets(tmp_path / "secrets")
    assert _make_secrets(tmp_path / "secrets") == made
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert len(set(made.values())) == len(made)


def _make_secrets(folder: Path) -> dict[str, str]:
    subprocess.run([str(FOLDER / "make-secrets.sh"), str(folder)], check=True)
    return {file.name: file.read_text() for file in folder.iterdir()}
