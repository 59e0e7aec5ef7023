"""A refused mail whose address was mended is the same mail, queued again: the postman must take it."""

from edition_migration.domain.progress import MailOutcome
from tests.workflows.conftest import Started
from tests.workflows.script import S as State
from tests.workflows.script import Script, mail, result_of, sent, stop, wait


async def test_refused_mail_goes_out_once_it_is_queued_again(started: Started, script: Script) -> None:
    script.will("notify_deactivation", wait(State.INSTRUCTED, "accepted?", mail=mail("m1")))
    script.will("notify_deactivation", wait(State.INSTRUCTED, "the address is wrong"))
    script.will("notify_deactivation", wait(State.INSTRUCTED, "accepted?", mail=mail("m1")), stop(State.CANCELLED))
    script.will("deliver", MailOutcome(result="refused", mail_id="m1"), sent("m1"))
    handle = await started.migration()
    await script.until_asked("notify_deactivation", times=2)
    await started.gateway.ring_migration(started.ref())
    await result_of(handle)
    assert script.names.count("deliver") == 2
