"""The page served for real on loopback, for a browser. Used by browser tests and by the makers of pictures."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import uvicorn

from tests.web.conftest import Web


@asynccontextmanager
async def served(web: Web) -> AsyncIterator[str]:
    """The address under which `web` answers, which is its link base too."""
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(web.app(link_base=base), access_log=False, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # the process keeps its own signals
    serving = asyncio.ensure_future(server.serve([listening]))
    yield base
    server.should_exit = True
    await serving
