"""One HTTP exchange with a process of the demo, by the standard library: the demo needs no package of its own."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from edition_migration.cli.demo.failure import DemoFailed

LIMIT = 20.0
"""Seconds for one exchange."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


async def exchange(
    method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """The answer, whatever its status; redirects are not followed. Raises DemoFailed where nobody answers."""
    try:
        return await asyncio.to_thread(_exchange, method, url, body, dict(headers or {}))
    except (OSError, HTTPException) as error:
        parts = urlsplit(url)
        raise DemoFailed(f"no answer from {parts.scheme}://{parts.netloc}: {error or type(error).__name__}") from None


async def is_answering(url: str) -> bool:
    """Whether a GET is answered with 200."""
    try:
        return (await exchange("GET", url)).status == 200
    except DemoFailed:
        return False


def _exchange(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answer:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=LIMIT)
    try:
        connection.request(method, parts.path or "/", body=body, headers=headers)
        response = connection.getresponse()
        text = response.read().decode("utf-8")
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
    finally:
        connection.close()
