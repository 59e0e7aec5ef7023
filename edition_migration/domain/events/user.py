"""Data of the `user.*` and `credential.*` events. Fields that a newer sender adds are ignored."""

from typing import Annotated, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict

from edition_migration.domain.states import AccountStatus, Edition, InactiveReason
from edition_migration.domain.texts import Address, ClientVersion, Line, Name, OpaqueId, UserLocale, Zone
from edition_migration.domain.validation import broken
from edition_migration.domain.versions import is_version

MAXIMUM_STORAGE_USED_MB = 2_000_000_000

_FACT_NAMES = {"status": "reported_status", "inactive_reason": "reported_inactive_reason"}
_NEVER_CLEARED = ("email", "edition", "status", "storage_used_mb")


class UserData(BaseModel):
    """What every event says: whose user, and which. Both ids are opaque."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    org_id: OpaqueId
    user_id: OpaqueId

    def facts(self) -> dict[str, object]:
        """The fields the sender gave, by their name in `User`, without the ids: what `facts.merge` takes.

        A status always comes with its reason, None included, so that a reason never outlives its status.
        """
        given = self.model_fields_set - {"org_id", "user_id"}
        if "status" in given:
            given |= {"inactive_reason"}
        return {_FACT_NAMES.get(name, name): getattr(self, name) for name in sorted(given)}


def reason_needs_inactive(reason: InactiveReason | None, info: ValidationInfo) -> InactiveReason | None:
    """A status that is itself at fault is missing here and gets its own problem."""
    if reason is not None and info.data.get("status", AccountStatus.INACTIVE) is not AccountStatus.INACTIVE:
        raise broken("is given without the status inactive", "give status inactive, or leave the reason out")
    return reason


class UserCreated(UserData):
    """A user of the product exists. `locale` and the like are None where the sender does not know them."""

    email: Address
    display_name: Line = ""
    locale: UserLocale | None = None
    zone: Zone | None = None
    edition: Edition = Edition.GUEST
    client_version: ClientVersion | None = None
    status: AccountStatus = AccountStatus.ACTIVE
    inactive_reason: InactiveReason | None = None
    storage_used_mb: StrictInt = Field(default=0, ge=0, le=MAXIMUM_STORAGE_USED_MB)
    policy_group: Name | None = None

    _reason = field_validator("inactive_reason")(reason_needs_inactive)


def _schema_without_null(schema: JsonDict) -> None:
    """The published schema forbids null as `_never_cleared` does: of "type or null" it keeps the type."""
    properties = cast("dict[str, JsonDict]", schema["properties"])
    for name in _NEVER_CLEARED:
        field = properties[name]
        del field["default"]
        field |= cast("list[JsonDict]", field.pop("anyOf"))[0]


class UserUpdated(UserData):
    """Only the fields given change; null clears what may be empty."""

    model_config = ConfigDict(json_schema_extra=_schema_without_null)

    email: Address | None = None
    display_name: Line = ""
    locale: UserLocale | None = None
    zone: Zone | None = None
    edition: Edition | None = None
    client_version: ClientVersion | None = None
    status: AccountStatus | None = None
    inactive_reason: InactiveReason | None = None
    storage_used_mb: Annotated[int, Field(strict=True, ge=0, le=MAXIMUM_STORAGE_USED_MB)] | None = None
    policy_group: Name | None = None

    _reason = field_validator("inactive_reason")(reason_needs_inactive)

    @field_validator(*_NEVER_CLEARED, mode="before")
    @classmethod
    def _never_cleared(cls, value: object) -> object:
        if value is None:
            raise broken("cannot be empty", "give a value, or leave it out")
        return value


class _Act(UserData):
    """What happened, and beside it the client that was used: an act is not refused because of that."""

    client_version: Annotated[str, AfterValidator(str.strip)] | None = Field(
        default=None, description="Left out where it cannot be compared"
    )

    @model_validator(mode="before")
    @classmethod
    def _without_unreadable_version(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        given = cast("dict[str, object]", data)
        version = given.get("client_version")
        is_kept = version is None or (isinstance(version, str) and len(version) <= 64 and is_version(version.strip()))
        return given if is_kept else {name: value for name, value in given.items() if name != "client_version"}


class UserDetected(_Act):
    """The sign-in gate refused a guest who has no migration yet."""


class UserDeleted(UserData):
    """The user is gone; a tombstone stays."""


class UserEmailChanged(UserData):
    email: Address


class UserSignedIn(_Act):
    """A sign-in elsewhere; `is_federated` means by the organization's single sign-on."""

    is_federated: StrictBool


class PasswordSet(UserData):
    """The password was chosen on another way than our page."""
