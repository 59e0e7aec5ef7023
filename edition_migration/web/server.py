"""Runs the application under uvicorn: says what it serves, drains on SIGTERM or SIGINT, then returns (exit 0)."""

import asyncio
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.types import ASGIApp

DRAIN_SECONDS = 20

_log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """uvicorn raises the signal again after it has drained, which would end the process with 143 in place of 0."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        handled = (signal.SIGTERM, signal.SIGINT)
        for number in handled:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in handled:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                _log.info("web.serving", host=host, port=port)


async def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serves until a signal; requests in flight are answered first, for `DRAIN_SECONDS` at most. Port 0: any free one.

    No access log of uvicorn's own: its lines would hold the paths, and with them the links.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        proxy_headers=False,  # the application knows its proxies
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    await _Server(config).serve()
    _log.info("web.stopped")
