"""All probes at once, each for itself: what one cannot see, or breaks on, hides nothing of what the others see.

Used by `starter.py doctor`; the probes are put together by bootstrap.
"""

import asyncio
from collections.abc import Sequence

from edition_migration.domain.diagnosis import Diagnosis, Finding, Probe, Verdict, fails, warning
from edition_migration.domain.errors import (
    ConfigurationError,
    EditionMigrationError,
    StoreUnavailable,
    TemporalUnavailable,
)

_SHUT_ENTRANCE = (ConfigurationError, StoreUnavailable, TemporalUnavailable)
_ORDER = list(Verdict)


async def diagnose(probes: Sequence[Probe]) -> Diagnosis:
    """The findings in the order of the probes. Never raises for what a probe meets."""
    pages = await asyncio.gather(*(_findings(probe) for probe in probes))
    findings = tuple(finding for page in pages for finding in page)
    worst = max((it.verdict for it in findings), key=_ORDER.index, default=Verdict.OK)
    return Diagnosis(verdict=worst, findings=findings)


async def _findings(probe: Probe) -> Sequence[Finding]:
    seconds = probe.limit.total_seconds()
    try:
        async with asyncio.timeout(seconds):
            return await probe.look()
    except TimeoutError:
        return [fails(probe.subject, f"no answer within {seconds:g} s", "see whether something on the way is stuck")]
    except EditionMigrationError as error:
        if isinstance(error, _SHUT_ENTRANCE) and not probe.is_entrance:
            return [warning(probe.subject, f"not known: {error.message}")]
        return [fails(probe.subject, error.message, error.mend)]
    except Exception as error:  # a fault of this look must not hide the others
        name = type(error).__name__
        return [fails(probe.subject, f"could not be looked at: a fault of this program ({name})", "report it")]
