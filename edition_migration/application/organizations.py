"""`starter.py org apply FILE`: brings an organization to what its file says, by events where it is a fact.

The file's facts enter through the intake, so that one path only applies them; settings are written directly. Applying
the same file twice changes nothing, whether or not the events of the first time were applied in between.
"""

import json
from dataclasses import replace
from typing import NamedTuple

from pydantic import JsonValue

from edition_migration.application.errand_mail_times import follow_mail_times
from edition_migration.application.intake import Intake
from edition_migration.application.organization_facts import unknown_organization
from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.facts import merge, overruled, stamp_of
from edition_migration.domain.organization import Capacity, Organization
from edition_migration.domain.organization_changes import (
    Change,
    Held,
    Wanted,
    changes_of,
    events_of,
    given_identity,
)
from edition_migration.domain.organization_file import OrganizationFile
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_events import InboxRow, InboxState

SOURCE = "urn:edition-migration:starter"
_STAMPED_SETTINGS = frozenset({"locale", "zone", "help_url"})
"""Settings that events set too, so they keep the order of facts."""


class _Difference(NamedTuple):
    """What holds, what the file changes, and the events that neither hold nor wait yet, each with its id."""

    held: Held
    changes: tuple[Change, ...]
    unsent: list[tuple[Wanted, str]]


class Organizations:
    """Applies organization files."""

    def __init__(self, *, store: Store, clock: Clock, intake: Intake) -> None:
        self._store = store
        self._clock = clock
        self._intake = intake

    async def plan(self, document: object) -> tuple[Change, ...]:
        """What `apply` would change now, changing nothing; empty also where the events that change it already wait.

        Raises InvalidInput with every problem: of the file, of what it leaves out, of domains with another owner.
        """
        return (await self._compare(OrganizationFile.parse(document))).changes

    async def apply(self, document: object) -> tuple[Change, ...]:
        """Makes the changes of `plan` and returns them. Interrupted, it is simply applied again.

        Raises as `plan`, and Conflict where another file was applied at the same moment.
        """
        file = OrganizationFile.parse(document)
        difference = await self._compare(file)
        await self._write_directly(file, difference.held)
        for wanted, event_id in difference.unsent:
            event = self._event(wanted, event_id)
            await self._intake.receive(event)
        return difference.changes

    async def _compare(self, file: OrganizationFile) -> _Difference:
        async with self._store.read() as uow:
            await _refuse_owned_domains(uow, file)
            organization = await uow.organizations.get(file.id)
            held = Held(
                organization=organization,
                domains=tuple(domain.name for domain in await uow.domains.of_organization(file.id)),
                capacity=await uow.capacity.get(file.id) if organization else Capacity(file.id, 0, 0, 0, 0, 0, 0),
                policies=await uow.policies.get(file.id),
            )
            numbered = [(wanted, await _unsent_id(uow, wanted)) for wanted in events_of(file, held)]
        waiting = [wanted for wanted, event_id in numbered if event_id is None]
        changes = [it for it in changes_of(file, held) if not any(wanted.carries(it) for wanted in waiting)]
        return _Difference(held, tuple(changes), [(it, event_id) for it, event_id in numbered if event_id is not None])

    async def _write_directly(self, file: OrganizationFile, held: Held) -> None:
        """The settings, and before provisioning who the organization is, in one transaction."""
        async with self._store.write() as uow:
            current = await uow.organizations.hold(file.id)
            wanted = _written(file, held, current or unknown_organization(file.id), self._stamp())
            if wanted != current:
                await uow.organizations.put(wanted)
                if current is not None:
                    await follow_mail_times(uow, current, wanted, self._clock.now())
                await uow.commit()

    def _stamp(self) -> str:
        return stamp_of(None, self._clock.now(), SOURCE)

    def _event(self, wanted: Wanted, event_id: str) -> dict[str, JsonValue]:
        return {
            "specversion": "1.0",
            "id": event_id,
            "source": SOURCE,
            "type": wanted.type.value,
            "time": self._clock.now().isoformat(),
            "data": wanted.data,
        }


def _written(file: OrganizationFile, held: Held, current: Organization, stamp: str) -> Organization:
    """The row with the file's settings, and with its identity where no provisioning event can carry it."""
    settings = file.changed_settings(current.settings)
    changed = {name for name in _STAMPED_SETTINGS if getattr(settings, name) != getattr(current.settings, name)}
    row = replace(current, settings=settings, stamps=overruled(current.stamps, changed, stamp))
    if held.is_provisioned or file.domains:
        return row
    known = held.identity()
    new = {name: getattr(file, name) for name, value in given_identity(file).items() if known.get(name) != value}
    accepted, stamps = merge(row.stamps, new, stamp)
    return replace(row, **accepted, stamps=stamps)  # pyright: ignore[reportArgumentType] - the file's model typed them


async def _refuse_owned_domains(uow: UnitOfWork, file: OrganizationFile) -> None:
    found = [(number, await uow.domains.get(name)) for number, name in enumerate(file.domains or ())]
    problems = tuple(
        Problem(f"domains[{number}]", "belongs to another organization", "remove it there first, or leave it out")
        for number, domain in found
        if domain is not None and domain.is_claimed and domain.org_id != file.id
    )
    if problems:
        raise InvalidInput("a domain has another owner; nothing was changed", problems=problems)


async def _unsent_id(uow: UnitOfWork, wanted: Wanted) -> str | None:
    """The id of the next event about this, or None where the newest one still waits and says the same."""
    newest: InboxRow | None = None
    number = 0
    while True:
        number += 1
        event_id = "/".join(part for part in (str(wanted.data["org_id"]), wanted.type, wanted.key, str(number)) if part)
        row = await uow.inbox.get(SOURCE, event_id)
        if row is None:
            break
        newest = row
    if newest is not None and newest.state is InboxState.PENDING and json.loads(newest.body)["data"] == wanted.data:
        return None
    return event_id
