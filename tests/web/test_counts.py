"""What the web process counts: the gate's answers, and each request by its route, whatever a client writes into it."""

import pytest

from edition_migration.domain.states import Edition
from tests import builders
from tests.doubles import CountingHasher
from tests.web.conftest import Web, event, send

PASSWORD = "the password that is known"
GATE = "/v1/sign-in"


def requests(web: Web) -> dict[tuple[str, ...], int]:
    return {series[1:]: n for series, n in web.meter.counted.items() if series[0].endswith("http_requests_total")}


def sign_ins(web: Web) -> dict[str, int]:
    return {series[1]: n for series, n in web.meter.counted.items() if series[0].endswith("sign_ins_total")}


async def test_the_gates_answers_are_counted_apart_where_their_status_is_the_same(web: Web) -> None:
    business = {"edition": Edition.BUSINESS, "org_id": "acme", "password_hash": CountingHasher.quick(PASSWORD)}
    async with web.scene.store.write() as uow:
        await uow.users.put([builders.user(**business)])
        await uow.domains.put(builders.domain())
        await uow.commit()
    good = {"email": "ada.lovelace@acme.example", "password": PASSWORD, "client_version": "6.1"}
    for changes in ({}, {"password": "wrong"}, {"email": "nobody@acme.example"}, {"client_version": "5.2"}):
        await web.client.post(GATE, json={**good, **changes})
    await web.client.post(GATE, json={**good, "email": ["ada.lovelace@acme.example"]})
    assert sign_ins(web) == {"signed_in": 1, "wrong_credentials": 2, "client_too_old": 1}
    statuses = {"200": 1, "401": 2, "403": 1, "422": 1}
    assert requests(web) == {("POST", GATE, status): number for status, number in statuses.items()}


async def test_events_are_counted_by_what_their_sender_is_told(web: Web) -> None:
    await send(web.client, event("e1"))
    await send(web.client, event("e1"))
    await send(web.client, event("e1", licenses_purchased=11))
    await web.client.post("/v1/events", content=b"{}", headers={"content-type": "application/cloudevents+json"})
    statuses = {"202": 1, "200": 1, "422": 1, "401": 1}
    assert requests(web) == {("POST", "/v1/events", status): number for status, number in statuses.items()}


async def test_links_are_counted_under_their_route(web: Web) -> None:
    await web.client.get("/password/a-link-of-nobody")
    await web.client.get("/password/another-link")
    assert requests(web) == {("GET", "/password/{token}", "410"): 2}


@pytest.mark.parametrize(("method", "counted_as"), [("DELETE", "DELETE"), ("ADA.LOVELACE", "(other)")])
async def test_what_a_client_invents_is_no_label(web: Web, method: str, counted_as: str) -> None:
    await web.client.request(method, "/ada.lovelace@acme.example")
    await web.client.request(method, "/v1/events")
    found = requests(web)
    assert found.keys() == {(counted_as, "(no route)", "404"), (counted_as, "/v1/events", "405")}
