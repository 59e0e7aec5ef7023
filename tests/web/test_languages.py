"""The page in the visitor's language: as his browser asks, and never as the account behind the link would have it."""

import re
from dataclasses import replace

import pytest
from starlette.requests import Request

from edition_migration.web.languages import language_wanted
from tests.web.conftest import Web
from tests.web.test_password_page import UNKNOWN, csrf_of, submit

GERMAN = {"accept-language": "de-DE,de;q=0.9,en;q=0.8"}


@pytest.fixture
def store_url(sqlite_store_url: str) -> str:
    """What a page says does not depend on the database; one is enough."""
    return sqlite_store_url


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-ch", "de"),
        ("fr-FR,fr;q=0.9,de;q=0.5,en;q=0.4", "de"),
        ("fr, en;q=0.5, de;q=0.4", "en"),
        ("en;q=0.1, de;q=0.2", "de"),
        ("de;q=0, en;q=0.1", "en"),
        ("de;q=0", "en"),
        ("en, de", "en"),
        ("*", "en"),
        ("fr", "en"),
        ("de;q=2", "en"),
        ("de;q=x,;;,--,\u00e4", "en"),
        ("de" + ",x" * 5000, "de"),
        ("x," * 5000 + "de", "en"),
    ],
)
def test_the_best_of_our_languages_is_taken_from_the_wishes(header: str, language: str) -> None:
    headers = [(b"accept-language", header.encode("latin-1"))]
    assert language_wanted(Request({"type": "http", "headers": headers})) == language


async def test_the_form_is_german_for_who_asks_for_german(web: Web) -> None:
    answer = await web.client.get(f"/password/{await web.scene.link()}", headers=GERMAN)
    assert '<html lang="de">' in answer.text
    assert "<h1>Wählen Sie Ihr Passwort</h1>" in answer.text
    assert '<label for="password">Neues Passwort</label>' in answer.text
    assert (
        "<li>Verwenden Sie 15 bis 128 Zeichen. Einige Wörter ohne Zusammenhang sind leicht zu merken.</li>"
        in answer.text
    )
    assert (answer.headers["content-language"], answer.headers["vary"]) == ("de", "Accept-Language")


async def test_refused_rules_are_said_in_german(web: Web) -> None:
    web.client.headers.update(GERMAN)
    answer = await submit(web, await web.scene.link(), "lovelace")
    assert answer.status_code == 422
    assert "<title>Fehler: Wählen Sie Ihr Passwort</title>" in answer.text
    assert re.findall(r'<li><a href="#password">([^<]+)</a></li>', answer.text) == [
        "Es braucht mindestens 15 Zeichen.",
        "Es enthält Ihren Namen, Ihre Adresse oder Ihre Organisation.",
        "Es ist leicht zu erraten. Fügen Sie einige Wörter ohne Zusammenhang hinzu.",
    ]


async def test_the_way_to_the_end_is_german(web: Web) -> None:
    web.client.headers.update(GERMAN)
    link = await web.scene.link()
    different = await submit(web, link, again="something else")
    assert "Die beiden Eingaben stimmen nicht überein." in different.text
    assert "<h1>Ihr Passwort ist gesetzt</h1>" in (await submit(web, link)).text
    used = await web.client.get(f"/password/{link}")
    assert "<h1>Dieser Link kann nicht verwendet werden</h1>" in used.text
    asked = await web.client.post(f"/password/{link}/new-link", data={"csrf": csrf_of(used)})
    assert "<h1>Sehen Sie in Ihr Postfach</h1>" in asked.text
    stale = await web.client.post(f"/password/{link}/new-link", data={"csrf": "forged"})
    assert "Das Formular konnte nicht als Ihres bestätigt werden" in stale.text


async def test_errors_of_the_page_are_german_and_those_of_the_interface_english(web: Web) -> None:
    page = await web.client.get("/nowhere", headers=GERMAN)
    assert page.status_code == 404
    assert "<h1>Nicht gefunden</h1>" in page.text
    assert "Unter dieser Adresse gibt es nichts." in page.text
    document = (await web.client.get("/v1/nowhere", headers=GERMAN)).json()
    assert document == {"error": "not_found", "message": "There is nothing at this address."}


async def test_the_language_of_the_account_is_not_told_by_the_page(web: Web) -> None:
    """Unknown and live links are answered in the language of the browser alone."""
    async with web.scene.store.write() as uow:
        user = await uow.users.get("u1")
        assert user is not None
        await uow.users.put([replace(user, locale="de")])
        await uow.commit()
    for link in (UNKNOWN, await web.scene.link()):
        assert '<html lang="en">' in (await web.client.get(f"/password/{link}")).text
        assert '<html lang="de">' in (await web.client.get(f"/password/{link}", headers=GERMAN)).text
