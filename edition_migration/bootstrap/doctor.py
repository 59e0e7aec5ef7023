"""`starter.py doctor`: all probes over the real adapters, also where nothing is set up yet. Used by `starter.py`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from temporalio.client import Client

from edition_migration.adapters.clock import SystemClock
from edition_migration.adapters.smtp_check import SmtpCheck
from edition_migration.adapters.store.diagnosis import SqlStoreDiagnosis
from edition_migration.adapters.web_check import HttpCheck
from edition_migration.application.diagnosis import diagnose
from edition_migration.application.door_probes import RelayProbes, WebProbes
from edition_migration.application.store_probes import StoreProbes
from edition_migration.bootstrap.foundation import relay
from edition_migration.domain.diagnosis import Diagnosis, Finding, Probe, Subject, warning
from edition_migration.observability import configure_logging
from edition_migration.ports.clock import Clock
from edition_migration.settings import PREFIX, Settings, examined_settings
from edition_migration.settings_findings import settings_findings
from edition_migration.settings_table import settings_table
from edition_migration.temporal.client import connect
from edition_migration.temporal.probes import TemporalProbes

_RESTS_ON = {
    Subject.STORE: "DATABASE_URL",
    Subject.SCHEMA: "DATABASE_URL",
    Subject.DISK: "DATABASE_URL",
    Subject.LINK_KEYS: "LINK_KEYS",
    Subject.RELAY: "SMTP_",
    Subject.SENDER: "SMTP_",
    Subject.LINK_BASE: "LINK_BASE",
    Subject.WEB: "LINK_BASE",
}
"""How the settings begin without which a look says nothing."""


async def examine() -> Diagnosis:
    """Looks at everything at once; changes nothing, and never raises for what it meets."""
    configure_logging("ERROR", "console")
    settings, problems = examined_settings()
    wrong = [problem.path for problem in problems]
    store = SqlStoreDiagnosis(settings.database_url.get_secret_value())
    try:
        return await diagnose([_heeding(probe, wrong) for probe in _probes(settings, store, SystemClock(), _client)])
    finally:
        await store.dispose()


def _probes(
    settings: Settings, store: SqlStoreDiagnosis, clock: Clock, client: Callable[[], Awaitable[Client]]
) -> Sequence[Probe]:
    """In the order in which a service is set up."""
    stored = StoreProbes(store=store, clock=clock, keys=settings.keys_of_links)
    relays = RelayProbes(
        relay=SmtpCheck(relay(settings)),
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_sender,
        message_domain=settings.smtp_message_domain,
    )
    return [
        Probe(Subject.SETTINGS, _settings),
        *stored.all,
        stored.link_keys,
        *TemporalProbes(connect=client, longest_undo=stored.longest_undo, clock=clock).all,
        *relays.all,
        *WebProbes(web=HttpCheck(), link_base=settings.link_base).all,
    ]


async def _settings() -> Sequence[Finding]:
    return settings_findings(settings_table())


async def _client() -> Client:
    return await connect(identity="doctor", lazy=True)


def _heeding(probe: Probe, wrong: Sequence[str]) -> Probe:
    """The probe; one that only says so where what it rests on is wrong, which has its own line."""
    beginning = _RESTS_ON.get(probe.subject)
    needed = [name for name in wrong if beginning is not None and name.startswith(f"{PREFIX}{beginning}")]
    if not needed:
        return probe

    async def say_so() -> Sequence[Finding]:
        return [warning(probe.subject, f"not known: {', '.join(needed)} is missing or wrong")]

    return replace(probe, look=say_so)
