"""What it costs to look the gauges up beside many migrations, each with its mails and journal. No Temporal.

`python -m benchmarks.gauges [USERS] [URL]` on a SQLite file, or on the empty database of the URL; prints milliseconds
of each look. Of 100 users 10 are on their way, 1 of them parked, 1 has a mail whose slot is to come and 1 an event
to be applied; all else is done with.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Table, case, cast, insert, literal, null, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.types import String

from edition_migration.adapters.store.schema import upgrade
from edition_migration.adapters.store.store import SqlStore
from edition_migration.adapters.store.tables.migrations import journal, mails, migrations, seals
from edition_migration.adapters.store.tables.people import users
from edition_migration.adapters.store.tables.work import inbox
from edition_migration.application.sealing import Sealer
from edition_migration.domain.metrics import QuietHours
from tests.builders import organization

NOW = datetime.now(UTC)
LOOKS = 5


async def fill(connection: AsyncConnection, count: int) -> None:
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < count))
    n = numbers.c.n
    is_open, is_parked, is_unsent = n % 10 == 0, n % 100 == 0, n % 100 == 50

    async def rows_of(table: Table, **values: Any) -> None:
        columns = [
            (value if isinstance(value, ColumnElement) else literal(value, table.c[name].type)).label(name)
            for name, value in values.items()
        ]
        await connection.execute(insert(table).from_select(list(values), select(*columns).select_from(numbers)))

    user_id = literal("u") + cast(n, String)
    whose = {"org_id": "acme", "user_id": user_id, "generation": 1}
    await rows_of(users, **_blank(users), user_id=user_id)
    state = case((is_open, "IN_REVIEW"), else_="MIGRATED")
    attention = case((is_parked, "policy"), else_=null())
    await rows_of(migrations, **whose, state=state, since=NOW, attention=attention, activation="by_hand")
    mail = {"postman": "migration", "round": 1, "attempts": 1, "created_at": NOW - timedelta(hours=1)}
    for kind in ("account_deactivated", "instructions", "reset_password"):
        unsent = is_unsent & (literal(kind) == "reset_password")
        await rows_of(
            mails,
            **whose,
            **mail,
            mail_id=literal(f"{kind}-") + cast(n, String),
            kind=kind,
            state=case((unsent, "queued"), else_="accepted"),
            accepted_at=NOW,
            not_before=NOW + timedelta(hours=1),
        )
    await rows_of(journal, **whose, key="k", action="a", actor="a", at=NOW, target="MIGRATED", detail={}, entry_id=n)
    event = {"source": "/s", "type": "user.created", "body": "{}", "digest": "d", "received_at": NOW}
    inbox_state = case((n % 100 == 1, "pending"), else_="applied")
    await rows_of(inbox, org_id="acme", user_id=user_id, event_id=user_id, state=inbox_state, **event)
    await rows_of(seals, org_id="acme", position=n, entry_id=n, hash=cast(n, String))


def _blank(table: Table) -> dict[str, Any]:
    words = {"edition": "guest", "account_status": "inactive", "reported_status": "active", "credential_state": "set"}
    return {
        column.name: words.get(column.name, False if column.name == "is_deleted" else 0 if "mb" in column.name else "")
        for column in table.c
        if not column.nullable and column.name != "user_id"
    }


async def milliseconds(look: Callable[[], Awaitable[object]]) -> float:
    """The middle one of some."""
    took: list[float] = []
    for _ in range(LOOKS):
        started = time.perf_counter()
        await look()
        took.append(time.perf_counter() - started)
    return sorted(took)[LOOKS // 2] * 1000


async def measure(store: SqlStore) -> None:
    async with store.read() as uow:
        it = uow.backlog
        looks: dict[str, Callable[[], Awaitable[object]]] = {
            "oldest doorbell": it.oldest_doorbell,
            "oldest event": it.oldest_event,
            "oldest mail, left alone by quiet hours": lambda: it.oldest_mail(NOW, QuietHours.LEAVE),
            "oldest mail, may be held": lambda: it.oldest_mail(NOW, QuietHours.HOLD),
            "open migrations": it.open_migrations,
            "parked migrations": it.parked_migrations,
            "oldest unsealed entry": Sealer(store=store).oldest_unsealed,
        }
        for name, look in looks.items():
            print(f"{name}: {await milliseconds(look):.1f} ms")


async def main(count: int, url: str) -> None:
    await upgrade(url)
    store = SqlStore(url)
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.commit()
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await fill(connection, count)
    if engine.dialect.name == "postgresql":  # which it does by itself a little later
        async with engine.connect() as connection:
            plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await plain.execute(text("VACUUM ANALYZE"))
    await engine.dispose()
    await measure(store)
    await store.dispose()


if __name__ == "__main__":
    users_wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        default = f"sqlite+aiosqlite:///{Path(folder) / 'store.db'}"
        asyncio.run(main(users_wanted, sys.argv[2] if len(sys.argv) > 2 else default))
