"""`event` and `inbox`."""

import json
from typing import Any

import pytest

from tests.cli.conftest import CommandLine


def event(**changes: Any) -> str:
    document = {
        "specversion": "1.0",
        "id": "order-1",
        "source": "https://provisioning.example",
        "type": "org.licenses.changed",
        "time": "2026-11-22T12:00:00Z",
        "data": {"org_id": "acme", "licenses_purchased": 5},
    }
    return json.dumps({**document, **changes})


def test_a_new_event_is_received_and_rung(cli: CommandLine) -> None:
    result = cli.run("event", "-", given=event())
    assert (result.exit_code, result.stdout) == (0, "new: event order-1 of organization acme\n")
    assert cli.gateway.rung == ["organization/acme"]


def test_the_same_id_with_another_content_is_a_conflict(cli: CommandLine) -> None:
    cli.run("event", "-", given=event())
    result = cli.run("event", "-", given=event(time="2026-11-23T12:00:00Z"))
    assert result.exit_code == 7
    assert "What helps: give each event an id of its own" in result.stderr


def test_an_unknown_type_is_kept_and_shown(cli: CommandLine) -> None:
    result = cli.run("event", "-", given=event(type="org.painted"))
    assert result.exit_code == 0
    assert "Its type is not known here" in result.stderr
    assert [(it["type"], it["state"]) for it in cli.json("inbox")["events"]] == [("org.painted", "unknown_type")]


def test_the_inbox_says_whom_an_event_is_about_by_his_id(cli: CommandLine) -> None:
    cli.run("event", "-", given=event(type="user.deleted", data={"org_id": "acme", "user_id": "u7"}))
    cli.run("event", "-", given=event(id="order-2"))
    assert [it["user_id"] for it in cli.json("inbox")["events"]] == [None, "u7"]
    lines = [line.split() for line in cli.run("inbox").stdout.splitlines()]
    assert lines[1][3:8] == ["Organization", "User", "id", "State", "Reason"]
    assert [line[3:6] for line in lines[3:]] == [["acme", "-", "pending"], ["acme", "u7", "pending"]]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (event(data={"org_id": "a b"}), "data.org_id: has not the form asked for"),
        (event(time="yesterday"), "time: is no RFC 3339 time with its zone; give a time like 2026-11-22T12:00:00Z"),
        ('{"id": \n', "line 2: is no JSON (Expecting value); mend it"),
        ('{"id": NaN}', "-: is no JSON (NaN, Infinity, or nested too deep); mend it"),
        ("[" * 100_000, "-: is no JSON (NaN, Infinity, or nested too deep); mend it"),
        ("[]", "the event is no JSON object; send one CloudEvent in structured mode"),
    ],
)
def test_a_bad_event_is_refused_by_path_and_kept_nowhere(cli: CommandLine, text: str, shown: str) -> None:
    result = cli.run("event", "-", given=text)
    assert (result.exit_code, result.stdout) == (3, "")
    assert shown in result.stderr
    assert result.stderr.startswith("Error: the input is not valid\n")
    assert result.stderr.count(shown) == 1
    assert cli.json("inbox") == {"events": []}


def test_what_is_no_text_is_refused(cli: CommandLine) -> None:
    assert "-: is not UTF-8; save it in UTF-8" in cli.run("event", "-", given=b"\xff\xfe").stderr


def test_the_inbox_shows_what_became_of_events_newest_first(cli: CommandLine) -> None:
    cli.run("event", "-", given=event())
    cli.apply_events()
    cli.run("event", "-", given=event(id="order-2"))
    shown = cli.json("inbox", "--org", "acme")["events"]
    assert [(it["event_id"], it["state"]) for it in shown] == [("order-2", "pending"), ("order-1", "applied")]
    assert "order-1" in cli.run("inbox", "--limit", "2").stdout
    assert "order-1" not in cli.run("inbox", "--limit", "1").stdout
