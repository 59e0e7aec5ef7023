"""The web process's application: password page, sign-in gate, event intake, health. Built by bootstrap, serves while
Temporal is down. Links and origins come from the settings, never from `Host` or `X-Forwarded-*`; of these headers only
the client's address is believed, and only to a trusted proxy.
"""

from typing import Any, cast

from secure.middleware import SecureASGIMiddleware
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from edition_migration.web.access_log import AccessLog
from edition_migration.web.csrf import Csrf
from edition_migration.web.events import EventEndpoint
from edition_migration.web.health import Health
from edition_migration.web.limits import Limiter
from edition_migration.web.password_page import PasswordPage
from edition_migration.web.problems import handlers
from edition_migration.web.rendering import Pages
from edition_migration.web.ringing import Ringer
from edition_migration.web.security import NothingKept, security_headers
from edition_migration.web.services import WebServices, WebSettings
from edition_migration.web.sign_in import SignInEndpoint


def build_app(services: WebServices, settings: WebSettings) -> ASGIApp:
    """The ASGI application. Opens nothing: store and gateway come with the services and are closed by their owner."""
    pages, limiter, ringer = Pages(), Limiter(), Ringer(services.bells)
    page = PasswordPage(
        credentials=services.credentials,
        ringer=ringer,
        csrf=Csrf(settings),
        limiter=limiter,
        limits=settings.limits,
        pages=pages,
    )
    sign_in = SignInEndpoint(
        gate=services.sign_in, ringer=ringer, limiter=limiter, limits=settings.limits, meter=services.meter
    )
    events = EventEndpoint(intake=services.intake, ringer=ringer, secrets=settings.webhook_secrets)
    health = Health(services.store)
    routes = [
        Route("/password/{token}", page.show, methods=["GET"]),
        Route("/password/{token}", page.choose, methods=["POST"]),
        Route("/password/{token}/new-link", page.request_new_link, methods=["POST"]),
        Route("/v1/sign-in", sign_in.attempt, methods=["POST"]),
        Route("/v1/events", events.receive, methods=["POST"]),
        Route("/healthz", health.alive, methods=["GET"]),
        Route("/readyz", health.ready, methods=["GET"]),
        Route("/assets/style.css", pages.style, methods=["GET"]),
    ]
    app = Starlette(routes=routes, exception_handlers=handlers(pages))
    app.router.redirect_slashes = False
    return _wrapped(app, services, settings)


def _wrapped(app: ASGIApp, services: WebServices, settings: WebSettings) -> ASGIApp:
    """Around everything, so that an answer to a failure of ours carries the headers, is logged and counted too.

    uvicorn's own middleware believes nobody where no proxy is trusted.
    """
    with_headers = SecureASGIMiddleware(NothingKept(app), secure=security_headers(is_https=settings.is_https))
    logged = AccessLog(cast("ASGIApp", with_headers), services.meter)
    behind_proxies: Any = ProxyHeadersMiddleware(cast("Any", logged), list(settings.trusted_proxies))
    return behind_proxies
