"""Choosing the password by link, and asking for another link, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from edition_migration.application.credentials import Choice, ChoiceResult
from edition_migration.domain.errors import Busy
from edition_migration.domain.mail import MailKind
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import PasswordRules
from edition_migration.domain.passwords import FailureCode
from edition_migration.domain.states import CredentialState, MigrationState
from edition_migration.domain.token import TokenState
from edition_migration.ports.store import Store
from edition_migration.ports.store_people import Session
from tests import builders
from tests.doubles import CountingHasher
from tests.links import GOOD, REF, Scene, scene


@pytest.fixture
async def waiting(store: Store) -> Scene:
    return await scene(store)


async def bells(store: Store) -> list[MigrationRef | None]:
    async with store.read() as uow:
        return [bell.migration for bell in await uow.doorbells.oldest(100)]


async def new_link_mails(store: Store) -> list[tuple[int, str | None]]:
    async with store.read() as uow:
        mails = await uow.mails.of_migration(REF)
    return [(mail.round, mail.token_id) for mail in mails if mail.kind is MailKind.NEW_LINK]


async def test_form_shows_organization_and_its_rules(waiting: Scene) -> None:
    form = await waiting.credentials.form(await waiting.link())
    assert form is not None
    assert (form.organization_name, tuple(str(rule) for rule in form.rules)) == (
        "Acme Cooperative",
        (
            "Use 15 to 128 characters. A few unrelated words are easy to remember.",
            "Leave out your name, your address and the name of your organization.",
            "Choose one that you use nowhere else, and not one that many people use.",
        ),
    )


async def test_choice_sets_password_and_moves_migration_in_one(waiting: Scene) -> None:
    async with waiting.store.write() as uow:
        await uow.sessions.add(Session("s1", "u1", "d" * 64, created_at=builders.NOW))
        await uow.commit()
    spare = await waiting.link(live=False)
    choice = await waiting.credentials.choose(await waiting.link(), GOOD)

    assert (choice.result, choice.download_url) == (ChoiceResult.CHOSEN, "https://acme.example/client")
    user = await waiting.user()
    assert (user.password_hash, user.credential_state) == (CountingHasher.quick(GOOD), CredentialState.SET)
    assert (await waiting.row()).state is MigrationState.PASSWORD_SET
    assert sorted(token.state for token in await waiting.tokens()) == [TokenState.DEAD, TokenState.USED]
    assert await waiting.credentials.form(spare) is None
    async with waiting.store.read() as uow:
        assert await uow.sessions.open_count("u1") == 0
    assert await bells(waiting.store) == [REF]


async def test_choice_is_journaled_as_the_users_own(waiting: Scene) -> None:
    await waiting.credentials.choose(await waiting.link(), GOOD)
    (entry,) = await waiting.journal()
    (token,) = await waiting.tokens()
    assert (entry.key, entry.actor) == (f"password/{token.token_id}", "user")
    assert (entry.source, entry.target) == (MigrationState.AWAITING_PASSWORD, MigrationState.PASSWORD_SET)


async def test_one_link_used_by_two_hundred_at_once_is_used_once(waiting: Scene) -> None:
    link = await waiting.link()
    passwords = [f"{GOOD} {number}" for number in range(200)]
    choices = await asyncio.gather(*(waiting.credentials.choose(link, password) for password in passwords))

    winners = [password for password, choice in zip(passwords, choices, strict=True) if choice.form is not None]
    assert [choice.result for choice in choices].count(ChoiceResult.CHOSEN) == 1
    assert [choice.result for choice in choices].count(ChoiceResult.UNUSABLE) == 199
    assert (await waiting.user()).password_hash == CountingHasher.quick(winners[0])
    assert len(await waiting.journal()) == 1


async def test_looking_a_hundred_times_spends_nothing(waiting: Scene) -> None:
    link = await waiting.link()
    for _ in range(100):
        assert await waiting.credentials.form(link) is not None
    assert (await waiting.credentials.choose(link, GOOD)).result is ChoiceResult.CHOSEN


async def test_refused_password_spends_nothing_and_hashes_nothing(waiting: Scene) -> None:
    link = await waiting.link()
    refused = await waiting.credentials.choose(link, "short")
    assert refused.result is ChoiceResult.REFUSED
    assert waiting.hasher.hashed == 0
    assert [token.state for token in await waiting.tokens()] == [TokenState.LIVE]
    assert (await waiting.credentials.choose(link, GOOD)).result is ChoiceResult.CHOSEN


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("vq7 tiny oak%", FailureCode.TOO_SHORT),
        ("7 lanterns " * 13, FailureCode.TOO_LONG),
        ("quiet lovelace lantern meadow 1", FailureCode.OWN_WORD),
        ("quiet cooperative lantern meadow 1", FailureCode.OWN_WORD),
        ("quiet harbor contraband meadow 1", FailureCode.UNACCEPTABLE_WORD),
        ("8374 9201 7465 4 1092 5 aa", FailureCode.TOO_FEW_LETTERS),
        ("quiet harbor lantern meadow", FailureCode.TOO_FEW_DIGITS),
        ("quiet harbor\x07 lantern meadow 1", FailureCode.CONTROL_CHARACTER),
        ("1aaaaaaaaaaaaaaaaaaaaaaa", FailureCode.TOO_WEAK),
    ],
)
async def test_each_rule_refuses_alone(store: Store, password: str, code: FailureCode) -> None:
    rules = PasswordRules(minimum_letters=3, minimum_digits=1, unacceptable_words=("contraband",))
    strict = await scene(store, builders.organization(password=rules))
    choice = await strict.credentials.choose(await strict.link(), password)
    assert [failure.code for failure in choice.failures] == [code]


async def test_all_broken_rules_come_at_once(store: Store) -> None:
    rules = PasswordRules(minimum_letters=8, minimum_digits=3, unacceptable_words=("love",))
    strict = await scene(store, builders.organization(password=rules))
    choice = await strict.credentials.choose(await strict.link(), "lovelace")
    assert [failure.code for failure in choice.failures] == [
        FailureCode.TOO_SHORT,
        FailureCode.TOO_FEW_DIGITS,
        FailureCode.UNACCEPTABLE_WORD,
        FailureCode.OWN_WORD,
        FailureCode.TOO_WEAK,
    ]


async def test_unknown_issued_dead_used_expired_and_ended_links_are_told_nothing(waiting: Scene) -> None:
    issued = await waiting.link(live=False)
    dead, expired = await waiting.link(), await waiting.link(life=timedelta(hours=1))
    waiting.clock.move(timedelta(hours=1))
    for link in ("A" * 43, issued, dead, expired):
        assert await waiting.credentials.form(link) is None
        assert await waiting.credentials.choose(link, GOOD) == Choice(ChoiceResult.UNUSABLE)
    used = await waiting.link()
    await waiting.credentials.choose(used, GOOD)
    assert await waiting.credentials.form(used) is None
    assert await waiting.credentials.choose(used, GOOD) == Choice(ChoiceResult.UNUSABLE)
    assert waiting.hasher.hashed == 1


@pytest.mark.parametrize("state", [MigrationState.EXPIRED, MigrationState.CANCELLED, MigrationState.DELETED])
async def test_late_password_choice_is_refused(waiting: Scene, state: MigrationState) -> None:
    link = await waiting.link()
    assert await waiting.credentials.form(link) is not None
    await waiting.end_migration(state)
    assert (await waiting.credentials.choose(link, GOOD)).result is ChoiceResult.UNUSABLE
    assert (await waiting.row()).state is state
    assert (await waiting.user()).password_hash is None


async def test_link_that_dies_while_hashing_sets_nothing(waiting: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    link = await waiting.link()

    async def hash_slowly(password: str) -> str:
        await waiting.link()
        return CountingHasher.quick(password)

    monkeypatch.setattr(waiting.hasher, "hash", hash_slowly)
    assert (await waiting.credentials.choose(link, GOOD)).result is ChoiceResult.UNUSABLE
    assert (await waiting.row()).state is MigrationState.AWAITING_PASSWORD
    assert await waiting.journal() == []


async def test_migration_that_ends_while_hashing_stays_ended(waiting: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    link = await waiting.link()

    async def hash_slowly(password: str) -> str:
        await waiting.end_migration(MigrationState.EXPIRED)
        return CountingHasher.quick(password)

    monkeypatch.setattr(waiting.hasher, "hash", hash_slowly)
    assert (await waiting.credentials.choose(link, GOOD)).result is ChoiceResult.UNUSABLE
    assert (await waiting.row()).state is MigrationState.EXPIRED
    assert (await waiting.user()).password_hash is None


async def test_busy_hashing_spends_nothing(waiting: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    link = await waiting.link()

    async def refuse(password: str) -> str:
        raise Busy("too many")

    with monkeypatch.context() as patched:
        patched.setattr(waiting.hasher, "hash", refuse)
        with pytest.raises(Busy):
            await waiting.credentials.choose(link, GOOD)
    assert (await waiting.credentials.choose(link, GOOD)).result is ChoiceResult.CHOSEN


async def test_new_link_queues_mail_bell_and_journal(waiting: Scene) -> None:
    expired = await waiting.link(life=timedelta(hours=1))
    waiting.clock.move(timedelta(days=2))
    await waiting.credentials.request_new_link(expired)

    asked = [token for token in await waiting.tokens() if token.is_requested]
    assert [token.state for token in asked] == [TokenState.ISSUED]
    assert await new_link_mails(waiting.store) == [(1, asked[0].token_id)]
    assert await bells(waiting.store) == [REF]
    (entry,) = await waiting.journal()
    assert (entry.key, entry.target) == (f"new_link/{asked[0].token_id}", MigrationState.AWAITING_PASSWORD)


async def test_five_new_links_a_day_then_silence_until_tomorrow(waiting: Scene) -> None:
    link = await waiting.link()
    for _ in range(8):
        await waiting.credentials.request_new_link(link)
        waiting.clock.move(timedelta(minutes=1))
    assert [number for number, _ in await new_link_mails(waiting.store)] == [1, 2, 3, 4, 5]
    waiting.clock.move(timedelta(days=1))
    await waiting.credentials.request_new_link(link)
    assert len(await new_link_mails(waiting.store)) == 6


async def test_six_requests_at_once_still_make_five(waiting: Scene) -> None:
    link = await waiting.link()
    await asyncio.gather(*(waiting.credentials.request_new_link(link) for _ in range(12)))
    assert [number for number, _ in await new_link_mails(waiting.store)] == [1, 2, 3, 4, 5]


async def test_new_link_for_unknown_or_finished_does_nothing(waiting: Scene) -> None:
    used = await waiting.link()
    await waiting.credentials.choose(used, GOOD)
    await waiting.credentials.request_new_link(used)
    await waiting.credentials.request_new_link("A" * 43)
    assert await new_link_mails(waiting.store) == []
    assert len(await waiting.journal()) == 1
