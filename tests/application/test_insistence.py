"""The relay took the mail and the database then refuses to write it down: within seconds it is not said twice."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from edition_migration.application.insistence import PATIENCE, RESTS, insist
from edition_migration.domain.errors import StoreUnavailable
from edition_migration.domain.mail import MailState
from edition_migration.ports.store import Store, UnitOfWork
from tests.application.test_held_mails import Post, given
from tests.builders import NOW
from tests.doubles import StillPace
from tests.fixtures.records import mail

EACH_TRY = len(RESTS) + 1


class Refusing:
    """Another store that refuses so many commits, `refused` of them so far."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.refuses = self.refused = 0

    def read(self) -> object:
        return self._store.read()

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[UnitOfWork]:
        if self.refused < self.refuses:
            self.refused += 1
            raise StoreUnavailable("the database cannot answer")
        async with self._store.write() as uow:
            yield uow


@pytest.fixture
def refusing(store: Store) -> Refusing:
    return Refusing(store)


async def posted(refusing: Refusing, refuses: int) -> Post:
    """A mail that the relay takes, after which so many commits are refused."""
    post = Post(cast(Store, refusing))
    await given(post, mail())
    taken = post.send

    async def send(envelope: object) -> int:
        refusing.refuses = refuses
        return await taken(envelope)  # type: ignore[arg-type]

    post.send = send  # type: ignore[method-assign]
    return post


@pytest.mark.parametrize("refuses", [1, EACH_TRY - 1])
async def test_an_accepted_mail_whose_commit_is_refused_for_seconds_is_sent_once(
    refusing: Refusing, refuses: int
) -> None:
    post = await posted(refusing, refuses)
    assert (await post.deliver()).result == "sent"
    assert (await post.deliver()).result == "none"
    assert (len(post.sent), refusing.refused) == (1, refuses)
    [only] = await post.mails()
    assert (only.state, only.accepted_at, only.attempts) == (MailState.ACCEPTED, NOW, 1)


async def test_a_database_that_stays_away_ends_the_try_and_the_mail_is_sent_again(refusing: Refusing) -> None:
    post = await posted(refusing, EACH_TRY)
    with pytest.raises(StoreUnavailable):
        await post.deliver()
    assert await post.states() == [MailState.SENDING]
    assert (await post.deliver()).result == "sent"
    assert [it.mail_id for it in post.sent] == ["m1", "m1"]


async def test_insisting_rests_longer_each_time_and_for_seconds_only() -> None:
    pace = StillPace()

    async def refused() -> None:
        raise StoreUnavailable("no")

    with pytest.raises(StoreUnavailable):
        await insist(refused, pace)
    assert pace.slept == [0.2, 0.5, 1.0, 2.0]


async def test_a_try_that_itself_took_long_is_the_last() -> None:
    pace, tries = StillPace(), 0

    async def slow() -> None:
        nonlocal tries
        tries += 1
        pace.seconds += PATIENCE + 1
        raise StoreUnavailable("busy beyond patience")

    with pytest.raises(StoreUnavailable):
        await insist(slow, pace)
    assert (tries, pace.slept) == (1, [])
