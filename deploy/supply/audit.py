"""Asks PyPI for known weaknesses of what is shipped: `python -m deploy.supply.audit`, or `make audit`.

Ends with 0 when none is known, 1 when one is, 2 when not every package could be asked about.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from deploy.supply.shipped import exported

_UNREACHABLE = "audit: the service of pip-audit could not be asked; nothing is known about our packages"


def main() -> int:
    """The exit code; says each finding."""
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text(exported("requirements.txt"), encoding="utf-8")
        code, lines = verdict(_answer(requirements))
    print("\n".join(lines))  # noqa: T201
    return code


def verdict(answer: str) -> tuple[int, list[str]]:
    """Exit code and lines for pip-audit's JSON, which is empty where it failed.

    pip-audit itself ends well where the index knows no package at all, so those it skipped are looked at here.
    """
    if not answer:
        return 2, [_UNREACHABLE]
    packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    skipped = [it["name"] for it in packages if "skip_reason" in it]
    if len(skipped) == len(packages):
        return 2, [_UNREACHABLE]
    found = [f"audit: {it['name']} {it['version']}: {_named(it['vulns'])}" for it in packages if it.get("vulns")]
    if found:
        return 1, found
    if skipped:
        return 2, [f"audit: not asked about: {', '.join(skipped)}"]
    return 0, [f"audit: no known weakness in {len(packages)} packages"]


def _answer(requirements: Path) -> str:
    options = ("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json")
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), *options]
    # Its standard error says "no known vulnerabilities" also where it could ask about nothing.
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout  # noqa: S603


def _named(weaknesses: list[dict[str, Any]]) -> str:
    return ", ".join(f"{it['id']} (mended in {', '.join(it['fix_versions']) or 'no version yet'})" for it in weaknesses)


if __name__ == "__main__":
    sys.exit(main())
