"""What the words of a mail depend on, read from the rows when it is sent."""

from datetime import timedelta
from typing import Any

import pytest

from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.application.mail_context import MailContexts
from edition_migration.domain.mail import ADMINISTRATOR_MAILS, MailKind
from edition_migration.domain.states import CancelReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.mails import MailContext
from edition_migration.ports.store import Store
from tests.application.moving import ADA, ORG, moving, writing
from tests.builders import NOW, domain, organization, user
from tests.fixtures.records import mail
from tests.links import LINK_KEYS

CONTEXTS = MailContexts(keys=LINK_KEYS, link_base="https://service.example")
TO_USERS = [kind for kind in MailKind if kind not in ADMINISTRATOR_MAILS]


@pytest.fixture
def store_url(sqlite_store_url: str) -> str:
    """One database is enough: no statement is new here."""
    return sqlite_store_url


async def context(store: Store, kind: MailKind, **fields: Any) -> MailContext:
    async with store.read() as uow:
        addressed = await CONTEXTS.of(uow, mail(kind=kind, **fields), NOW)
    assert addressed is not None
    return addressed.context


@pytest.mark.parametrize("is_requested", [True, False])
async def test_whether_the_user_asked_for_his_new_link_is_known_from_the_link(store: Store, is_requested: bool) -> None:
    await moving(store, S.AWAITING_PASSWORD)
    token = LINK_KEYS.new_token(ORG, "u1", 1, now=NOW, is_requested=is_requested)
    async with writing(store) as uow:
        await uow.tokens.add(token)
    assert (await context(store, MailKind.NEW_LINK, token_id=token.token_id)).is_requested is is_requested


@pytest.mark.parametrize(("round_number", "is_again"), [(1, False), (2, True)])
async def test_instructions_of_a_second_round_come_again(store: Store, round_number: int, is_again: bool) -> None:
    await moving(store, S.INSTRUCTED)
    assert (await context(store, MailKind.INSTRUCTIONS, round=round_number)).is_again is is_again


async def test_a_warning_says_when_the_block_of_the_users_domain_begins(store: Store) -> None:
    await moving(store, S.DETECTED)
    async with writing(store) as uow:
        await uow.domains.put(domain(block_at=NOW + timedelta(days=3)))
    assert (await context(store, MailKind.COMING_SOON)).block_at == NOW + timedelta(days=3)


@pytest.mark.parametrize("reason", CancelReason)
async def test_a_cancelled_migration_says_why(store: Store, reason: CancelReason) -> None:
    await moving(store, S.INSTRUCTED)
    async with writing(store) as uow:
        await uow.migrations.move(ADA, [S.INSTRUCTED], S.CANCELLED, NOW, reason=reason)
    assert (await context(store, MailKind.CANCELLED)).cancel_reason is reason


@pytest.mark.parametrize(
    ("locale", "organizations", "read"),
    [(None, "de", "de"), ("de-AT", "en", "de-AT"), ("fr", "de", "de"), ("en-US", "de", "en-US"), ("fr", "en", "en")],
)
async def test_a_user_is_written_to_in_his_language_or_else_in_his_organizations(
    store: Store, locale: str | None, organizations: str, read: str
) -> None:
    await moving(store, S.INSTRUCTED)
    async with writing(store) as uow:
        await uow.organizations.put(organization(locale=organizations))
        await uow.users.put([user(org_id=ORG, locale=locale)])
    assert (await context(store, MailKind.INSTRUCTIONS)).locale == read


@pytest.mark.parametrize("kind", TO_USERS)
async def test_every_mail_to_a_user_can_be_written_from_the_rows(store: Store, kind: MailKind) -> None:
    """A template that needs what the rows lack would hold up all mails behind it."""
    world = await moving(store, S.AWAITING_PASSWORD)
    token_id = (await world.tokens())[0].token_id if kind in (MailKind.RESET_PASSWORD, MailKind.NEW_LINK) else None
    content = TemplateRenderer().render(await context(store, kind, token_id=token_id))
    assert "Acme Cooperative" in content.text
