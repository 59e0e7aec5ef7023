"""Scenes that several end-to-end tests begin with, and the journal of a user for whom all goes well."""

from edition_migration.domain.mail import MailKind
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import World, guest

BEGINNING = [
    ("enroll", S.BLOCKED),
    ("notify_deactivation", S.IN_REVIEW),
    ("select", S.IN_REVIEW),
    ("release", S.SELECTED),
    ("send_instructions", S.INSTRUCTED),
    ("activate", S.ACTIVATED),
    ("reset_password", S.AWAITING_PASSWORD),
]
STORY = [*BEGINNING, ("choose_password", S.PASSWORD_SET), ("apply_policies", S.MIGRATED)]
"""Actions and where they lead, once each."""


async def ada_awaits_her_password(world: World) -> None:
    """Enrolled, selected, activated; her link is mailed and her workflow shows the deadline."""
    await world.guests(guest("ada"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    await world.select("ada")
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until_accepted("ada", MailKind.RESET_PASSWORD)
    await world.until_deadline("ada")
