"""Whom the store believes to be its PostgreSQL: what PGSSLMODE and PGSSLROOTCERT say, as production.md tells."""

import asyncio
import ssl
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.errors import StoreUnavailable

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""What a client of PostgreSQL sends first; the server answers `S` and begins TLS."""


class Door:
    """A server that begins TLS as PostgreSQL does, then hangs up. `started` counts the clients that believed it."""

    def __init__(self, authority: trustme.CA) -> None:
        self.started = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self._context)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST
            writer.write(b"S")
            await writer.start_tls(self._context)
            await reader.readexactly(1)  # the client speaks on only where it believes the certificate
            self.started += 1
        except (ssl.SSLError, OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def standing(door: Door) -> AsyncGenerator[str]:
    """The URL of a store behind it."""
    server = await asyncio.start_server(door.serve, "127.0.0.1", 0)
    async with server:
        yield f"postgresql+asyncpg://nobody@127.0.0.1:{server.sockets[0].getsockname()[1]}/nothing"


async def believed(door: Door) -> bool:
    async with standing(door) as url:
        store = SqlStore(url)
        with pytest.raises(StoreUnavailable):
            await store.check()
        await store.dispose()
    return door.started > 0


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Named by the variables, in effect where PGSSLMODE says so."""
    ours = trustme.CA()
    ours.cert_pem.write_to_path(str(tmp_path / "postgresql.crt"))
    monkeypatch.setenv("PGSSLROOTCERT", str(tmp_path / "postgresql.crt"))
    monkeypatch.delenv("PGSSLMODE", raising=False)
    return ours


async def test_by_itself_it_believes_whoever_answers(authority: trustme.CA) -> None:
    assert await believed(Door(trustme.CA()))


async def test_with_verify_full_it_believes_the_named_authority_alone(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert not await believed(Door(trustme.CA()))
    assert await believed(Door(authority))
