"""An organization, its domains and its settings (design section 7), as the store keeps them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from edition_migration.domain.deadlines import LONGEST_DEADLINE
from edition_migration.domain.durations import Duration
from edition_migration.domain.facts import turned_at
from edition_migration.domain.states import CancelReason
from edition_migration.domain.validation import broken

SIGN_ON = "is_single_sign_on"
"""The fact whose last turn counts: who signed in before it did so as ever."""


class ServiceStatus(StrEnum):
    """`known` means: facts arrived before the provisioning itself did."""

    KNOWN = "known"
    PROVISIONED = "provisioned"
    DEPROVISIONED = "deprovisioned"


class Selection(StrEnum):
    MANUAL = "manual"
    AUTOMATIC = "automatic"


class Activation(StrEnum):
    """When the user of a wave is activated once the relay accepted the instructions."""

    WITH_INSTRUCTIONS = "with_instructions"
    DELAYED = "delayed"
    BY_HAND = "by_hand"


LONGEST_ACTIVATION_DELAY = timedelta(days=90)


class PasswordRules(BaseModel):
    """NIST SP 800-63B-4: length, no composition rule; an organization may add the product's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum_length: int = Field(
        default=15, ge=8, le=64, description="The fewest characters of a new password", examples=[15]
    )
    maximum_length: int = Field(
        default=128, ge=64, le=128, description="The most characters of a new password", examples=[128]
    )
    minimum_letters: int = Field(
        default=0, ge=0, le=8, description="How many letters it must hold; none is asked for unless set", examples=[1]
    )
    minimum_digits: int = Field(
        default=0, ge=0, le=8, description="How many digits it must hold; none is asked for unless set", examples=[1]
    )
    unacceptable_words: tuple[str, ...] = Field(
        default=(), description="Words that no new password may hold", examples=[("acme",)]
    )


def _time_of_day(text: str) -> str:
    try:
        return f"{datetime.strptime(text, '%H:%M'):%H:%M}"  # noqa: DTZ007 - a time of day, in each reader's zone
    except ValueError:
        raise broken("is no time of day", "write it like 08:00") from None


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
"""As people write it, `08:00`, in the reader's own zone."""


class QuietHours(BaseModel):
    """When nobody is written to who did not ask: from `begins` until `ends`, and on whole week-ends if so set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begins: TimeOfDay = Field(
        default="18:00",
        description="From when nobody is written to who did not ask, in the zone of each reader",
        examples=["18:00"],
    )
    ends: TimeOfDay = Field(
        default="08:00",
        description="Until when; where it is the same time as begins, no hours are quiet, and only week-ends may be",
        examples=["08:00"],
    )
    weekends: bool = Field(
        default=True, description="Whether Saturday and Sunday are quiet as a whole", examples=[True]
    )


class OrganizationSettings(BaseModel):
    """What an organization may set, with the defaults of design section 7. `mails_per_second` None: no own pace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    link_lifetime: Duration = Field(
        default=timedelta(days=7),
        gt=timedelta(0),
        le=timedelta(days=14),
        description="How long a link of a mail can be used",
        examples=["7d"],
    )
    deadline: Duration = Field(
        default=timedelta(days=14),
        gt=timedelta(0),
        le=LONGEST_DEADLINE,
        description="How long a user has to choose a password, or to sign in for the first time",
        examples=["14d"],
    )
    warning_period: Duration = Field(
        default=timedelta(0),
        ge=timedelta(0),
        le=timedelta(days=90),
        description="How long before the block guests are told of it; without one they are blocked at once",
        examples=["7d"],
    )
    undo_window: Duration = Field(
        default=timedelta(days=30),
        ge=timedelta(0),
        le=timedelta(days=365),
        description="How long a finished migration can be undone",
        examples=["30d"],
    )
    quiet_hours: QuietHours | None = Field(
        default=None, description="When mails wait that nobody asked for; none unless set, and null takes them away"
    )
    mails_per_second: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="The pace of this organization's own mails; without one only the service's pace counts, and null "
        "takes it away",
        examples=[5],
    )
    new_links_per_day: int = Field(
        default=5, ge=1, le=20, description="How many new links a user can ask for in a day", examples=[5]
    )
    minimum_client: str = Field(
        default="6.0",
        pattern=r"^\d+(\.\d+){0,3}$",
        description="The oldest client that may sign in; older and unknown ones are blocked",
        examples=["6.0"],
    )
    selection: Selection = Field(
        default=Selection.MANUAL,
        description="Who selects: an administrator, or every guest is selected when he is blocked",
        examples=["manual"],
    )
    activation: Activation = Field(
        default=Activation.WITH_INSTRUCTIONS,
        description="When selected users are activated: with the instructions, later, or by hand",
        examples=["with_instructions"],
    )
    activation_delay: Duration = Field(
        default=timedelta(0),
        ge=timedelta(0),
        le=LONGEST_ACTIVATION_DELAY,
        description="How much later, where activation is delayed; it must not be 0 then",
        examples=["2d"],
    )
    storage_per_user_mb: int = Field(
        default=0, ge=0, description="Storage that each user takes at least, in MB", examples=[500]
    )
    digest_every: Duration = Field(
        default=timedelta(days=7),
        ge=timedelta(days=1),
        le=timedelta(days=365),
        description="How often administrators are told who waits",
        examples=["7d"],
    )
    password: PasswordRules = Field(default=PasswordRules(), description="What a new password must be like")
    locale: str = Field(
        default="en",
        pattern=r"^[a-z]{2}$",
        description="The language of mails to those who have not chosen one",
        examples=["de"],
    )
    zone: str = Field(
        default="UTC",
        description="The time zone of times in mails to those who have not chosen one",
        examples=["Europe/Berlin"],
    )
    blocked_message: str = Field(
        default="",
        max_length=1000,
        description="What a blocked user reads in his client",
        examples=["Acme moves to the Business Edition."],
    )
    help_url: str = Field(
        default="",
        max_length=500,
        description="Where users find help",
        examples=["https://help.acme.example/migration"],
    )


@dataclass(frozen=True, slots=True)
class Organization:
    """A row of organizations. `administrators` are addresses in lower case; `stamps` order its facts."""

    org_id: str
    name: str
    status: ServiceStatus
    notification_email: str
    client_download_url: str
    administrators: tuple[str, ...]
    is_single_sign_on: bool
    settings: OrganizationSettings
    stamps: dict[str, str]
    policy_revision: int
    digest_due_at: datetime | None = None

    def storage_counted_mb(self, used_mb: int) -> int:
        """What a user who uses this much counts with in the totals: that, and at least what each user is given."""
        return max(used_mb, self.settings.storage_per_user_mb)

    @property
    def is_only_heard_of(self) -> bool:
        """Events name it; nobody has provisioned it, and neither an event nor a file says who it is."""
        is_known = bool(self.notification_email or self.client_download_url or self.administrators)
        return self.status is ServiceStatus.KNOWN and self.name == self.org_id and not is_known

    @property
    def sign_on_switched(self) -> str:
        """The stamp of the word that switched single sign-on to what it is; empty where nobody has."""
        return turned_at(self.stamps, SIGN_ON)

    @property
    def why_a_domain_is_gone(self) -> CancelReason:
        """Of a domain that was the organization's: it alone was removed, or the whole service has ended."""
        is_over = self.status is ServiceStatus.DEPROVISIONED
        return CancelReason.DEPROVISIONED if is_over else CancelReason.DOMAIN_REMOVED


@dataclass(frozen=True, slots=True)
class Domain:
    """A mail domain and its one owner. `block_at` is None while nobody is blocked (not provisioned, or removed)."""

    name: str
    org_id: str
    is_claimed: bool
    block_at: datetime | None
    stamp: str


@dataclass(frozen=True, slots=True)
class Capacity:
    """The counters of one organization: licenses in pieces, storage in MB."""

    org_id: str
    licenses_purchased: int
    licenses_reserved: int
    licenses_used: int
    storage_purchased_mb: int
    storage_reserved_mb: int
    storage_used_mb: int

    @property
    def licenses_free(self) -> int:
        return max(0, self.licenses_purchased - self.licenses_reserved - self.licenses_used)

    @property
    def storage_free_mb(self) -> int:
        return max(0, self.storage_purchased_mb - self.storage_reserved_mb - self.storage_used_mb)
