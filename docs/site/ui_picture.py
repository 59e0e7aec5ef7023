"""A picture of the Temporal UI with a migration, taken while the demo is up.

`python -m docs.site.ui_picture` plays the demo, opens its list and the page of a user who waits, and writes
`docs/pictures/ui/*.png`; a part of `make pictures`.
"""

import asyncio
import re
import signal
import sys
from pathlib import Path
from urllib.parse import quote

from tests.fixtures.browser import chromium

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures" / "ui"
UI = re.compile(r"Temporal UI: (http://\S+)")
PAGES = {
    "workflows": "?query=" + quote('MigrationOrg = "acme"', safe=""),
    "migration": "/" + quote("migration/acme/e1022/1", safe=""),
}
SIZE = {"width": 1280, "height": 900}
PATIENCE = 5_000
"""Milliseconds for the page to draw what it has fetched."""


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "starter.py", "demo", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        await _take(await _address(demo))
    finally:
        demo.send_signal(signal.SIGINT)
        await demo.communicate()


async def _address(demo: asyncio.subprocess.Process) -> str:
    assert demo.stdout is not None
    async for line in demo.stdout:
        if found := UI.search(line.decode()):
            return found[1]
    raise RuntimeError("the demo ended before its last chapter")


async def _take(ui: str) -> None:
    async with chromium() as browser:
        page = await browser.new_page(viewport=SIZE, color_scheme="light")
        for name, path in PAGES.items():
            await page.goto(f"{ui}{path}", wait_until="load")
            await page.wait_for_timeout(PATIENCE)
            await page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
