"""Pictures of every mail and of the password page, in each language: `make pictures`.

Each picture shows the same thing three times: light, dark, and on a phone 320 pixels wide. They are taken with the
browser of the tests, of the rows of the tests, and kept in few colors, so that they stay small.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.async_api import Browser, Page

from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.adapters.store.schema import upgrade
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.mail_samples import sample_context
from edition_migration.domain.languages import LANGUAGES
from edition_migration.domain.mail import MailKind
from edition_migration.observability import configure_logging
from tests.builders import organization
from tests.fixtures.browser import chromium
from tests.links import GOOD, scene
from tests.web.conftest import web_of
from tests.web.serving import served

FOLDER = Path(__file__).parents[1] / "pictures"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
FRAMES = ((640, "light"), (640, "dark"), (320, "light"))
"""Width in pixels and color scheme of the three views."""
GAP = 24
COLORS = 32
LINK_BASE = "https://accounts.acme.example"

Shot = Callable[[Page], Awaitable[None]]


async def pictures() -> None:
    """Takes them all, each over the one that was there."""
    configure_logging("WARNING", "console")
    async with chromium() as browser:
        for language in LANGUAGES:
            await _mails(browser, language)
            await _page(browser, language)


async def _mails(browser: Browser, language: str) -> None:
    acme = organization(name="Acme Cooperative", zone="Europe/Berlin")
    renderer = TemplateRenderer()
    for kind in MailKind:
        html = renderer.render(sample_context(kind, language, acme, LINK_BASE, NOW)).html
        views = [await _view(browser, language, width, scheme, _showing(html)) for width, scheme in FRAMES]
        _keep(FOLDER / "mails" / language / f"{kind}.png", views)


def _showing(html: str) -> Shot:
    async def show(page: Page) -> None:
        await page.set_content(html)

    return show


async def _page(browser: Browser, language: str) -> None:
    """The form, what is wrong with a password, and the two ends: chosen, and a link that cannot be used."""
    taken: dict[str, list[bytes]] = {}
    for width, scheme in FRAMES:
        async with _site() as link:
            page = await _opened(browser, language, width, scheme)
            way = {"form": _open(link), "errors": _fill("acme2026"), "done": _fill(GOOD), "unusable": _open(link)}
            for name, act in way.items():
                await act(page)
                taken.setdefault(name, []).append(await page.screenshot(full_page=True))
            await page.context.close()
    for name, views in taken.items():
        _keep(FOLDER / "page" / language / f"{name}.png", views)


def _open(link: str) -> Shot:
    async def open_link(page: Page) -> None:
        await page.goto(link)

    return open_link


def _fill(password: str) -> Shot:
    async def fill(page: Page) -> None:
        for name in ("password", "password_again"):
            await page.locator(f"#{name}").fill(password)
        await page.get_by_role("button").click()

    return fill


@asynccontextmanager
async def _site() -> AsyncIterator[str]:
    """The page of a new store; the link of a user who waits for his password."""
    with TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/store.db"
        await upgrade(url)
        store = SqlStore(url)
        waiting = await scene(store)
        async with served(web_of(waiting)) as base:
            yield f"{base}/password/{await waiting.link()}"
        await store.dispose()


async def _opened(browser: Browser, language: str, width: int, scheme: str) -> Page:
    context = await browser.new_context(
        viewport={"width": width, "height": 400}, locale=language, color_scheme="dark" if scheme == "dark" else "light"
    )
    return await context.new_page()


async def _view(browser: Browser, language: str, width: int, scheme: str, show: Shot) -> bytes:
    page = await _opened(browser, language, width, scheme)
    await show(page)
    taken = await page.screenshot(full_page=True)
    await page.context.close()
    return taken


def _keep(file: Path, views: list[bytes]) -> None:
    """The views side by side on white, in few colors."""
    images = [Image.open(BytesIO(view)).convert("RGB") for view in views]
    width = sum(image.width for image in images) + GAP * (len(images) - 1)
    whole = Image.new("RGB", (width, max(image.height for image in images)), "white")
    left = 0
    for image in images:
        whole.paste(image, (left, 0))
        left += image.width + GAP
    file.parent.mkdir(parents=True, exist_ok=True)
    whole.quantize(COLORS, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    asyncio.run(pictures())
