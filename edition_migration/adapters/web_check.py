"""One GET with the standard library, in a thread. Implements `ports.web_check.WebCheck`."""

import asyncio
import http.client
import ssl
from urllib.parse import urlsplit

from edition_migration.ports.web_check import PageAnswer, Silence

LIMIT = 5.0
"""Seconds for the connection, and for each part of the answer."""
BEGINNING = 1000
"""Bytes of an answer that are read."""


class HttpCheck:
    async def get(self, url: str) -> PageAnswer | Silence:
        return await asyncio.to_thread(_get, url)


def _get(url: str) -> PageAnswer | Silence:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=LIMIT)
    try:
        connection.request("GET", parts.path or "/", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        return PageAnswer(answer.status, answer.read(BEGINNING).decode(errors="replace"))
    except ssl.SSLCertVerificationError:
        return Silence.UNTRUSTED
    except (OSError, http.client.HTTPException):
        return Silence.UNREACHABLE
    finally:
        connection.close()
