"""Users: who they are and what their accounts are worth."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, func, or_, select, update

from edition_migration.adapters.store.tables.migrations import COMING_BACK, migrations
from edition_migration.adapters.store.tables.people import users as user_rows
from edition_migration.adapters.store.transaction import GIVEN_LIMIT, Transaction, chunks, given, given_list
from edition_migration.domain.states import AccountStatus, CredentialState, Edition, InactiveReason, MigrationState
from edition_migration.domain.user import User

_COLUMNS = tuple(column.name for column in user_rows.c if column.name != "enrolled_by")
_USER = [user_rows.c[name] for name in _COLUMNS]
_LIVING = ~user_rows.c.is_deleted
_COMES_BACK = and_(migrations.c.state == MigrationState.CANCELLED, migrations.c.reason.in_(COMING_BACK))
_IT = user_rows.c
_IS_IT = _IT.user_id == given(_IT.user_id, "user_id")
_ARE_THEY = _IT.user_id.in_(given_list(_IT.user_id, "user_ids"))
_GET = select(*_USER).where(_IS_IT)
_HOLD = _GET.with_for_update(key_share=True)
_HOLD_MANY = select(*_USER).where(_ARE_THEY).order_by(_IT.user_id).with_for_update(key_share=True)
_SET = update(user_rows).where(_IS_IT)
_SET_MANY = update(user_rows).where(_ARE_THEY)


def _to_enroll(whose: Callable[[ColumnElement[Any], BindParameter[Any]], ColumnElement[bool]]) -> Select[Any]:
    """Users of domains, with the generation that each would have; `whose` tells by who enrolled them last."""
    org_id = given(migrations.c.org_id, "org_id")
    newest = (
        select(func.max(migrations.c.generation))
        .where(migrations.c.org_id == org_id, migrations.c.user_id == _IT.user_id)
        .correlate(user_rows)
        .scalar_subquery()
    )
    theirs = and_(migrations.c.org_id == org_id, migrations.c.user_id == _IT.user_id, migrations.c.generation == newest)
    next_generation = (func.coalesce(migrations.c.generation, 0) + 1).label("next_generation")
    return (
        select(*_USER, next_generation)
        .select_from(user_rows.outerjoin(migrations, theirs))
        .where(
            _LIVING,
            _IT.domain.in_(given_list(_IT.domain, "domains")),
            whose(_IT.enrolled_by, org_id),
            or_(migrations.c.user_id.is_(None), _COMES_BACK),
        )
        .limit(GIVEN_LIMIT)
    )


_ENROLLED_BY_NOBODY = _to_enroll(lambda enrolled_by, _: enrolled_by.is_(None))
_ENROLLED_BY_ANOTHER = _to_enroll(lambda enrolled_by, org_id: or_(enrolled_by < org_id, enrolled_by > org_id))


class SqlUsers:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def get(self, user_id: str) -> User | None:
        return await self._tx.first(User, _GET, {"given_user_id": user_id})

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
        return await self._tx.first(User, _HOLD, {"given_user_id": user_id})

    async def hold_many(self, user_ids: Sequence[str]) -> Sequence[User]:
        found: list[User] = []
        for chunk in chunks(sorted(user_ids)):
            found.extend(await self._tx.all(User, _HOLD_MANY, {"given_user_ids": list(chunk)}))
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
            changed += await self._tx.change(_SET_MANY, {"given_user_ids": list(chunk), **values})
        return changed

    async def set_password(self, user_id: str, password_hash: str, credential: CredentialState) -> None:
        values = {"password_hash": password_hash, "credential_state": credential}
        await self._tx.change(_SET, {"given_user_id": user_id, **values})

    async def rehash(self, user_id: str, old_hash: str, new_hash: str) -> bool:
        mine = update(user_rows).where(user_rows.c.user_id == user_id, user_rows.c.password_hash == old_hash)
        return await self._tx.change(mine.values(password_hash=new_hash)) == 1

    async def to_enroll(self, org_id: str, domains: Sequence[str], limit: int) -> Sequence[tuple[User, int]]:
        """First who belongs to nobody, by an index that passes nobody else; then who belonged to another."""
        theirs = {"given_org_id": org_id, "given_domains": list(domains)}
        found = await self._tx.rows(_ENROLLED_BY_NOBODY, {**theirs, "given_limit": limit})
        if len(found) < limit:
            found += await self._tx.rows(_ENROLLED_BY_ANOTHER, {**theirs, "given_limit": limit - len(found)})
        found.sort(key=lambda row: row["user_id"])
        return [(User(**{name: row[name] for name in _COLUMNS}), row["next_generation"]) for row in found]
