"""The search for secrets finds them: in a payload, in a log, in a row where they do not belong."""

from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionSignaledEventAttributes
from temporalio.client import WorkflowHistory

from tests.chaos.confidential import in_database, in_histories, in_logs
from tests.chaos.people import PASSWORD

LINK = "Zm9yIG9uZSB1c2VyIGFsb25lLCBhbmQgZm9yIG9uY2U"
SECRETS = {
    f'"{LINK}"': "a link",
    f'"{PASSWORD}"': "a password",
    '"u00012@o1.example"': "a user",
    '"User u00012"': "a user",
    '"admin@o2.example"': "an office",
}


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_a_payload_is_found(secret: str) -> None:
    payloads = Payloads(payloads=[Payload(data=b'{"user_id":"u00012"}'), Payload(data=secret.encode())])
    signaled = WorkflowExecutionSignaledEventAttributes(signal_name="ring", input=payloads)
    event = HistoryEvent(workflow_execution_signaled_event_attributes=signaled)
    found = in_histories({"w": WorkflowHistory("w", [event])}, {LINK})
    assert found == [f"I8 the history of w holds {SECRETS[secret]}"]


def test_a_link_behind_a_byte_that_looks_like_a_letter_is_found() -> None:
    event = HistoryEvent(worker_may_ignore=True)
    event.workflow_execution_signaled_event_attributes.signal_name = LINK
    found = in_histories({"w": WorkflowHistory("w", [event])}, {LINK})
    assert found == ["I8 the history of w holds a link"]


def test_ids_and_the_path_of_the_page_are_no_secrets_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("GET /password/ 200 u00012 migration/o1/u00012/1\n")
    assert in_logs([log], {LINK}) == []
    log.write_text(f"GET /password/{LINK} 200\n")
    assert in_logs([log], {LINK}) == ["I8 web.log holds a link"]


def test_a_row_may_hold_only_what_belongs_into_its_table() -> None:
    user = {"email": "u00012@o1.example"}
    assert in_database({"users": [user], "organizations": [{"email": "it@o1.example"}]}, {LINK}) == []
    assert in_database({"mails": [user]}, {LINK}) == ["I8 table mails holds a user"]
    assert in_database({"users": [{"password_hash": PASSWORD}]}, {LINK}) == ["I8 table users holds a password"]
