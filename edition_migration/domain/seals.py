"""The chain over an organization's journal: what a seal covers, and what a broken chain means (docs/audit.md).

Each seal is the SHA-256 of the canonical JSON of its entry, its position and the seal before it. So nobody changes,
removes or swaps a sealed entry without making every later seal anew. Used by the sealer and by `audit verify`.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum

from edition_migration.domain.migration import JournalEntry

NO_HASH = ""
"""What stands in for the seal before the first one."""
_FIELDS = tuple(field.name for field in fields(JournalEntry))


@dataclass(frozen=True, slots=True)
class NumberedEntry:
    """A journal entry with the number that the store gave it."""

    entry_id: int
    entry: JournalEntry


@dataclass(frozen=True, slots=True)
class Seal:
    """A row of seals. `position` counts from 1 in each organization; `hash` is hexadecimal."""

    org_id: str
    position: int
    entry_id: int
    hash: str


@dataclass(frozen=True, slots=True)
class Link:
    """A seal and the entry that it covers; None where that is gone."""

    seal: Seal
    entry: JournalEntry | None


class Break(StrEnum):
    """What is wrong at the first position where a chain does not hold."""

    CUT = "cut"
    REMOVED = "removed"
    SWAPPED = "swapped"
    CHANGED = "changed"
    OTHER_HEAD = "other_head"


BREAKS = {
    Break.CUT: "the seal of this position is missing",
    Break.REMOVED: "the entry of this position was removed",
    Break.SWAPPED: "another entry of the organization stands at this position",
    Break.CHANGED: "the entry of this position, or its seal, was changed",
    Break.OTHER_HEAD: "the chain ends before this position, or has another hash there than the one expected",
}
"""In words, for people."""


def canonical(numbered: NumberedEntry, position: int, previous: str) -> bytes:
    """What is hashed: JSON as RFC 8785 writes it; times in UTC with six decimals and a Z."""
    entry = {name: getattr(numbered.entry, name) for name in _FIELDS}
    entry |= {"at": instant(numbered.entry.at), "entry_id": numbered.entry_id}
    document = {"entry": entry, "position": position, "previous": previous}
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def instant(at: datetime) -> str:
    """As the chain and the export write it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def hash_of(numbered: NumberedEntry, position: int, previous: str) -> str:
    return hashlib.sha256(canonical(numbered, position, previous)).hexdigest()


def continued(org_id: str, head: Seal | None, entries: Iterable[NumberedEntry]) -> Sequence[Seal]:
    """The seals of these entries, in their order, behind `head`."""
    position, previous = (head.position, head.hash) if head else (0, NO_HASH)
    seals: list[Seal] = []
    for numbered in entries:
        position += 1
        previous = hash_of(numbered, position, previous)
        seals.append(Seal(org_id, position, numbered.entry_id, previous))
    return seals


def break_at(link: Link, expected: int, previous: str) -> Break | None:
    """What is wrong with this link, where the one at position `expected` has to come; None if it holds."""
    if link.seal.position != expected:
        return Break.CUT
    if link.entry is None:
        return Break.REMOVED
    numbered = NumberedEntry(link.seal.entry_id, link.entry)
    return None if hash_of(numbered, expected, previous) == link.seal.hash else Break.CHANGED


def is_sealed_by(candidate: NumberedEntry, seal: Seal, previous: str) -> bool:
    """Whether the seal was made for this entry, under its own number or under the one that the seal names."""
    numbers = {candidate.entry_id, seal.entry_id}
    return any(
        hash_of(NumberedEntry(number, candidate.entry), seal.position, previous) == seal.hash for number in numbers
    )
