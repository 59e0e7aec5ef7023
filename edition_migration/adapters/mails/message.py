"""One mail as bytes, the same for every repeat. Used by the SMTP adapter.

Message-ID, Date and MIME boundary derive from the row (design section 6), so a relay or a reader that drops what it has
seen before can tell a repeat. Nothing that a person wrote can add a header: the headers are built by `email`, which
refuses line breaks, and the recipient is checked before.
"""

import hashlib
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from io import StringIO

from edition_migration.adapters.csv_files import CsvWriter
from edition_migration.domain.addresses import domain_of, local_part_of, normalize_address
from edition_migration.domain.errors import AddressRefused, InvalidInput
from edition_migration.domain.mail import message_id
from edition_migration.ports.mails import Envelope, Sheet
from edition_migration.ports.row_files import FileForm

MAILBOX_NAME_NOT_ALLOWED = 553
"""RFC 5321, 4.2.3. The code that we give ourselves for an address that cannot be put on the wire."""


def message_bytes(envelope: Envelope, sender: str, message_domain: str) -> bytes:
    """The message with CRLF line ends. Raises AddressRefused where the recipient is no single mailbox."""
    key = hashlib.sha256(f"mail/{envelope.mail_id}".encode()).hexdigest()[:32]
    message = EmailMessage(policy=SMTP if envelope.recipient.isascii() else SMTPUTF8)
    message["From"] = sender
    message["To"] = _mailbox(envelope.recipient)
    message["Subject"] = envelope.content.subject
    message["Date"] = format_datetime(envelope.created_at.astimezone(UTC))
    message["Message-ID"] = message_id(envelope.mail_id, message_domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes in answer
    message.set_content(envelope.content.text, cte="quoted-printable")
    message.add_alternative(envelope.content.html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{key}")
    if envelope.sheet is not None:
        _attach(message, envelope.sheet)
        message.set_boundary(f"=_{key}_whole")
    return message.as_bytes()


def _attach(message: EmailMessage, sheet: Sheet) -> None:
    """As UTF-8 with a byte order mark, without which spreadsheets take umlauts for something else."""
    file = StringIO(newline="")
    writer = CsvWriter(file, sheet.header, FileForm("utf-8-sig", ","))
    for row in sheet.rows:
        writer.write(dict(zip(sheet.header, row, strict=True)))
    message.add_attachment(
        file.getvalue().encode("utf-8-sig"),
        maintype="text",
        subtype="csv",
        filename=sheet.name,
        params={"charset": "utf-8"},
    )


def _mailbox(recipient: str) -> Address:
    refusal = AddressRefused(
        "The recipient's address is not one mailbox",
        reply_code=MAILBOX_NAME_NOT_ALLOWED,
        mend="correct the user's address",
    )
    try:
        address = normalize_address(recipient)
    except InvalidInput:
        raise refusal from None
    return Address(username=local_part_of(address), domain=domain_of(address))
