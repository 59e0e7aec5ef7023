"""Which words a mail says: those that held when it was begun, for as long as the relay may have it."""

import pytest

from edition_migration.adapters.mails.message import message_bytes
from edition_migration.application.own_text_views import OwnTextOrder
from edition_migration.application.own_texts import OwnTexts
from edition_migration.application.own_words import own_words
from edition_migration.domain.errors import AddressRefused, RelayUnavailable
from edition_migration.domain.languages import locale_read
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.ports.mails import Envelope, OwnWords
from edition_migration.ports.store import Store
from tests.application.test_delivery import ADA, OK, delivery, found, instructed
from tests.builders import NOW, migration, organization
from tests.doubles import MovableClock

FIRST, SECOND = "First.\n\n%CLIENTDOWNLOADURL%", "Second.\n\n%CLIENTDOWNLOADURL%"


class Reader:
    """A relay that keeps what it was given, and fails as told."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.texts: list[str] = []
        self.messages: list[bytes] = []

    async def send(self, envelope: Envelope) -> int:
        self.texts.append(envelope.content.text.partition("\n")[0])
        self.messages.append(message_bytes(envelope, "no-reply@go.example", "go.example"))
        if self._failures:
            raise self._failures.pop(0)
        return OK


async def write(store: Store, body: str, *, language: str = "en", key: str = "") -> None:
    order = OwnTextOrder(
        kind="instructions", language=language, subject="Hi", body=body, actor="staff-1", command_id=key or body[:6]
    )
    await OwnTexts(store=store, clock=MovableClock()).set(order)


async def deliver(store: Store, relay: Reader) -> None:
    await delivery(store, relay).deliver(ADA)  # type: ignore[arg-type]


async def test_a_queued_mail_says_the_text_that_holds_when_it_is_sent(store: Store) -> None:
    await instructed(store)
    await write(store, FIRST)
    await write(store, SECOND)
    relay = Reader()
    await deliver(store, relay)
    assert relay.texts == ["Second."]


async def test_without_an_own_text_a_mail_says_ours(store: Store) -> None:
    await instructed(store)
    relay = Reader()
    await deliver(store, relay)
    assert relay.texts == ["Hello Ada Lovelace,"]


@pytest.mark.parametrize("before", [FIRST, None])
async def test_a_mail_that_the_relay_may_have_is_repeated_in_the_words_it_began_with(
    store: Store, before: str | None
) -> None:
    await instructed(store)
    if before:
        await write(store, before)
    relay = Reader(RelayUnavailable("cut", outcome_unknown=True))
    with pytest.raises(RelayUnavailable):
        await deliver(store, relay)
    assert (await found(store))[1] is MailState.UNKNOWN
    await write(store, SECOND)
    await deliver(store, relay)
    first = "First." if before else "Hello Ada Lovelace,"
    assert relay.texts == [first, first]
    assert relay.messages[0] == relay.messages[1]


async def test_a_worker_killed_on_the_way_leaves_the_words_for_the_next(store: Store) -> None:
    await instructed(store)
    await write(store, FIRST)
    async with store.write() as uow:
        await uow.mails.mark("m1", [MailState.QUEUED], MailState.SENDING, NOW)
        await uow.commit()
    await write(store, SECOND)
    relay = Reader()
    await deliver(store, relay)
    assert relay.texts == ["First."]


async def test_a_mail_that_the_relay_put_off_says_the_newest_text(store: Store) -> None:
    await instructed(store)
    await write(store, FIRST)
    relay = Reader(RelayUnavailable("greylisted"))
    with pytest.raises(RelayUnavailable):
        await deliver(store, relay)
    await write(store, SECOND)
    await deliver(store, relay)
    assert relay.texts == ["First.", "Second."]


async def test_a_refused_mail_that_is_sent_again_says_the_newest_text(store: Store) -> None:
    await instructed(store)
    await write(store, FIRST)
    relay = Reader(AddressRefused("no such mailbox", reply_code=550))
    await deliver(store, relay)
    await write(store, SECOND)
    async with store.write() as uow:
        await uow.mails.requeue_refused(migration().ref)
        await uow.commit()
    await deliver(store, relay)
    assert relay.texts == ["First.", "Second."]


@pytest.mark.parametrize(
    ("locale", "organizations", "words"),
    [
        ("de-AT", "en", OwnWords("de", "Hi", "Deutsch %CLIENTDOWNLOADURL%")),
        ("en-US", "de", OwnWords("en", "Hi", FIRST)),
        ("fr", "de", OwnWords("fr", "Hi", "Bonjour %CLIENTDOWNLOADURL%")),
        ("es", "de", OwnWords("de", "Hi", "Deutsch %CLIENTDOWNLOADURL%")),
        ("es", "en", OwnWords("en", "Hi", FIRST)),
        ("es", "it", OwnWords("en", "Hi", FIRST)),
    ],
)
async def test_a_reader_gets_his_language_else_the_organizations_else_english(
    store: Store, locale: str, organizations: str, words: OwnWords
) -> None:
    await instructed(store)
    await write(store, FIRST)
    await write(store, "Deutsch %CLIENTDOWNLOADURL%", language="de", key="d")
    await write(store, "Bonjour %CLIENTDOWNLOADURL%", language="fr", key="f")
    async with store.read() as uow:
        read = locale_read(locale, organizations)
        assert await own_words(uow, "acme", MailKind.INSTRUCTIONS, locale, read) == words


async def test_a_german_reader_gets_ours_in_german_where_the_own_text_is_english(store: Store) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.commit()
    await write(store, FIRST)
    async with store.read() as uow:
        assert await own_words(uow, "acme", MailKind.INSTRUCTIONS, "de", "de") is None
