"""How fast old rows are removed, page by page, and how long the longest page holds SQLite's one write lock.

`python -m benchmarks.purge [USERS]` on a SQLite file: each user ended long ago and left four mails, a link and two
sessions; one in ten is still on his way, and all of his rows stay.
"""

import asyncio
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from edition_migration.adapters.clock import SystemClock
from edition_migration.adapters.store.schema import upgrade
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.purge import Purge
from edition_migration.domain.mail import LINK_MAILS, MailKind, MailState
from edition_migration.domain.purge import PurgeCounts, PurgePage, Retention
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState, digest_of
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_people import Session
from tests.builders import migration, organization, user
from tests.fixtures.records import mail, token

CHUNK = 500
DAY = timedelta(days=1)
RETENTION = Retention(events=30 * DAY, rest=400 * DAY)
OF_EACH = 7
KINDS = (MailKind.ACCOUNT_DEACTIVATED, MailKind.INSTRUCTIONS, MailKind.RESET_PASSWORD, MailKind.WELCOME)


async def fill(store: SqlStore, count: int) -> None:
    begun = SystemClock().now() - 500 * DAY
    for first in range(0, count, CHUNK):
        async with store.write() as uow:
            for number in range(first, min(first + CHUNK, count)):
                await _live(uow, number, begun + timedelta(seconds=number))
            await uow.commit()


async def _live(uow: UnitOfWork, number: int, at: datetime) -> None:
    user_id, is_open = f"u{number:07}", number % 10 == 0
    await uow.users.put([user(user_id, org_id="acme")])
    await uow.migrations.add([migration(user_id, state=S.IN_REVIEW if is_open else S.MIGRATED, since=at)])
    await uow.tokens.add(token(f"t{number}", user_id=user_id, state=TokenState.USED, created_at=at))
    sent = {"user_id": user_id, "state": MailState.ACCEPTED, "created_at": at, "accepted_at": at}
    mails = [
        mail(f"m{number}-{kind}", kind=kind, token_id=f"t{number}" if kind in LINK_MAILS else None, **sent)
        for kind in KINDS
    ]
    await uow.mails.queue(mails)
    for name in ("a", "b"):
        session_id = f"s{number}{name}"
        await uow.sessions.add(Session(session_id, user_id, digest_of(session_id), at, ended_at=at))


async def purge(store: SqlStore) -> tuple[PurgeCounts, list[float]]:
    """What was removed, and how many seconds each page took."""
    pages, so_far, seconds = Purge(store=store, clock=SystemClock(), retention=RETENTION), PurgeCounts(), list[float]()
    while not seconds or so_far.next is not None:
        started = time.perf_counter()
        so_far = so_far.and_then(await pages.page(PurgePage(cursor=so_far.next)))
        seconds.append(time.perf_counter() - started)
    return so_far, seconds


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'store.db'}"
        await upgrade(url)
        store = SqlStore(url)
        async with store.write() as uow:
            await uow.organizations.put(organization())
            await uow.commit()
        await fill(store, count)
        counts, seconds = await purge(store)
        await store.dispose()
    removed, passed = sum(counts.removed.values()), sum(seconds)
    assert removed == (count - len(range(0, count, 10))) * OF_EACH
    print(f"{removed} of {count * OF_EACH} old rows removed in {passed:.1f} s, {removed / passed:.0f} a second")
    print(f"{len(seconds)} pages, the longest {max(seconds) * 1000:.0f} ms")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
