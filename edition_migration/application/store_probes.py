"""What `doctor` looks at in the store: does it answer, is its schema ours, has it room, do the keys fit its links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from edition_migration.domain.diagnosis import ClockReading, Finding, Probe, Subject, fails, of_clock, ok, warning
from edition_migration.domain.organization import OrganizationSettings
from edition_migration.domain.token import digest_of, token_text
from edition_migration.ports.clock import Clock
from edition_migration.ports.store_diagnosis import LinksToMail, StoreDiagnosis

_MEGABYTE = 1024 * 1024
SCARCE = 1024 * _MEGABYTE
FULL = 100 * _MEGABYTE
SET_UP = "run `starter.py setup` with this code"


@dataclass(frozen=True, slots=True)
class StoreProbes:
    """`keys` are the link keys by id, the current one first."""

    store: StoreDiagnosis
    clock: Clock
    keys: Mapping[str, bytes]

    @property
    def all(self) -> tuple[Probe, ...]:
        return (
            Probe(Subject.STORE, self._kind, is_entrance=True),
            Probe(Subject.SCHEMA, self._schema),
            Probe(Subject.DISK, self._disk),
            Probe(Subject.CLOCK, self._clock),
        )

    @property
    def link_keys(self) -> Probe:
        return Probe(Subject.LINK_KEYS, self._link_keys)

    async def longest_undo(self) -> timedelta:
        """The default where there is no organization yet. Raises StoreUnavailable."""
        return await self.store.longest_undo() or OrganizationSettings().undo_window

    async def _kind(self) -> Sequence[Finding]:
        return [ok(Subject.STORE, f"{await self.store.kind()} answers")]

    async def _schema(self) -> Sequence[Finding]:
        it = await self.store.revision()
        if it.found == it.wanted:
            return [ok(Subject.SCHEMA, f"revision {it.found}, as this code wants it")]
        if it.found is None:
            return [fails(Subject.SCHEMA, f"none yet, this code wants revision {it.wanted}", SET_UP)]
        text = f"revision {it.found}, this code wants {it.wanted}"
        if it.is_served:
            return [ok(Subject.SCHEMA, f"{text}, which it serves too")]
        if it.is_newer:
            return [fails(Subject.SCHEMA, f"{text}, which it serves no more", "run the newer code that made it")]
        return [fails(Subject.SCHEMA, text, SET_UP)]

    async def _disk(self) -> Sequence[Finding]:
        space = await self.store.disk()
        if space is None:
            return [ok(Subject.DISK, "the database is a server; its disk is not seen from here")]
        if not space.is_writable:
            mend = "let the user of this service write there, or move the database"
            return [fails(Subject.DISK, f"{space.folder}: the database cannot be written to", mend)]
        text = f"{space.folder}: {space.free_bytes // _MEGABYTE} MB free"
        if space.free_bytes >= SCARCE:
            return [ok(Subject.DISK, text)]
        find = warning if space.free_bytes >= FULL else fails
        return [find(Subject.DISK, text, "make room, or move the database to another disk")]

    async def _clock(self) -> Sequence[Finding]:
        before = self.clock.now()
        theirs = await self.store.clock()
        if theirs is None:
            return [ok(Subject.CLOCK, "the database has this machine's clock")]
        return [of_clock("the database's clock", ClockReading(before, theirs, self.clock.now()))]

    async def _link_keys(self) -> Sequence[Finding]:
        waiting = await self.store.links_to_mail()
        wrong = [finding for links in waiting if (finding := self._misfit(links)) is not None]
        if wrong:
            return wrong
        current, *older = self.keys
        text = (
            f"{current} makes new links; {sum(it.links for it in waiting)} wait for their mail, and their keys are set"
        )
        idle = [it for it in older if it not in {links.key_id for links in waiting}]
        return [ok(Subject.LINK_KEYS, text + (f"; needed no more: {', '.join(idle)}" if idle else ""))]

    def _misfit(self, links: LinksToMail) -> Finding | None:
        """A link is made again from its row and its key when its mail is sent; another key makes another."""
        key, newest = self.keys.get(links.key_id), links.newest
        whose = f"links of key {links.key_id} to be mailed: {links.links}"
        if key is None:
            mend = "add that key to EDITION_MIGRATION_LINK_KEYS again, behind the current one"
            return fails(Subject.LINK_KEYS, f"{whose}; it is not set, so they cannot go", mend)
        if digest_of(token_text(key, newest.token_id, newest.generation)) != newest.digest:
            mend = "give the new key an id of its own, and add the former one again behind it"
            return fails(Subject.LINK_KEYS, f"{whose}; it was another key, so they would be dead", mend)
        return None
