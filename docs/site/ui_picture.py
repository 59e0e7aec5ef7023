"""A picture of the Temporal UI with a migration, taken while somebody walks through the tutorial.

`python -m docs.site.ui_picture` walks until two users have been selected, opens the list of workflows and the page of
one of the users, and writes `docs/pictures/ui/*.png`; a part of `make pictures`.
"""

import asyncio
import tempfile
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.async_api import ViewportSize

from tests.docs.walk import Deed, Shell, cloned, steps
from tests.fixtures.browser import chromium

FOLDER = Path(__file__).parents[1] / "pictures" / "ui"
PAGES = {
    "workflows": "?query=" + quote('MigrationOrg = "acme"', safe=""),
    "migration": "/" + quote("migration/acme/e1001/1", safe=""),
}
DETAILS = "User Metadata"
"""The tab of the last page that has the current details."""
SIZE: ViewportSize = {"width": 1280, "height": 900}
COLORS = 64
PATIENCE = 8_000
"""Milliseconds for the page to draw what it has fetched."""


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Shell(cloned(Path(folder))) as shell:
        for step in steps():
            if isinstance(step, Deed):
                break
            shell.see(step)
        asyncio.run(_take(f"http://127.0.0.1:{shell.ports['8233']}/namespaces/default/workflows"))


async def _take(ui: str) -> None:
    async with chromium() as browser:
        page = await browser.new_page(viewport=SIZE, color_scheme="light")
        for name, path in PAGES.items():
            await page.goto(f"{ui}{path}", wait_until="load")
            await page.wait_for_timeout(PATIENCE)
            _keep(await page.screenshot(), FOLDER / f"{name}.png")
        await page.get_by_text(DETAILS).first.click()
        await page.wait_for_timeout(PATIENCE)
        _keep(await page.screenshot(), FOLDER / "details.png")


def _keep(picture: bytes, file: Path) -> None:
    """In few colors, so that it stays small."""
    Image.open(BytesIO(picture)).convert("RGB").quantize(COLORS).save(file, optimize=True)


if __name__ == "__main__":
    main()
