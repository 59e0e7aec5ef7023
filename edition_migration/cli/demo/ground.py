"""Where the demo runs: a fresh state folder, free ports, secrets of its own, and the settings that say all this.

The settings go to every process by environment only. `demo.env` in the folder has them for people who want to join in.
"""

import base64
import fcntl
import os
import secrets
import shlex
import shutil
import socket
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edition_migration.cli.demo.failure import DemoFailed

ROOT = Path(__file__).parents[3]
STATE = Path("var") / "demo"
_OURS = ("EDITION_MIGRATION_", "TEMPORAL_")
_KEPT = "TEMPORAL_CLI_PATH"


@dataclass(frozen=True, slots=True)
class Ports:
    temporal: int
    ui: int
    web: int
    worker_health: int
    smtp: int
    mailbox: int


@dataclass(frozen=True, slots=True)
class Ground:
    """`state` is the working folder of all processes; with a copy of `examples/`: they write nowhere else."""

    root: Path
    state: Path
    ports: Ports
    webhook_secret: str
    environ: Mapping[str, str]

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.ports.web}"

    @property
    def ui(self) -> str:
        return f"http://127.0.0.1:{self.ports.ui}"

    @property
    def mailbox(self) -> str:
        return f"http://127.0.0.1:{self.ports.mailbox}"

    @property
    def env_file(self) -> Path:
        return self.state / "demo.env"


@contextmanager
def lay(root: Path = ROOT) -> Generator[Ground]:
    """A fresh ground. It is removed afterwards, unless the demo failed: its logs are worth reading then.

    Raises DemoFailed where another demo runs in this checkout.
    """
    state = root / STATE
    state.mkdir(parents=True, exist_ok=True)
    is_failed = False
    with _alone_in(state):
        try:
            _empty(state)
            shutil.copytree(root / "examples", state / "examples")
            yield _ground(root, state)
        except DemoFailed:
            is_failed = True
            raise
        finally:
            if not is_failed:
                _remove(state)


@contextmanager
def _alone_in(state: Path) -> Generator[None]:
    handle = os.open(state, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise DemoFailed(f"another demo runs in {state}; end it with Ctrl-C first") from None
    try:
        yield
    finally:
        os.close(handle)


def _ground(root: Path, state: Path) -> Ground:
    ports = _free_ports()
    webhook_secret = f"whsec_{_key()}"
    settings = _settings(state, ports, webhook_secret)
    environ = {**_inherited(), **settings, **_interpreter(root, state)}
    ground = Ground(root, state, ports, webhook_secret, environ)
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in settings.items()]
    with os.fdopen(os.open(ground.env_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.writelines(["# Settings and secrets of the running demo. It removes this file when it ends.\n", *lines])
    return ground


def _settings(state: Path, ports: Ports, webhook_secret: str) -> dict[str, str]:
    return {
        "TEMPORAL_ADDRESS": f"127.0.0.1:{ports.temporal}",
        "TEMPORAL_NAMESPACE": "default",
        "TEMPORAL_CONFIG_FILE": os.devnull,
        "EDITION_MIGRATION_DATABASE_URL": f"sqlite+aiosqlite:///{state / 'edition-migration.db'}",
        "EDITION_MIGRATION_LINK_BASE": f"http://127.0.0.1:{ports.web}",
        "EDITION_MIGRATION_LINK_KEYS": f"demo:{_key()}",
        "EDITION_MIGRATION_WEBHOOK_SECRETS": webhook_secret,
        "EDITION_MIGRATION_PAGE_SECRET": secrets.token_urlsafe(48),
        "EDITION_MIGRATION_SMTP_PORT": str(ports.smtp),
        "EDITION_MIGRATION_SMTP_SECURITY": "none",
        "EDITION_MIGRATION_SMTP_SENDER": "migration@acme.example",
        "EDITION_MIGRATION_SMTP_MESSAGE_DOMAIN": "acme.example",
        "EDITION_MIGRATION_MAILS_PER_SECOND": "50",
        "EDITION_MIGRATION_WEB_PORT": str(ports.web),
        "EDITION_MIGRATION_WORKER_HEALTH_PORT": str(ports.worker_health),
        "EDITION_MIGRATION_DRAIN_TIME": "5s",
        "EDITION_MIGRATION_TEMPORAL_UI": f"http://127.0.0.1:{ports.ui}",
    }


def _inherited() -> dict[str, str]:
    """This process's environment without settings that are meant for another service than the demo's."""
    return {name: value for name, value in os.environ.items() if name == _KEPT or not name.startswith(_OURS)}


def _interpreter(root: Path, state: Path) -> dict[str, str]:
    """Our packages are found from everywhere, and twenty processes share one set of compiled modules."""
    if not sys.dont_write_bytecode:
        return {"PYTHONPATH": str(root)}
    return {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(state / "compiled")}


def python(*arguments: str) -> list[str]:
    """A command of this interpreter."""
    return [sys.executable, *arguments]


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _free_ports() -> Ports:
    """The usual ports where they are free, else any. All are held until all are known, so that no two are the same."""
    with _held() as hold:
        return Ports(
            temporal=hold(0),
            ui=hold(8233),
            web=hold(8080),
            worker_health=hold(0),
            smtp=hold(0),
            mailbox=hold(1080),
        )


class _Hold:
    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []

    def __call__(self, wanted: int) -> int:
        for port in (wanted, 0):
            candidate = socket.socket()
            self.sockets.append(candidate)
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(candidate.getsockname()[1])
        raise DemoFailed("no free port on 127.0.0.1")


@contextmanager
def _held() -> Generator[_Hold]:
    hold = _Hold()
    try:
        yield hold
    finally:
        for it in hold.sockets:
            it.close()


def _empty(state: Path) -> None:
    """What a demo that was killed has left."""
    for path in state.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _remove(state: Path) -> None:
    shutil.rmtree(state)
    if not any(state.parent.iterdir()):
        state.parent.rmdir()
