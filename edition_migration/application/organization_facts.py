"""What `org.*` events change: the facts of an organization and its domains, newest word wins, whatever the order.

Every handler answers whether the event changed anything; False means that newer events were faster. Effects on users
are never made here: a domain blocks by its `block_at`, enrollment and errands follow the facts.

What an organization said last of each domain is kept with its other facts (`domain:<name>`), also of a domain that is
another's by now: an older claim must not come back when that one lets go.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from edition_migration.application.conflicts import domain_is_free
from edition_migration.application.errand_mail_times import follow_mail_times
from edition_migration.application.errand_pages import ErrandKind
from edition_migration.application.event_effects import CHANGED, OVERTAKEN, Effect
from edition_migration.application.records import administrator_mail
from edition_migration.domain.errors import Conflict
from edition_migration.domain.events.organization import (
    Deprovisioned,
    DomainAdded,
    DomainRemoved,
    LicensesChanged,
    PolicyChanged,
    ServiceProvisioned,
    SsoChanged,
)
from edition_migration.domain.facts import merge, turned
from edition_migration.domain.mail import MailKind
from edition_migration.domain.organization import SIGN_ON, Domain, Organization, OrganizationSettings, ServiceStatus
from edition_migration.ports.store import UnitOfWork

OrganizationData = (
    ServiceProvisioned | DomainAdded | DomainRemoved | LicensesChanged | PolicyChanged | SsoChanged | Deprovisioned
)
_SETTINGS = frozenset({"locale", "zone", "help_url"})
_COUNTERS = {"licenses_purchased": "licenses", "storage_purchased_mb": "storage_mb"}


def unknown_organization(org_id: str) -> Organization:
    """The row of an organization of which only facts are known yet."""
    return Organization(
        org_id=org_id,
        name=org_id,
        status=ServiceStatus.KNOWN,
        notification_email="",
        client_download_url="",
        administrators=(),
        is_single_sign_on=False,
        settings=OrganizationSettings(),
        stamps={},
        policy_revision=0,
    )


@dataclass(frozen=True, slots=True)
class OrganizationFacts:
    """One event's transaction on one organization."""

    uow: UnitOfWork
    stamp: str
    now: datetime

    async def apply(self, data: OrganizationData) -> Effect:
        """Raises Conflict where a domain has another owner; nothing of the event is kept then."""
        return CHANGED if await self._apply(data) else OVERTAKEN

    async def _apply(self, data: OrganizationData) -> bool:
        organization = await self._hold(data.org_id)
        match data:
            case ServiceProvisioned():
                return await self._provision(organization, data)
            case DomainAdded():
                return await self._claim(organization, [data.domain])
            case DomainRemoved():
                return await self._let_go(organization, data.domain)
            case PolicyChanged():
                return await self._replace_policies(organization, data)
            case Deprovisioned():
                return await self._deprovision(organization)
            case LicensesChanged() | SsoChanged():
                return await self._merge(organization, data.facts()) is not None

    async def _hold(self, org_id: str) -> Organization:
        organization = await self.uow.organizations.hold(org_id)
        if organization is None:
            organization = unknown_organization(org_id)
            await self.uow.organizations.put(organization)
        return organization

    async def _merge(self, organization: Organization, facts: dict[str, object]) -> Organization | None:
        """Keeps the newer of the facts; the organization as it is then, None where all were superseded."""
        known = organization.stamps
        if SIGN_ON in facts:
            known = turned(known, SIGN_ON, self.stamp, is_same=facts[SIGN_ON] == organization.is_single_sign_on)
        accepted, stamps = merge(known, facts, self.stamp)
        if not accepted:
            if stamps != organization.stamps:
                await self.uow.organizations.put(replace(organization, stamps=stamps))
            return None
        purchased = {_COUNTERS[name]: accepted.pop(name) for name in list(accepted) if name in _COUNTERS}
        settings = {name: accepted.pop(name) for name in list(accepted) if name in _SETTINGS}
        merged = replace(
            organization,
            **accepted,  # pyright: ignore[reportArgumentType] - names and types are the event model's
            settings=organization.settings.model_copy(update=settings),
            stamps=stamps,
        )
        await self.uow.organizations.put(merged)
        await follow_mail_times(self.uow, organization, merged, self.now)
        if merged.is_single_sign_on != organization.is_single_sign_on:
            await self.uow.errands.add(merged.org_id, ErrandKind.SIGN_ON, "", self.now)
        if purchased:
            counts: dict[str, int | None] = {"licenses": None, "storage_mb": None}
            counts.update({name: int(str(value)) for name, value in purchased.items()})
            await self.uow.capacity.set_purchased(
                organization.org_id, licenses=counts["licenses"], storage_mb=counts["storage_mb"]
            )
        return merged

    async def _provision(self, organization: Organization, data: ServiceProvisioned) -> bool:
        facts = {name: value for name, value in data.facts().items() if name != "domains"}
        merged = await self._merge(organization, {**facts, "status": ServiceStatus.PROVISIONED})
        current = merged or await self._hold(data.org_id)
        is_claimed = await self._claim(current, data.domains)
        current = await self._hold(data.org_id)
        is_first = organization.status is ServiceStatus.KNOWN and current.status is ServiceStatus.PROVISIONED
        if is_first:
            mail = administrator_mail(data.org_id, MailKind.SERVICE_PROVISIONED, self.now, 1)
            await self.uow.mails.queue([mail])
            digest_due_at = self.now + current.settings.digest_every
            await self.uow.organizations.put(replace(current, digest_due_at=digest_due_at))
        if merged is not None:
            await self._set_block(current)
        return merged is not None or is_claimed

    async def _deprovision(self, organization: Organization) -> bool:
        merged = await self._merge(organization, {"status": ServiceStatus.DEPROVISIONED})
        if merged is None:
            return False
        await self._set_block(merged)
        return True

    async def _set_block(self, organization: Organization) -> None:
        """Blocks, or lets go of, all claimed domains; and who is pending there is decided anew.

        Also where nothing is blocked newly: administrators may have changed, or facts while the service was gone.
        """
        for domain in await self.uow.domains.of_organization(organization.org_id):
            await self.uow.domains.put(replace(domain, block_at=self._block_at(organization, domain)))
            await self._review(domain)

    def _block_at(self, organization: Organization, domain: Domain | None) -> datetime | None:
        """A block that began or was announced stays; a new one begins after the warning period."""
        if organization.status is not ServiceStatus.PROVISIONED:
            return None
        begun = domain.block_at if domain is not None and domain.org_id == organization.org_id else None
        return begun or self.now + organization.settings.warning_period

    async def _review(self, domain: Domain) -> None:
        await self.uow.errands.add(domain.org_id, ErrandKind.REVIEW_DOMAIN, domain.name, self.now)

    async def _claim(self, organization: Organization, names: Sequence[str]) -> bool:
        news = await self._newest_word(organization, names, is_claimed=True)
        for name in news:
            domain = await self.uow.domains.hold(name)
            if domain is not None and domain.org_id != organization.org_id and domain.is_claimed:
                raise Conflict("a domain of the event has another owner", mend="remove it there first")
            begins_at = self._block_at(organization, domain)
            await self._put(Domain(name, organization.org_id, is_claimed=True, block_at=begins_at, stamp=self.stamp))
        return bool(news)

    async def _let_go(self, organization: Organization, name: str) -> bool:
        if not await self._newest_word(organization, [name], is_claimed=False):
            return False
        domain = await self.uow.domains.hold(name)
        if domain is None or domain.org_id == organization.org_id:
            await self._put(Domain(name, organization.org_id, is_claimed=False, block_at=None, stamp=self.stamp))
        await domain_is_free(self.uow, self.now)
        return True

    async def _newest_word(self, organization: Organization, names: Sequence[str], *, is_claimed: bool) -> list[str]:
        """The domains of which the organization has said nothing newer."""
        words = {f"domain:{name}": is_claimed for name in names}
        accepted, stamps = merge(organization.stamps, words, self.stamp)
        if accepted:
            await self.uow.organizations.put(replace(organization, stamps=stamps))
        return [name for name in names if f"domain:{name}" in accepted]

    async def _put(self, domain: Domain) -> None:
        await self.uow.domains.put(domain)
        await self._review(domain)

    async def _replace_policies(self, organization: Organization, data: PolicyChanged) -> bool:
        accepted, stamps = merge(organization.stamps, {"policies": data.policies}, self.stamp)
        if not accepted:
            return False
        await self.uow.policies.put(organization.org_id, data.policies)
        revised = replace(organization, stamps=stamps, policy_revision=organization.policy_revision + 1)
        await self.uow.organizations.put(revised)
        await self.uow.errands.add(organization.org_id, ErrandKind.POLICIES, "", self.now)
        return True
