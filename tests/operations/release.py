"""The code of the release before this one, kept to be run beside it: `python -m tests.operations.release [COMMIT]`.

Each release keeps itself here when it is made, in place of the one before. Its code runs in the environment of today.
"""

import lzma
import subprocess
import sys
import tarfile
from pathlib import Path

KEPT = Path(__file__).with_name("release.tar.xz")
ROOT = Path(__file__).parents[2]
CODE = ("edition_migration", "workflows", "activities", "worker.py", "starter.py")


def keep(commit: str) -> None:
    """Writes the code of this commit."""
    tar = subprocess.check_output(["git", "archive", "--format=tar", commit, "--", *CODE], cwd=ROOT)
    KEPT.write_bytes(lzma.compress(tar, preset=9))


def unpack(folder: Path) -> Path:
    """The folder to run the release in."""
    with tarfile.open(KEPT) as kept:
        kept.extractall(folder, filter="data")
    return folder


if __name__ == "__main__":
    keep(*sys.argv[1:2] or ("HEAD",))
