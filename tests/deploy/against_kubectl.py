"""Builds every overlay with kubectl's own kustomize, and compares each with what the tests read: `kustomize.built`."""

import re
import subprocess
from pathlib import Path

import yaml

from tests.deploy.kustomize import FOLDER, MONITORING, OVERLAYS, Resource, resources_of

LEFT_OUT = {
    r"^  namespace: edition-migration\n": "",
    r"registry\.example\.com/edition-migration:0\.1\.0$": "edition-migration",
    r"name: (edition-migration|temporal)-[0-9a-z]{10}$": r"name: \1",
}
"""What the reader of the tests leaves out."""
PLAIN = re.compile(r"configMapRef:\n +name: (edition-migration|temporal)$", re.MULTILINE)
"""A ConfigMap named without its hash: kustomize did not know that this is a name, and there is none so called."""


def by_kustomize(folder: Path) -> list[Resource]:
    command = ["kubectl", "kustomize", str(folder)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert not PLAIN.search(text), f"{folder.name} names a ConfigMap that there is not"
    for pattern, plain in LEFT_OUT.items():
        text = re.sub(pattern, plain, text, flags=re.MULTILINE)
    return list(yaml.safe_load_all(text))


def in_order(resources: list[Resource]) -> list[Resource]:
    return sorted(resources, key=lambda it: (it["kind"], it["metadata"]["name"]))


def main() -> None:
    """Raises AssertionError where the two differ."""
    for folder in (MONITORING, *(FOLDER / "overlays" / overlay for overlay in OVERLAYS)):
        theirs, ours = in_order(by_kustomize(folder)), in_order(resources_of(folder))
        assert theirs == ours, f"{folder.name}: {[it for it in theirs if it not in ours]}"
        print(f"{folder.name}: {len(theirs)} resources, the same")  # noqa: T201


if __name__ == "__main__":
    main()
