"""Commands that the demo runs to their end: the product's own command line, and the installer of the mailbox."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from edition_migration.cli.demo.failure import DemoFailed
from edition_migration.cli.demo.ground import Ground, python
from edition_migration.cli.demo.screen import Screen


async def run_starter(ground: Ground, screen: Screen, *arguments: str) -> None:
    """Runs `starter.py` and shows it with its output. Raises DemoFailed where it fails."""
    screen.command(f"starter.py {shlex.join(arguments)}")
    command = python(str(ground.root / "starter.py"), *arguments)
    code, output = await _finished(command, ground.state, ground.environ)
    screen.output(output)
    if code:
        raise DemoFailed(f"starter.py {arguments[0]} ended with code {code}")


async def mailbox_command(ground: Ground) -> str:
    """The mailbox's executable, installed first where it is not there yet. Raises DemoFailed with the reason."""
    code, output = await _finished([str(ground.root / "deploy" / "setup" / "mailbox.sh")], ground.root, ground.environ)
    if code:
        raise DemoFailed(f"the mailbox cannot be installed:\n{output}")
    return output.splitlines()[-1]


async def _finished(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> tuple[int, str]:
    """Exit code and all output; ended where the demo is."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env=dict(environ),
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    return process.returncode or 0, output.decode("utf-8", errors="replace")
