"""What became of an event that was applied: what operators read of it in the inbox. Answered by `*_facts.py`."""

from typing import NamedTuple

from edition_migration.domain.mail import MailState
from edition_migration.ports.store_events import InboxState


class Effect(NamedTuple):
    """The state in which the inbox keeps the event; `reason` is why it changed nothing, None where it did.

    SUPERSEDED is said only where something newer, or a deletion, which is final, was faster.
    """

    state: InboxState
    reason: str | None = None


CHANGED = Effect(InboxState.APPLIED)
OVERTAKEN = Effect(InboxState.SUPERSEDED, "a newer event was faster")
OF_A_DELETED_USER = Effect(InboxState.SUPERSEDED, "the user of this id was deleted")
NOTHING_SAID = Effect(InboxState.APPLIED, "it changed nothing: it gives no field that is kept")


def unmoved(mail: MailState) -> Effect:
    """Of a mail in a state in which the event says nothing new of it."""
    return Effect(InboxState.APPLIED, f"it changed nothing: the mail is {mail}")
