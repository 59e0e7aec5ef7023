"""Which code a worker runs, as one short id in every history it writes. Used by `temporal.worker`.

The SDK's own default walks and compiles every loaded module, which costs seconds at each start; ours reads our sources.
"""

import hashlib
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("edition_migration", "activities", "workflows")


@cache
def build_id() -> str:
    """Sixteen hexadecimal digits: the same for the same sources, whatever the machine and the folder."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for file in sorted((_ROOT / package).rglob("*.py")):
            digest.update(file.relative_to(_ROOT).as_posix().encode() + b"\0")
            digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
