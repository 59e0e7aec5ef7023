"""One structured line a request, with the route's template in place of the path: a path may hold a link's token."""

import time
from http import HTTPStatus

import structlog
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_QUIET = ("/healthz", "/readyz", "/assets/style.css")

_log = structlog.get_logger(__name__)


class AccessLog:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status = int(HTTPStatus.INTERNAL_SERVER_ERROR)

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                _write(scope, status, time.monotonic() - started)

        await self._app(scope, receive, send_and_note)


def _write(scope: Scope, status: int, seconds: float) -> None:
    route = scope.get("route")
    template = route.path if isinstance(route, Route) else "(no route)"
    write = _log.debug if template in _QUIET else _log.info
    write("http.request", method=scope["method"], route=template, status=status, milliseconds=round(seconds * 1000))
