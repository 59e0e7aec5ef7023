"""What applying an organization's file changes: the differences shown, and the provisioning events that carry them.

Pure; used by `application.organizations`. Settings, help URL and what identifies an organization that is not yet
provisioned are written directly; everything else is a fact that enters as an event, like any other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue

from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.events.envelope import EventType
from edition_migration.domain.organization import Capacity, Organization, OrganizationSettings, ServiceStatus
from edition_migration.domain.organization_file import OrganizationFile
from edition_migration.domain.policies import PolicyAction, PolicySet

_ID = "id"
IDENTITY = ("name", "administrators", "notification_email", "client_download_url")
"""Fields of `org.service.provisioned` that are named alike in file, event and row."""


class Change(BaseModel):
    """One difference between the file and what holds. `removes` marks one that takes something away from users."""

    model_config = ConfigDict(frozen=True)

    path: str
    before: JsonValue
    after: JsonValue
    removes: bool = False

    @property
    def is_of_a_new_one(self) -> bool:
        """Whether nobody had heard of the organization."""
        return self.path == _ID


@dataclass(frozen=True, slots=True)
class Held:
    """What holds today; `organization` is None where nothing is known of it. `domains` are the claimed ones."""

    organization: Organization | None
    domains: tuple[str, ...]
    capacity: Capacity
    policies: PolicySet

    @property
    def is_provisioned(self) -> bool:
        return self.organization is not None and self.organization.status is ServiceStatus.PROVISIONED

    @property
    def settings(self) -> OrganizationSettings:
        return self.organization.settings if self.organization else OrganizationSettings()

    def identity(self) -> dict[str, JsonValue]:
        """What is known of `IDENTITY`; a field nobody ever set is not there."""
        if self.organization is None:
            return {}
        facts: dict[str, JsonValue] = {
            "name": self.organization.name,
            "administrators": list(self.organization.administrators),
            "notification_email": self.organization.notification_email,
            "client_download_url": self.organization.client_download_url,
        }
        return {name: value for name, value in facts.items() if self.is_provisioned or name in self.organization.stamps}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An event to enter. `key` tells apart events of one type that are about different things (a domain)."""

    type: EventType
    data: dict[str, JsonValue]
    key: str = ""

    def carries(self, change: Change) -> bool:
        """Whether this event makes that change."""
        if change.path == "domains" and self.key:
            return self.key in (change.before, change.after)
        if change.removes:
            return False
        return self.type in _CARRIERS.get(change.path.partition(".")[0], ())


_CARRIERS = {
    "policies": (EventType.POLICY_CHANGED,),
    "licensesPurchased": (EventType.LICENSES_CHANGED, EventType.SERVICE_PROVISIONED),
    "storagePurchasedMb": (EventType.LICENSES_CHANGED, EventType.SERVICE_PROVISIONED),
    "singleSignOn": (EventType.SSO_CHANGED, EventType.SERVICE_PROVISIONED),
    "domains": (EventType.SERVICE_PROVISIONED,),
    "name": (EventType.SERVICE_PROVISIONED,),
    "administrators": (EventType.SERVICE_PROVISIONED,),
    "notificationEmail": (EventType.SERVICE_PROVISIONED,),
    "clientDownloadUrl": (EventType.SERVICE_PROVISIONED,),
}
"""Which events carry a change of a path's first word; settings and help URL are carried by none."""


def given_identity(file: OrganizationFile) -> dict[str, JsonValue]:
    """What the file names of `IDENTITY`."""
    given = file.model_dump(mode="json", include=set(IDENTITY), exclude_none=True)
    return {name: given[name] for name in IDENTITY if name in given}


def changes_of(file: OrganizationFile, held: Held) -> tuple[Change, ...]:
    """Every difference, in the file's order."""
    known = held.identity()
    pairs: list[tuple[str, JsonValue, JsonValue]] = [
        (_ID, held.organization and held.organization.org_id, file.id),
        *((_alias(name), known.get(name), value) for name, value in given_identity(file).items()),
        ("licensesPurchased", held.capacity.licenses_purchased, file.licenses_purchased),
        ("storagePurchasedMb", held.capacity.storage_purchased_mb, file.storage_purchased_mb),
        ("singleSignOn", bool(held.organization and held.organization.is_single_sign_on), file.single_sign_on),
    ]
    plain = [Change(path=path, before=old, after=new) for path, old, new in pairs if new is not None and new != old]
    return (*plain, *_domain_changes(file, held), *_policy_changes(file, held), *_setting_changes(file, held))


def events_of(file: OrganizationFile, held: Held) -> tuple[Wanted, ...]:
    """The events that carry the file's provisioning facts, policies first. Raises InvalidInput where some are missing.

    Not provisioned yet and domains given: one `org.service.provisioned`. Later, only the differences.
    """
    return (*_policy_event(file, held), *_service_events(file, held), *_removals(file, held))


def _service_events(file: OrganizationFile, held: Held) -> Iterator[Wanted]:
    identity = {**held.identity(), **given_identity(file)}
    if held.is_provisioned and identity == held.identity():
        yield from _differences(file, held)
        for name in sorted(set(file.domains or ()) - set(held.domains)):
            yield Wanted(EventType.DOMAIN_ADDED, {"org_id": file.id, "domain": name}, key=name)
    elif held.is_provisioned or file.domains:
        yield _provisioning(file, held, identity)
    else:
        yield from _differences(file, held)


def _provisioning(file: OrganizationFile, held: Held, identity: dict[str, JsonValue]) -> Wanted:
    """All domains at once: those claimed already, and those of the file in its order."""
    domains = tuple(dict.fromkeys((*held.domains, *(file.domains or ()))))
    _require_all(identity)
    data: dict[str, JsonValue] = {"org_id": file.id, **identity, "domains": list(domains), **_totals(file, held)}
    if file.single_sign_on is not None:
        data["is_single_sign_on"] = file.single_sign_on
    return Wanted(EventType.SERVICE_PROVISIONED, data)


def _totals(file: OrganizationFile, held: Held) -> dict[str, JsonValue]:
    licenses, storage_mb = file.licenses_purchased, file.storage_purchased_mb
    return {
        "licenses_purchased": held.capacity.licenses_purchased if licenses is None else licenses,
        "storage_purchased_mb": held.capacity.storage_purchased_mb if storage_mb is None else storage_mb,
    }


def _require_all(identity: dict[str, JsonValue]) -> None:
    mend = "give it, or leave the domains out until the service is provisioned"
    missing = tuple(Problem(_alias(name), "is missing", mend) for name in IDENTITY if name not in identity)
    if missing:
        raise InvalidInput("the organization file is not complete; nothing was changed", problems=missing)


def _differences(file: OrganizationFile, held: Held) -> Iterator[Wanted]:
    totals = _totals(file, held)
    if totals != {
        "licenses_purchased": held.capacity.licenses_purchased,
        "storage_purchased_mb": held.capacity.storage_purchased_mb,
    }:
        yield Wanted(EventType.LICENSES_CHANGED, {"org_id": file.id, **totals})
    is_single_sign_on = bool(held.organization and held.organization.is_single_sign_on)
    if file.single_sign_on is not None and file.single_sign_on != is_single_sign_on:
        yield Wanted(EventType.SSO_CHANGED, {"org_id": file.id, "is_single_sign_on": file.single_sign_on})


def _removals(file: OrganizationFile, held: Held) -> Iterator[Wanted]:
    if file.domains is None:
        return
    for name in sorted(set(held.domains) - set(file.domains)):
        yield Wanted(EventType.DOMAIN_REMOVED, {"org_id": file.id, "domain": name}, key=name)


def _policy_event(file: OrganizationFile, held: Held) -> Iterator[Wanted]:
    if any(_policy_changes(file, held)) and file.policies is not None:
        policies = file.policies.policy_set().model_dump(mode="json")
        yield Wanted(EventType.POLICY_CHANGED, {"org_id": file.id, "policies": policies})


def _domain_changes(file: OrganizationFile, held: Held) -> Iterator[Change]:
    if file.domains is None:
        return
    for name in sorted(set(file.domains) - set(held.domains)):
        yield Change(path="domains", before=None, after=name)
    for name in sorted(set(held.domains) - set(file.domains)):
        yield Change(path="domains", before=name, after=None, removes=True)


def _policy_changes(file: OrganizationFile, held: Held) -> Iterator[Change]:
    if file.policies is None:
        return
    before, after = _flat_policies(held.policies), _flat_policies(file.policies.policy_set())
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield Change(path=path, before=before.get(path), after=after.get(path))


def _flat_policies(policies: PolicySet) -> dict[str, JsonValue]:
    """One line an action that is on or off, and one a group, which may be empty; unset ones do not count."""
    flat = _flat_actions("policies.organization", policies.organization)
    for group in policies.groups:
        path = f"policies.groups.{group.name}"
        flat |= {path: "a group", **_flat_actions(path, group.actions)}
    return flat


def _flat_actions(path: str, actions: Mapping[PolicyAction, bool | None]) -> dict[str, JsonValue]:
    return {f"{path}.{action}": "on" if value else "off" for action, value in actions.items() if value is not None}


def _setting_changes(file: OrganizationFile, held: Held) -> Iterator[Change]:
    before, after = _flat_settings(held.settings), _flat_settings(file.changed_settings(held.settings))
    for path, value in before.items():
        if value != after[path]:
            yield Change(path=path, before=value, after=after[path])


def _flat_settings(settings: OrganizationSettings) -> dict[str, JsonValue]:
    """By the file's paths; the help URL stands at its top."""
    plain = settings.model_dump(mode="json", exclude={"password"})
    password = settings.password.model_dump(mode="json")
    flat = {"helpUrl": plain.pop("help_url")}
    flat |= {f"settings.{_alias(name)}": value for name, value in plain.items()}
    return flat | {f"settings.password.{_alias(name)}": value for name, value in password.items()}


def _alias(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.title() for part in others)
