"""`/healthz`: the process lives. `/readyz`: it can serve, which needs the store and not Temporal (design section 3)."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edition_migration.domain.errors import StoreUnavailable
from edition_migration.web.problems import RETRY_SECONDS
from edition_migration.web.services import Readiness


class Health:
    def __init__(self, store: Readiness) -> None:
        self._store = store

    async def alive(self, request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        try:
            await self._store.check()
        except StoreUnavailable as error:
            headers = {"Retry-After": str(RETRY_SECONDS)}
            return JSONResponse({"status": "not_ready", "reason": error.code}, HTTPStatus.SERVICE_UNAVAILABLE, headers)
        return JSONResponse({"status": "ready"})
