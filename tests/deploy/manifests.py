"""What the tests of `deploy/` share: YAML files read, and the image's entry point run as a process here."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from edition_migration.settings import PREFIX
from edition_migration.settings_table import stray_variables

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMMANDS = {
    "setup": ["starter", "setup"],
    "web": ["web"],
    "worker": ["worker", "--queue", "migration"],
    "mail-worker": ["worker", "--queue", "mail"],
}
"""What each service runs, in compose.yaml and on Kubernetes; `test_image` runs them as processes."""
NAMESPACE = "--create-namespace"
"""What `setup` is told where the cluster is one's own."""
DOCKERFILE = (DEPLOY / "image" / "Dockerfile").read_text()


def documents(file: Path) -> list[dict[str, Any]]:
    """All documents of a YAML file, empty ones left out."""
    return [it for it in yaml.load_all(file.read_text(), yaml.CSafeLoader) if it]


def served_addresses() -> dict[str, str]:
    """Variables that the image itself sets to say where its servers listen."""
    final = DOCKERFILE.rpartition("FROM ")[2]
    return dict(re.findall(r"(EDITION_MIGRATION_\w+_HOST)=(\S+)", final))


def entry_of_image(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The entry point of the image with these arguments, run from the root of the checkout."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["sh", str(DEPLOY / "image" / "entry.sh"), *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=60, check=False
    )


def unknown_settings(environment: Mapping[str, object]) -> Sequence[str]:
    """Variables of our prefix that are no setting."""
    ours = {name: str(value) for name, value in environment.items() if name.startswith(PREFIX)}
    return [stray.name for stray in stray_variables(ours, file=Path("no-such-file"))]
