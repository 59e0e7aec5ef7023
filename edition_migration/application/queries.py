"""Read models for the command line: each is one consistent look, changes nothing and takes no lock."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from edition_migration.application import views
from edition_migration.application.user_view import user_view
from edition_migration.application.user_views import UserView
from edition_migration.domain.addresses import normalize_address
from edition_migration.domain.errors import InvalidInput, NotFound
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.organization import Organization
from edition_migration.domain.user import User
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_events import SERVICE
from edition_migration.ports.store_listing import EVERYBODY, PARKED, PENDING

NEAREST_AMONG = 1000
"""How many users of each organization are looked at for a name close to a wrong one."""
NEAR_TO = 3
"""For how many wrong names."""


class Queries:
    """Answers `org show`, `status`, `user show` and `inbox`."""

    def __init__(self, *, store: Store, clock: Clock, message_domain: str) -> None:
        self._store = store
        self._clock = clock
        self._message_domain = message_domain

    async def organization(self, org_id: str | None) -> views.OrganizationView:
        """The organization named, or the only one. Raises NotFound with the nearest ids."""
        async with self._store.read() as uow:
            organization = await organization_named(uow, org_id)
            domains = await uow.domains.of_organization(organization.org_id)
            return views.OrganizationView(
                org_id=organization.org_id,
                name=organization.name,
                status=organization.status,
                domains=tuple(views.DomainView(name=it.name, blocked_since=it.block_at) for it in domains),
                administrators=organization.administrators,
                notification_email=organization.notification_email,
                client_download_url=organization.client_download_url,
                is_single_sign_on=organization.is_single_sign_on,
                settings=organization.settings,
                policies=await uow.policies.get(organization.org_id),
                policy_revision=organization.policy_revision,
                capacity=await capacity_of(uow, organization.org_id),
            )

    async def organizations(self) -> views.OrganizationList:
        """All of them, by id."""
        async with self._store.read() as uow:
            lines = [await _organization_line(uow, org_id) for org_id in sorted(await uow.organizations.list_ids())]
        return views.OrganizationList(organizations=tuple(lines))

    async def status(self, org_id: str | None) -> views.StatusView:
        """How many users are where, and what they wait for. Raises NotFound."""
        async with self._store.read() as uow:
            org_id = (await organization_named(uow, org_id)).org_id
            states = await uow.migrations.counts(org_id)
            mails = await uow.mails.counts(org_id)
            return views.StatusView(
                org_id=org_id,
                pauses=await running_pauses(uow, org_id),
                states=tuple(
                    views.StateCount(state=state, reason=reason, users=count)
                    for (state, reason), count in sorted(states.items(), key=lambda it: (it[0][0], it[0][1] or ""))
                ),
                pending=await uow.listing.count(org_id, PENDING),
                parked=await uow.listing.count(org_id, PARKED),
                capacity=await capacity_of(uow, org_id),
                waves=await _waves(uow, org_id),
                mails=mail_counts(mails),
            )

    async def user(self, name: str, org_id: str | None = None) -> UserView:
        """The user of this id or address, with his migration of this organization, or else of the one that has him.

        Raises NotFound with the nearest ids or addresses.
        """
        async with self._store.read() as uow:
            wanted = (await organization_named(uow, org_id)).org_id if org_id is not None else None
            user = await user_named(uow, name, wanted)
            return await user_view(uow, user, wanted, now=self._clock.now(), message_domain=self._message_domain)

    async def inbox(self, org_id: str | None, *, limit: int) -> views.InboxView:
        """The newest events, of one organization or of all. Raises NotFound where nobody has heard of it."""
        async with self._store.read() as uow:
            rows = await uow.inbox.listing(org_id, limit)
            if org_id is not None and not rows:
                await organization_named(uow, org_id)
        fields = ("received_at", "source", "event_id", "type", "org_id", "state", "reason", "user_id")
        lines = ({name: getattr(row, name) for name in fields} for row in rows)
        return views.InboxView(events=tuple(views.EventLine.model_validate(line) for line in lines))


async def organization_named(uow: UnitOfWork, org_id: str | None) -> Organization:
    """The organization of this id; without one, the only one that there is or that was provisioned. Raises NotFound."""
    known = await uow.organizations.list_ids()
    if org_id is None:
        org_id = await _only_one(uow, known)
    organization = await uow.organizations.get(org_id)
    if organization is None:
        nearest, mend = tuple(get_close_matches(org_id, known)), "see `starter.py org list`"
        raise NotFound("there is no organization of this id", typed=(org_id,), nearest=nearest, mend=mend)
    return organization


async def _only_one(uow: UnitOfWork, known: Sequence[str]) -> str:
    """One that was only heard of, be it by a slip in an event's `org_id`, is in nobody's way."""
    if not known:
        raise NotFound("there is no organization yet", mend="see `starter.py org apply`")
    choice = known if len(known) == 1 else [org_id for org_id in known if not await _is_only_heard_of(uow, org_id)]
    if len(choice) == 1:
        return choice[0]
    mend = "name one with --org; `starter.py org list` shows them"
    raise NotFound("there are several organizations", nearest=tuple((choice or known)[:10]), mend=mend)


async def _is_only_heard_of(uow: UnitOfWork, org_id: str) -> bool:
    organization = await uow.organizations.get(org_id)
    return organization is not None and organization.is_only_heard_of


async def _organization_line(uow: UnitOfWork, org_id: str) -> views.OrganizationLine:
    organization = await organization_named(uow, org_id)
    return views.OrganizationLine(
        org_id=org_id,
        name=organization.name,
        status=organization.status,
        domains=len(await uow.domains.of_organization(org_id)),
        pending=await uow.listing.count(org_id, PENDING),
    )


async def user_named(uow: UnitOfWork, name: str, org_id: str | None = None) -> User:
    """The user of this id or address, in any spelling. Raises NotFound with names close to the one given."""
    return (await users_named(uow, [name], org_id))[0]


async def users_named(uow: UnitOfWork, names: Sequence[str], org_id: str | None = None) -> list[User]:
    """As `user_named`, in this order; NotFound tells all of them whom nobody knows."""
    found = {name: await _user(uow, name) for name in names}
    if unknown := tuple(name for name, user in found.items() if user is None):
        nearest = [near for name in unknown[:NEAR_TO] for near in await _near(uow, name, org_id)]
        mend = "give a user id or an address"
        raise NotFound("there is no such user", typed=unknown, nearest=tuple(dict.fromkeys(nearest)), mend=mend)
    return [user for name in names if (user := found[name]) is not None]


async def _user(uow: UnitOfWork, name: str) -> User | None:
    return await (uow.users.by_email(_address(name)) if "@" in name else uow.users.get(name))


async def _near(uow: UnitOfWork, name: str, org_id: str | None) -> list[str]:
    return get_close_matches(name.lower(), await _names_like(uow, name, org_id))


def _address(name: str) -> str:
    try:
        return normalize_address(name)
    except InvalidInput:
        return name


async def _names_like(uow: UnitOfWork, name: str, org_id: str | None) -> list[str]:
    """Addresses where an address was given, else user ids."""
    org_ids = [org_id] if org_id is not None else await uow.organizations.list_ids()
    lines = [line for it in org_ids for line in await uow.listing.page(it, EVERYBODY, NEAREST_AMONG)]
    if "@" in name:
        return [line.email for line in lines if line.email]
    return [line.migration.user_id for line in lines]


async def capacity_of(uow: UnitOfWork, org_id: str) -> views.CapacityView:
    counters = await uow.capacity.get(org_id)
    waiting = await uow.tickets.waiting_count(org_id)
    names = views.CapacityView.model_fields.keys() - {"waiting", "waiting_for"}
    return views.CapacityView(
        **{name: getattr(counters, name) for name in names},
        waiting=waiting,
        waiting_for=("storage" if counters.licenses_free else "license") if waiting else None,
    )


def mail_counts(found: Mapping[tuple[MailKind, MailState], int]) -> tuple[views.MailCount, ...]:
    """By kind and state."""
    return tuple(views.MailCount(kind=kind, state=state, mails=count) for (kind, state), count in sorted(found.items()))


async def running_pauses(uow: UnitOfWork, scope: str) -> tuple[views.PauseView, ...]:
    """Those that hold this organization, or the whole service, now; oldest first."""
    return tuple(
        views.PauseView(
            org_id=None if pause.scope == SERVICE else pause.scope, started_at=pause.started_at, actor=pause.actor
        )
        for pause in await uow.pauses.of(scope)
        if pause.ended_at is None
    )


async def _waves(uow: UnitOfWork, org_id: str) -> tuple[views.WaveView, ...]:
    """Those that selected somebody, in the order in which they were made."""
    return tuple(
        views.WaveView(
            wave_id=wave.wave_id,
            actor=wave.actor,
            state=wave.state,
            users=wave.size,
            activation=wave.activation,
            activation_delay=wave.activation_delay,
            created_at=wave.created_at,
        )
        for wave in await uow.waves.of_organization(org_id)
        if wave.size
    )
