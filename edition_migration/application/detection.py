"""What the sign-in gate tells the organization: a guest of its domain who has no migration tried to sign in.

The event enters the inbox like one from outside, so the organization's own drain makes the row (design section 5).
"""

from datetime import datetime

from edition_migration.application.intake import inbox_row
from edition_migration.domain.events.envelope import EventType
from edition_migration.domain.names import new_id
from edition_migration.domain.organization import Organization
from edition_migration.domain.user import User
from edition_migration.domain.versions import is_old_client, is_version
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import InboxRow

EVENT_SOURCE = "/edition-migration/sign-in-gate"
"""The CloudEvents source of what the gate itself notices."""


async def note_detection(
    uow: UnitOfWork, owner: Organization, user: User, client_version: str | None, now: datetime
) -> None:
    """Enters `user.detected` and the organization's doorbell, once for each user without a migration there.

    Call it with the user's row held; that makes two sign-ins at the same moment enter one event.
    """
    if await uow.migrations.latest(owner.org_id, user.user_id) is not None:
        return
    if await uow.inbox.has_pending_detection(owner.org_id, user.user_id):
        return
    await uow.inbox.receive(_event(owner, user, client_version, now))
    await uow.doorbells.add_organization(owner.org_id, now)


def _event(owner: Organization, user: User, client_version: str | None, now: datetime) -> InboxRow:
    """The event as an outside sender would have sent it; no address in it.

    Only an old client is reported: what a client says of itself must not make a blocked guest eligible to stay. Words
    that are no version say nothing of it.
    """
    data: dict[str, str] = {"org_id": owner.org_id, "user_id": user.user_id}
    version = (client_version or "").strip()
    if is_version(version) and is_old_client(version, owner.settings.minimum_client):
        data["client_version"] = version
    document = {
        "specversion": "1.0",
        "type": EventType.USER_DETECTED,
        "source": EVENT_SOURCE,
        "id": new_id(),
        "time": now.isoformat(),
        "data": data,
    }
    return inbox_row(document, now)
