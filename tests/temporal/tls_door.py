"""A TLS door before the local server, which takes none itself; it keeps what a client shows of itself."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import hpack
import trustme

HOST = "127.0.0.1"
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADERS, _PADDED, _PRIORITY = 0x1, 0x8, 0x20


@dataclass
class Door:
    """`names` are the server names that clients asked for, `subjects` the common names of their certificates."""

    address: str = ""
    names: list[str] = field(default_factory=list[str])
    subjects: list[str] = field(default_factory=list[str])
    authorizations: set[str] = field(default_factory=set[str])


class _Headers:
    """Reads the HTTP/2 headers of one connection as they pass."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._rest = b""
        self._decoder = hpack.Decoder()
        self._is_begun = False

    def feed(self, data: bytes) -> None:
        self._rest += data
        if not self._is_begun:
            if len(self._rest) < len(_PREFACE):
                return
            self._rest = self._rest.removeprefix(_PREFACE)
            self._is_begun = True
        while len(self._rest) >= 9:
            end = 9 + int.from_bytes(self._rest[:3])
            if len(self._rest) < end:
                return
            kind, flags, payload = self._rest[3], self._rest[4], self._rest[9:end]
            self._rest = self._rest[end:]
            if kind == _HEADERS:
                self._keep(flags, payload)

    def _keep(self, flags: int, payload: bytes) -> None:
        if flags & _PADDED:
            payload = payload[1 : len(payload) - payload[0]]
        if flags & _PRIORITY:
            payload = payload[5:]
        for name, value in self._decoder.decode(payload, raw=True):
            if name == b"authorization":
                self._door.authorizations.add(value.decode())


@asynccontextmanager
async def tls_door(target: str, certificate: trustme.LeafCert, clients: trustme.CA | None) -> AsyncGenerator[Door]:
    """Leads to `target`. With `clients` a client needs a certificate of that authority."""
    door = Door()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    context.set_alpn_protocols(["h2"])
    context.sni_callback = lambda _socket, name, _context: door.names.append(name or "")
    if clients:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    target_host, _, target_port = target.rpartition(":")
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if subject := _common_name(writer.get_extra_info("peercert")):
            door.subjects.append(subject)
        headers = _Headers(door)
        inner_reader, inner_writer = await asyncio.open_connection(target_host, int(target_port))
        pumps = [
            asyncio.create_task(_pump(reader, inner_writer, headers)),
            asyncio.create_task(_pump(inner_reader, writer, None)),
        ]
        tasks.update(pumps)

    server = await asyncio.start_server(serve, HOST, 0, ssl=context)
    door.address = f"{HOST}:{server.sockets[0].getsockname()[1]}"
    try:
        yield door
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: _Headers | None) -> None:
    try:
        while data := await reader.read(65_536):
            if headers:
                headers.feed(data)
            writer.write(data)
            await writer.drain()
    except OSError:
        return  # the other side went away
    finally:
        writer.close()


def _common_name(certificate: dict[str, tuple[tuple[tuple[str, str], ...], ...]] | None) -> str:
    subject = (certificate or {}).get("subject", ())
    return next((value for part in subject for key, value in part if key == "commonName"), "")


def pem_file(folder: Path, name: str, *blobs: trustme.Blob) -> str:
    """The path of a new PEM file with these parts."""
    file = folder / name
    file.write_bytes(b"".join(blob.bytes() for blob in blobs))
    return str(file)
