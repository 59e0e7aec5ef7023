"""What is shipped: pinned with hashes, under licenses we may ship, in a bill that is right by CycloneDX's schema."""

import json
import re
import subprocess
import sys
import tomllib
from email.message import Message
from importlib.metadata import PackageMetadata
from importlib.resources import files
from typing import Any, cast

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from deploy.supply.audit import verdict
from deploy.supply.licenses import ALLOWED, UnknownLicenseError, license_in
from deploy.supply.sbom import bill
from tests.deploy.image_layers import suspects
from tests.deploy.manifests import DEPLOY, ROOT

MARK = b"canary-0"
REFERENCED = ("spdx.schema.json", "jsf-0.82.schema.json")


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return bill()


def test_every_file_of_every_package_in_the_lock_has_a_hash_and_comes_from_the_index() -> None:
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    others = [it for it in packages if "registry" not in it["source"]]
    listed = [file for it in packages for file in (*it.get("wheels", ()), *([it["sdist"]] if "sdist" in it else ()))]
    assert [it["name"] for it in others] == ["edition-migration"]
    assert len(listed) > len(packages)
    assert [file["url"] for file in listed if not file["hash"].startswith("sha256:")] == []


@pytest.mark.parametrize("file", ["image/uv.txt", "mailbox/requirements.txt"])
def test_what_is_installed_beside_the_lock_is_pinned_with_hashes(file: str) -> None:
    text = (DEPLOY / file).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert [line for line in lines if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


@pytest.mark.parametrize("script", ["image/Dockerfile", "setup/uv.sh", "setup/mailbox.sh"])
def test_whoever_installs_it_asks_for_the_hashes(script: str) -> None:
    assert len(re.findall(r"pip.? install ", text := (DEPLOY / script).read_text())) == text.count("--require-hashes")


def test_every_module_of_the_local_server_has_its_sum() -> None:
    modules = re.findall(r"^\t(\S+ v\S+)", (DEPLOY / "temporal-dev" / "go.mod").read_text(), re.MULTILINE)
    sums = {line.rpartition(" h1:")[0] for line in (DEPLOY / "temporal-dev" / "go.sum").read_text().splitlines()}
    assert modules
    assert [it for it in modules if f"{it}/go.mod" not in sums] == []


def test_the_bill_is_right_by_the_schema_of_cyclonedx(made: dict[str, Any]) -> None:
    schema = _schema("bom-1.5")
    known = [(name, Resource.from_contents(_schema(name.partition(".schema")[0]))) for name in REFERENCED]
    validator = Draft7Validator(schema, registry=Registry().with_resources(known))
    assert [error.message for error in validator.iter_errors(made)] == []
    broken = {**made, "components": [{**made["components"][0], "licence": "MIT"}]}
    assert not validator.is_valid(broken)


def test_the_bill_has_what_the_service_runs_on_with_hashes_and_nothing_of_its_tests(made: dict[str, Any]) -> None:
    names = {it["name"] for it in made["components"]}
    assert {"temporalio", "sqlalchemy", "asyncpg", "pydantic-core"} <= names
    assert names & {"pytest", "ruff", "aiosmtpd", "pip-audit", "colorama"} == set()
    listed = [file for it in made["components"] for file in it["externalReferences"]]
    assert len(listed) > len(names)
    assert {hashed["alg"] for file in listed for hashed in file["hashes"]} == {"SHA-256"}
    assert [file["url"] for file in listed if not file["hashes"]] == []


def test_every_license_is_one_that_we_may_ship(made: dict[str, Any]) -> None:
    named = {it["name"]: set(re.split(" AND | OR ", it["licenses"][0]["expression"])) for it in made["components"]}
    assert {name: licenses - ALLOWED for name, licenses in named.items() if not licenses or licenses - ALLOWED} == {}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"License-Expression": "MIT OR Apache-2.0"}, "MIT OR Apache-2.0"),
        ({"License": "Apache 2"}, "Apache-2.0"),
        ({"License": "see LICENSE", "Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
    ],
)
def test_a_license_is_what_the_metadata_says(fields: dict[str, str], expected: str) -> None:
    assert license_in(_metadata(**fields)) == expected


def test_a_license_that_only_its_file_says_must_have_been_read() -> None:
    said = _metadata(Name="acme", Classifier="License :: OSI Approved :: BSD License")
    assert license_in(said, read="BSD-3-Clause") == "BSD-3-Clause"
    with pytest.raises(UnknownLicenseError, match="acme"):
        license_in(said)


def test_the_audit_names_what_is_known_and_never_calls_silence_good() -> None:
    good = {"name": "idna", "version": "3.20", "vulns": []}
    bad = {"name": "h11", "version": "0.15", "vulns": [{"id": "GHSA-1", "fix_versions": ["0.16"]}]}
    skipped = {"name": "rich", "skip_reason": "not found"}
    assert _verdict(good, good) == (0, ["audit: no known weakness in 2 packages"])
    assert _verdict(good, bad, skipped) == (1, ["audit: h11 0.15: GHSA-1 (mended in 0.16)"])
    assert _verdict(good, skipped) == (2, ["audit: not asked about: rich"])
    assert _verdict(skipped)[0] == verdict("")[0] == 2


@pytest.mark.parametrize(
    "content",
    [
        b"a canary-0 in it",
        b"\x7fELF and a canary-0 in it",
        b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 64,
        b"whsec_" + b"A" * 44,
        b"key-2026:" + b"A" * 43 + b"=",
        b'"EDITION_MIGRATION_SMTP_PASSWORD": "' + b"a" * 20,
        b"postgresql+asyncpg://edition_migration:" + b"a" * 32 + b"@postgres/edition_migration",
    ],
)
def test_what_is_looked_for_in_the_layers_of_the_image_is_found(content: bytes) -> None:
    other = b"whsec_... k1:... sha256:0a1b go.mod h1:" + b"A" * 43 + b"= "
    other += b"EDITION_MIGRATION_PAGE_SECRET=... postgresql://name:word@host"
    assert suspects([("it", content), ("other", other)], MARK) == ["it"]


def test_every_line_that_secrets_prints_is_found_in_a_layer_and_each_alone_in_its_file() -> None:
    printed = subprocess.run([sys.executable, "starter.py", "secrets"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    lines = printed.stdout.splitlines()
    assert [line.partition(b"=")[0].decode() for line in lines] == [
        "EDITION_MIGRATION_LINK_KEYS",
        "EDITION_MIGRATION_WEBHOOK_SECRETS",
        "EDITION_MIGRATION_PAGE_SECRET",
    ]
    assert suspects([(f"env-{number}", line) for number, line in enumerate(lines)], MARK) == ["env-0", "env-1", "env-2"]
    files = [(f"run/secrets/{name.decode()}", value) for name, _, value in (line.partition(b"=") for line in lines)]
    assert suspects(files, MARK) == [name for name, _ in files]
    assert suspects([("a", files[0][1]), ("b", files[1][1])], MARK) == ["a", "b"]


def _schema(name: str) -> dict[str, Any]:
    """As the library of CycloneDX brings it; its own validator also parses each address, which takes minutes."""
    return json.loads((files("cyclonedx.schema") / "_res" / f"{name}.SNAPSHOT.schema.json").read_text())


def _metadata(**fields: str) -> PackageMetadata:
    message = Message()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return cast(PackageMetadata, message)


def _verdict(*packages: dict[str, Any]) -> tuple[int, list[str]]:
    return verdict(json.dumps({"dependencies": packages}))
