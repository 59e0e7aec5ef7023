"""What the command line needs from the rest: its use cases. Filled by bootstrap, opened by each command for itself."""

from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from edition_migration.application.audit import Audit
from edition_migration.application.chosen_users import ChosenUsers
from edition_migration.application.commands import Commands
from edition_migration.application.imports import ContactImport, UserImport
from edition_migration.application.intake import Intake
from edition_migration.application.listings import Listings
from edition_migration.application.mail_samples import MailSamples
from edition_migration.application.organizations import Organizations
from edition_migration.application.own_texts import OwnTexts
from edition_migration.application.pauses import Pauses
from edition_migration.application.planning import Planning
from edition_migration.application.previews import Previews
from edition_migration.application.purge import Purge
from edition_migration.application.queries import Queries
from edition_migration.application.reconciliation import Reconciliation
from edition_migration.application.selection import Selection
from edition_migration.application.timeline import Timelines
from edition_migration.application.wave_control import WaveControl
from edition_migration.application.wave_queries import WaveQueries


class Bells(Protocol):
    """`application/rings.py`. Best effort: what is not rung here, the worker's sweep rings."""

    async def ring_due(self) -> int: ...


@dataclass(frozen=True, slots=True)
class CliServices:
    audit: Audit
    bells: Bells
    chosen_users: ChosenUsers
    commands: Commands
    contact_import: ContactImport
    intake: Intake
    listings: Listings
    mail_samples: MailSamples
    organizations: Organizations
    own_texts: OwnTexts
    pauses: Pauses
    planning: Planning
    previews: Previews
    purge: Purge
    queries: Queries
    reconciliation: Reconciliation
    selection: Selection
    timelines: Timelines
    user_import: UserImport
    wave_control: WaveControl
    wave_queries: WaveQueries


class OpenServices(Protocol):
    """Opens what a command needs, and closes it; Temporal is not waited for. Raises ConfigurationError."""

    def __call__(self, *, is_dry: bool = False) -> AbstractAsyncContextManager[CliServices]:
        """`is_dry`: everything runs on the real data, and nothing of it is kept."""
        ...


class SetUp(Protocol):
    """Schema, namespace and search attributes; says what it did, line by line. A repeat changes nothing."""

    def __call__(self, *, creates_namespace: bool = False) -> Awaitable[Sequence[str]]: ...
