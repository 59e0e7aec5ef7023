"""Data of the `org.*` events. Fields that a newer sender adds are ignored."""

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, field_validator

from edition_migration.domain.policies import PolicySet
from edition_migration.domain.texts import (
    Address,
    DomainName,
    Name,
    OpaqueId,
    OptionalUrl,
    OrganizationLocale,
    OwnDomain,
    WebUrl,
    Zone,
)

MAXIMUM_LICENSES = 10_000_000
MAXIMUM_STORAGE_MB = 2_000_000_000


class OrganizationData(BaseModel):
    """What every event says: whose it is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    org_id: OpaqueId

    def facts(self) -> dict[str, object]:
        """The fields the sender gave, by name, without the ids: what `facts.merge` takes."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set - {"org_id"})}


class ServiceProvisioned(OrganizationData):
    """The Business Edition is provisioned for these domains."""

    name: Name
    domains: tuple[OwnDomain, ...] = Field(min_length=1, max_length=1000)
    licenses_purchased: StrictInt = Field(ge=0, le=MAXIMUM_LICENSES)
    storage_purchased_mb: StrictInt = Field(ge=0, le=MAXIMUM_STORAGE_MB)
    client_download_url: WebUrl
    administrators: tuple[Address, ...] = Field(min_length=1, max_length=1000)
    notification_email: Address
    locale: OrganizationLocale = "en"
    zone: Zone = "UTC"
    is_single_sign_on: StrictBool = False
    help_url: OptionalUrl = ""

    @field_validator("domains", "administrators")
    @classmethod
    def _once_each(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        """The same name in another spelling counts once; the first place stays."""
        return tuple(dict.fromkeys(values))


class DomainAdded(OrganizationData):
    domain: OwnDomain


class DomainRemoved(OrganizationData):
    domain: DomainName


class LicensesChanged(OrganizationData):
    """New totals, not differences; what is not given stays."""

    licenses_purchased: StrictInt = Field(default=0, ge=0, le=MAXIMUM_LICENSES)
    storage_purchased_mb: StrictInt = Field(default=0, ge=0, le=MAXIMUM_STORAGE_MB)


class PolicyChanged(OrganizationData):
    """The whole set, which replaces the one before."""

    policies: PolicySet


class SsoChanged(OrganizationData):
    is_single_sign_on: StrictBool


class Deprovisioned(OrganizationData):
    """The organization's service ends."""
