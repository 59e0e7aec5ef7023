"""`/healthz` and `/readyz` of a worker process, for whoever restarts it or sends it work."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from edition_migration.domain.errors import ConfigurationError, EditionMigrationError

Check = Callable[[], Awaitable[None]]
"""Returns where all is well; raises an EditionMigrationError that says what is not."""

REQUEST_LIMIT = 5.0
"""Seconds for a whole request; who is slower is hung up on."""


@dataclass(frozen=True)
class Health:
    """`checks` by name decide readiness; liveness is that the event loop answers."""

    checks: Mapping[str, Check]

    async def answer(self, path: str) -> tuple[int, dict[str, str]]:
        """Status and body of one GET."""
        if path == "/healthz":
            return 200, {"status": "ok"}
        if path != "/readyz":
            return 404, {"status": "not found"}
        results = {name: await _result(check) for name, check in self.checks.items()}
        is_ready = all(result == "ok" for result in results.values())
        return (200 if is_ready else 503), {"status": "ok" if is_ready else "not ready", **results}


async def serve_health(health: Health, host: str, port: int) -> asyncio.Server:
    """Listens at once; port 0 lets the system choose. Close it with `server.close()`.

    Raises ConfigurationError where the address is taken or not this machine's.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_LIMIT):
                status, body = await health.answer(_path(await reader.readuntil(b"\r\n")))
                writer.write(_response(status, body))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # the one who asked went away, or speaks no HTTP
        finally:
            writer.close()

    try:
        return await asyncio.start_server(serve, host, port)
    except OSError as error:
        raise ConfigurationError(
            f"the health page cannot listen on {host}:{port} ({error.strerror})", mend="choose another port"
        ) from None


async def _result(check: Check) -> str:
    try:
        await check()
    except EditionMigrationError as error:
        return error.code
    return "ok"


def _path(request_line: bytes) -> str:
    parts = request_line.decode("latin-1").split()
    return parts[1].partition("?")[0] if len(parts) == 3 and parts[0] in ("GET", "HEAD") else ""


def _response(status: int, body: Mapping[str, str]) -> bytes:
    content = json.dumps(body).encode() + b"\n"
    reason = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}[status]
    head = (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + content
