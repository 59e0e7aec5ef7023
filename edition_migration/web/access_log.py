"""A structured line and a count a request, with the route's template in place of the path: a path may hold a link."""

import time
from http import HTTPMethod, HTTPStatus

import structlog
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edition_migration.domain.metrics import HTTP_REQUESTS
from edition_migration.ports.metrics import Meter

_QUIET = ("/healthz", "/readyz", "/assets/style.css")
_METHODS = frozenset(HTTPMethod)
"""A client may send any word for a method; a label holds none but these."""

_log = structlog.get_logger(__name__)


class AccessLog:
    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app = app
        self._meter = meter

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
                self._note(scope, status, time.monotonic() - started)

        await self._app(scope, receive, send_and_note)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        template = route.path if isinstance(route, Route) else "(no route)"
        write = _log.debug if template in _QUIET else _log.info
        write("http.request", method=scope["method"], route=template, status=status, milliseconds=round(seconds * 1000))
        method = scope["method"] if scope["method"] in _METHODS else "(other)"
        self._meter.count(HTTP_REQUESTS, method=method, route=template, status=str(status))
