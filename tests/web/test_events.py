"""`POST /v1/events`: every status with its message, signatures, and the order row, answer, ring."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from edition_migration.domain.errors import StoreUnavailable, TemporalUnavailable
from edition_migration.ports.store_events import InboxState
from tests.web.conftest import EVENTS, NEW_SECRET, OLD_SECRET, Web, event, send, signed

BODY = json.dumps(event()).encode()


async def inbox_ids(web: Web) -> list[str]:
    async with web.scene.store.read() as uow:
        return [row.event_id for row in await uow.inbox.listing(None, 100)]


async def post(web: Web, body: bytes, headers: dict[str, str]) -> httpx2.Response:
    return await web.client.post(EVENTS, content=body, headers=headers)


async def test_new_event_is_on_disk_then_answered_then_rung(web: Web) -> None:
    answer = await send(web.client, event())
    assert (answer.status_code, answer.json()) == (202, {"event_id": "e1", "result": "new"})
    assert await inbox_ids(web) == ["e1"]
    assert web.bells.rung == 1


async def test_repeated_event_changes_nothing_and_is_200(web: Web) -> None:
    await send(web.client, event())
    answer = await send(web.client, event())
    assert (answer.status_code, answer.json()) == (200, {"event_id": "e1", "result": "repeated"})
    assert await inbox_ids(web) == ["e1"]


async def test_same_id_with_another_body_is_422(web: Web) -> None:
    await send(web.client, event())
    answer = await send(web.client, event(licenses_purchased=11))
    assert answer.status_code == 422
    assert answer.json() == {
        "error": "conflict",
        "message": "an event of this source and id was received before with another content",
    }


async def test_unknown_type_is_kept(web: Web) -> None:
    answer = await send(web.client, {**event(), "type": "org.renamed"})
    assert answer.status_code == 202
    async with web.scene.store.read() as uow:
        (row,) = await uow.inbox.listing(None, 10)
    assert row.state is InboxState.UNKNOWN_TYPE


async def test_schema_errors_come_all_at_once_by_path(web: Web) -> None:
    document = event(licenses_purchased="ten", storage_purchased_mb=-1)
    answer = await send(web.client, {**document, "specversion": "0.3"})
    assert answer.status_code == 422
    assert answer.json()["error"] == "invalid_input"
    assert [problem["path"] for problem in answer.json()["problems"]] == [
        "specversion",
        "data.licenses_purchased",
        "data.storage_purchased_mb",
    ]
    assert set(answer.json()["problems"][0]) == {"path", "reason", "mend"}
    assert await inbox_ids(web) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1,",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}',
        b"[" * 100_000,
    ],
)
async def test_signed_body_that_is_no_json_is_400(web: Web, body: bytes) -> None:
    answer = await post(web, body, signed(body))
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "malformed_json",
        "message": "The body is no valid JSON document in UTF-8.",
    }


async def test_json_that_is_no_object_is_422(web: Web) -> None:
    answer = await send(web.client, [event()])
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["reason"] == "the event is no JSON object"


@pytest.mark.parametrize("secret", [NEW_SECRET, OLD_SECRET])
async def test_each_live_secret_is_good(web: Web, secret: str) -> None:
    assert (await post(web, BODY, signed(BODY, secret=secret))).status_code == 202


async def test_one_good_signature_among_several_is_enough(web: Web) -> None:
    headers = signed(BODY)
    headers["webhook-signature"] = f"v1,b3RoZXI= v1a,AAAA {headers['webhook-signature']}"
    assert (await post(web, BODY, headers)).status_code == 202


HeaderChange = Callable[[dict[str, str]], dict[str, str]]


def without(name: str) -> HeaderChange:
    return lambda headers: {key: value for key, value in headers.items() if key != name}


def changed(name: str, value: str) -> HeaderChange:
    return lambda headers: {**headers, name: value}


def signed_at(seconds: int) -> HeaderChange:
    """Signed so many seconds from now; the small rest above five minutes is what a slow machine may take."""
    return lambda headers: signed(BODY, at=datetime.now(UTC) + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "change",
    [
        without("webhook-id"),
        without("webhook-timestamp"),
        without("webhook-signature"),
        changed("webhook-id", "msg_2"),
        changed("webhook-timestamp", "soon"),
        changed("webhook-timestamp", "nan"),
        changed("webhook-signature", "no comma"),
        changed("webhook-signature", "v1,not base64!"),
        lambda headers: {**headers, "webhook-signature": headers["webhook-signature"].replace("v1", "v2")},
        lambda headers: signed(BODY, secret="whsec_b3RoZXIgc2VjcmV0IG9mIHR3ZW50eS1mb3VyIGI="),
        signed_at(-301),
        signed_at(310),
    ],
)
async def test_bad_or_stale_signature_is_401(web: Web, change: HeaderChange) -> None:
    answer = await post(web, BODY, change(signed(BODY)))
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "bad_signature",
        "message": "The signature is missing, wrong or older than five minutes. Sign the raw body anew.",
    }
    assert await inbox_ids(web) == []


@pytest.mark.parametrize("seconds", [-280, 280])
async def test_signature_within_five_minutes_is_good(web: Web, seconds: int) -> None:
    assert (await post(web, BODY, signed_at(seconds)({}))).status_code == 202


async def test_one_byte_changed_anywhere_is_401(web: Web) -> None:
    headers = signed(BODY)
    for offset in range(len(BODY)):
        body = bytearray(BODY)
        body[offset] ^= 1
        assert (await post(web, bytes(body), headers)).status_code == 401
    assert await inbox_ids(web) == []


async def test_body_that_is_no_utf8_is_401(web: Web) -> None:
    assert (await post(web, b"\xff" + BODY, signed(BODY))).status_code == 401


@pytest.mark.parametrize("media_type", ["application/json", "application/cloudevents-batch+json", "", "text/plain"])
async def test_another_media_type_is_415(web: Web, media_type: str) -> None:
    answer = await post(web, BODY, {**signed(BODY), "content-type": media_type})
    assert (answer.status_code, answer.json()["error"]) == (415, "unsupported_media_type")


async def test_parameters_of_the_media_type_are_tolerated(web: Web) -> None:
    headers = {**signed(BODY), "content-type": "application/CloudEvents+json; charset=UTF-8"}
    assert (await post(web, BODY, headers)).status_code == 202


async def test_body_above_256_kib_is_413_and_one_at_the_limit_is_read(web: Web) -> None:
    largest = BODY + b" " * (256 * 1024 - len(BODY))
    assert (await post(web, largest, signed(largest))).status_code == 202
    answer = await post(web, largest + b" ", signed(largest + b" "))
    assert (answer.status_code, answer.json()["message"]) == (413, "The body is larger than 256 KiB.")


async def test_body_of_unknown_length_is_cut_off_at_the_limit(web: Web) -> None:
    async def endless() -> Any:
        while True:
            yield b" " * 65536

    answer = await web.client.post(EVENTS, content=endless(), headers=signed(BODY))
    assert answer.status_code == 413


async def test_store_that_cannot_take_it_is_503_with_retry_after(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(document: object) -> None:
        raise StoreUnavailable("postgresql at 10.0.0.1 is down")

    monkeypatch.setattr(web.services.intake, "receive", refuse)
    answer = await send(web.client, event())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {
        "error": "store_unavailable",
        "message": "The service cannot answer at the moment. Try again in some seconds.",
    }


async def test_temporal_being_away_does_not_touch_the_answer(web: Web) -> None:
    web.bells.trouble = TemporalUnavailable("away")
    assert (await send(web.client, event())).status_code == 202


async def test_ring_that_hangs_is_left_after_its_time(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edition_migration.web.ringing.RING_SECONDS", 0.01)
    web.bells.hangs = True
    assert (await send(web.client, event())).status_code == 202


async def test_other_methods_are_405(web: Web) -> None:
    answer = await web.client.get(EVENTS)
    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")
