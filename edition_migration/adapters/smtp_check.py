"""A conversation with the relay that sends nothing, stage by stage. Implements `ports.relay_check.RelayCheck`."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiosmtplib

from edition_migration.adapters.smtp import Relay
from edition_migration.domain.errors import RelayUnavailable
from edition_migration.ports.mails import RelaySecurity
from edition_migration.ports.relay_check import RelayWelcome

STAGE_LIMIT = 5.0
"""Seconds for one answer of the relay."""


class SmtpCheck:
    """Its errors hold reply codes and class names, never what the relay wrote, which may repeat the login."""

    def __init__(self, relay: Relay) -> None:
        self._relay = replace(relay, timeout=STAGE_LIMIT)

    async def converse(self) -> RelayWelcome:
        relay = self._relay
        client = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            local_hostname=relay.message_domain,
            timeout=relay.timeout,
            use_tls=relay.security is RelaySecurity.TLS,
            start_tls=False,
            cert_bundle=relay.ca_file,
        )
        try:
            return await self._stages(client)
        finally:
            client.close()

    async def _stages(self, client: aiosmtplib.SMTP) -> RelayWelcome:
        relay = self._relay
        async with _stage(f"{relay.host}:{relay.port} cannot be used", "check EDITION_MIGRATION_SMTP_HOST and _PORT"):
            await client.connect()
            await client.ehlo()
        if relay.security is RelaySecurity.STARTTLS:
            await self._encrypt(client)
        if relay.username is not None:
            mend = "check EDITION_MIGRATION_SMTP_USERNAME and _PASSWORD"
            async with _stage("the relay takes no login", mend):
                await client.login(relay.username, relay.password or "")
        async with _stage("the relay does not answer NOOP", "see whether the relay is in order"):
            await client.noop()
        is_international = client.supports_extension("smtputf8")
        async with _stage("the relay does not answer QUIT", "see whether the relay is in order"):
            await client.quit()
        return RelayWelcome(relay.security is not RelaySecurity.NONE, relay.username is not None, is_international)

    async def _encrypt(self, client: aiosmtplib.SMTP) -> None:
        if not client.supports_extension("starttls"):
            mend = "set EDITION_MIGRATION_SMTP_SECURITY to tls (port 465), or to none within one machine"
            raise RelayUnavailable("the relay offers no STARTTLS", mend=mend)
        async with _stage("the relay takes no STARTTLS", "see whether the relay is in order"):
            await client.starttls()
            await client.ehlo()


@asynccontextmanager
async def _stage(text: str, mend: str) -> AsyncGenerator[None]:
    """Says of a failure where it was. A certificate that is not trusted has a mend of its own."""
    failure: RelayUnavailable
    try:
        yield
    except aiosmtplib.SMTPResponseException as error:
        failure = RelayUnavailable(f"{text} (it answered {error.code})", mend=mend)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
        failure = RelayUnavailable(f"{text} ({type(cause).__name__})", mend=mend)
        if isinstance(cause, ssl.SSLCertVerificationError):
            trust = "name the relay's authority in EDITION_MIGRATION_SMTP_CA_FILE, and the host as its certificate does"
            failure = RelayUnavailable("the relay's certificate is not trusted", mend=trust)
    else:
        return
    raise failure  # outside of the except: the library's error, as context, may carry what the relay wrote
