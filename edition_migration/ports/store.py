"""The store's promise: a `UnitOfWork` is one transaction over all tables; leaving it without `commit` changes nothing.

Order inside a transaction (design section 3): the migration row first (`hold`, it is the user's mutex), then tokens,
mails, ledger, counters last. Every change is guarded: the methods that move something say whether they did.
Methods raise StoreUnavailable where the database cannot answer.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from edition_migration.ports.store_audit import Seals
from edition_migration.ports.store_backlog import Backlog
from edition_migration.ports.store_capacity import CapacityTable, Ledger, Tickets
from edition_migration.ports.store_events import Doorbells, Errands, Inbox, Pauses
from edition_migration.ports.store_evidence import Evidence
from edition_migration.ports.store_followups import Followups
from edition_migration.ports.store_leftovers import Leftovers
from edition_migration.ports.store_listing import Listing
from edition_migration.ports.store_mail_times import MailTimes
from edition_migration.ports.store_migrations import Journal, Mails, Migrations, Tokens
from edition_migration.ports.store_people import (
    Contacts,
    Domains,
    FormerAddresses,
    Organizations,
    Policies,
    Sessions,
    Users,
)
from edition_migration.ports.store_texts import OwnTextTable
from edition_migration.ports.store_waves import Members, Waves


class UnitOfWork(Protocol):
    """One transaction. Commit once, at the outer boundary."""

    @property
    def organizations(self) -> Organizations: ...
    @property
    def domains(self) -> Domains: ...
    @property
    def users(self) -> Users: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def contacts(self) -> Contacts: ...
    @property
    def former_addresses(self) -> FormerAddresses: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def own_texts(self) -> OwnTextTable: ...
    @property
    def capacity(self) -> CapacityTable: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def tickets(self) -> Tickets: ...
    @property
    def waves(self) -> Waves: ...
    @property
    def members(self) -> Members: ...
    @property
    def migrations(self) -> Migrations: ...
    @property
    def listing(self) -> Listing: ...
    @property
    def followups(self) -> Followups: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def seals(self) -> Seals: ...
    @property
    def evidence(self) -> Evidence: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def mails(self) -> Mails: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def doorbells(self) -> Doorbells: ...
    @property
    def errands(self) -> Errands: ...
    @property
    def pauses(self) -> Pauses: ...
    @property
    def mail_times(self) -> MailTimes: ...
    @property
    def backlog(self) -> Backlog: ...
    @property
    def leftovers(self) -> Leftovers: ...

    async def commit(self) -> None: ...


class Store(Protocol):
    """Opens transactions."""

    def write(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """For changes: on SQLite BEGIN IMMEDIATE under the process's one write lock."""
        ...

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """For looking: one consistent snapshot, takes no lock, never commits."""
        ...

    async def check(self) -> None:
        """Returns if the database answers and its schema is this code's revision; else StoreUnavailable."""
        ...

    async def dispose(self) -> None: ...
