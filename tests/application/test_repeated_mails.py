"""A mail to administrators that is sent again says what its first copy said, byte by byte, whatever changed since."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

import pytest

from edition_migration.adapters.mails.message import message_bytes
from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.application.delivery import Delivery
from edition_migration.application.mail_context import MailContexts
from edition_migration.application.relay_breaker import RelayBreaker
from edition_migration.domain.errors import RelayUnavailable
from edition_migration.domain.mail import ADMINISTRATOR_MAILS, MailKind
from edition_migration.domain.migration import Attention
from edition_migration.domain.progress import MailInput
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.mails import Envelope
from edition_migration.ports.store import Store
from tests import builders
from tests.application.moving import writing
from tests.doubles import KeepingMeter, MovableClock, StillPace
from tests.fixtures.records import mail, wave
from tests.links import LINK_KEYS

IDS = ("u1", "u2", "u3")
SENT_AGAIN = sorted(ADMINISTRATOR_MAILS)


class Relay:
    """Gets every mail; the connection breaks before its answer to the first comes back. `meanwhile` happens then."""

    def __init__(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        self.copies: list[bytes] = []
        self._meanwhile = meanwhile

    async def send(self, envelope: Envelope) -> int:
        self.copies.append(message_bytes(envelope, "no-reply@service.example", "service.example"))
        if len(self.copies) > 1:
            return 250
        await self._meanwhile()
        raise RelayUnavailable("the connection broke", outcome_unknown=True)


async def copies_of(store: Store, kind: MailKind, meanwhile: Callable[[], Awaitable[None]]) -> list[bytes]:
    """What the relay got of one mail of this kind: a copy whose 250 was lost, then, an hour later, the repeat."""
    async with writing(store) as uow:
        await uow.organizations.put(builders.organization())
        await uow.domains.put(builders.domain())
        await uow.capacity.set_purchased("acme", licenses=1, storage_mb=1000)
        await uow.users.put([builders.user(it, email=f"{it}@acme.example") for it in IDS])
        await uow.waves.add(wave(), "")
        await uow.migrations.add([builders.migration(it, state=S.IN_REVIEW, wave_id="w1") for it in IDS[:2]])
        await uow.migrations.add([builders.migration("u3", state=S.IN_REVIEW)])
        await uow.tickets.cut("acme", [(builders.migration(it).ref, 100) for it in IDS[:2]])
        await uow.migrations.set_attention(builders.migration("u1").ref, Attention.UNDELIVERABLE, builders.NOW)
        await uow.mails.queue([mail(user_id=None, generation=None, kind=kind, about="w1")])
    relay, clock = Relay(meanwhile), MovableClock()
    delivery = Delivery(
        store=store,
        clock=clock,
        renderer=TemplateRenderer(),
        mailer=relay,
        contexts=MailContexts(keys=LINK_KEYS, link_base="https://go.example"),
        breaker=RelayBreaker(pace=StillPace(), meter=KeepingMeter()),
        pace=StillPace(),
        meter=KeepingMeter(),
    )
    for _ in range(3):
        with suppress(RelayUnavailable):
            await delivery.deliver(MailInput(org_id="acme", user_id=None, generation=None, as_of=clock.now()))
        clock.move(timedelta(hours=1))
    return relay.copies


@pytest.mark.parametrize("kind", SENT_AGAIN)
async def test_a_repeat_to_administrators_is_the_same_bytes_though_every_figure_has_changed(
    store: Store, kind: MailKind
) -> None:
    async def all_moves_on() -> None:
        async with writing(store) as uow:
            await uow.capacity.set_purchased("acme", licenses=2, storage_mb=2000)
            await uow.domains.put(builders.domain(name="acme.test"))
            await uow.migrations.set_attention(builders.migration("u2").ref, Attention.UNDELIVERABLE, builders.NOW)
            await uow.tickets.close(builders.migration("u1").ref)
            for user_id in IDS:
                row = builders.migration(user_id)
                await uow.migrations.move(row.ref, [S.IN_REVIEW], S.CANCELLED, builders.NOW, reason="administrator")

    first, second = await copies_of(store, kind, all_moves_on)
    assert first == second


async def test_the_repeat_of_a_report_does_not_name_who_was_erased_since(store: Store) -> None:
    async def erase() -> None:
        async with writing(store) as uow:
            gone = builders.user("u1", email=None, domain=None, display_name="", is_deleted=True)
            await uow.users.put([gone])

    first, second = [_file(it) for it in await copies_of(store, MailKind.WAVE_REPORT, erase)]
    assert "u1,u1@acme.example,IN_REVIEW" in first
    assert second == first.replace("u1@acme.example", "")


def _file(copy: bytes) -> str:
    [attachment] = message_from_bytes(copy, policy=SMTP).iter_attachments()
    return attachment.get_content()


async def test_what_is_kept_of_a_mail_to_administrators_holds_no_address(store: Store) -> None:
    async def nothing() -> None: ...

    await copies_of(store, MailKind.WAVE_REPORT, nothing)
    async with store.read() as uow:
        kept = await uow.mails.figures("m1")
    assert kept is not None
    assert '"u1"' in kept
    assert "@" not in kept
