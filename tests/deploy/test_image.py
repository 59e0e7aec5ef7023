"""The image's entry point and what gets into its build; `make image` builds and runs the image itself."""

import re
import tomllib
from ipaddress import IPv4Address
from pathlib import PurePosixPath

import pytest

from edition_migration.settings import Settings
from tests.deploy.manifests import COMMANDS, DEPLOY, DOCKERFILE, ROOT, entry_of_image, served_addresses

METRICS_PORT = 9090
"""Where the manifests have metrics served."""


@pytest.mark.parametrize("service", COMMANDS)
def test_the_command_of_each_service_is_one_of_our_processes(service: str) -> None:
    done = entry_of_image(*COMMANDS[service], "--help")
    assert (done.returncode, done.stderr) == (0, "")
    program = {"starter": "starter.py setup", "web": "python -m edition_migration", "worker": "worker.py"}
    assert program[COMMANDS[service][0]] in done.stdout


def test_without_a_command_it_says_which_there_are() -> None:
    done = entry_of_image("--help")
    assert done.stdout == "usage: edition-migration worker [--queue migration|mail] | web | starter VERB ...\n"


def test_another_command_is_refused_with_those_that_there_are() -> None:
    done = entry_of_image("bash")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "edition-migration: say worker, web or starter, not 'bash'\n"


def test_all_that_is_copied_into_the_image_and_nothing_else_gets_into_its_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    admitted = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    lines = re.findall(r"^COPY (?:--chmod=\S+ )?((?!--from).+) \S+$", DOCKERFILE, re.MULTILINE)
    copied = {name for line in lines for name in line.split()}
    within = {name if name in admitted else str(PurePosixPath(name).parent) for name in copied}
    assert "*" in ignored
    assert within == admitted
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_image_runs_as_a_user_of_its_own_and_is_given_no_secret() -> None:
    final = DOCKERFILE.rpartition("FROM ")[2]
    assert "\nUSER 10001:10001\n" in final
    assert re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE) == ["BASE", "CA_BUNDLE"]
    assert re.search(r"SECRET|PASSWORD|TOKEN|_KEY", DOCKERFILE) is None


def test_its_servers_listen_on_all_addresses_of_a_container_on_the_ports_that_it_names() -> None:
    hosts = {"EDITION_MIGRATION_WEB_HOST", "EDITION_MIGRATION_WORKER_HEALTH_HOST"}
    assert served_addresses() == dict.fromkeys(hosts, str(IPv4Address(0)))
    ports = {Settings.model_fields[it].default for it in ("web_port", "worker_health_port")}
    [named] = re.findall(r"^EXPOSE (.+)$", DOCKERFILE, re.MULTILINE)
    assert {int(it) for it in named.split()} == ports | {METRICS_PORT}


def test_it_brings_the_driver_of_the_database_that_its_services_are_given() -> None:
    [scheme] = re.findall(r"\"postgresql\+(\w+)://", (DEPLOY / "compose" / "make-secrets.sh").read_text())
    optional = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    [line] = re.findall(r"uv sync .+", DOCKERFILE)
    brought = [package for extra in re.findall(r"--extra (\w+)", line) for package in optional[extra]]
    assert [it for it in brought if it.startswith(scheme)]


def test_what_installs_the_packages_is_pinned_by_hash() -> None:
    requirements = (DEPLOY / "image" / "uv.txt").read_text()
    pinned = re.findall(r"^(\S+)==", requirements, re.MULTILINE)
    assert pinned == ["uv"]
    assert requirements.count("--hash=sha256:") > 1
    assert "--require-hashes" in DOCKERFILE
    assert "--locked" in DOCKERFILE
