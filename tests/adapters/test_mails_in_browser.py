"""Every mail as a mail client shows it: on a small phone, in the dark, to a screen reader, fetching nothing."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from edition_migration.domain.languages import LANGUAGES
from edition_migration.domain.mail import MailKind
from edition_migration.ports.mails import OwnWords
from tests.adapters.test_renderer import LINK, RENDERER, context
from tests.fixtures.browser import SMALL_PHONE

LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
LONG_URL = f"https://{'a' * 60}.example.com/{'b' * 200}"
CONFORMANCE = {"runOnly": ["wcag2a", "wcag2aa"]}
BACKGROUND = "getComputedStyle(document.querySelector('.page')).backgroundColor"


class Reader:
    """A page that shows one mail after the other, and all that they asked the network for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requested: list[str] = []
        page.on("request", lambda request: self.requested.append(request.url))

    async def show(self, html: str) -> None:
        await self.page.set_content(html)

    async def overflow(self) -> int:
        return await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest_asyncio.fixture
async def phone(browser: Browser) -> AsyncIterator[Reader]:
    opened = await browser.new_context(viewport=SMALL_PHONE)
    reader = Reader(await opened.new_page())
    yield reader
    await opened.close()
    assert reader.requested == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_no_mail_scrolls_sideways_on_a_small_phone(phone: Reader, language: str) -> None:
    for kind in MailKind:
        told = context(
            kind, locale=language, organization_name=LONG_WORD, user_name=LONG_WORD, client_download_url=LONG_URL
        )
        await phone.show(RENDERER.render(told).html)
        assert (kind, await phone.overflow()) == (kind, 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_mail_can_be_read_in_light_and_dark_and_by_a_screen_reader(
    phone: Reader, language: str, scheme: str
) -> None:
    await phone.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for kind in MailKind:
        await phone.show(RENDERER.render(context(kind, locale=language)).html)
        report = (await Axe().run(phone.page, options=CONFORMANCE)).generate_report()
        assert (kind, report) == (kind, "Found 0 accessibility violations:\n")
    background = await phone.page.evaluate(BACKGROUND)
    assert background == ("rgb(18, 22, 28)" if scheme == "dark" else "rgb(242, 244, 247)")


async def test_a_preheader_is_hidden_and_the_words_of_the_text_part_are_seen(phone: Reader) -> None:
    content = RENDERER.render(context(MailKind.RESET_PASSWORD))
    await phone.show(content.html)
    seen = await phone.page.locator("body").inner_text()
    assert content.preheader not in seen
    assert content.preheader in (await phone.page.locator("body").text_content() or "")
    said = [word for word in content.text.replace("password:\n", "password\n").split() if word != "-"]
    assert seen.split() == [*content.subject.split(), *said]


async def test_the_one_button_is_big_enough_for_a_thumb(phone: Reader) -> None:
    await phone.show(RENDERER.render(context(MailKind.RESET_PASSWORD)).html)
    button = phone.page.get_by_role("link", name="Choose your new password")
    box = await button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert await button.get_attribute("href") == LINK


async def test_a_mail_whose_styles_were_stripped_still_reads_in_order(phone: Reader) -> None:
    """Some clients drop the style element; what is set inline must do."""
    html = RENDERER.render(context(MailKind.INSTRUCTIONS)).html
    before, _, after = html.partition("<style")
    await phone.show(before + after[after.rindex("</style>") + len("</style>") :])
    assert await phone.page.get_by_role("heading", level=1).inner_text() == (
        "Your account moves to the Business Edition of Example & Sons"
    )
    assert await phone.page.get_by_role("link", name="Download the latest client").count() == 1


async def test_an_own_text_is_shown_as_carefully_as_ours(phone: Reader) -> None:
    own = OwnWords(
        "en", "Hello", f"Dear %USERNAME%,\n\nplease choose:\n%NEWPASSWORDURL%\n\nThen:\n- sign in\n- {LONG_WORD}"
    )
    told = replace(context(MailKind.RESET_PASSWORD), own=own, client_download_url=LONG_URL)
    await phone.show(RENDERER.render(told).html)
    assert await phone.overflow() == 0
    assert await phone.page.get_by_role("link", name="please choose").get_attribute("href") == LINK
    assert await phone.page.get_by_role("heading", level=2).all_inner_texts() == ["Then:"]
    assert await phone.page.get_by_role("listitem").all_inner_texts() == ["sign in", LONG_WORD]
