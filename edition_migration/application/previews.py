"""What a command that takes something away would do, in numbers, before it is done; changes nothing."""

from edition_migration.application import views
from edition_migration.application.chosen_users import Chosen
from edition_migration.application.queries import organization_named
from edition_migration.domain.commands import CommandKind, legal_commands
from edition_migration.domain.deadlines import is_undoable
from edition_migration.domain.states import AFTER_ACTIVATION, MigrationState
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store


class Previews:
    """Looks at the users whom a command names."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, kind: CommandKind, chosen: Chosen) -> views.CommandPreview:
        """How many of them it can change, and what those lose; who cannot be changed is not counted."""
        async with self._store.read() as uow:
            newest = await uow.migrations.latest_many(chosen.org_id, chosen.user_ids)
            rows = [row for row in newest if kind in legal_commands(row.state, is_in_wave=row.wave_id is not None)]
            if kind is CommandKind.UNDO:
                window = (await organization_named(uow, chosen.org_id)).settings.undo_window
                rows = [row for row in rows if is_undoable(row.since, window, self._clock.now())]
            losing = [row for row in rows if row.state in AFTER_ACTIVATION or row.state is MigrationState.MIGRATED]
            tickets = [await uow.tickets.of(row.ref) for row in losing]
            sessions = await uow.sessions.open_count(*(row.user_id for row in losing))
        return views.CommandPreview(
            users=len(rows),
            activated=len(losing),
            storage_mb=sum(ticket.storage_mb for ticket in tickets if ticket is not None),
            sessions=sessions,
        )
