"""Events that failed because somebody else still had the address or the domain: tried again once one becomes free.

So it makes no difference whether the event that frees or the one that takes arrives first.
"""

from datetime import datetime

from edition_migration.domain.errors import Conflict
from edition_migration.domain.events.envelope import EventType
from edition_migration.ports.store import UnitOfWork

_TAKE_ADDRESSES = (EventType.USER_CREATED, EventType.USER_UPDATED, EventType.USER_EMAIL_CHANGED)
_TAKE_DOMAINS = (EventType.SERVICE_PROVISIONED, EventType.DOMAIN_ADDED)


def address_is_taken() -> Conflict:
    """What the event of another user meets; whose it is, is not said, since he may be of another organization."""
    return Conflict(
        "data.email: belongs to another user",
        mend="give another one, or rename or delete who has it: this event is tried again by itself then",
    )


async def address_is_free(uow: UnitOfWork, email: str | None, now: datetime) -> None:
    """Call it in the transaction in which a user gives up this address; None: he had none."""
    if email is not None:
        await _retry(uow, _TAKE_ADDRESSES, now, wants=email)


async def older_words_are_moot(uow: UnitOfWork, user_id: str, now: datetime) -> None:
    """Call it where a user's first address is heard, or he is deleted: an older word of his wants another no more."""
    await _retry(uow, _TAKE_ADDRESSES, now, user_id=user_id)


async def domain_is_free(uow: UnitOfWork, now: datetime) -> None:
    """Call it in the transaction in which an organization gives up a domain, or a claim to one."""
    await _retry(uow, _TAKE_DOMAINS, now)


async def _retry(
    uow: UnitOfWork,
    types: tuple[EventType, ...],
    now: datetime,
    *,
    user_id: str | None = None,
    wants: str | None = None,
) -> None:
    for org_id in await uow.inbox.retry_failed(Conflict.code, types, user_id=user_id, wants=wants):
        await uow.doorbells.add_organization(org_id, now)
