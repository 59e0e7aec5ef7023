"""The password page over HTTP: what spends a link, what refuses, and what nobody can tell apart."""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import httpx2
import pytest

from edition_migration.domain.errors import Busy, StoreUnavailable, TemporalUnavailable
from edition_migration.domain.mail import MailKind
from edition_migration.domain.organization import PasswordRules
from edition_migration.domain.states import MigrationState
from edition_migration.domain.token import TokenState
from tests import builders
from tests.doubles import CountingHasher
from tests.links import GOOD, REF
from tests.web.conftest import GENEROUS, LINK_BASE, Web

UNKNOWN = "A" * 43


def csrf_of(page: httpx2.Response) -> str:
    (value,) = re.findall(r'name="csrf" value="([^"]+)"', page.text)
    return value


async def submit(
    web: Web,
    link: str,
    password: str = GOOD,
    *,
    again: str | None = None,
    headers: dict[str, str] | None = None,
    client: httpx2.AsyncClient | None = None,
) -> httpx2.Response:
    """As a browser does: opens the page, fills the form, sends it."""
    client = client or web.client
    page = await client.get(f"/password/{link}")
    fields = {"csrf": csrf_of(page), "password": password, "password_again": password if again is None else again}
    return await client.post(f"/password/{link}", data=fields, headers=headers)


async def new_link(web: Web, link: str) -> httpx2.Response:
    page = await web.client.get(f"/password/{UNKNOWN}")
    return await web.client.post(f"/password/{link}/new-link", data={"csrf": csrf_of(page)})


async def new_link_mails(web: Web) -> int:
    async with web.scene.store.read() as uow:
        return sum(mail.kind is MailKind.NEW_LINK for mail in await uow.mails.of_migration(REF))


async def is_untouched(web: Web) -> bool:
    row, user = await web.scene.row(), await web.scene.user()
    return row.state is MigrationState.AWAITING_PASSWORD and user.password_hash is None


async def test_good_password_is_set_and_the_client_named(web: Web) -> None:
    answer = await submit(web, await web.scene.link())
    assert answer.status_code == 200
    assert "<h1>Your password is set</h1>" in answer.text
    assert 'href="https://acme.example/client"' in answer.text
    assert (await web.scene.user()).password_hash == CountingHasher.quick(GOOD)
    assert web.bells.rung == 1


async def test_looking_in_any_way_a_hundred_times_spends_nothing(web: Web) -> None:
    link = await web.scene.link()
    for method, status in (("GET", 200), ("HEAD", 200), ("OPTIONS", 405)):
        for _ in range(100):
            assert (await web.client.request(method, f"/password/{link}")).status_code == status
    assert [token.state for token in await web.scene.tokens()] == [TokenState.LIVE]
    assert web.bells.rung == 0
    assert (await submit(web, link)).status_code == 200


async def test_second_browser_with_the_same_link_is_too_late(web: Web) -> None:
    link = await web.scene.link()
    second = web.browser()
    page = await second.get(f"/password/{link}")
    await submit(web, link)
    fields = {
        "csrf": csrf_of(page),
        "password": "another good one, second",
        "password_again": "another good one, second",
    }
    answer = await second.post(f"/password/{link}", data=fields)
    assert answer.status_code == 410
    assert (await web.scene.user()).password_hash == CountingHasher.quick(GOOD)


async def test_unknown_used_expired_and_dead_links_look_the_same(web: Web) -> None:
    """Byte by byte, body and headers, by GET and POST; the path, which the visitor gave himself, is put in order."""
    dead = await web.scene.link()
    expired = await web.scene.link(life=timedelta(hours=1))
    web.scene.clock.move(timedelta(hours=2))
    used = await web.scene.link()
    await submit(web, used)
    await web.client.get(f"/password/{UNKNOWN}")
    csrf = csrf_of(await web.client.get(f"/password/{UNKNOWN}"))
    fields = {"csrf": csrf, "password": GOOD, "password_again": GOOD}
    seen: set[tuple[int, str, str]] = set()
    for link in (UNKNOWN, dead, expired, used):
        for answer in (
            await web.client.get(f"/password/{link}"),
            await web.client.post(f"/password/{link}", data=fields),
        ):
            seen.add((answer.status_code, answer.text.replace(link, "LINK"), str(answer.headers.multi_items())))
    assert len(seen) == 1
    ((status, text, _),) = seen
    assert status == 410
    assert "Send me a new link" in text


async def test_one_address_answers_the_same_before_and_after_it_was_good(web: Web) -> None:
    link = await web.scene.link(life=timedelta(hours=1))
    csrf = csrf_of(await web.client.get(f"/password/{link}"))
    await web.client.post(f"/password/{link}", data={"csrf": csrf, "password": GOOD, "password_again": GOOD})
    after_use = await web.client.get(f"/password/{link}")
    async with web.scene.store.write() as uow:
        await uow.tokens.kill_all(REF)
        await uow.commit()
    web.scene.clock.move(timedelta(days=30))
    assert (await web.client.get(f"/password/{link}")).content == after_use.content


async def test_failed_rules_come_all_at_once_in_the_pages_words(web: Web) -> None:
    rules = PasswordRules(minimum_digits=2, unacceptable_words=("love",))
    async with web.scene.store.write() as uow:
        await uow.organizations.put(builders.organization(password=rules))
        await uow.commit()
    answer = await submit(web, await web.scene.link(), "lovelace")
    assert answer.status_code == 422
    sentences = [
        "It needs at least 15 characters.",
        "It needs more digits, at least 2.",
        "It contains a word that your organization forbids.",
        "It contains your name, address or organization.",
        "It is easy to guess. Add a few unrelated words.",
    ]
    assert re.findall(r'<li><a href="#password">([^<]+)</a></li>', answer.text) == sentences
    assert re.findall(r'id="password-error-\d">([^<]+)</p>', answer.text) == sentences
    assert "<title>Error: Choose your password</title>" in answer.text
    assert "lovelace" not in answer.text
    assert await is_untouched(web)


async def test_two_different_entries_are_refused(web: Web) -> None:
    answer = await submit(web, await web.scene.link(), again=GOOD + "x")
    assert answer.status_code == 422
    assert '<a href="#password_again">The two entries are not the same.</a>' in answer.text
    assert await is_untouched(web)


async def test_names_are_escaped(web: Web) -> None:
    async with web.scene.store.write() as uow:
        await uow.organizations.put(builders.organization(name="<b>A & B</b>"))
        await uow.commit()
    page = await web.client.get(f"/password/{await web.scene.link()}")
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in page.text
    assert "<b>" not in page.text


async def test_strange_link_is_only_an_unknown_one(web: Web) -> None:
    page = await web.client.get("/password/%22%3E%3Cscript%3E%00%E2%80%AE")
    assert page.status_code == 410
    assert "<script" not in page.text
    assert 'action="/password/%22%3E%3Cscript%3E%00%E2%80%AE/new-link"' in page.text


@pytest.mark.parametrize("csrf", ["", "forged", "\u00e9"])
async def test_form_without_our_signature_is_refused(web: Web, csrf: str) -> None:
    link = await web.scene.link()
    await web.client.get(f"/password/{link}")
    answer = await web.client.post(f"/password/{link}", data={"csrf": csrf, "password": GOOD, "password_again": GOOD})
    assert answer.status_code == 403
    assert "could not be confirmed as yours" in answer.text
    assert await is_untouched(web)


async def test_form_with_another_browsers_signature_is_refused(web: Web) -> None:
    link = await web.scene.link()
    foreign = csrf_of(await web.browser().get(f"/password/{link}"))
    client = web.browser()
    await client.get(f"/password/{link}")
    fields = {"csrf": foreign, "password": GOOD, "password_again": GOOD}
    assert (await client.post(f"/password/{link}", data=fields)).status_code == 403
    assert await is_untouched(web)


async def test_form_without_the_cookie_is_refused_and_the_next_one_works(web: Web) -> None:
    link = await web.scene.link()
    fields = {"csrf": csrf_of(await web.client.get(f"/password/{link}")), "password": GOOD, "password_again": GOOD}
    bare = web.browser()
    refused = await bare.post(f"/password/{link}", data=fields)
    assert refused.status_code == 403
    again = await bare.post(f"/password/{link}", data={**fields, "csrf": csrf_of(refused)})
    assert again.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://guests.example"},
        {"origin": "https://guests.example:8443"},
        {"origin": "https://guests.example.evil.example"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": LINK_BASE, "sec-fetch-site": "same-site"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
async def test_form_from_elsewhere_is_refused(web: Web, headers: dict[str, str]) -> None:
    assert (await submit(web, await web.scene.link(), headers=headers)).status_code == 403
    assert await is_untouched(web)


@pytest.mark.parametrize(
    "headers", [{"origin": LINK_BASE}, {"origin": "null", "sec-fetch-site": "same-origin"}, {"origin": "null"}]
)
async def test_form_of_our_own_page_is_taken(web: Web, headers: dict[str, str]) -> None:
    assert (await submit(web, await web.scene.link(), headers=headers)).status_code == 200


async def test_cookie_is_strict_secure_and_out_of_reach(web: Web) -> None:
    page = await web.client.get(f"/password/{UNKNOWN}")
    cookie = page.headers["set-cookie"]
    assert re.fullmatch(r"__Host-form=[\w-]{43}; HttpOnly; Path=/; SameSite=strict; Secure", cookie)
    assert "set-cookie" not in (await web.client.get(f"/password/{UNKNOWN}")).headers


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"x-forwarded-host": "evil.example"},
        {"x-forwarded-proto": "http", "x-forwarded-prefix": "/evil"},
        {"forwarded": "host=evil.example;proto=http"},
        {"x-original-url": "/evil", "x-rewrite-url": "/evil"},
        {"x-http-method-override": "POST"},
    ],
)
async def test_headers_that_a_client_writes_change_nothing(web: Web, headers: dict[str, str]) -> None:
    link = await web.scene.link()
    for path in (f"/password/{link}", f"/password/{UNKNOWN}"):
        plain = await web.client.get(path)
        if "set-cookie" in plain.headers:
            plain = await web.client.get(path)
        altered = await web.client.get(path, headers=headers)
        assert (altered.status_code, altered.content) == (plain.status_code, plain.content)
        assert altered.headers.raw == plain.headers.raw
    assert await is_untouched(web)


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"--x\r\n", "multipart/form-data; boundary=x", 415),
        (b"password=" + b"x" * 9000, "application/x-www-form-urlencoded", 413),
        (b"csrf=a&csrf=b", "application/x-www-form-urlencoded", 400),
        (b"a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1", "application/x-www-form-urlencoded", 400),
        (b"password=%ff", "application/x-www-form-urlencoded", 400),
        (b"password=\xff", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_what_is_no_small_form_is_refused_on_a_page(
    web: Web, content: bytes, media_type: str, status: int
) -> None:
    link = await web.scene.link()
    answer = await web.client.post(f"/password/{link}", content=content, headers={"content-type": media_type})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>" in answer.text
    assert await is_untouched(web)


async def test_busy_hashing_is_503_and_spends_nothing(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(password: str) -> str:
        raise Busy("too many")

    link = await web.scene.link()
    with monkeypatch.context() as patched:
        patched.setattr(web.scene.hasher, "hash", refuse)
        answer = await submit(web, link)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "Try again in some seconds" in answer.text
    assert (await submit(web, link)).status_code == 200


async def test_store_that_is_down_is_503(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(token: str) -> None:
        raise StoreUnavailable("down")

    monkeypatch.setattr(web.services.credentials, "form", refuse)
    answer = await web.client.get(f"/password/{UNKNOWN}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_temporal_being_away_does_not_touch_the_choice(web: Web) -> None:
    web.bells.trouble = TemporalUnavailable("away")
    assert (await submit(web, await web.scene.link())).status_code == 200
    async with web.scene.store.read() as uow:
        assert [bell.migration for bell in await uow.doorbells.oldest(10)] == [REF]


async def test_new_link_answers_everyone_the_same_and_mails_one(web: Web) -> None:
    expired = await web.scene.link(life=timedelta(hours=1))
    web.scene.clock.move(timedelta(hours=2))
    unknown, known = await new_link(web, UNKNOWN), await new_link(web, expired)
    assert (known.status_code, known.content, known.headers.raw) == (200, unknown.content, unknown.headers.raw)
    assert "Look into your mailbox" in known.text
    assert await new_link_mails(web) == 1
    assert web.bells.rung == 2


async def test_sixth_new_link_of_a_day_is_answered_alike_and_not_mailed(web: Web) -> None:
    link = await web.scene.link()
    answers = [await new_link(web, link) for _ in range(7)]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert await new_link_mails(web) == 5


async def test_new_link_without_our_signature_is_refused(web: Web) -> None:
    link = await web.scene.link()
    answer = await web.client.post(f"/password/{link}/new-link", data={"csrf": "forged"})
    assert answer.status_code == 403
    assert (await web.client.get(f"/password/{link}/new-link")).status_code == 405
    assert await new_link_mails(web) == 0


async def test_attempts_with_one_link_are_limited(web: Web) -> None:
    link = await web.scene.link()
    client = web.browser(replace(GENEROUS, choice_by_link="2/hour"))
    statuses = [(await submit(web, link, "short", client=client)).status_code for _ in range(3)]
    assert statuses == [422, 422, 429]


async def test_requests_of_one_address_are_limited_on_a_page(web: Web) -> None:
    client = web.browser(replace(GENEROUS, page_by_address="1/hour"))
    await client.get(f"/password/{UNKNOWN}")
    answer = await client.get(f"/password/{UNKNOWN}")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "<h1>Too Many Requests</h1>" in answer.text


async def test_link_in_the_query_is_no_link(web: Web) -> None:
    link = await web.scene.link()
    answer = await web.client.get("/password/?" + urlencode({"token": link}))
    assert answer.status_code == 404
