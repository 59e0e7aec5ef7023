"""The packages that are shipped: those of the image, from `uv.lock`, by uv's own export."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SHIPPED = ("--frozen", "--no-dev", "--extra", "postgres", "--prune", "colorama")
"""As in `deploy/image/Dockerfile`; colorama is for Windows alone, and we ship for Linux."""


def exported(format: str) -> str:  # noqa: A002
    """`uv.lock` in another format, with hashes: `cyclonedx1.5`, `requirements.txt`. Raises CalledProcessError."""
    uv = shutil.which("uv", path=f"{os.environ['PATH']}{os.pathsep}{ROOT / '.tools' / 'bin'}")
    assert uv, "run `make`, which brings uv"
    command = [uv, "export", "--quiet", *_SHIPPED, "--no-header", "--format", format]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603
