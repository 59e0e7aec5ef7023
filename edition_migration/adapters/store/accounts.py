"""What hangs on a user: sign-in sessions, the contact list of a guest, the addresses that he had."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update

from edition_migration.adapters.store.tables.people import contacts as contact_rows
from edition_migration.adapters.store.tables.people import former_addresses, sessions
from edition_migration.adapters.store.transaction import Transaction, chunks, given_list
from edition_migration.ports.store_people import Contact, Session

_END = update(sessions).where(
    sessions.c.user_id.in_(given_list(sessions.c.user_id, "user_ids")), sessions.c.ended_at.is_(None)
)


class SqlSessions:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add(self, session: Session) -> None:
        await self._tx.change(self._tx.insert(sessions).values(asdict(session)))

    async def end_all(self, user_ids: Sequence[str], at: datetime) -> int:
        ended = 0
        for chunk in chunks(sorted(user_ids)):
            ended += await self._tx.change(_END, {"given_user_ids": list(chunk), "ended_at": at})
        return ended

    async def open_count(self, *user_ids: str) -> int:
        are_open = select(func.count()).where(sessions.c.ended_at.is_(None))
        theirs = [are_open.where(sessions.c.user_id.in_(chunk)) for chunk in chunks(user_ids)]
        return sum([await self._tx.value(each) for each in theirs])

    async def of_user(self, user_id: str) -> Sequence[Session]:
        mine = select(sessions).where(sessions.c.user_id == user_id)
        return await self._tx.all(Session, mine.order_by(sessions.c.created_at, sessions.c.session_id))


class SqlContacts:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def put(self, contacts: Sequence[Contact]) -> None:
        rows = [
            {"owner_user_id": it.owner_user_id, "email": it.email, "name": it.name, "group_name": it.group}
            for it in contacts
        ]
        await self._tx.change_each(self._tx.upsert(contact_rows, "owner_user_id", "email"), rows)

    async def erase(self, owner_user_id: str) -> None:
        await self._tx.change(delete(contact_rows).where(contact_rows.c.owner_user_id == owner_user_id))

    async def count(self, *owner_user_ids: str) -> int:
        theirs = [select(func.count()).where(contact_rows.c.owner_user_id.in_(it)) for it in chunks(owner_user_ids)]
        return sum([await self._tx.value(each) for each in theirs])


class SqlFormerAddresses:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add(self, address_id: str, user_id: str, email: str, at: datetime) -> None:
        row = {"address_id": address_id, "user_id": user_id, "email": email, "changed_at": at}
        await self._tx.change(insert(former_addresses).values(row))

    async def get(self, address_id: str) -> str | None:
        it = select(former_addresses.c.email).where(former_addresses.c.address_id == address_id)
        return await self._tx.value(it)

    async def erase(self, user_id: str) -> None:
        await self._tx.change(delete(former_addresses).where(former_addresses.c.user_id == user_id))
