"""When mails may go: their slots of an organization's own pace, and the times until which they are held."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update

from edition_migration.adapters.store.mails import IS_TO_SEND, OF_ORGANIZATION
from edition_migration.adapters.store.tables.migrations import mails
from edition_migration.adapters.store.tables.work import paces
from edition_migration.adapters.store.transaction import GIVEN_LIMIT, Transaction, chunks, given
from edition_migration.domain.mail import Mail

_IT = mails.c
_UNSENT = (
    OF_ORGANIZATION.where(IS_TO_SEND, _IT.sequence > given(_IT.sequence, "sequence"))
    .order_by(_IT.sequence)
    .limit(GIVEN_LIMIT)
)
_SET = update(mails).where(_IT.mail_id == given(_IT.mail_id, "mail_id"))


class SqlMailTimes:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def take_slot(self, org_id: str, now: datetime, interval: timedelta) -> datetime:
        """The row is made first where it is missing, then held: two at once take two slots."""
        await self._tx.change(self._tx.insert(paces).values(org_id=org_id, next_at=now).on_conflict_do_nothing())
        mine = select(paces.c.next_at).where(paces.c.org_id == org_id).with_for_update()
        slot: datetime = max(await self._tx.value(mine), now)
        await self._tx.change(update(paces).where(paces.c.org_id == org_id).values(next_at=slot + interval))
        return slot

    async def restart_pace(self, org_id: str, now: datetime) -> None:
        await self._tx.change(update(paces).where(paces.c.org_id == org_id).values(next_at=now))

    async def set_not_before(self, mail_id: str, at: datetime) -> None:
        await self._tx.change(_SET, {"given_mail_id": mail_id, "not_before": at})

    async def set_held_until(self, mail_id: str, at: datetime) -> None:
        await self._tx.change(_SET, {"given_mail_id": mail_id, "held_until": at})

    async def unsent(self, org_id: str, after: int, limit: int) -> Sequence[Mail]:
        behind = {"given_org_id": org_id, "given_sequence": after, "given_limit": limit}
        return await self._tx.all(Mail, _UNSENT, behind)

    async def forget(self, mail_ids: Sequence[str]) -> None:
        for chunk in chunks(mail_ids):
            theirs = update(mails).where(_IT.mail_id.in_(chunk), IS_TO_SEND)
            await self._tx.change(theirs.values(not_before=None, held_until=None))

    async def forget_holds(self, org_id: str, user_id: str) -> None:
        his = update(mails).where(_IT.org_id == org_id, _IT.user_id == user_id, IS_TO_SEND)
        await self._tx.change(his.values(held_until=None))
