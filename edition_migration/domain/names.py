"""Names that must agree everywhere: queues, workflow ids, search attributes. Opaque ids, never an address.

Ids, search attributes and queue names are never encrypted by Temporal, hence the rule (design section 5).
"""

import re
from enum import StrEnum
from uuid import uuid4

from pydantic import BaseModel

MIGRATION_QUEUE = "migration"
MAIL_QUEUE = "mail"

RING = "ring"

RECONCILIATION = "reconciliation"
PURGE = "purge"
"""The ids of the Schedules, and how the ids of what they start begin."""

OPAQUE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What an organization id or user id may look like; an address can never match."""


class SearchAttribute(StrEnum):
    """The six typed search attributes of every workflow of ours; registered by one command."""

    ORG = "MigrationOrg"
    STATE = "MigrationState"
    STEP = "MigrationStep"
    WAVE = "MigrationWave"
    DEADLINE = "MigrationDeadline"
    ATTENTION = "MigrationAttention"


SEARCH_ATTRIBUTE_TYPES = {
    SearchAttribute.ORG: "keyword",
    SearchAttribute.STATE: "keyword",
    SearchAttribute.STEP: "keyword",
    SearchAttribute.WAVE: "keyword",
    SearchAttribute.DEADLINE: "datetime",
    SearchAttribute.ATTENTION: "keyword",
}


class MigrationRef(BaseModel, frozen=True):
    """One user's migration. `generation` grows with a re-selection after a terminal state."""

    org_id: str
    user_id: str
    generation: int = 1

    @property
    def before(self) -> "MigrationRef":
        """The generation before this one, which is not the first."""
        return MigrationRef(org_id=self.org_id, user_id=self.user_id, generation=self.generation - 1)

    @property
    def workflow_id(self) -> str:
        return f"migration/{self.org_id}/{self.user_id}/{self.generation}"


class WaveRef(BaseModel, frozen=True):
    """One selection made by an administrator."""

    org_id: str
    wave_id: str

    @property
    def workflow_id(self) -> str:
        return f"wave/{self.org_id}/{self.wave_id}"


class OrganizationRef(BaseModel, frozen=True):
    """One organization."""

    org_id: str

    @property
    def workflow_id(self) -> str:
        return f"organization/{self.org_id}"


def ref_of(workflow_id: str) -> MigrationRef | WaveRef | None:
    """Whose workflow this is; None for what is neither a migration nor a wave."""
    match workflow_id.split("/"):
        case ["migration", org_id, user_id, generation] if generation.isdecimal():
            return MigrationRef(org_id=org_id, user_id=user_id, generation=int(generation))
        case ["wave", org_id, wave_id]:
            return WaveRef(org_id=org_id, wave_id=wave_id)
        case _:
            return None


def new_id() -> str:
    """An opaque id for a user, wave, session, mail or token row, or for a command."""
    return uuid4().hex
