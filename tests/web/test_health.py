"""Health, headers of every answer, and what the log may hold."""

import pytest
import structlog.testing

from edition_migration.web.services import WebSettings
from tests.links import GOOD
from tests.web.conftest import GENEROUS, Web


async def test_process_is_alive_and_ready(web: Web) -> None:
    assert (await web.client.get("/healthz")).json() == {"status": "alive"}
    assert (await web.client.get("/readyz")).json() == {"status": "ready"}


async def test_store_that_is_down_makes_it_not_ready_but_alive(web: Web) -> None:
    web.door.is_down = True
    answer = await web.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not_ready", "reason": "store_unavailable"})
    assert (await web.client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/password/unknown", "/v1/events", "/nowhere", "/assets/style.css"])
async def test_every_answer_carries_the_security_headers(web: Web, path: str) -> None:
    headers = (await web.client.get(path)).headers
    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"].upper() == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["strict-transport-security"] == "max-age=31536000"
    kept = "public, max-age=604800" if path.startswith("/assets") else "no-store"
    assert headers["cache-control"] == kept


async def test_failure_of_ours_is_a_plain_500_with_headers(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(token: str) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(web.services.credentials, "form", fail)
    answer = await web.client.get("/password/some-token")
    assert answer.status_code == 500
    assert "Something went wrong on our side." in answer.text
    assert "secret detail" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_log_names_the_route_and_never_the_link(web: Web) -> None:
    link = await web.scene.link()
    with structlog.testing.capture_logs() as lines:
        await web.client.get(f"/password/{link}?utm=1")
        await web.client.post(f"/password/{link}", data={"password": GOOD})
        await web.client.get(f"/nowhere/{link}")
    written = [(line["method"], line["route"], line["status"]) for line in lines if line["event"] == "http.request"]
    assert written == [
        ("GET", "/password/{token}", 200),
        ("POST", "/password/{token}", 403),
        ("GET", "(no route)", 404),
    ]
    assert link not in str(lines)
    assert GOOD not in str(lines)


async def test_unknown_path_is_a_page_and_under_v1_json(web: Web) -> None:
    page = await web.client.get("/nowhere")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert (await web.client.get("/v1/nowhere")).json() == {
        "error": "not_found",
        "message": "There is nothing at this address.",
    }


@pytest.mark.parametrize(
    ("link_base", "origin"),
    [
        ("https://Guests.Example:443/", "https://guests.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://guests.example:80", "https://guests.example:80"),
    ],
)
def test_own_origin_is_written_as_browsers_write_it(link_base: str, origin: str) -> None:
    assert WebSettings(link_base=link_base, csrf_secret="s", webhook_secrets=(), limits=GENEROUS).origin == origin
