"""`POST /v1/sign-in` over HTTP: statuses, strict input, no enumeration, limits."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from edition_migration.domain.errors import Busy
from edition_migration.domain.states import CredentialState, Edition
from tests import builders
from tests.doubles import CountingHasher
from tests.web.conftest import GENEROUS, Web

PATH = "/v1/sign-in"
PASSWORD = "the password that is known"
GOOD = {"email": "ada.lovelace@acme.example", "password": PASSWORD, "client_version": "6.1"}


async def enter(web: Web, **changes: Any) -> None:
    business = {"edition": Edition.BUSINESS, "org_id": "acme", "password_hash": CountingHasher.quick(PASSWORD)}
    async with web.scene.store.write() as uow:
        await uow.users.put([builders.user(**{**business, **changes})])
        await uow.domains.put(builders.domain())
        await uow.commit()


async def attempt(web: Web, **changes: Any) -> httpx2.Response:
    return await web.client.post(PATH, json={**GOOD, **changes})


async def test_signed_in_is_200_with_the_session_token(web: Web) -> None:
    await enter(web)
    answer = await attempt(web)
    assert (answer.status_code, answer.json()["result"]) == (200, "signed_in")
    assert len(answer.json()["session_token"]) == 43
    assert answer.headers["cache-control"] == "no-store"


async def test_deactivated_guest_is_403_with_message_and_help_and_rings(web: Web) -> None:
    await enter(web, edition=Edition.GUEST, org_id=None)
    async with web.scene.store.write() as uow:
        await uow.users.put([builders.user("u2", password_hash=CountingHasher.quick(PASSWORD))])
        await uow.commit()
    answer = await attempt(web, email="u2@acme.example", client_version="5.2")
    assert answer.status_code == 403
    assert answer.json() == {
        "result": "deactivated",
        "message": "Your account waits for its migration.",
        "help_url": "https://acme.example/help",
    }
    assert web.bells.rung == 1


async def test_old_client_is_403_with_the_download(web: Web) -> None:
    await enter(web)
    answer = await attempt(web, client_version=None)
    assert answer.status_code == 403
    assert answer.json() == {"result": "client_too_old", "download_url": "https://acme.example/client"}


async def test_password_not_chosen_is_403(web: Web) -> None:
    await enter(web, credential_state=CredentialState.LOCKED)
    answer = await attempt(web)
    assert (answer.status_code, answer.json()) == (403, {"result": "password_not_chosen"})


async def test_wrong_credentials_are_the_same_bytes_for_everyone(web: Web) -> None:
    await enter(web)
    wrong = await attempt(web, password="a guess")
    nobody = await attempt(web, email="nobody@acme.example")
    strange = await attempt(web, email="no address")
    await enter(web, credential_state=CredentialState.LOCKED)
    locked = await attempt(web, password="a guess")
    assert (wrong.status_code, wrong.content) == (401, b'{"result":"wrong_credentials"}')
    for other in (nobody, strange, locked):
        assert (other.status_code, other.content, other.headers.raw) == (401, wrong.content, wrong.headers.raw)
    assert len(web.scene.hasher.verified) == 4
    assert web.pace.seconds == 4.0


async def test_outdated_hash_is_strengthened_after_the_answer(web: Web) -> None:
    await enter(web, password_hash=CountingHasher.quick(PASSWORD, "old"))
    assert (await attempt(web)).status_code == 200
    assert (await web.scene.user()).password_hash == CountingHasher.quick(PASSWORD)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"email": ["ada.lovelace@acme.example", "eve@evil.example"]}, "email"),
        ({"email": ""}, "email"),
        ({"password": {"$ne": ""}}, "password"),
        ({"password": 12345678}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"client_version": 6.1}, "client_version"),
        ({"client_version": "6.1\n"}, "client_version"),
        ({"redirect_uri": "https://evil.example"}, "redirect_uri"),
    ],
)
async def test_wrong_types_are_422_by_path_and_never_repeated(web: Web, changes: dict[str, Any], path: str) -> None:
    answer = await attempt(web, **changes)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_input")
    assert [problem["path"] for problem in answer.json()["problems"]] == [path]
    assert "evil" not in answer.text
    assert web.scene.hasher.verified == []


async def test_missing_fields_are_all_named(web: Web) -> None:
    answer = await web.client.post(PATH, json={})
    assert [problem["path"] for problem in answer.json()["problems"]] == ["email", "password"]


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"email": "a", "email": "b"}', "application/json", 400),
        (b"email=a&password=b", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b'{"password": "' + b"x" * 9000 + b'"}', "application/json", 413),
    ],
)
async def test_what_is_no_small_json_document_is_refused(
    web: Web, content: bytes, media_type: str, status: int
) -> None:
    answer = await web.client.post(PATH, content=content, headers={"content-type": media_type})
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "message"}


async def test_busy_hashing_is_503_with_retry_after(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(password: str) -> None:
        raise Busy("too many")

    monkeypatch.setattr(web.scene.hasher, "verify_nothing", refuse)
    answer = await attempt(web, email="nobody@acme.example")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["error"]) == (503, "5", "busy")


async def test_attempts_on_one_account_are_limited_known_or_not(web: Web) -> None:
    client = web.browser(replace(GENEROUS, sign_in_by_account="3/hour"))
    for email in ("ada.lovelace@acme.example", "nobody@acme.example"):
        statuses = [(await client.post(PATH, json={**GOOD, "email": email})).status_code for _ in range(4)]
        assert statuses == [401, 401, 401, 429]
    answer = await client.post(PATH, json={**GOOD, "email": "NOBODY@acme.example"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 7200
    assert answer.json()["error"] == "too_many_requests"


async def test_attempts_from_one_address_are_limited_whatever_it_claims(web: Web) -> None:
    client = web.browser(replace(GENEROUS, sign_in_by_address="3/hour"))
    statuses = [
        (
            await client.post(
                PATH, json={**GOOD, "email": f"u{number}@acme.example"}, headers={"x-forwarded-for": f"10.0.0.{number}"}
            )
        ).status_code
        for number in range(4)
    ]
    assert statuses == [401, 401, 401, 429]


@pytest.mark.parametrize(
    ("forwarded", "statuses"),
    [
        pytest.param(["198.51.100.1", "198.51.100.1", "198.51.100.2"], [401, 429, 401], id="each client for itself"),
        pytest.param(
            ["10.9.9.9, 198.51.100.1", "10.8.8.8, 198.51.100.1", "198.51.100.1, 10.1.2.3"],
            [401, 429, 429],
            id="what a client writes before the proxy's word counts for nothing, further proxies are passed over",
        ),
        pytest.param([None, None, "198.51.100.1"], [401, 429, 401], id="a proxy that names nobody is the client"),
    ],
)
async def test_behind_a_trusted_proxy_the_limit_is_of_the_client_that_it_names(
    web: Web, forwarded: list[str | None], statuses: list[int]
) -> None:
    limits = replace(GENEROUS, sign_in_by_address="1/hour")
    client = web.browser(limits, address="10.1.2.3", trusted_proxies=("10.1.0.0/16",))
    answers = [
        await client.post(PATH, json=GOOD, headers={"x-forwarded-for": it} if it is not None else {})
        for it in forwarded
    ]
    assert [it.status_code for it in answers] == statuses


async def test_who_is_no_trusted_proxy_cannot_name_another_client(web: Web) -> None:
    limits = replace(GENEROUS, sign_in_by_address="1/hour")
    client = web.browser(limits, address="203.0.113.7", trusted_proxies=("10.1.0.0/16",))
    answers = [await client.post(PATH, json=GOOD, headers={"x-forwarded-for": f"198.51.100.{it}"}) for it in range(2)]
    assert [it.status_code for it in answers] == [401, 429]
