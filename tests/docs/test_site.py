"""The built site: no broken link or anchor, nothing fetched from elsewhere, every page in its navigation."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.async_api import Browser

from docs.site.build import CONFIG, ROOT, build
from docs.site.terminal_pictures import drawn

FETCHING = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src"), ("video", "src")}
NO_PAGES_OF_THEIR_OWN = "decisions/"
"""They are reached from pages that need them, not by the navigation."""


class Links(HTMLParser):
    """`fetched` is what a browser gets by itself, `followed` what a reader may click, `anchors` where links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.followed: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            if (tag, name) in FETCHING and value and dict(attrs).get("rel") != "canonical":
                self.fetched.append(value)
            if (tag, name) == ("a", "href") and value:
                self.followed.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    assert build(folder) == 0
    return folder


@cache
def links_of(page: Path) -> Links:
    return Links(page.read_text(encoding="utf-8"))


def broken(site: Path) -> Iterator[str]:
    for page in site.rglob("*.html"):
        for link in (*links_of(page).followed, *links_of(page).fetched):
            parts = urlsplit(link)
            if parts.scheme or page.name == "404.html":
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                yield f"{page.name}: {link} leads nowhere"
            elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in anchors(target):
                yield f"{page.name}: {link} has no such section"


def anchors(page: Path) -> set[str]:
    return links_of(page).anchors | {"__skip"}


def test_no_link_and_no_anchor_is_broken(site: Path) -> None:
    assert list(broken(site)) == []


def test_no_page_names_anything_that_a_browser_would_fetch_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    foreign = [(page.name, it) for page in pages for it in links_of(page).fetched if urlsplit(it).netloc]
    assert foreign == []
    styles = "".join(file.read_text(encoding="utf-8") for file in site.rglob("*.css"))
    assert re.findall(r"url\(['\"]?(?:https?:)?//[^)]+", styles) == []


@pytest.mark.parametrize("name", ["index.html", "tutorial.html", "reference/states.html", "mails.html"])
async def test_a_browser_asks_nobody_else_for_a_page(site: Path, browser: Browser, name: str) -> None:
    asked: list[str] = []
    page = await browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    await page.goto((site / name).as_uri(), wait_until="networkidle")
    await page.close()
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_every_page_is_in_the_navigation() -> None:
    named = set(re.findall(r'"([\w/.-]+\.md)"', CONFIG.read_text(encoding="utf-8")))
    pages = {it.relative_to(ROOT / "docs").as_posix() for it in (ROOT / "docs").rglob("*.md")}
    assert {it for it in pages if not it.startswith(NO_PAGES_OF_THEIR_OWN)} == named
    assert tomllib.loads(CONFIG.read_text(encoding="utf-8"))["project"]["theme"]["font"] is False


def test_a_picture_of_the_terminal_fetches_nothing_and_shows_what_was_said() -> None:
    picture = drawn("status", "Users of acme\n  <b>&  done")
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")
    assert "Users&#160;of&#160;acme" in picture
    assert "&lt;b&gt;&amp;" in picture


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a id="x" href="b.html">b</a><a href="#y">y</a><a href="a.html#x">x</a>')
    assert list(broken(tmp_path)) == ["a.html: b.html leads nowhere", "a.html: #y has no such section"]
