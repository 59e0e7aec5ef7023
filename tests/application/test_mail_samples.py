"""Mails to look at before anybody gets them: every one can be written, and a test is no mail of ours."""

import re

import pytest

from edition_migration.adapters.mails.message import message_bytes
from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.application.mail_samples import MailSamples
from edition_migration.application.own_text_views import OwnTextName, OwnTextOrder, TestOrder
from edition_migration.application.own_texts import OwnTexts
from edition_migration.domain.errors import InvalidInput, NotFound, Problem, RelayUnavailable
from edition_migration.domain.languages import LANGUAGES
from edition_migration.domain.mail import LINK_MAILS, UNASKED_MAILS, MailKind
from edition_migration.domain.own_texts import check_own_text
from edition_migration.ports.mails import Envelope
from edition_migration.ports.store import Store
from tests.builders import organization
from tests.doubles import MovableClock

SAMPLE_LINK = "https://go.example/password/this-link-is-a-sample"
OURS = {SAMPLE_LINK, "https://acme.example/client", "https://acme.example/help"}


@pytest.fixture
def store_url(sqlite_store_url: str) -> str:
    """One database is enough: no statement is new here."""
    return sqlite_store_url


class Mailbox:
    """A relay that keeps what it was given."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.failure: Exception | None = None

    async def send(self, envelope: Envelope) -> int:
        if self.failure is not None:
            raise self.failure
        self.envelopes.append(envelope)
        return 250


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
async def samples(store: Store, mailbox: Mailbox) -> MailSamples:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.commit()
    return MailSamples(
        store=store,
        clock=MovableClock(),
        new_renderer=TemplateRenderer,
        mailer=mailbox,
        link_base="https://go.example/",
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MailKind)
async def test_every_mail_can_be_looked_at_in_every_language(
    samples: MailSamples, kind: MailKind, language: str
) -> None:
    preview = await samples.preview(OwnTextName(kind=kind, language=language))
    assert (preview.org_id, preview.kind, preview.language, preview.is_own) == ("acme", kind, language, False)
    assert "Acme Cooperative" in preview.text
    assert preview.subject
    assert preview.preheader
    assert f'<html lang="{language}"' in preview.html
    links = set(re.findall(r'href="([^"]*)"', preview.html))
    assert links <= OURS
    assert (SAMPLE_LINK in links) is (kind in LINK_MAILS)
    assert not links or kind not in UNASKED_MAILS


async def test_with_single_sign_on_a_reminder_to_look_at_carries_no_link(store: Store, samples: MailSamples) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization(is_single_sign_on=True))
        await uow.commit()
    assert SAMPLE_LINK not in (await samples.preview(OwnTextName(kind="reminder"))).text


async def test_with_single_sign_on_a_reminder_says_ours_where_the_own_text_is_about_the_link(
    store: Store, samples: MailSamples
) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization(is_single_sign_on=True))
        await uow.commit()
    draft = check_own_text("reminder", "en", "Hi", "Choose:\n%NEWPASSWORDURL%")
    preview = await samples.preview(OwnTextName(kind="reminder"), draft)
    assert preview.is_own is False
    assert preview.text.startswith("Hello Ada Lovelace,\n\nYour account in the Business Edition")
    asked_for = check_own_text("new_link", "en", "Hi", draft.body)
    assert (await samples.preview(OwnTextName(kind="new_link"), asked_for)).is_own is True


async def test_an_own_text_is_what_is_looked_at(store: Store, samples: MailSamples) -> None:
    order = OwnTextOrder(
        kind="welcome",
        language="en",
        subject="Hi %USERNAME%",
        body="Get %CLIENTDOWNLOADURL%",
        actor="a",
        command_id="c",
    )
    await OwnTexts(store=store, clock=MovableClock()).set(order)
    preview = await samples.preview(OwnTextName(kind="welcome"))
    assert (preview.is_own, preview.subject, preview.preheader) == (True, "Hi Ada Lovelace", "")
    assert preview.text == "Get https://acme.example/client\n"


async def test_a_draft_is_looked_at_before_it_is_kept(samples: MailSamples) -> None:
    draft = check_own_text("reset_password", "fr", "Bonjour", "Choisissez :\n%NEWPASSWORDURL%")
    preview = await samples.preview(OwnTextName(kind="reset_password", language="fr"), draft)
    assert preview.text == f"Choisissez :\n{SAMPLE_LINK}\n"
    assert '<html lang="fr"' in preview.html
    assert (await samples.preview(OwnTextName(kind="reset_password", language="fr"))).is_own is False


async def test_a_test_says_what_it_is_and_its_link_is_nobodys(samples: MailSamples, mailbox: Mailbox) -> None:
    order = TestOrder(kind="reset_password", language="de", address="Me@Acme.example", command_id="c1")
    receipt = await samples.send_test(order)
    assert (receipt.reply_code, receipt.is_own, receipt.language) == (250, False, "de")
    (envelope,) = mailbox.envelopes
    assert envelope.recipient == "me@acme.example"
    assert envelope.content.subject == "[Test] Wählen Sie Ihr neues Passwort für die Business Edition"
    notice = (
        "Dies ist ein Test einer Nachricht von Acme Cooperative. "
        "Sie betrifft niemanden, und ihr Link führt nirgendwohin."
    )
    assert envelope.content.text.startswith(f"{notice}\n\nGuten Tag Ada Lovelace,\n")
    assert notice in envelope.content.html
    assert re.findall(r"https://go\.example/\S+", envelope.content.text) == [SAMPLE_LINK]


async def test_a_repeated_test_is_the_same_mail_and_no_row_of_ours_knows_of_it(
    store: Store, samples: MailSamples, mailbox: Mailbox
) -> None:
    order = TestOrder(kind="welcome", address="me@acme.example", command_id="c1")
    await samples.send_test(order)
    await samples.send_test(order)
    await samples.send_test(order.model_copy(update={"command_id": "c2"}))
    first, second, other = (message_bytes(it, "no-reply@go.example", "go.example") for it in mailbox.envelopes)
    assert first == second
    assert other != first
    async with store.read() as uow:
        assert await uow.mails.counts("acme") == {}


async def test_bad_addresses_mails_and_organizations_are_named(samples: MailSamples, mailbox: Mailbox) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await samples.send_test(TestOrder(kind="welcome", address="nobody", command_id="c"))
    assert refusal.value.problems == (Problem("address", "has no @", "give one address like name@example.com"),)
    with pytest.raises(InvalidInput) as refusal:
        await samples.preview(OwnTextName(kind="nonsense"))
    assert refusal.value.problems[0].path == "kind"
    with pytest.raises(NotFound):
        await samples.preview(OwnTextName(org="acne", kind="welcome"))
    assert mailbox.envelopes == []


async def test_a_relay_that_is_away_is_told(samples: MailSamples, mailbox: Mailbox) -> None:
    mailbox.failure = RelayUnavailable("away", is_for_all=True)
    with pytest.raises(RelayUnavailable):
        await samples.send_test(TestOrder(kind="welcome", address="me@acme.example", command_id="c"))
