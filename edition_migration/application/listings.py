"""Lists of users for the command line: the Migration tab, who is parked, everybody; a page, or all page by page."""

from collections.abc import AsyncGenerator, Sequence
from enum import StrEnum

from edition_migration.application import views
from edition_migration.application.chosen_users import check_names, pages
from edition_migration.application.filters import Filter
from edition_migration.application.mail_holds import Holds
from edition_migration.application.queries import organization_named, user_named
from edition_migration.domain.holds import Hold
from edition_migration.domain.mail import Mail, MailKind, MailState, message_id
from edition_migration.domain.overview import next_step
from edition_migration.domain.states import InactiveReason
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_listing import EVERYBODY, PARKED, PENDING, Criteria, ListedUser, MailCriteria


class Scope(StrEnum):
    """Which list."""

    PENDING = "pending"
    PARKED = "parked"
    EVERYBODY = "everybody"


_CRITERIA: dict[Scope, Criteria] = {Scope.PENDING: PENDING, Scope.PARKED: PARKED, Scope.EVERYBODY: EVERYBODY}


_AS_STORED = views.ListedMail.model_fields.keys() - {"number", "message_id", "held_by", "held_until"}


class Listings:
    """Answers `pending`, `parked`, `export` and `mails list`; changes nothing."""

    def __init__(self, *, store: Store, clock: Clock, message_domain: str) -> None:
        self._store = store
        self._clock = clock
        self._message_domain = message_domain

    async def page(
        self, scope: Scope, org_id: str | None, fitting: Filter, *, limit: int, after: str = ""
    ) -> views.UserPage:
        """One page by user id, behind `after`. Raises NotFound, InvalidInput for a filter that fits nobody."""
        criteria = fitting.narrowing(_CRITERIA[scope], self._clock.now())
        async with self._store.read() as uow:
            org_id = await _org_id(uow, org_id, fitting)
            lines = await uow.listing.page(org_id, criteria, limit + 1, after)
            users = tuple(_user_line(line) for line in lines[:limit])
            return views.UserPage(
                org_id=org_id,
                users=users,
                total=await uow.listing.count(org_id, criteria),
                next=users[-1].user_id if len(lines) > limit else None,
            )

    async def count(self, scope: Scope, org_id: str | None, fitting: Filter, after: str = "") -> int:
        """How many users `all` gives. Raises as `page` does."""
        criteria = fitting.narrowing(_CRITERIA[scope], self._clock.now())
        async with self._store.read() as uow:
            return await uow.listing.count(await _org_id(uow, org_id, fitting), criteria, after)

    async def mails(
        self,
        org_id: str | None,
        names: Sequence[str],
        kinds: Sequence[MailKind],
        states: Sequence[MailState],
        *,
        limit: int,
        before: int | None = None,
    ) -> views.MailPage:
        """One page of the mails that fit each part that is given, newest first. Raises NotFound."""
        async with self._store.read() as uow:
            org_id = (await organization_named(uow, org_id)).org_id
            user_ids = tuple([(await user_named(uow, name, org_id)).user_id for name in names])
            criteria = MailCriteria(user_ids=user_ids, kinds=tuple(kinds), states=tuple(states))
            mails = await uow.listing.mails(org_id, criteria, limit + 1, before)
            holds = await Holds.at(uow, org_id, self._clock.now())
            shown = [(mail, await holds.shown(mail)) for mail in mails[:limit]]
        lines = tuple(_mail_line(mail, hold, self._message_domain) for mail, hold in shown)
        return views.MailPage(org_id=org_id, mails=lines, next=lines[-1].number if len(mails) > limit else None)

    async def all(
        self, scope: Scope, org_id: str | None, fitting: Filter, after: str = ""
    ) -> AsyncGenerator[Sequence[views.UserLine]]:
        """Everybody, in one consistent look, in flat memory. Raises as `page` does."""
        criteria = fitting.narrowing(_CRITERIA[scope], self._clock.now())
        async with self._store.read() as uow:
            org_id = await _org_id(uow, org_id, fitting)
            async for page in pages(uow, org_id, criteria, after):
                yield [_user_line(line) for line in page]


async def _org_id(uow: UnitOfWork, org_id: str | None, fitting: Filter) -> str:
    """The organization's id. Raises NotFound for it, for a wave and for a domain that it does not have."""
    org_id = (await organization_named(uow, org_id)).org_id
    await check_names(uow, org_id, fitting)
    return org_id


def _mail_line(mail: Mail, hold: Hold | None, message_domain: str) -> views.ListedMail:
    return views.ListedMail(
        number=mail.sequence,
        **{name: getattr(mail, name) for name in _AS_STORED},
        message_id=message_id(mail.mail_id, message_domain),
        held_by=hold.by if hold else None,
        held_until=hold.until if hold else None,
    )


def _user_line(line: ListedUser) -> views.UserLine:
    row = line.migration
    return views.UserLine(
        user_id=row.user_id,
        email=line.email,
        display_name=line.display_name,
        client_version=line.client_version,
        inactive_reason=InactiveReason(line.inactive_reason) if line.inactive_reason else None,
        state=row.state,
        reason=row.reason,
        since=row.since,
        wave_id=row.wave_id,
        deadline_at=row.deadline_at,
        attention=row.attention,
        attention_at=row.attention_at,
        next_step=next_step(row),
    )
