"""`audit verify` and `audit export`: the chain over the journal recomputed, and the journal for an auditor's eyes.

Pseudonyms only: the journal holds ids, never a name or an address. Both read page by page, so memory stays flat.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from edition_migration.application.queries import organization_named
from edition_migration.domain.seals import NO_HASH, Break, Seal, break_at, is_sealed_by
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store
from edition_migration.ports.store_audit import AuditLine, Unsealed

PAGE = 500


class Anchor(BaseModel):
    """A seal that somebody wrote down elsewhere: it finds a chain that was cut off at its end, or made anew."""

    model_config = ConfigDict(frozen=True)

    position: int
    hash: str

    def __str__(self) -> str:
        """As `--expect` takes it."""
        return f"{self.position}:{self.hash}"


class ChainView(BaseModel):
    """One organization's chain. `broken_at` is the first position that does not hold; `head` is the last that does.

    What is not sealed yet is no fault: the worker seals it within seconds. `unsealed_seconds` is the oldest one's age.
    """

    model_config = ConfigDict(frozen=True)

    org_id: str
    head: Anchor | None
    broken_at: int | None = None
    broken: Break | None = None
    unsealed: int = 0
    unsealed_seconds: int = 0


class VerificationView(BaseModel):
    """`audit verify --json`."""

    model_config = ConfigDict(frozen=True)

    chains: tuple[ChainView, ...]

    @property
    def is_intact(self) -> bool:
        return all(chain.broken is None for chain in self.chains)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a chain: `head` is the last seal that holds. `is_over`: nothing behind it, or it is broken."""

    head: Seal | None = None
    broken_at: int | None = None
    broken: Break | None = None
    is_over: bool = False


class Audit:
    """Reads journal and seals; changes nothing."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def verify(self, org_id: str | None, expected: Anchor | None = None) -> VerificationView:
        """The chain of this organization, or of each. `expected` is of the one organization. Raises NotFound."""
        if expected is not None or org_id is not None:
            async with self._store.read() as uow:
                org_ids: Sequence[str] = [(await organization_named(uow, org_id)).org_id]
        else:
            async with self._store.read() as uow:
                org_ids = await uow.organizations.list_ids()
        return VerificationView(chains=tuple([await self.chain(it, expected) for it in org_ids]))

    async def chain(self, org_id: str, expected: Anchor | None = None) -> ChainView:
        """The organization's chain, recomputed from its first seal on, up to the first that does not hold."""
        stretch = Stretch()
        while not stretch.is_over:
            stretch = await self.walk(org_id, stretch.head, PAGE)
        if stretch.broken is None and expected is not None and not await self._has(org_id, expected):
            stretch = Stretch(stretch.head, expected.position, Break.OTHER_HEAD)
        return await self._view(org_id, stretch)

    async def walk(self, org_id: str, head: Seal | None, limit: int) -> Stretch:
        """As `chain`, the next `limit` seals behind `head`, which holds."""
        async with self._store.read() as uow:
            links = await uow.seals.links(org_id, head.position if head else 0, limit)
        for link in links:
            position, previous = (head.position + 1, head.hash) if head else (1, NO_HASH)
            broken = break_at(link, position, previous)
            if broken is Break.CHANGED and await self._is_swapped(org_id, link.seal, previous):
                broken = Break.SWAPPED
            if broken is not None:
                return Stretch(head, position, broken, is_over=True)
            head = link.seal
        return Stretch(head, is_over=len(links) < limit)

    async def seal_at(self, org_id: str, position: int) -> Seal | None:
        async with self._store.read() as uow:
            found = await uow.seals.links(org_id, position - 1, 1)
        return found[0].seal if found and found[0].seal.position == position else None

    async def unsealed(self, org_id: str) -> Unsealed:
        """What no seal covers yet."""
        async with self._store.read() as uow:
            return await uow.seals.unsealed_of(org_id)

    async def lines(
        self, org_id: str | None, since: datetime | None, until: datetime | None
    ) -> AsyncIterator[Sequence[AuditLine]]:
        """The journal in pages, by number; `since` is included, `until` is not. Raises NotFound."""
        if org_id is not None:
            async with self._store.read() as uow:
                await organization_named(uow, org_id)
        return self._pages(org_id, since, until)

    async def newest(self, org_id: str | None, until: datetime | None) -> int:
        """The number of the last entry that `lines` gives."""
        async with self._store.read() as uow:
            return await uow.journal.newest_entry_id(org_id, until)

    async def _pages(
        self, org_id: str | None, since: datetime | None = None, until: datetime | None = None
    ) -> AsyncGenerator[Sequence[AuditLine]]:
        after = 0
        while True:
            async with self._store.read() as uow:
                page = await uow.seals.entries(org_id, after, PAGE, since=since, until=until)
            if not page:
                return
            yield page
            after = page[-1].numbered.entry_id

    async def _has(self, org_id: str, expected: Anchor) -> bool:
        seal = await self.seal_at(org_id, expected.position)
        return seal is not None and _anchor(seal) == expected

    async def _is_swapped(self, org_id: str, seal: Seal, previous: str) -> bool:
        """Whether this seal was made for another entry of the organization that is still there."""
        async for page in self._pages(org_id):
            if any(is_sealed_by(line.numbered, seal, previous) for line in page):
                return True
        return False

    async def _view(self, org_id: str, stretch: Stretch) -> ChainView:
        tail = await self.unsealed(org_id)
        age = self._clock.now() - tail.oldest_at if tail.oldest_at else None
        return ChainView(
            org_id=org_id,
            head=_anchor(stretch.head) if stretch.head else None,
            broken_at=stretch.broken_at,
            broken=stretch.broken,
            unsealed=tail.count,
            unsealed_seconds=max(0, round(age.total_seconds())) if age else 0,
        )


def _anchor(seal: Seal) -> Anchor:
    return Anchor(position=seal.position, hash=seal.hash)
