"""How activities fail and end: our code and sentence, never a foreign text; what has begun is finished."""

import asyncio
from typing import Any

import pytest
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, DefaultPayloadConverter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import running
from activities.mails import MailActivities
from edition_migration.domain.errors import (
    EditionMigrationError,
    InvalidInput,
    NotFound,
    Problem,
    RelayUnavailable,
    StoreUnavailable,
)
from edition_migration.domain.progress import MailInput, MailOutcome
from tests.workflows.script import SINCE

GIVEN = MailInput(org_id="acme", as_of=SINCE)


class Deliveries:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.begun = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def deliver(self, given: MailInput) -> MailOutcome:
        self.begun.set()
        if self.error is not None:
            raise self.error
        await self.goes_on.wait()
        return MailOutcome(result="sent", mail_id="m1")


async def _failure(error: Exception) -> ApplicationError:
    delivery: Any = Deliveries(error)
    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(MailActivities(delivery).deliver_mail, GIVEN)
    return caught.value


@pytest.mark.parametrize(
    ("error", "code", "is_final"),
    [
        (NotFound("the migration has no row"), "not_found", True),
        (StoreUnavailable("the database is busy"), "store_unavailable", False),
        (RelayUnavailable("the relay answers 451"), "relay_unavailable", False),
    ],
)
async def test_our_errors_keep_code_and_sentence_and_say_whether_a_repeat_helps(
    error: EditionMigrationError, code: str, is_final: bool
) -> None:
    failure = await _failure(error)
    assert (failure.type, failure.message, failure.non_retryable) == (code, error.message, is_final)


@pytest.mark.parametrize(
    "error",
    [
        NotFound("the message", typed=("ana@acme.example",), nearest=("anna@acme.example",)),
        InvalidInput("the message", problems=(Problem("row 2", "names no user"),), typed={"row 2": "anna"}),
    ],
)
async def test_what_was_typed_and_names_near_it_stay_out_of_histories(error: EditionMigrationError) -> None:
    failure = await _failure(error)
    recorded = Failure()
    DefaultFailureConverter().to_failure(failure, DefaultPayloadConverter(), recorded)
    assert recorded.message == "the message"
    assert "ana" not in str(recorded)
    assert "anna" not in str(recorded)


async def test_unknown_error_is_retried_and_its_text_and_chain_stay_out_of_histories() -> None:
    error = ValueError("anna@acme.example")
    error.__cause__ = KeyError("https://acme.example/reset/secret-token")
    failure = await _failure(error)
    assert (failure.type, failure.message, failure.non_retryable) == ("internal", "internal error: ValueError", False)
    recorded = Failure()
    DefaultFailureConverter().to_failure(failure, DefaultPayloadConverter(), recorded)
    assert not recorded.HasField("cause")
    assert "deliver" in recorded.stack_trace
    assert "anna" not in str(recorded)
    assert "secret-token" not in str(recorded)


async def test_cancelled_activity_finishes_what_it_began() -> None:
    deliveries: Any = Deliveries()
    environment = ActivityEnvironment()
    task = asyncio.create_task(environment.run(MailActivities(deliveries).deliver_mail, GIVEN))
    await deliveries.begun.wait()
    environment.cancel()
    deliveries.goes_on.set()
    assert await task == MailOutcome(result="sent", mail_id="m1")


async def test_long_work_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BEAT", 0.01)
    deliveries: Any = Deliveries()
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: deliveries.goes_on.set()
    async with asyncio.timeout(5):
        outcome = await environment.run(MailActivities(deliveries).deliver_mail, GIVEN)
    assert outcome == MailOutcome(result="sent", mail_id="m1")
