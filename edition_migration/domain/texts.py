"""Types of single fields that several documents share: one-line texts, addresses, domains, URLs, languages, zones."""

import unicodedata
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, WithJsonSchema

from edition_migration.domain.addresses import MAXIMUM_ADDRESS, MAXIMUM_DOMAIN, normalize_address, normalize_domain
from edition_migration.domain.names import OPAQUE_ID
from edition_migration.domain.public_domains import is_public_mail_domain
from edition_migration.domain.validation import broken, checked
from edition_migration.domain.versions import VERSION, is_version

MAXIMUM_URL = 500


def one_line(text: str) -> str:
    """NFC without outer blanks; refuses control characters, which could break a header or a log."""
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in text):
        raise broken("holds a line break or a control character", "write it on one line")
    return unicodedata.normalize("NFC", text).strip()


def web_url(text: str) -> str:
    """An absolute http or https URL with a host, without credentials, blanks or control characters."""
    mend = "give an address like https://www.example.com/download"
    if any(not char.isprintable() or char in ' "<>\\' for char in text):
        raise broken("is no valid URL", mend)
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise broken("is no valid URL", mend) from None
    if parts.scheme not in {"http", "https"}:
        raise broken("is no http or https URL", mend)
    if not has_host or parts.username is not None or parts.password is not None:
        raise broken("must name a host and no user", mend)
    return text


def _optional_url(text: str) -> str:
    return web_url(text) if text else ""


def _own_domain(name: str) -> str:
    if is_public_mail_domain(name):
        raise broken("is a public mail domain", "use a domain that the organization owns")
    return name


def client_version(text: str) -> str:
    """One that can be compared: what cannot would count as old for ever, and nobody would know why."""
    if not is_version(text):
        raise broken("is no version that can be compared", "give one like 5.4.1 or 5.4.1-beta, or leave it out")
    return text


def time_zone(name: str) -> str:
    """An IANA zone that this machine knows, so that no mail fails on it later."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise broken("is no known time zone", "give an IANA name like Europe/Berlin") from None
    return name


OpaqueId = Annotated[str, Field(pattern=f"^{OPAQUE_ID.pattern}$")]
Line = Annotated[str, Field(max_length=200), AfterValidator(one_line)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(one_line), Field(min_length=1)]
Address = Annotated[
    str, checked(normalize_address), WithJsonSchema({"type": "string", "format": "email", "maxLength": MAXIMUM_ADDRESS})
]
DomainName = Annotated[
    str,
    checked(normalize_domain),
    WithJsonSchema({"type": "string", "format": "idn-hostname", "maxLength": MAXIMUM_DOMAIN}),
]
OwnDomain = Annotated[
    str,
    checked(normalize_domain),
    AfterValidator(_own_domain),
    WithJsonSchema(
        {
            "type": "string",
            "format": "idn-hostname",
            "maxLength": MAXIMUM_DOMAIN,
            "description": "A domain that the organization owns; public mail domains are refused",
        }
    ),
]
WebUrl = Annotated[str, Field(max_length=MAXIMUM_URL, json_schema_extra={"format": "uri"}), AfterValidator(web_url)]
OptionalUrl = Annotated[str, Field(max_length=MAXIMUM_URL), AfterValidator(_optional_url)]
Zone = Annotated[str, Field(max_length=64), AfterValidator(time_zone)]
UserLocale = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$")]
OrganizationLocale = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
ClientVersion = Annotated[
    str,
    Field(max_length=64, json_schema_extra={"pattern": f"^{VERSION}$"}),
    AfterValidator(one_line),
    AfterValidator(client_version),
]
