"""From a JSON document to an event: all faults at once, or the event. An unknown type is kept, never dropped.

Used by the web intake and `starter.py event` (before the inbox row) and by `apply_next_event` (from the inbox row).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError

from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.events import mail, organization, user
from edition_migration.domain.events.envelope import Envelope, EventType
from edition_migration.domain.names import OPAQUE_ID
from edition_migration.domain.validation import problems_of

Model = TypeVar("Model", bound=BaseModel)

EventData = organization.OrganizationData | user.UserData | mail.MailData

DATA_MODELS: dict[EventType, type[EventData]] = {
    EventType.SERVICE_PROVISIONED: organization.ServiceProvisioned,
    EventType.DOMAIN_ADDED: organization.DomainAdded,
    EventType.DOMAIN_REMOVED: organization.DomainRemoved,
    EventType.LICENSES_CHANGED: organization.LicensesChanged,
    EventType.POLICY_CHANGED: organization.PolicyChanged,
    EventType.SSO_CHANGED: organization.SsoChanged,
    EventType.DEPROVISIONED: organization.Deprovisioned,
    EventType.USER_CREATED: user.UserCreated,
    EventType.USER_UPDATED: user.UserUpdated,
    EventType.USER_DETECTED: user.UserDetected,
    EventType.USER_DELETED: user.UserDeleted,
    EventType.USER_EMAIL_CHANGED: user.UserEmailChanged,
    EventType.USER_SIGNED_IN: user.UserSignedIn,
    EventType.PASSWORD_SET: user.PasswordSet,
    EventType.MAIL_DELIVERED: mail.MailDelivered,
    EventType.MAIL_BOUNCED: mail.MailBounced,
    EventType.MAIL_COMPLAINED: mail.MailComplained,
}


@dataclass(frozen=True, slots=True)
class _Event:
    envelope: Envelope

    @property
    def id(self) -> str:
        return self.envelope.id

    @property
    def source(self) -> str:
        return self.envelope.source

    @property
    def time(self) -> datetime:
        return self.envelope.time

    @property
    def stamp(self) -> str:
        """The event's place in the order of facts (`domain/facts.py`)."""
        return self.envelope.stamp


@dataclass(frozen=True, slots=True)
class ProvisioningEvent(_Event):
    """A valid event of a known type. Match on the class of `data`."""

    type: EventType
    data: EventData

    @property
    def org_id(self) -> str:
        return self.data.org_id

    @property
    def user_id(self) -> str | None:
        return self.data.user_id if isinstance(self.data, user.UserData) else None


@dataclass(frozen=True, slots=True)
class UnknownEvent(_Event):
    """A valid envelope of a type this version does not know. `org_id` where its data names one."""

    type: str
    org_id: str | None


def parse_event(document: object) -> ProvisioningEvent | UnknownEvent:
    """The event in a decoded JSON document. Raises InvalidInput with every problem; no text of the document in it."""
    if not isinstance(document, Mapping):
        raise _invalid((Problem("", "the event is no JSON object", "send one CloudEvent in structured mode"),))
    fields = cast("Mapping[str, object]", document)
    envelope, problems = _validated(Envelope, fields, "")
    name = fields.get("type")
    if not isinstance(name, str) or name not in set(EventType):
        if envelope is None:
            raise _invalid(problems)
        return UnknownEvent(envelope, envelope.type, _org_id_of(fields.get("data")))
    event_type = EventType(name)
    data, data_problems = _validated(DATA_MODELS[event_type], fields.get("data"), "data")
    problems += data_problems + _nothing_changed(data)
    if envelope is None or data is None or problems:
        raise _invalid(problems)
    return ProvisioningEvent(envelope, event_type, data)


def _validated(model: type[Model], value: object, path: str) -> tuple[Model | None, tuple[Problem, ...]]:
    if value is None and path:
        return None, (Problem(path, "is missing", "give it"),)
    try:
        return model.model_validate(value), ()
    except ValidationError as error:
        return None, problems_of(error, path)


def _nothing_changed(data: EventData | None) -> tuple[Problem, ...]:
    if isinstance(data, organization.LicensesChanged) and not data.facts():
        return (Problem("data", "names no new total", "give licenses_purchased, storage_purchased_mb or both"),)
    return ()


def _org_id_of(data: object) -> str | None:
    if not isinstance(data, Mapping):
        return None
    org_id = cast("Mapping[str, object]", data).get("org_id")
    return org_id if isinstance(org_id, str) and OPAQUE_ID.fullmatch(org_id) else None


def _invalid(problems: tuple[Problem, ...]) -> InvalidInput:
    return InvalidInput("the event breaks its schema: " + " | ".join(map(str, problems)), problems=problems)
