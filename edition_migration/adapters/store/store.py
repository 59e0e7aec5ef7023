"""The store: opens transactions over all tables. Made by bootstrap, one a process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from edition_migration.adapters.store.accounts import SqlContacts, SqlFormerAddresses, SqlSessions
from edition_migration.adapters.store.backlog import SqlBacklog
from edition_migration.adapters.store.capacity import SqlCapacityTable
from edition_migration.adapters.store.engine import CONNECTIONS, PATIENCE, connect
from edition_migration.adapters.store.evidence import SqlEvidence
from edition_migration.adapters.store.failures import guarded
from edition_migration.adapters.store.followups import SqlFollowups
from edition_migration.adapters.store.journal import SqlJournal
from edition_migration.adapters.store.ledger import SqlLedger
from edition_migration.adapters.store.leftovers import SqlLeftovers
from edition_migration.adapters.store.listing import SqlListing
from edition_migration.adapters.store.mail_times import SqlMailTimes
from edition_migration.adapters.store.mails import SqlMails
from edition_migration.adapters.store.migrations import SqlMigrations
from edition_migration.adapters.store.organizations import SqlDomains, SqlOrganizations
from edition_migration.adapters.store.pauses import SqlPauses
from edition_migration.adapters.store.policies import SqlPolicies
from edition_migration.adapters.store.revisions import mismatch, schema_of
from edition_migration.adapters.store.seals import SqlSeals
from edition_migration.adapters.store.texts import SqlOwnTexts
from edition_migration.adapters.store.tickets import SqlTickets
from edition_migration.adapters.store.tokens import SqlTokens
from edition_migration.adapters.store.transaction import Transaction
from edition_migration.adapters.store.users import SqlUsers
from edition_migration.adapters.store.waves import SqlMembers, SqlWaves
from edition_migration.adapters.store.work import SqlDoorbells, SqlErrands, SqlInbox
from edition_migration.domain.errors import StoreUnavailable
from edition_migration.ports.store import UnitOfWork


class SqlUnitOfWork:
    """One transaction; see the port."""

    def __init__(self, transaction: Transaction, *, is_dry: bool = False) -> None:
        self._transaction = transaction
        self._is_dry = is_dry
        self.organizations = SqlOrganizations(transaction)
        self.domains = SqlDomains(transaction)
        self.users = SqlUsers(transaction)
        self.sessions = SqlSessions(transaction)
        self.contacts = SqlContacts(transaction)
        self.former_addresses = SqlFormerAddresses(transaction)
        self.policies = SqlPolicies(transaction)
        self.own_texts = SqlOwnTexts(transaction)
        self.capacity = SqlCapacityTable(transaction)
        self.ledger = SqlLedger(transaction)
        self.tickets = SqlTickets(transaction)
        self.waves = SqlWaves(transaction)
        self.members = SqlMembers(transaction)
        self.migrations = SqlMigrations(transaction)
        self.listing = SqlListing(transaction)
        self.followups = SqlFollowups(transaction)
        self.journal = SqlJournal(transaction)
        self.seals = SqlSeals(transaction)
        self.evidence = SqlEvidence(transaction)
        self.tokens = SqlTokens(transaction)
        self.mails = SqlMails(transaction)
        self.inbox = SqlInbox(transaction)
        self.doorbells = SqlDoorbells(transaction)
        self.errands = SqlErrands(transaction)
        self.pauses = SqlPauses(transaction)
        self.mail_times = SqlMailTimes(transaction)
        self.backlog = SqlBacklog(transaction)
        self.leftovers = SqlLeftovers(transaction)

    async def commit(self) -> None:
        if not self._is_dry:
            await self._transaction.commit()


class SqlStore:
    """The store on the database of `url`; connects at the first transaction.

    With `is_dry` every statement runs, and each transaction is rolled back at its end: nothing is ever committed.
    """

    def __init__(
        self, url: str, *, patience: timedelta = PATIENCE, connections: int = CONNECTIONS, is_dry: bool = False
    ) -> None:
        self._engines = connect(url, patience=patience, connections=connections)
        self._is_dry = is_dry
        self._write_lock = asyncio.Lock() if self._engines.is_serial else nullcontext()

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[UnitOfWork]:
        async with self._write_lock, _begun(self._engines.writer) as connection:
            yield SqlUnitOfWork(Transaction(connection, is_writer=True), is_dry=self._is_dry)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[UnitOfWork]:
        async with _begun(self._engines.reader) as connection:
            yield SqlUnitOfWork(Transaction(connection, is_writer=False))

    async def check(self) -> None:
        async with _begun(self._engines.reader) as connection:
            found = await guarded(connection.run_sync(schema_of))
        if not found.serves:
            raise mismatch(found)

    async def dispose(self) -> None:
        await self._engines.dispose()


@asynccontextmanager
async def _begun(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A connection inside BEGIN; what was not committed is rolled back, also where the task is cancelled."""
    connection = engine.connect()
    await guarded(connection.start())
    try:
        await guarded(connection.begin().start())
        yield connection
    finally:
        with suppress(StoreUnavailable):  # a lost connection is rolled back; what its work came to stands, or is raised
            await asyncio.shield(guarded(connection.close()))
