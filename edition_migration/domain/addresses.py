"""Mail addresses and domain names in the one form that is stored, compared and mailed to.

Lower case, Unicode NFC, the domain as IDNA A-labels (`xn--`). Used by events, imports, sign-in and the password page.
The errors never repeat what was given: an address must not reach a log.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NoReturn

import idna

from edition_migration.domain.errors import InvalidInput, Problem

MAXIMUM_ADDRESS = 254
"""RFC 5321, 4.5.3.1.3: a path of 256 octets less its angle brackets."""
MAXIMUM_LOCAL_PART = 64
MAXIMUM_DOMAIN = 253

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NOT_IN_LOCAL_PART = frozenset('"(),:;<>@[\\]')
_ADDRESS_MEND = "give one address like name@example.com"
_DOMAIN_MEND = "give a domain name like example.com"


def normalize_address(text: str, path: str = "email") -> str:
    """The stored form of one address; the same address in any case or composition gives the same text.

    Raises InvalidInput with one problem at `path`. Quoted local parts and IP literals are refused.
    """
    if _has_unprintable(text):
        _refuse(path, "holds a space or a control character", _ADDRESS_MEND)
    local_part, at, domain = unicodedata.normalize("NFC", text).rpartition("@")
    if not at:
        _refuse(path, "has no @", _ADDRESS_MEND)
    local_part = unicodedata.normalize("NFC", local_part.lower())
    if not local_part or ".." in f".{local_part}." or _NOT_IN_LOCAL_PART & set(local_part):
        _refuse(path, "has no valid name before the @", _ADDRESS_MEND)
    if len(local_part.encode()) > MAXIMUM_LOCAL_PART:
        _refuse(path, f"has more than {MAXIMUM_LOCAL_PART} octets before the @", _ADDRESS_MEND)
    address = f"{local_part}@{normalize_domain(domain, path)}"
    if len(address.encode()) > MAXIMUM_ADDRESS:
        _refuse(path, f"is longer than {MAXIMUM_ADDRESS} octets", _ADDRESS_MEND)
    return address


def normalize_domain(text: str, path: str = "domain") -> str:
    """The stored form of a domain name: A-labels in lower case, two labels at least, no final dot.

    Raises InvalidInput with one problem at `path`.
    """
    if _has_unprintable(text):
        _refuse(path, "holds a space or a control character", _DOMAIN_MEND)
    try:
        name = _a_labels(text)
    except idna.IDNAError:
        _refuse(path, "is no valid domain name", _DOMAIN_MEND)
    labels = name.split(".")
    if len(name) > MAXIMUM_DOMAIN or not all(_LABEL.fullmatch(label) for label in labels):
        _refuse(path, "is no valid domain name", _DOMAIN_MEND)
    if len(labels) < 2 or labels[-1].isdigit():
        _refuse(path, "is no full domain name", _DOMAIN_MEND)
    return name


@lru_cache(maxsize=4096)
def _a_labels(text: str) -> str:
    """Kept for the last domains seen: an import asks for the same few a hundred thousand times."""
    return idna.encode(text, uts46=True).decode("ascii")


def domain_of(address: str) -> str:
    """The domain of a normalized address."""
    return address.rpartition("@")[2]


def local_part_of(address: str) -> str:
    """What stands before the @ of a normalized address."""
    return address.rpartition("@")[0]


def _has_unprintable(text: str) -> bool:
    """Controls, separators, format characters and lone surrogates: what could break a header or hide in a name."""
    return any(unicodedata.category(char)[0] in "CZ" for char in text)


def _refuse(path: str, reason: str, mend: str) -> NoReturn:
    problem = Problem(path, reason, mend)
    raise InvalidInput(str(problem), problems=(problem,), mend=mend)
