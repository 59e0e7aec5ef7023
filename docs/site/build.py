"""Builds the documentation's site into `var/site`: `python -m docs.site.build`, or `make docs`.

The pages are copied first, so that nothing but pages, pictures and schemas gets into the site. A broken link fails.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SITE = ROOT / "var" / "site"
CONFIG = Path(__file__).with_name("zensical.toml")
KINDS = {".md", ".png", ".svg", ".json"}


def build(site: Path = SITE) -> int:
    """The exit code of the builder; what it says goes to stderr. What was in `site` is replaced."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _copy(ROOT / "docs", work / "docs")
        shutil.copy(CONFIG, work / CONFIG.name)
        builder = Path(sys.executable).with_name("zensical")
        code = subprocess.run([builder, "build", "--strict"], cwd=work, stdout=sys.stderr, check=False).returncode  # noqa: S603
        if code == 0:
            shutil.rmtree(site, ignore_errors=True)
            shutil.copytree(work / "site", site)
    return code


def _copy(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        if file.suffix in KINDS:
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


if __name__ == "__main__":
    sys.exit(build())
