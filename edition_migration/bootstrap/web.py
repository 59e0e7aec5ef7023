"""The web process: what it can do, and serving it. Used by `python -m edition_migration` and by tests."""

from edition_migration.adapters.clock import SystemPace
from edition_migration.adapters.hashing import PwdlibHasher
from edition_migration.adapters.strength import strength
from edition_migration.application.credentials import Credentials
from edition_migration.application.intake import Intake
from edition_migration.application.rings import Bells
from edition_migration.application.sign_in import SignIn
from edition_migration.bootstrap.foundation import Foundation, foundation, link_keys, metrics_address
from edition_migration.domain.metrics import Process
from edition_migration.observability import configure_logging
from edition_migration.ports.metrics import Meter
from edition_migration.settings import Settings, load_settings
from edition_migration.temporal.client import connect
from edition_migration.temporal.metrics import SdkMeter
from edition_migration.web.app import build_app
from edition_migration.web.server import serve
from edition_migration.web.services import WebLimits, WebServices, WebSettings


def build_web_services(base: Foundation, meter: Meter) -> WebServices:
    """Everything that the web process can do."""
    store, clock = base.store, base.clock
    hasher = PwdlibHasher(threads=base.settings.hashing_threads)
    return WebServices(
        credentials=Credentials(
            store=store, clock=clock, hasher=hasher, strength=strength, keys=link_keys(base.settings)
        ),
        sign_in=SignIn(
            store=store,
            clock=clock,
            hasher=hasher,
            pace=SystemPace(),
            refusal_seconds=base.settings.sign_in_refusal.total_seconds(),
        ),
        intake=Intake(store=store, clock=clock),
        bells=Bells(store=store, gateway=base.gateway),
        store=store,
        meter=meter,
    )


def web_settings(settings: Settings) -> WebSettings:
    """The part of the settings that the web package knows."""
    return WebSettings(
        link_base=settings.link_base,
        csrf_secret=settings.page_secret.get_secret_value(),
        webhook_secrets=settings.webhook_secret_list,
        trusted_proxies=settings.trusted_proxy_list,
        limits=WebLimits(
            sign_in_by_address=f"{settings.sign_ins_per_minute}/minute",
            page_by_address=f"{settings.page_requests_per_minute}/minute",
        ),
    )


async def serve_web() -> None:
    """Runs the web process until it is told to end; it serves while Temporal is down."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    metrics = metrics_address(settings, Process.WEB)
    client = await connect(identity="web", lazy=True, metrics=metrics)
    base = foundation(settings, client)
    try:
        await base.store.check()
        app = build_app(build_web_services(base, SdkMeter(client, Process.WEB)), web_settings(settings))
        await serve(app, settings.web_host, settings.web_port)
    finally:
        await base.store.dispose()
