"""The database as `doctor` sees it, in whatever state it is. Implements `ports.store_diagnosis.StoreDiagnosis`."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from edition_migration.adapters.store.engine import Engines, connect
from edition_migration.adapters.store.failures import guarded
from edition_migration.adapters.store.mails import IS_TO_SEND
from edition_migration.adapters.store.organizations import SqlOrganizations
from edition_migration.adapters.store.revisions import expected_revision, schema_of
from edition_migration.adapters.store.tables.migrations import mails, reset_tokens
from edition_migration.adapters.store.transaction import Transaction
from edition_migration.domain.errors import StoreUnavailable
from edition_migration.domain.token import USABLE, ResetToken
from edition_migration.ports.store_diagnosis import DiskSpace, LinksToMail, SchemaRevision

PATIENCE = timedelta(seconds=5)


class SqlStoreDiagnosis:
    """On the database of `url`; nothing is opened before the first question."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def kind(self) -> str:
        async with self._looking() as connection:
            if self._file is not None:
                return f"SQLite {sqlite3.sqlite_version}, file {self._file}"
            version = await guarded(connection.scalar(select(func.current_setting("server_version"))))
            return f"PostgreSQL {str(version).split()[0]}"

    async def revision(self) -> SchemaRevision:
        async with self._looking() as connection:
            found = await guarded(connection.run_sync(schema_of))
        return SchemaRevision(found.revision, expected_revision(), is_newer=found.is_newer, is_served=found.serves)

    async def clock(self) -> datetime | None:
        if self._file is not None:
            return None
        async with self._looking() as connection:
            return await guarded(connection.scalar(select(func.clock_timestamp())))

    async def disk(self) -> DiskSpace | None:
        if self._file is None:
            return None
        folder = next(it for it in (self._file.absolute().parent, *self._file.absolute().parents) if it.exists())
        places = [folder, *(path for path in [self._file] if path.exists())]
        is_writable = all(os.access(place, os.W_OK) for place in places)
        return DiskSpace(str(folder), shutil.disk_usage(folder).free, is_writable)

    async def links_to_mail(self) -> Sequence[LinksToMail]:
        it = reset_tokens.c
        with_mail = reset_tokens.join(mails, mails.c.token_id == it.token_id)
        to_mail = select(reset_tokens).select_from(with_mail).where(it.state.in_(USABLE), IS_TO_SEND)
        counts = to_mail.with_only_columns(it.key_id, func.count().label("links")).group_by(it.key_id)
        async with self._of_this_schema() as tx:
            found: list[LinksToMail] = []
            for row in await tx.rows(counts.order_by(it.key_id)):
                newest = to_mail.where(it.key_id == row["key_id"]).order_by(it.created_at.desc(), it.token_id).limit(1)
                token = await tx.first(ResetToken, newest)
                if token is not None:
                    found.append(LinksToMail(row["key_id"], row["links"], token))
            return found

    async def longest_undo(self) -> timedelta | None:
        async with self._of_this_schema() as tx:
            return await SqlOrganizations(tx).longest_undo()

    async def dispose(self) -> None:
        if "_engines" in vars(self):
            await self._engines.dispose()

    @cached_property
    def _engines(self) -> Engines:
        return connect(self._url, patience=PATIENCE, connections=5)

    @property
    def _file(self) -> Path | None:
        """SQLite's file; None for a server."""
        url = self._engines.reader.url
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None

    @asynccontextmanager
    async def _of_this_schema(self) -> AsyncGenerator[Transaction]:
        async with self._looking() as connection:
            if not (await guarded(connection.run_sync(schema_of))).serves:
                raise StoreUnavailable("the database's schema is not this code's")
            yield Transaction(connection, is_writer=False)

    @asynccontextmanager
    async def _looking(self) -> AsyncGenerator[AsyncConnection]:
        if self._file is not None and not self._file.is_file():
            raise StoreUnavailable(f"there is no database file {self._file} yet", mend="run `starter.py setup`")
        connection = self._engines.reader.connect()
        await guarded(connection.start())
        try:
            yield connection
        finally:
            await asyncio.shield(guarded(connection.close()))
