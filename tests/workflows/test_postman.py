"""The postman on the real server: order, holding, refusal, what counts as a ring, and the end that waits for it."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.testing import TimeSkipper

from activities.mails import MailActivities
from edition_migration.domain.errors import NotFound
from edition_migration.domain.mail import MailKind
from edition_migration.domain.progress import MailInput, MailOutcome, NextMail, Overview
from tests.workflows.conftest import Started
from tests.workflows.script import SINCE, Gate, Script, done, mail, overview, result_of, script_steps, sent, stop, wait
from tests.workflows.script import S as State

CANCELLED = stop(State.CANCELLED)


async def test_mails_go_in_order_one_a_delivery_and_the_end_waits_for_the_last(
    started: Started, script: Script
) -> None:
    gate = Gate(sent("m2"))
    script.will("notify_deactivation", stop(State.CANCELLED, mail("m1")))
    script.will("deliver", sent("m1", behind=mail("m2")), gate)
    handle = await started.migration()
    await script.until_asked("deliver", times=2)
    assert (await handle.describe()).close_time is None
    gate.open()
    assert Overview.model_validate(await result_of(handle)) == overview(State.CANCELLED)
    assert script.names == ["notify_deactivation", "deliver", "deliver"]


async def test_finished_delivery_counts_as_a_ring(started: Started, script: Script) -> None:
    script_steps(script, but=("send_instructions", "activate"))
    script.will("send_instructions", done(State.INSTRUCTED, mail("m1"), then=wait(State.INSTRUCTED, "accepted?")))
    script.will("activate", done(State.ACTIVATED))
    script.will("deliver", sent("m1"))
    assert Overview.model_validate(await result_of(await started.migration())) == overview(State.MIGRATED)
    assert script.names.index("deliver") < script.names.index("activate")
    assert script.names.count("deliver") == 1


async def test_held_mail_goes_at_its_time_and_holding_is_no_ring(
    started: Started, script: Script, time_skipper: TimeSkipper
) -> None:
    async def held(given: MailInput) -> MailOutcome:
        morning = given.as_of + timedelta(hours=8)
        return MailOutcome(result="held", mail_id="m1", next=mail("m1", not_before=morning))

    script.will("notify_deactivation", wait(State.IN_REVIEW, "not selected yet", mail=mail("m1")), CANCELLED)
    script.will("deliver", held, sent("m1"))
    handle = await started.migration()
    await script.until_asked("deliver")
    await time_skipper.fast_forward(handle, timedelta(hours=7))
    assert script.names == ["notify_deactivation", "deliver"]

    await time_skipper.fast_forward(handle, timedelta(hours=1, minutes=1))
    assert Overview.model_validate(await result_of(handle)) == overview(State.CANCELLED)
    assert script.names == ["notify_deactivation", "deliver", "deliver", "notify_deactivation"]


async def test_the_end_does_not_wait_for_a_held_mail_that_is_moot(
    started: Started, script: Script, time_skipper: TimeSkipper
) -> None:
    async def held(given: MailInput) -> MailOutcome:
        return MailOutcome(result="held", mail_id="m1", next=mail("m1", not_before=given.as_of + timedelta(hours=8)))

    script.will("notify_deactivation", wait(State.IN_REVIEW, "not selected yet", mail=mail("m1")), CANCELLED)
    script.will("deliver", held, MailOutcome(result="none"))
    handle = await started.migration()
    await script.until_asked("deliver")
    await time_skipper.fast_forward(handle, timedelta(hours=1))
    await started.gateway.ring_migration(started.ref())
    assert Overview.model_validate(await result_of(handle)) == overview(State.CANCELLED)
    assert script.names == ["notify_deactivation", "deliver", "notify_deactivation", "deliver"]


async def test_nor_for_one_that_has_a_slot_in_its_row(
    started: Started, script: Script, time_skipper: TimeSkipper
) -> None:
    """The step sees it in the queue as before; only its delivery knows that it is moot."""
    slot = NextMail(kind=MailKind.INSTRUCTIONS, mail_id="m1", not_before=SINCE.replace(year=2100))
    script.will("notify_deactivation", wait(State.IN_REVIEW, "not selected yet", mail=slot), stop(State.SKIPPED, slot))
    script.will("deliver", MailOutcome(result="none", mail_id="m1", attempt=1))
    handle = await started.migration()
    await script.until_asked("notify_deactivation")
    await time_skipper.fast_forward(handle, timedelta(hours=1))
    await started.gateway.ring_migration(started.ref())
    await result_of(handle)
    assert script.names == ["notify_deactivation", "notify_deactivation", "deliver"]


async def test_nor_for_one_that_is_held_while_the_end_is_seen(started: Started, script: Script) -> None:
    tomorrow = NextMail(kind=MailKind.INSTRUCTIONS, mail_id="m1", not_before=SINCE.replace(year=2100))
    gate = Gate(MailOutcome(result="held", mail_id="m1", next=tomorrow))
    script.will("notify_deactivation", wait(State.IN_REVIEW, "not selected yet", mail=mail("m1")), CANCELLED)
    script.will("deliver", gate, MailOutcome(result="none"))
    handle = await started.migration()
    await script.until_asked("deliver")
    await started.gateway.ring_migration(started.ref())
    await script.until_asked("notify_deactivation", times=2)
    gate.open()
    assert Overview.model_validate(await result_of(handle)) == overview(State.CANCELLED)
    assert script.names == ["notify_deactivation", "deliver", "notify_deactivation", "deliver"]


async def test_what_is_told_while_a_mail_is_being_held_is_looked_at_again(started: Started, script: Script) -> None:
    """The hours that hold it may have been changed since its delivery read them."""
    tomorrow = NextMail(kind=MailKind.INSTRUCTIONS, mail_id="m1", not_before=SINCE.replace(year=2100))
    gate = Gate(MailOutcome(result="held", mail_id="m1", next=tomorrow))
    script.will("notify_deactivation", wait(State.IN_REVIEW, "not selected yet", mail=mail("m1")))
    script.will("notify_deactivation", wait(State.IN_REVIEW, "rung", mail=mail("m1")), CANCELLED)
    script.will("deliver", gate, sent("m1"))
    handle = await started.migration()
    await script.until_asked("deliver")
    await started.gateway.ring_migration(started.ref())
    await script.until_asked("notify_deactivation", times=2)
    gate.open()
    await result_of(handle)
    assert script.names.count("deliver") == 2


async def test_refused_mail_is_a_ring_and_stops_those_behind_it(started: Started, script: Script) -> None:
    script.will("notify_deactivation", wait(State.INSTRUCTED, "accepted?", mail=mail("m1")))
    script.will("notify_deactivation", wait(State.INSTRUCTED, "accepted?"), CANCELLED)
    script.will("deliver", MailOutcome(result="refused", mail_id="m1"))
    handle = await started.migration()
    await script.until_asked("notify_deactivation", times=2)
    await started.gateway.ring_migration(started.ref())
    await result_of(handle)
    assert script.names.count("deliver") == 1


async def test_mail_that_came_back_after_the_relay_had_taken_it_is_sent_again(started: Started, script: Script) -> None:
    """`retry` puts it back into the queue: its next attempt is none of which the postman has heard the end."""
    script.will("notify_deactivation", wait(State.INSTRUCTED, "accepted?", mail=mail("m1")))
    script.will("notify_deactivation", wait(State.INSTRUCTED, "came back"))
    script.will("notify_deactivation", wait(State.INSTRUCTED, "accepted?", mail=mail("m1", attempt=2)), CANCELLED)
    script.will("deliver", sent("m1"), sent("m1", attempt=2))
    handle = await started.migration()
    await script.until_asked("notify_deactivation", times=2)
    await started.gateway.ring_migration(started.ref())
    await result_of(handle)
    asked = ["notify_deactivation", "deliver"]
    assert script.names == [*asked, *asked[:1], *asked, *asked[:1]]


async def test_old_news_of_a_sent_mail_sends_nothing(started: Started, script: Script) -> None:
    """A step that read the queue while the mail was on its way, or before."""
    script.will("notify_deactivation", wait(State.INSTRUCTED, "accepted?", mail=mail("m1", attempt=2)))
    script.will("notify_deactivation", wait(State.INSTRUCTED, "asked", mail=mail("m1", attempt=2)))
    script.will("notify_deactivation", stop(State.CANCELLED, mail("m1", attempt=1)))
    script.will("deliver", sent("m1", attempt=2))
    handle = await started.migration()
    await script.until_asked("notify_deactivation", times=2)
    await started.gateway.ring_migration(started.ref())
    await result_of(handle)
    assert script.names.count("deliver") == 1


async def test_mail_that_an_earlier_try_sent_is_a_ring(started: Started, script: Script) -> None:
    """A worker killed after the commit of `accepted` answers nobody; its repeat finds no mail to send."""
    script.will("notify_deactivation", wait(State.INSTRUCTED, "accepted?", mail=mail("m1")), CANCELLED)
    script.will("deliver", MailOutcome(result="none"))
    handle = await started.migration()
    assert Overview.model_validate(await result_of(handle)) == overview(State.CANCELLED)
    assert script.names == ["notify_deactivation", "deliver", "notify_deactivation"]


async def test_mail_told_while_another_is_delivered_follows_it(started: Started, script: Script) -> None:
    gate = Gate(sent("m1"))
    script.will("notify_deactivation", done(State.IN_REVIEW, mail("m1")))
    script.will("send_instructions", wait(State.IN_REVIEW, "x", mail=mail("m1")), stop(State.DELETED, mail("m2")))
    script.will("deliver", gate, sent("m2"))
    handle = await started.migration()
    await script.until_asked("send_instructions")
    await script.until_asked("deliver")
    await started.gateway.ring_migration(started.ref())
    await script.until_asked("send_instructions", times=2)
    gate.open()
    assert Overview.model_validate(await result_of(handle)) == overview(State.DELETED)
    assert script.names.count("deliver") == 2


async def test_late_ring_makes_the_postman_look_once_more(started: Started, script: Script) -> None:
    gate = Gate(sent("m1"))
    script.will("notify_deactivation", stop(State.CANCELLED, mail("m1")))
    script.will("deliver", gate, MailOutcome(result="none"))
    handle = await started.migration()
    await script.until_asked("deliver")
    await started.gateway.ring_migration(started.ref())
    gate.open()
    assert Overview.model_validate(await result_of(handle)) == overview(State.CANCELLED)
    assert script.names == ["notify_deactivation", "deliver", "deliver"]


async def test_failure_of_the_postman_fails_the_workflow(started: Started, script: Script) -> None:
    async def missing(_: Any) -> MailOutcome:
        raise NotFound("the organization of a mail is missing")

    script.will("notify_deactivation", wait(State.IN_REVIEW, "not selected yet", mail=mail("m1")))
    script.will("deliver", missing)
    handle = await started.migration()
    with pytest.raises(WorkflowFailureError) as caught:
        await result_of(handle)
    assert isinstance(caught.value.cause, ActivityError)
    assert caught.value.cause.activity_type == "deliver_mail"
    assert isinstance(caught.value.cause.cause, ApplicationError)
    assert caught.value.cause.cause.type == "not_found"


async def test_mail_activity_names_its_priority_and_fairness(started: Started, script: Script) -> None:
    asked_for = NextMail(mail_id="m1", kind=MailKind.NEW_LINK, is_requested=True)
    script.will("notify_deactivation", stop(State.CANCELLED, asked_for))
    script.will(
        "deliver", sent("m1", behind=mail("m2", MailKind.NEW_LINK)), sent("m2", behind=mail("m3", MailKind.CANCELLED))
    )
    script.will("deliver", sent("m3"))
    handle = await started.migration()
    await result_of(handle)
    scheduled = [
        event.activity_task_scheduled_event_attributes
        for event in (await handle.fetch_history()).events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        and event.activity_task_scheduled_event_attributes.activity_type.name == MailActivities.deliver_mail.__name__
    ]
    assert [(it.task_queue.name, it.priority.priority_key, it.priority.fairness_key) for it in scheduled] == [
        ("mail", 1, started.org_id),
        ("mail", 2, started.org_id),
        ("mail", 4, started.org_id),
    ]


async def test_held_by_a_pause_is_asked_again_after_a_ring_only(
    started: Started, script: Script, time_skipper: TimeSkipper
) -> None:
    script.will("notify_deactivation", wait(State.IN_REVIEW, "paused", mail=mail("m1")))
    script.will("notify_deactivation", wait(State.IN_REVIEW, "not selected yet", mail=mail("m1")), CANCELLED)
    script.will("deliver", MailOutcome(result="held", mail_id="m1"), sent("m1"))
    handle = await started.migration()
    await script.until_asked("deliver")
    await time_skipper.fast_forward(handle, timedelta(days=3))
    assert script.names == ["notify_deactivation", "deliver"]

    await started.gateway.ring_migration(started.ref())
    assert Overview.model_validate(await result_of(handle)) == overview(State.CANCELLED)
    assert script.names == ["notify_deactivation", "deliver", "notify_deactivation", "deliver", "notify_deactivation"]


async def test_an_ended_migration_does_not_wait_for_the_end_of_a_pause(started: Started, script: Script) -> None:
    """Its mail stays in its row; the resume finds it there and hands it to the organization."""
    script.will("notify_deactivation", stop(State.CANCELLED, mail("m1")))
    script.will("deliver", MailOutcome(result="held", mail_id="m1"))
    handle = await started.migration()
    assert Overview.model_validate(await result_of(handle)) == overview(State.CANCELLED)
    assert script.names == ["notify_deactivation", "deliver"]
    assert not await started.gateway.ring_migration(started.ref())
