"""Who is granted next: the lowest ticket first, passing only whom storage alone stops (he keeps his number)."""

from collections.abc import Sequence
from typing import NamedTuple

from edition_migration.domain.migration import Ticket


class Choice(NamedTuple):
    """The tickets to grant, in order, and what they take together."""

    granted: tuple[Ticket, ...]
    licenses: int
    storage_mb: int


def choose(waiting: Sequence[Ticket], licenses_free: int, storage_free_mb: int) -> Choice:
    """From tickets in order of number, those that fit. One license a ticket; storage in MB."""
    granted: list[Ticket] = []
    storage_left = storage_free_mb
    for ticket in waiting:
        if len(granted) == licenses_free:
            break
        if ticket.storage_mb <= storage_left:
            granted.append(ticket)
            storage_left -= ticket.storage_mb
    return Choice(tuple(granted), len(granted), storage_free_mb - storage_left)
