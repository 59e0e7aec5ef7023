"""The page as people meet it: headless Chromium on loopback, with axe, without JavaScript, on a small phone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page

from edition_migration.domain.organization import PasswordRules
from edition_migration.domain.states import MigrationState
from tests import builders
from tests.fixtures.browser import SMALL_PHONE
from tests.links import GOOD
from tests.web.conftest import Web
from tests.web.serving import served


@dataclass
class Site:
    """The page served for real, and one browser to open it with."""

    web: Web
    base: str
    browser: Browser
    requested: list[str]

    async def page(self, **options: Any) -> Page:
        context: BrowserContext = await self.browser.new_context(**options)
        page = await context.new_page()
        page.on("request", lambda request: self.requested.append(request.url))
        return page

    async def open(self, link: str, **options: Any) -> Page:
        page = await self.page(**options)
        await page.goto(f"{self.base}/password/{link}")
        return page


@pytest.fixture
def store_url(sqlite_store_url: str) -> str:
    """What a browser shows does not depend on the database; one is enough."""
    return sqlite_store_url


@pytest_asyncio.fixture
async def site(web: Web, browser: Browser) -> AsyncIterator[Site]:
    async with served(web) as base:
        site = Site(web, base, browser, [])
        yield site
        for context in browser.contexts:
            await context.close()
    assert [url for url in site.requested if not url.startswith(f"{base}/")] == []


async def fill(page: Page, password: str, again: str | None = None) -> None:
    await page.get_by_label("New password").fill(password)
    await page.get_by_label("The same password again").fill(password if again is None else again)
    await page.get_by_role("button", name="Set password").click()


async def violations(page: Page) -> str:
    return (await Axe().run(page)).generate_report()


async def overflow(page: Page) -> int:
    return await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_breaks_a_rule_of_accessibility(site: Site, scheme: str) -> None:
    link = await site.web.scene.link()
    page = await site.open(link, color_scheme=scheme)
    assert await violations(page) == "Found 0 accessibility violations:\n"
    await fill(page, "lovelace", "another")
    assert await violations(page) == "Found 0 accessibility violations:\n"
    await fill(page, "lovelace")
    assert await violations(page) == "Found 0 accessibility violations:\n"
    await fill(page, GOOD)
    assert await page.get_by_role("heading", level=1).inner_text() == "Your password is set"
    assert await violations(page) == "Found 0 accessibility violations:\n"
    await page.goto(f"{site.base}/password/{link}")
    assert await violations(page) == "Found 0 accessibility violations:\n"
    await page.get_by_role("button", name="Send me a new link").click()
    assert await page.get_by_role("heading", level=1).inner_text() == "Look into your mailbox"
    assert await violations(page) == "Found 0 accessibility violations:\n"
    await page.goto(f"{site.base}/nowhere")
    assert await violations(page) == "Found 0 accessibility violations:\n"


async def test_whole_way_works_without_javascript(site: Site) -> None:
    expired = await site.web.scene.link(life=timedelta(hours=1))
    site.web.scene.clock.move(timedelta(hours=2))
    page = await site.open(expired, java_script_enabled=False)
    await page.get_by_role("button", name="Send me a new link").click()
    assert await page.get_by_role("heading", level=1).inner_text() == "Look into your mailbox"
    assert [token.is_requested for token in await site.web.scene.tokens()].count(True) == 1

    page = await site.open(await site.web.scene.link(), java_script_enabled=False)
    await fill(page, "short but long enough", "not the same")
    assert await page.get_by_role("alert").count() == 1
    await fill(page, GOOD)
    assert await page.get_by_role("heading", level=1).inner_text() == "Your password is set"
    assert (await site.web.scene.row()).state is MigrationState.PASSWORD_SET


async def test_page_can_be_used_by_keyboard_in_reading_order(site: Site) -> None:
    page = await site.open(await site.web.scene.link())
    focused = "document.activeElement.id || document.activeElement.textContent"
    order: list[str] = []
    for _ in range(3):
        await page.keyboard.press("Tab")
        order.append(await page.evaluate(focused))
    assert order == ["password", "password_again", "Set password"]


async def test_summary_leads_to_the_field_and_names_it_to_a_screen_reader(site: Site) -> None:
    page = await site.open(await site.web.scene.link())
    await fill(page, "lovelace")
    field = page.get_by_label("New password")
    await page.get_by_role("alert").get_by_role("link").first.click()
    assert await page.evaluate("document.activeElement.id") == "password"
    assert await field.get_attribute("aria-invalid") == "true"
    described = (await field.get_attribute("aria-describedby") or "").split()
    texts = [await page.locator(f"#{name}").inner_text() for name in described]
    assert texts[0] == "It needs at least 15 characters."
    assert texts[-1].startswith("Use 15 to 128 characters.")


async def test_password_managers_and_paste_are_welcome(site: Site) -> None:
    page = await site.open(await site.web.scene.link(), permissions=["clipboard-read", "clipboard-write"])
    for label in ("New password", "The same password again"):
        field = page.get_by_label(label)
        assert await field.get_attribute("autocomplete") == "new-password"
        await page.evaluate("text => navigator.clipboard.writeText(text)", GOOD)
        await field.focus()
        await page.keyboard.press("Control+V")
        assert await field.input_value() == GOOD
    assert await page.locator("html").get_attribute("lang") == "en"
    assert await page.locator("h1").count() == 1


async def test_small_phone_never_scrolls_sideways(site: Site) -> None:
    rules = PasswordRules(minimum_letters=2, minimum_digits=2, unacceptable_words=("love",))
    name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    async with site.web.scene.store.write() as uow:
        await uow.organizations.put(builders.organization(name=name, password=rules))
        await uow.commit()
    link = await site.web.scene.link()
    page = await site.open(link, viewport=SMALL_PHONE)
    assert await overflow(page) == 0
    await fill(page, "lovelace")
    assert await overflow(page) == 0
    await fill(page, GOOD + " 42")
    assert await overflow(page) == 0
    await page.goto(f"{site.base}/password/{link}")
    assert await overflow(page) == 0


async def test_page_of_another_site_cannot_send_the_form(site: Site) -> None:
    """Even with the true signature: the browser says where the request comes from, and keeps the cookie to itself."""
    link = await site.web.scene.link()
    page = await site.open(link)
    signature = await page.locator('input[name="csrf"]').get_attribute("value")
    other_site = (
        f'<form method="post" action="{site.base}/password/{link}"><input name="csrf" value="{signature}">'
        f'<input name="password" value="{GOOD}"><input name="password_again" value="{GOOD}"><button>Win</button></form>'
    )
    foreign = await page.context.new_page()
    await foreign.route("http://other.test/**", lambda route: route.fulfill(content_type="text/html", body=other_site))
    await foreign.goto("http://other.test/")
    async with foreign.expect_navigation() as navigation:
        await foreign.get_by_role("button", name="Win").click()
    answer = await navigation.value
    assert answer is not None
    assert answer.status == 403
    assert (await site.web.scene.row()).state is MigrationState.AWAITING_PASSWORD
