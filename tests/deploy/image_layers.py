"""What every layer and the configuration of an image hold: no secret, and nothing of what was planted before its build.

A file that a later layer removes is still in the earlier one, so the layers are read one by one. Used by `image_check`.
"""

import json
import re
import secrets
import subprocess
import tarfile
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.deploy.manifests import ROOT

PLANTED = (".env", ".git/canary", "deploy/compose/canary", "edition_migration/.env", "tests/canary", "var/canary")
"""Where a secret may lie beside or among what is built from."""

NAMED = re.compile(r"(^|/)(EDITION_MIGRATION_\w*(SECRET|KEY|PASSWORD|DATABASE_URL)\w*|TEMPORAL_API_KEY)$")
"""A file that is named as a secret is one, whatever is in it: a page secret looks like nothing."""

SECRETS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64}"
    rb"|whsec_[A-Za-z0-9+/]{32}"
    rb"|\b(?!h1:)[\w-]{1,32}:[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])"  # a link key of any name; h1 is Go's sum of a module
    rb"|EDITION_MIGRATION_\w*(?:SECRET|KEY|PASSWORD)\w*[\"']?\s*[=:]\s*[\"']?[\w+/=-]{20,}"  # as a variable
    rb"|://[^\s:/@{}]+:[A-Za-z0-9_-]{20,}@"  # a password in an address
)


@contextmanager
def planted() -> Generator[bytes]:
    """Plants files as somebody would forget them, and takes them away; yields the mark that is in each of them."""
    mark = f"canary-{secrets.token_hex(16)}"
    mine = [file for name in PLANTED if (file := ROOT / name).parent.is_dir() and not file.exists()]
    try:
        for file in mine:
            file.write_text(mark)
        yield mark.encode()
    finally:
        for file in mine:
            file.unlink(missing_ok=True)


def look_into_layers(tag: str, mark: bytes) -> tuple[int, int]:
    """The number of layers and of files that were read. Raises AssertionError that names what does not belong."""
    with tempfile.TemporaryDirectory(prefix="edition-migration-layers-", dir="/var/tmp") as folder:
        subprocess.run(["buildah", "push", "--quiet", tag, f"oci:{folder}:check"], check=True, capture_output=True)
        return _look_into(Path(folder), mark)


def _look_into(folder: Path, mark: bytes) -> tuple[int, int]:
    manifest = json.loads(_blob(folder, json.loads((folder / "index.json").read_text())["manifests"][0]).read_bytes())
    configuration = _blob(folder, manifest["config"]).read_bytes()
    assert suspects([("the configuration or history", configuration)], mark) == []
    files = 0
    for layer in manifest["layers"]:
        with tarfile.open(_blob(folder, layer)) as archive:
            names = [member.name for member in archive if member.isfile()]
            found = suspects(_contents(archive), mark)
        assert found == [], f"in a layer are what look like secrets, or what was planted: {found}"
        files += len(names)
    return len(manifest["layers"]), files


def suspects(contents: Iterable[tuple[str, bytes]], mark: bytes) -> list[str]:
    """The names of those that hold the mark or what looks like a secret, or are named as one."""
    return [name for name, content in contents if mark in content or NAMED.search(name) or _tells(content)]


def _tells(content: bytes) -> bool:
    # Libraries have keys compiled in, for tests of themselves: Debian's GnuTLS has.
    return not content.startswith(b"\x7fELF") and SECRETS.search(content) is not None


def _contents(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        if file := archive.extractfile(member) if member.isfile() else None:
            yield member.name, file.read()


def _blob(folder: Path, described: dict[str, Any]) -> Path:
    return folder / "blobs" / described["digest"].replace(":", "/")
