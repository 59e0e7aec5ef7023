"""The gauges that come from rows: what waits in the service, looked up again and again while somebody listens."""

from datetime import datetime

from edition_migration.application.sealing import Sealer
from edition_migration.domain.metrics import (
    LOOKED_UP,
    OLDEST_DOORBELL,
    OLDEST_EVENT,
    OLDEST_MAIL,
    OLDEST_UNSEALED,
    OPEN_MIGRATIONS,
    PARKED_MIGRATIONS,
    QuietHours,
)
from edition_migration.domain.migration import Attention
from edition_migration.domain.states import OPEN
from edition_migration.ports.clock import Clock
from edition_migration.ports.metrics import Meter
from edition_migration.ports.store import Store


class Gauges:
    """Shown by each worker process for itself: all say the same, within half a minute."""

    def __init__(self, *, store: Store, clock: Clock, meter: Meter, sealer: Sealer) -> None:
        self._store = store
        self._clock = clock
        self._meter = meter
        self._sealer = sealer

    async def look_up(self) -> None:
        """Shows all of them anew. Raises StoreUnavailable: they stay what they were, and so does their time."""
        now = self._clock.now()
        oldest_unsealed = await self._sealer.oldest_unsealed()
        async with self._store.read() as uow:
            oldest_doorbell = await uow.backlog.oldest_doorbell()
            oldest_event = await uow.backlog.oldest_event()
            oldest_mails = {it: await uow.backlog.oldest_mail(now, it) for it in QuietHours}
            open_migrations = await uow.backlog.open_migrations()
            parked_migrations = await uow.backlog.parked_migrations()
        self._meter.show(OLDEST_UNSEALED, _age(oldest_unsealed, now))
        self._meter.show(OLDEST_DOORBELL, _age(oldest_doorbell, now))
        self._meter.show(OLDEST_EVENT, _age(oldest_event, now))
        for quiet_hours, oldest in oldest_mails.items():
            self._meter.show(OLDEST_MAIL, _age(oldest, now), quiet_hours=quiet_hours)
        for state in OPEN:
            self._meter.show(OPEN_MIGRATIONS, open_migrations.get(state, 0), state=state)
        for attention in Attention:
            self._meter.show(PARKED_MIGRATIONS, parked_migrations.get(attention, 0), attention=attention)
        self._meter.show(LOOKED_UP, now.timestamp())


def _age(oldest: datetime | None, now: datetime) -> float:
    """In seconds. A clock that is behind the writer's makes nothing younger than new."""
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
