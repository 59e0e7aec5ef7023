"""Which word of the directory is a user's act in his migration, and which is about a time before it.

By the events' times, and with patience for clocks. Used where events come, and where single sign-on is switched.
"""

from datetime import timedelta

from edition_migration.domain.facts import is_older, moment_of
from edition_migration.domain.migration import Migration, Step
from edition_migration.domain.organization import Organization
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork

SKEW = timedelta(minutes=5)
"""How far the clock of a sender may be behind: an act is not lost for that."""


async def is_first_sign_in(uow: UnitOfWork, organization: Organization, row: Migration, stamp: str) -> bool:
    """Whether a federated sign-in of this stamp is what single sign-on awaits of him.

    One of before the switch he made as ever, and one of before the activation is no sign of it: he is to do it again.
    """
    if is_older(stamp, organization.sign_on_switched, SKEW):
        return False
    return not await is_before_the_activation(uow, row, stamp)


async def is_before_the_activation(uow: UnitOfWork, row: Migration, stamp: str) -> bool:
    activated = await uow.journal.find(row.ref, f"{Step.ACTIVATE}/{S.ACTIVATED}")
    return activated is not None and moment_of(stamp) < activated.at - SKEW
