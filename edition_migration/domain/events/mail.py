"""Data of the `mail.*` events: what became of a mail after the relay had accepted it.

The relay knows a mail by its Message-ID, which is made of the mail's row (`domain/mail.py`).
"""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from edition_migration.domain.names import OPAQUE_ID
from edition_migration.domain.texts import OpaqueId
from edition_migration.domain.validation import broken


def _of_ours(value: str) -> str:
    """The part before the @, which is the id of the mail's row."""
    mail_id = value.strip().removeprefix("<").removesuffix(">").partition("@")[0]
    if not OPAQUE_ID.fullmatch(mail_id):
        raise broken("is no Message-ID of this service", "give the Message-ID header as it was sent")
    return mail_id


MessageId = Annotated[str, Field(max_length=255), AfterValidator(_of_ours)]


class MailData(BaseModel):
    """Whose mail, and which."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    org_id: OpaqueId
    message_id: MessageId


class MailDelivered(MailData):
    """The recipient's own server has it."""


class MailBounced(MailData):
    """It came back for good. One that came back for now is the relay's to repeat, and no event."""


class MailComplained(MailData):
    """The recipient called it unwanted."""
