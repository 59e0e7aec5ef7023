"""The CloudEvents 1.0 envelope (structured JSON) as far as this service reads it. Other attributes are tolerated."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from edition_migration.domain.facts import stamp_of
from edition_migration.domain.validation import broken

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class EventType(StrEnum):
    """The types this service acts on; any other is kept and shown."""

    SERVICE_PROVISIONED = "org.service.provisioned"
    DOMAIN_ADDED = "org.domain.added"
    DOMAIN_REMOVED = "org.domain.removed"
    LICENSES_CHANGED = "org.licenses.changed"
    POLICY_CHANGED = "org.policy.changed"
    SSO_CHANGED = "org.sso.changed"
    DEPROVISIONED = "org.deprovisioned"
    USER_CREATED = "user.created"
    USER_UPDATED = "user.updated"
    USER_DETECTED = "user.detected"
    USER_DELETED = "user.deleted"
    USER_EMAIL_CHANGED = "user.email_changed"
    USER_SIGNED_IN = "user.signed_in"
    PASSWORD_SET = "credential.password_set"  # noqa: S105 - an event, no password
    MAIL_DELIVERED = "mail.delivered"
    MAIL_BOUNCED = "mail.bounced"
    MAIL_COMPLAINED = "mail.complained"


def _rfc_3339(value: object) -> object:
    """CloudEvents asks for RFC 3339; pydantic alone would take numbers and more."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise broken("is no RFC 3339 time with its zone", "give a time like 2026-11-22T12:00:00Z")
    return value


def _json_type(value: str) -> str:
    media_type = value.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise broken("is no JSON media type", "send the data as application/json")
    return value


_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
_WITHOUT_BLANKS = r"^[\x21-\x7e]+$"


class Envelope(BaseModel):
    """Who says what, when. (`source`, `id`) is unique: the same pair is the same event."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(max_length=255, pattern=_PRINTABLE, description="Unique within source")
    source: str = Field(max_length=255, pattern=_WITHOUT_BLANKS, description="URI of the sender")
    specversion: Literal["1.0"]
    type: str = Field(max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    time: Annotated[AwareDatetime, BeforeValidator(_rfc_3339)]
    subject: str | None = Field(default=None, max_length=255, pattern=_PRINTABLE)
    datacontenttype: Annotated[str, AfterValidator(_json_type)] = Field(default="application/json", max_length=128)
    dataschema: str | None = Field(default=None, max_length=500, pattern=_WITHOUT_BLANKS)
    sequence: str | None = Field(
        default=None, max_length=64, pattern=_WITHOUT_BLANKS, description="Order of events, compared as text"
    )

    @property
    def stamp(self) -> str:
        """The event's place in the order of facts. The source follows the id, so that no two events share a place."""
        return stamp_of(self.sequence, self.time, f"{self.id} {self.source}")
