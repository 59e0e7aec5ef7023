"""I8: what opens an account, and who somebody is, stands nowhere but where it belongs. For the check of a chaos run.

A payload is bytes inside of a history, and base64 in its JSON: whoever searches the JSON finds nothing. So histories
are searched as they are on the wire.
"""

import re
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from tests.chaos.people import PASSWORD

_PERSON = re.compile(r"u\d{5}@o\d|User u\d{5}")
_OFFICE = re.compile(r"(?:it|admin)@o\d")
_WORD = re.compile(r"[\w-]{20,}")
_OPENS = ("/password/", PASSWORD)
_PERSONS_ARE_IN = {"users"}
_OFFICES_ARE_IN = {"organizations", "inbox"}


def in_histories(histories: Mapping[str, WorkflowHistory], links: Set[str]) -> list[str]:
    """No address, no name, no link and no password in any payload, summary or attribute."""
    broken: list[str] = []
    for name, history in histories.items():
        text = "\n".join(it.SerializeToString().decode(errors="replace") for it in history.events)
        broken += [f"I8 the history of {name} holds {it}" for it in found_in(text, links)]
    return broken


def in_logs(logs: Sequence[Path], links: Set[str]) -> list[str]:
    """As in histories; the path of the page stands there, without what comes behind it."""
    return [
        f"I8 {log.name} holds {it}"
        for log in logs
        for it in found_in(log.read_text(errors="replace").replace("/password/", ""), links)
    ]


def in_database(tables: Mapping[str, Sequence[Mapping[str, Any]]], links: Set[str]) -> list[str]:
    """Whoever reads the whole database can open no account with it, and names stand in one table."""
    broken: list[str] = []
    for table, rows in tables.items():
        found = found_in("\n".join(str(value) for row in rows for value in row.values()), links)
        expected = {"a user"} if table in _PERSONS_ARE_IN else {"an office"} if table in _OFFICES_ARE_IN else set[str]()
        broken += [f"I8 table {table} holds {it}" for it in found if it not in expected]
    return broken


def found_in(text: str, links: Set[str]) -> list[str]:
    """What a text gives away."""
    found = {
        "a password": any(it in text for it in _OPENS),
        "a link": _has_link(text, links),
        "a user": _PERSON.search(text) is not None,
        "an office": _OFFICE.search(text) is not None,
    }
    return [name for name, is_there in found.items() if is_there]


def _has_link(text: str, links: Set[str]) -> bool:
    """All are equally long. On the wire the byte before one may look like a part of it."""
    length = min(map(len, links), default=0)
    if not length:
        return False
    words = _WORD.findall(text)
    return any(word[at : at + length] in links for word in words for at in range(len(word) - length + 1))
