"""What administrators are told by itself: finished waves once, with the result file; shortage, who is parked daily."""

from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP

import pytest
import pytest_asyncio

from edition_migration.adapters.mails.message import message_bytes
from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.deselection import deselect
from edition_migration.application.mail_context import MailContexts
from edition_migration.application.reports import Reports
from edition_migration.application.selection import Selection, SelectionOrder
from edition_migration.application.token_keys import TokenKeys
from edition_migration.application.wave_report import wave_result
from edition_migration.application.waves import WaveRelease
from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.progress import PageInput, PageOutcome, WaveInput
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.mails import Envelope
from tests import builders
from tests.doubles import MovableClock

DAY = timedelta(days=1)


class Office:
    """An organization of three guests in review with licenses for two."""

    def __init__(self, store: SqlStore) -> None:
        self.store, self.clock = store, MovableClock()

    async def prepare(self) -> None:
        async with self.store.write() as uow:
            await uow.organizations.put(builders.organization())
            await uow.capacity.set_purchased("acme", licenses=2, storage_mb=1000)
            await uow.users.put([builders.user(it, email=f"{it}@acme.example") for it in ("u1", "u2", "u3")])
            await uow.migrations.add([builders.migration(it, state=S.IN_REVIEW) for it in ("u1", "u2", "u3")])
            await uow.commit()

    async def select(self, *user_ids: str) -> str:
        order = SelectionOrder(org_id="acme", user_ids=user_ids, actor="staff-1", command_id="select")
        wave_id = (await Selection(store=self.store, clock=self.clock).select(order)).wave_id
        assert wave_id is not None
        return wave_id

    async def release(self, wave_id: str) -> None:
        release = WaveRelease(store=self.store, clock=self.clock, page_size=10)
        await release.release_page(WaveInput(org_id="acme", wave_id=wave_id, as_of=self.clock.now()))

    async def end(self, user_id: str, state: S, reason: str | None = None) -> None:
        async with self.store.write() as uow:
            row = await uow.migrations.latest("acme", user_id)
            assert row is not None
            await uow.migrations.move(row.ref, [row.state], state, self.clock.now(), reason=reason)
            await uow.commit()

    async def park(self, user_id: str, attention: Attention | None = Attention.UNDELIVERABLE) -> None:
        async with self.store.write() as uow:
            await uow.migrations.set_attention(builders.migration(user_id).ref, attention, self.clock.now())
            await uow.commit()

    async def report(self) -> PageOutcome:
        return await Reports(store=self.store, clock=self.clock).report(
            PageInput(org_id="acme", as_of=self.clock.now())
        )

    async def sent(self) -> list[Mail]:
        """The organization's mails so far unsent, each sent now."""
        sent: list[Mail] = []
        async with self.store.write() as uow:
            while mail := await uow.mails.next_of_organization("acme"):
                sent.append(mail)
                await uow.mails.mark(mail.mail_id, [mail.state], MailState.ACCEPTED, self.clock.now())
            await uow.commit()
        return sent

    async def kinds(self) -> list[MailKind]:
        return [mail.kind for mail in await self.sent()]

    async def has_work(self, at: datetime) -> bool:
        async with self.store.read() as uow:
            return "acme" in await uow.organizations.with_work(at)


@pytest_asyncio.fixture
async def office(store: SqlStore) -> Office:
    office = Office(store)
    await office.prepare()
    return office


async def test_a_wave_is_reported_once_when_nobody_of_it_is_open(office: Office) -> None:
    wave_id = await office.select("u1", "u2")
    async with office.store.write() as uow:
        await uow.waves.set_started("acme", wave_id, office.clock.now())
        await uow.migrations.set_started([builders.migration(it).ref for it in ("u1", "u2", "u3")], office.clock.now())
        await uow.commit()
    await office.release(wave_id)
    await office.end("u1", S.DELETED)
    assert (await office.report()).mail is None
    assert not await office.has_work(office.clock.now())
    await office.end("u2", S.CANCELLED, "administrator")
    assert await office.has_work(office.clock.now())
    await office.report()
    await office.report()
    [mail] = await office.sent()
    assert (mail.kind, mail.about, mail.round) == (MailKind.WAVE_REPORT, wave_id, 1)
    assert not await office.has_work(office.clock.now())


async def test_the_result_names_everybody_in_the_order_of_the_selection(office: Office) -> None:
    wave_id = await office.select("u2", "u3", "u1")
    async with office.store.write() as uow:
        row = await uow.migrations.hold(builders.migration("u3").ref)
        assert row is not None
        await deselect(uow, row, office.clock.now(), actor="staff-1", key="command/c1")
        await uow.commit()
    await office.release(wave_id)
    await office.end("u2", S.CANCELLED, "administrator")
    async with office.store.read() as uow:
        result = await wave_result(uow, "acme", wave_id)
    at = "2026-11-22 12:00:00 UTC"
    again = "select the user again, if he is still to move"
    assert result.sheet.header == ("userId", "email", "status", "reason", "since", "nextStep")
    assert result.sheet.rows == (
        ("u2", "u2@acme.example", "CANCELLED", "administrator", at, again),
        ("u3", "u3@acme.example", "IN_REVIEW", "deselected", at, "select the user, or exclude him"),
        ("u1", "u1@acme.example", "SELECTED", "", at, "instructions are sent"),
    )
    assert result.outcome.counts == ((S.SELECTED, 1), (S.CANCELLED, 1))
    assert (result.outcome.size, result.outcome.deselected) == (3, 1)


async def test_the_report_carries_the_result_file_with_formulas_defused_and_repeats_byte_by_byte(
    office: Office,
) -> None:
    async with office.store.write() as uow:
        await uow.users.put([builders.user("u1", email="=cmd@acme.example")])
        await uow.commit()
    wave_id = await office.select("u1")
    await office.release(wave_id)
    await office.end("u1", S.CANCELLED, "administrator")
    await office.report()
    async with office.store.read() as uow:
        mail = await uow.mails.next_of_organization("acme")
        assert mail is not None
        contexts = MailContexts(keys=TokenKeys(keys={"k1": b"k" * 32}, current="k1"), link_base="https://x.example")
        addressed = await contexts.of(uow, mail, builders.NOW)
    assert addressed is not None
    content = TemplateRenderer().render(addressed.context)
    assert content.subject == "Your selection is finished: 0 of 1 user migrated"
    envelope = Envelope(mail.mail_id, addressed.recipient, mail.created_at, content, addressed.sheet)
    written = message_bytes(envelope, "no-reply@service.example", "service.example")
    assert written == message_bytes(replace(envelope), "no-reply@service.example", "service.example")
    [attachment] = _attachments(written)
    assert attachment == (
        f"wave-{wave_id}.csv",
        "\ufeffuserId,email,status,reason,since,nextStep\r\n"
        "u1,'=cmd@acme.example,CANCELLED,administrator,2026-11-22 12:00:00 UTC,\"select the user again, if he is "
        'still to move"\r\n',
    )


def _attachments(written: bytes) -> list[tuple[str | None, str]]:
    message = message_from_bytes(written, policy=SMTP)
    return [(it.get_filename(), it.get_content()) for it in message.iter_attachments()]


async def test_a_shortage_is_told_daily_while_somebody_waits(office: Office) -> None:
    await office.select("u1", "u2", "u3")
    first = await office.report()
    assert first.due == office.clock.now() + DAY
    assert await office.kinds() == [MailKind.CAPACITY_SHORT]
    office.clock.move(DAY - timedelta(seconds=1))
    assert (await office.report()).due == office.clock.now() + timedelta(seconds=1)
    assert await office.kinds() == []
    office.clock.move(timedelta(seconds=1))
    await office.report()
    assert await office.kinds() == [MailKind.CAPACITY_SHORT]
    async with office.store.write() as uow:
        await uow.tickets.close(builders.migration("u3").ref)
        await uow.commit()
    office.clock.move(DAY)
    assert (await office.report()).due is None
    assert await office.kinds() == []


async def test_a_limit_lowered_below_what_is_in_use_is_told_though_nobody_waits(office: Office) -> None:
    await office.select("u1", "u2")
    assert (await office.report()).due is None
    async with office.store.write() as uow:
        await uow.capacity.set_purchased("acme", licenses=1, storage_mb=None)
        await uow.commit()
    await office.report()
    assert await office.kinds() == [MailKind.CAPACITY_SHORT]


async def test_who_is_parked_is_told_daily_and_only_anew(office: Office) -> None:
    await office.park("u1")
    await office.report()
    assert await office.kinds() == [MailKind.UNDELIVERABLE]
    office.clock.move(timedelta(hours=1))
    await office.park("u2")
    later = await office.report()
    assert later.due == builders.NOW + DAY
    assert await office.kinds() == []
    office.clock.move(DAY)
    await office.report()
    assert await office.kinds() == [MailKind.UNDELIVERABLE]
    office.clock.move(DAY)
    assert (await office.report()).due is None
    assert await office.kinds() == []


@pytest.mark.parametrize("attention", [Attention.COMPLAINT, Attention.POLICY])
async def test_who_complained_or_is_forbidden_is_told_as_a_refused_address_is(
    office: Office, attention: Attention
) -> None:
    await office.park("u1", attention)
    await office.report()
    assert await office.kinds() == [MailKind.UNDELIVERABLE]


async def test_a_missing_workflow_is_no_matter_of_the_administrator(office: Office) -> None:
    await office.park("u1", Attention.WORKFLOW_MISSING)
    await office.report()
    assert await office.kinds() == []
