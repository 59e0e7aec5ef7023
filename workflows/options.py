"""How activities are called, by name and with reasons. The only place with time-outs and retry policies.

What is wrong for all (database, relay, Temporal itself) is retried without limit and alarmed by age; what no repeat can
help is raised as not retryable by the activity. Business deadlines are timers, never time-outs. Used by `workflows`.
"""

from datetime import timedelta

from temporalio.common import Priority, RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig

from edition_migration.domain.mail import MailKind
from edition_migration.domain.names import MAIL_QUEUE
from edition_migration.domain.progress import NextMail

STORE_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(minutes=1)
)
"""Without limit; a database that is back is used within a minute."""

RELAY_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2), backoff_coefficient=2.0, maximum_interval=timedelta(minutes=5)
)
"""Without limit; a relay that is down, or greylists, is not helped by haste."""

QUICK = timedelta(minutes=1)
"""One short transaction; more than the 30 seconds that SQLite may wait for its write lock."""

PAGE = timedelta(minutes=5)
"""Set-based, some hundred rows, or some hundred workflows started."""

SMTP = timedelta(minutes=3)
"""A conversation with the relay, whose own time-outs are shorter."""

HEARTBEAT = timedelta(seconds=10)
"""A killed worker is noticed after this, whatever the time-out; `activities.running` beats every three seconds."""

REQUESTED_PRIORITY = 1
"""The user asked for it and waits at a screen."""

MAIL_PRIORITY = {
    MailKind.RESET_PASSWORD: 2,
    MailKind.NEW_LINK: 2,
    MailKind.INSTRUCTIONS: 3,
    MailKind.REMINDER: 3,
    MailKind.ADDRESS_CHANGED: 3,
}
"""Then what somebody needs to go on. What is not named comes last."""

LAST_PRIORITY = 4


def quick(summary: str) -> ActivityConfig:
    """A step or a command: one transaction on one user."""
    return ActivityConfig(
        start_to_close_timeout=QUICK, heartbeat_timeout=HEARTBEAT, retry_policy=STORE_RETRY, summary=summary
    )


def page(summary: str) -> ActivityConfig:
    """One page of an organization's drain or of a wave."""
    return ActivityConfig(
        start_to_close_timeout=PAGE, heartbeat_timeout=HEARTBEAT, retry_policy=STORE_RETRY, summary=summary
    )


def mail(org_id: str, head: NextMail | None) -> ActivityConfig:
    """One mail, on the queue that limits their rate; fair between organizations, urgent kinds first.

    A delivery that is cancelled is still waited for, so that never two speak for the same mail.
    """
    return ActivityConfig(
        task_queue=MAIL_QUEUE,
        start_to_close_timeout=SMTP,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=RELAY_RETRY,
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        priority=Priority(priority_key=priority_of(head), fairness_key=org_id),
        summary=head.kind if head else "the next mail",
    )


def priority_of(head: NextMail | None) -> int:
    """1 goes first. Of a queue that nobody has looked into yet, nobody knows that it is urgent."""
    if head is None:
        return LAST_PRIORITY
    return REQUESTED_PRIORITY if head.is_requested else MAIL_PRIORITY.get(head.kind, LAST_PRIORITY)
