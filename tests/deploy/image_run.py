"""Runs a command of the image as process 1 of a process namespace, as its user, on a read-only root file system.

Linux's own tools (unshare, mount, chroot) stand in for a container service. Needs root. Used by `image_check`.
"""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STATE = "/tmp/state"
"""Where a command may keep files; the image itself is read-only."""

_INSIDE = """
set -eu
root=$1 state=$2 user=$3 folder=$4
shift 4
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mkdir "$root/tmp/state"
mount --bind "$state" "$root/tmp/state"
mount --bind /dev/urandom "$root/dev/urandom"
mount --bind /dev/null "$root/dev/null"
exec chroot --userspec="$user" "$root" env -i --chdir "$folder" "$@"
"""


@dataclass(frozen=True)
class Image:
    """A mounted image: its root folder, and what its configuration says."""

    root: Path
    user: str
    folder: str
    entry: tuple[str, ...]
    environ: Mapping[str, str]


@dataclass(frozen=True)
class Running:
    """`outer` ends with the code of process 1; `pid` is process 1's number out here."""

    outer: asyncio.subprocess.Process
    pid: int

    async def terminated(self, limit: float) -> tuple[int, str]:
        """Exit code and all output after SIGTERM to process 1. Raises TimeoutError."""
        os.kill(self.pid, signal.SIGTERM)
        return await self.ended(limit)

    async def ended(self, limit: float) -> tuple[int, str]:
        async with asyncio.timeout(limit):
            output, _ = await self.outer.communicate()
        return self.outer.returncode or 0, output.decode()


def mounted(container: str) -> Image:
    """The image of a container of buildah's, mounted."""
    root = Path(_buildah("mount", container).strip())
    config: dict[str, Any] = json.loads(_buildah("inspect", container))["OCIv1"]["config"]
    environ = dict(line.split("=", 1) for line in config["Env"])
    return Image(
        root=root, user=config["User"], folder=config["WorkingDir"], entry=tuple(config["Entrypoint"]), environ=environ
    )


async def run(image: Image, arguments: Sequence[str], environ: Mapping[str, str], state: Path) -> Running:
    """Starts the image's entry point with these arguments; `state` is seen inside as STATE."""
    variables = [f"{key}={value}" for key, value in {**image.environ, **environ}.items()]
    inside = [str(image.root), str(state), image.user, image.folder, *variables, *image.entry, *arguments]
    outer = await asyncio.create_subprocess_exec(
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _INSIDE, "sh", *inside),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    return Running(outer, await _child_of(outer.pid))


async def _child_of(pid: int) -> int:
    async with asyncio.timeout(10):
        while not (children := _children_of(pid)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return children[0]


def _children_of(pid: int) -> list[int]:
    return [int(it) for it in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _buildah(*arguments: str) -> str:
    return subprocess.run(["buildah", *arguments], check=True, capture_output=True, text=True).stdout
