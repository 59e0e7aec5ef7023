"""The worker's health page over real HTTP."""

import asyncio
import json

import pytest

from edition_migration.domain.errors import ConfigurationError, StoreUnavailable
from edition_migration.temporal.health import Check, Health, serve_health


async def _well() -> None:
    return


async def _broken() -> None:
    raise StoreUnavailable("the database does not answer")


async def _get(path: str, store: Check = _well) -> tuple[int, dict[str, str]]:
    server = await serve_health(Health({"temporal": _well, "store": store}), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


async def test_health_says_that_the_process_lives_whatever_the_store_does() -> None:
    assert await _get("/healthz", _broken) == (200, {"status": "ok"})


async def test_ready_only_where_every_check_is_well() -> None:
    assert await _get("/readyz") == (200, {"status": "ok", "temporal": "ok", "store": "ok"})
    assert await _get("/readyz?verbose", _broken) == (
        503,
        {"status": "not ready", "temporal": "ok", "store": "store_unavailable"},
    )


async def test_other_paths_are_not_found() -> None:
    assert await _get("/") == (404, {"status": "not found"})


async def test_taken_port_is_a_configuration_error_that_names_it() -> None:
    server = await serve_health(Health({}), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port} "):
            await serve_health(Health({}), "127.0.0.1", port)
