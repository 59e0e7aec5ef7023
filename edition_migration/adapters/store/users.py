"""Users: who they are and what their accounts are worth."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from edition_migration.adapters.store.tables.migrations import COMING_BACK, migrations
from edition_migration.adapters.store.tables.people import users as user_rows
from edition_migration.adapters.store.transaction import Transaction, chunks
from edition_migration.domain.states import AccountStatus, CredentialState, Edition, InactiveReason, MigrationState
from edition_migration.domain.user import User

_COLUMNS = tuple(column.name for column in user_rows.c if column.name != "enrolled_by")
_USER = [user_rows.c[name] for name in _COLUMNS]
_LIVING = ~user_rows.c.is_deleted
_COMES_BACK = and_(migrations.c.state == MigrationState.CANCELLED, migrations.c.reason.in_(COMING_BACK))


class SqlUsers:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def get(self, user_id: str) -> User | None:
        return await self._tx.first(User, select(*_USER).where(user_rows.c.user_id == user_id))

    async def get_many(self, user_ids: Sequence[str]) -> Sequence[User]:
        return await self._among(user_rows.c.user_id, user_ids)

    async def by_email(self, email: str) -> User | None:
        return await self._tx.first(User, select(*_USER).where(user_rows.c.email == email, _LIVING))

    async def by_emails(self, emails: Sequence[str]) -> Sequence[User]:
        return await self._among(user_rows.c.email, emails, _LIVING)

    async def _among(
        self, column: ColumnElement[str], values: Sequence[str], *where: ColumnElement[bool]
    ) -> list[User]:
        found: list[User] = []
        for chunk in chunks(values):
            rows = await self._tx.rows(select(*_USER).where(column.in_(chunk), *where))
            found.extend(User(**row) for row in rows)
        return found

    async def hold(self, user_id: str) -> User | None:
        mine = select(*_USER).where(user_rows.c.user_id == user_id)
        return await self._tx.first(User, mine.with_for_update(key_share=True))

    async def hold_many(self, user_ids: Sequence[str]) -> Sequence[User]:
        found: list[User] = []
        for chunk in chunks(sorted(user_ids)):
            theirs = select(*_USER).where(user_rows.c.user_id.in_(chunk)).order_by(user_rows.c.user_id)
            found.extend(await self._tx.all(User, theirs.with_for_update(key_share=True)))
        return found

    async def put(self, users: Sequence[User]) -> None:
        by_id = sorted(users, key=lambda user: user.user_id)
        rows = [{name: getattr(user, name) for name in _COLUMNS} for user in by_id]
        await self._tx.change_each(self._tx.upsert(user_rows, "user_id", columns=_COLUMNS), rows)

    async def set_account(
        self,
        user_ids: Sequence[str],
        *,
        status: AccountStatus,
        reason: InactiveReason | None,
        org_id: str | None,
        edition: Edition | None = None,
        credential: CredentialState | None = None,
    ) -> int:
        values: dict[str, Any] = {"account_status": status, "inactive_reason": reason, "org_id": org_id}
        if edition is not None:
            values["edition"] = edition
        if credential is not None:
            values["credential_state"] = credential
        changed = 0
        for chunk in chunks(sorted(user_ids)):
            await self._tx.lock(user_rows.c.user_id, user_rows.c.user_id.in_(chunk))
            changed += await self._tx.change(update(user_rows).where(user_rows.c.user_id.in_(chunk)).values(values))
        return changed

    async def set_password(self, user_id: str, password_hash: str, credential: CredentialState) -> None:
        values = {"password_hash": password_hash, "credential_state": credential}
        await self._tx.change(update(user_rows).where(user_rows.c.user_id == user_id).values(values))

    async def rehash(self, user_id: str, old_hash: str, new_hash: str) -> bool:
        mine = update(user_rows).where(user_rows.c.user_id == user_id, user_rows.c.password_hash == old_hash)
        return await self._tx.change(mine.values(password_hash=new_hash)) == 1

    async def to_enroll(self, org_id: str, domains: Sequence[str], limit: int) -> Sequence[tuple[User, int]]:
        """First who belongs to nobody, by an index that passes nobody else; then who belonged to another."""
        enrolled_by = user_rows.c.enrolled_by
        found = await self._tx.rows(_to_enroll(org_id, domains, enrolled_by.is_(None)).limit(limit))
        if len(found) < limit:
            by_another = or_(enrolled_by < org_id, enrolled_by > org_id)
            found += await self._tx.rows(_to_enroll(org_id, domains, by_another).limit(limit - len(found)))
        found.sort(key=lambda row: row["user_id"])
        return [(User(**{name: row[name] for name in _COLUMNS}), row["next_generation"]) for row in found]


def _to_enroll(org_id: str, domains: Sequence[str], whose: ColumnElement[bool]) -> Select[Any]:
    newest = (
        select(func.max(migrations.c.generation))
        .where(migrations.c.org_id == org_id, migrations.c.user_id == user_rows.c.user_id)
        .correlate(user_rows)
        .scalar_subquery()
    )
    joined = user_rows.outerjoin(
        migrations,
        and_(
            migrations.c.org_id == org_id,
            migrations.c.user_id == user_rows.c.user_id,
            migrations.c.generation == newest,
        ),
    )
    next_generation = (func.coalesce(migrations.c.generation, 0) + 1).label("next_generation")
    return (
        select(*_USER, next_generation)
        .select_from(joined)
        .where(_LIVING, user_rows.c.domain.in_(domains), whose, or_(migrations.c.user_id.is_(None), _COMES_BACK))
    )
