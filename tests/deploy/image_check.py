"""`make image`: builds the image, runs its three commands, ends them as an orchestrator does, and looks into it.

Proves: setup, worker and web run as process 1, as another user than root, on a read-only root; each drains on SIGTERM
and ends with code 0; no secret, tool of the build or file of ours that does not belong is in the image. Before the
build files are planted as somebody would forget them; no layer has them.
"""

import argparse
import asyncio
import base64
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from edition_migration.temporal.local_server import start_local_server
from edition_migration.temporal.search_attributes import search_attribute_keys
from tests.deploy.image_layers import look_into_layers, planted
from tests.deploy.image_run import STATE, Image, Running, mounted, run
from tests.deploy.manifests import COMMANDS, ROOT

READY_LIMIT = 60.0
DRAIN_LIMIT = 45.0
PACKAGES = {"activities", "edition_migration", "workflows"}
OURS = PACKAGES | {".venv", "LICENSE", "__pycache__", "pyproject.toml", "starter.py", "uv.lock", "worker.py"}


async def main(tag: str) -> None:
    """Raises AssertionError that says what is not as promised."""
    _build(tag)
    container = _command("buildah", "from", tag)
    try:
        image = mounted(container)
        _look_into(image)
        await _play(image)
    finally:
        _command("buildah", "rm", container)
    print("image: all is as promised")  # noqa: T201


def _build(tag: str) -> None:
    with planted() as mark:
        subprocess.run(["deploy/image/build.sh", tag], check=True, cwd=ROOT)
    layers, files = look_into_layers(tag, mark)
    print(f"image: {layers} layers with {files} files: no secret and nothing planted, nor in the history")  # noqa: T201


async def _play(image: Image) -> None:
    server = await start_local_server(search_attributes=search_attribute_keys())
    try:
        with tempfile.TemporaryDirectory(prefix="edition-migration-image-") as folder:
            os.chown(folder, *map(int, image.user.split(":")))
            environ = _settings(server.client.service_client.config.target_host)
            setup, *served = sorted(COMMANDS.values(), key=lambda it: it != COMMANDS["setup"])
            code, output = await (await run(image, setup, environ, Path(folder))).ended(READY_LIMIT)
            assert code == 0, f"setup ended with {code}: {output}"
            for role in served:
                await _begin_and_end(image, role, environ, Path(folder))
    finally:
        await server.shutdown()


async def _begin_and_end(image: Image, role: list[str], environ: Mapping[str, str], folder: Path) -> None:
    name = "EDITION_MIGRATION_WEB_PORT" if role == ["web"] else "EDITION_MIGRATION_WORKER_HEALTH_PORT"
    port = _free_port()
    running = await run(image, role, {**environ, name: str(port)}, folder)
    await _until_ready(port)
    memory = _look_at_process(running, image)
    code, output = await running.terminated(DRAIN_LIMIT)
    assert code == 0, f"{role} ended with {code}: {output}"
    assert ("drained" in output) or ("web.stopped" in output), output
    print(f"image: {' '.join(role)}: ready, process 1, {memory} MiB idle, drained on SIGTERM, code 0")  # noqa: T201


def _look_at_process(running: Running, image: Image) -> int:
    """Its resident memory in MiB."""
    status = Path(f"/proc/{running.pid}/status").read_text()
    command = Path(f"/proc/{running.pid}/cmdline").read_bytes().split(b"\0")
    assert re.search(r"^NSpid:\s+\d+\s+1$", status, re.MULTILINE), status
    assert re.search(rf"^Uid:\s+{image.user.partition(':')[0]}\s", status, re.MULTILINE), status
    assert command[0] == b"python", f"process 1 is {command}"
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


async def _until_ready(port: int) -> None:
    async with asyncio.timeout(READY_LIMIT):
        while not await asyncio.to_thread(_is_ready, port):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except (HTTPError, URLError):
        return False


def _look_into(image: Image) -> None:
    app = image.root / "app"
    assert {it.name for it in app.iterdir()} == OURS, sorted(it.name for it in app.iterdir())
    assert not (image.root / "build").exists(), "what the build needed is in the image"
    assert image.user == "10001:10001", f"it runs as {image.user or 'root'}"
    named = [key for key in image.environ if re.search("SECRET|KEY|PASSWORD|TOKEN|DATABASE_URL", key)]
    assert named == [], f"its configuration sets {named}"
    loose = [str(it.relative_to(app)) for it in app.rglob("*") if it.lstat().st_mode & 0o002 and not it.is_symlink()]
    assert loose == [], f"anybody may write to {loose}"
    uncompiled = [it for name in PACKAGES for it in (app / name).rglob("*.py") if not _compiled(it).exists()]
    assert uncompiled == [], f"not compiled: {uncompiled}"


def _compiled(file: Path) -> Path:
    found = sorted((file.parent / "__pycache__").glob(f"{file.stem}.cpython-*.pyc"))
    return found[0] if found else file.with_suffix(".none")


def _settings(temporal: str) -> dict[str, str]:
    key = base64.b64encode(os.urandom(32)).decode()
    return {
        "TEMPORAL_ADDRESS": temporal,
        "EDITION_MIGRATION_DATABASE_URL": f"sqlite+aiosqlite:///{STATE}/check.db",
        "EDITION_MIGRATION_LINK_KEYS": f"k1:{key}",
        "EDITION_MIGRATION_WEBHOOK_SECRETS": f"whsec_{key}",
        "EDITION_MIGRATION_PAGE_SECRET": key,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _command(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="image_check", description=__doc__)
    parser.add_argument("tag", nargs="?", default="localhost/edition-migration:check")
    asyncio.run(main(parser.parse_args().tag))
    sys.stdout.flush()
    os._exit(0)  # the SDK's native threads can abort an interpreter that ends the usual way
