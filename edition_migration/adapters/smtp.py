"""Mails through a real SMTP conversation, one connection a mail. Used by bootstrap, as the port `Mailer`.

The conversation is spoken step by step, because what a failure means depends on where it happened: before the final
dot nothing was sent, a 250 after it is success whatever follows, and silence after it cannot be known (RFC 1047).
"""

import asyncio
import re
from dataclasses import dataclass, field

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from edition_migration.adapters.mails.message import MAILBOX_NAME_NOT_ALLOWED, message_bytes
from edition_migration.domain.errors import AddressRefused, EditionMigrationError, RelayUnavailable
from edition_migration.domain.refusals import Blame, blame_of
from edition_migration.ports.mails import Envelope, RelaySecurity

_START_INPUT = 354
_LINE_STARTING_WITH_DOT = re.compile(rb"^\.", re.MULTILINE)
_CLOSING = 421
"""Of the answers that say "not now" the one that every mail would get."""


@dataclass(frozen=True, slots=True)
class Relay:
    """Where our mails leave, and as whom. `ca_file` is a PEM file for a relay with a private authority.

    `timeout` bounds the whole conversation up to the final dot, `accept_timeout` the wait for the answer to it, both
    in seconds; a call of `send` takes no longer than their sum.
    """

    host: str
    port: int
    sender: str
    message_domain: str
    security: RelaySecurity = RelaySecurity.STARTTLS
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    timeout: float = 30.0
    accept_timeout: float = 120.0


class SmtpMailer:
    """Implements the port `Mailer`. Its errors hold reply codes and class names, never what the relay wrote."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def send(self, envelope: Envelope) -> int:
        """Sends one mail and returns the relay's code, 250.

        Raises AddressRefused where the relay refuses this recipient or this mail for good, RelayUnavailable for
        everything else, with `outcome_unknown` where nobody can say. A repeat sends the same bytes.
        """
        message = message_bytes(envelope, self._relay.sender, self._relay.message_domain)
        client = self._client()
        try:
            await self._offer(client, envelope.recipient)
            code = await self._hand_over(client, message)
            _say_goodbye(client)
        finally:
            client.close()
        return code

    def _client(self) -> aiosmtplib.SMTP:
        relay = self._relay
        return aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.username,
            password=relay.password,
            local_hostname=relay.message_domain,
            timeout=relay.timeout,
            use_tls=relay.security is RelaySecurity.TLS,
            start_tls=relay.security is RelaySecurity.STARTTLS,
            cert_bundle=relay.ca_file,
        )

    async def _offer(self, client: aiosmtplib.SMTP, recipient: str) -> None:
        """Everything up to the relay's 354. Nothing was sent if this raises."""
        failure: EditionMigrationError
        is_for_all = True
        try:
            async with asyncio.timeout(self._relay.timeout):
                await client.connect()
                is_for_all = recipient.isascii()  # SMTPUTF8 is asked for with MAIL, and is about this mail
                await self._introduce(client, recipient)
                is_for_all = False
                await client.rcpt(recipient, encoding="utf-8")
                answer = await client.execute_command(b"DATA")
            if answer.code == _START_INPUT:
                return
            failure = _refusal(answer.code, answer.message, "DATA")
        except EditionMigrationError:
            raise
        except aiosmtplib.SMTPRecipientRefused as error:
            failure = _refusal(error.code, error.message, "RCPT")
        except aiosmtplib.SMTPResponseException as error:
            failure = RelayUnavailable(f"The relay answered {error.code}", is_for_all=is_for_all)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            failure = RelayUnavailable(
                f"The relay could not be used ({_cause(error)})", is_for_all=is_for_all, mend="check the SMTP settings"
            )
        raise failure  # outside of the except: the library's error, as context, would carry the address

    async def _introduce(self, client: aiosmtplib.SMTP, recipient: str) -> None:
        """Up to MAIL, which names the sender and not yet the recipient."""
        is_international = not recipient.isascii()
        if is_international:
            await client.ehlo()
        if is_international and not client.supports_extension("smtputf8"):
            raise AddressRefused(
                "The relay does not take addresses outside of ASCII",
                reply_code=MAILBOX_NAME_NOT_ALLOWED,
                mend="use a relay with SMTPUTF8, or correct the user's address",
            )
        await client.mail(self._relay.sender, options=["SMTPUTF8"] if is_international else [])

    async def _hand_over(self, client: aiosmtplib.SMTP, message: bytes) -> int:
        """The message, the final dot, and the answer to it. Once the dot is written, only an answer tells."""
        is_written = False
        failure: EditionMigrationError
        try:
            protocol = _protocol_of(client)
            protocol.write(_LINE_STARTING_WITH_DOT.sub(b"..", message) + b".\r\n")
            is_written = True
            answer = await protocol.read_response(timeout=self._relay.accept_timeout)
            if answer.code // 100 == 2:
                return answer.code
            failure = _refusal(answer.code, answer.message, "the message")
        except (aiosmtplib.SMTPException, OSError) as error:
            where = "after" if is_written else "before"
            message_text = f"The relay was lost {where} the final dot ({_cause(error)})"
            failure = RelayUnavailable(message_text, outcome_unknown=is_written)
        raise failure


def _protocol_of(client: aiosmtplib.SMTP) -> SMTPProtocol:
    if client.protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("connection lost")
    return client.protocol


def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    """QUIT without waiting: the 250 is all, and a crash in a wait for the 221 would lose it."""
    if client.protocol is not None and client.protocol.is_connected:
        client.protocol.write(b"QUIT\r\n")


def _refusal(code: int, text: str, stage: str) -> EditionMigrationError:
    """Whose matter the relay's answer is: this address or mail for good, or its own. Nothing of `text` is kept."""
    blame = blame_of(code, text) if code // 100 == 5 else Blame.RELAY
    if blame is not Blame.RELAY:
        return AddressRefused(f"The relay answered {code} to {stage}", reply_code=code, blame=blame)
    is_for_all = code == _CLOSING or code // 100 == 5
    return RelayUnavailable(f"The relay answered {code} to {stage}", is_for_all=is_for_all)


def _cause(error: BaseException) -> str:
    """The class alone: the texts of the library and of the relay may hold the address."""
    return type(error.__cause__ if isinstance(error.__cause__, OSError) else error).__name__
