"""What the chapters of the demo play with: the product's commands, the people, and looks at where each user stands."""

import asyncio
import secrets
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from edition_migration.application.queries import Queries
from edition_migration.cli.demo.failure import DemoFailed, until
from edition_migration.cli.demo.ground import Ground
from edition_migration.cli.demo.outcomes import Guest, Observed
from edition_migration.cli.demo.players import Browser, Client, Mailbox, ProvisioningSystem
from edition_migration.cli.demo.screen import Screen
from edition_migration.cli.demo.tools import run_starter
from edition_migration.domain.states import MigrationState

AT_ONCE = 2
"""Users who act at the same time: as many as the web process hashes passwords for at once."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Users are named by their ids, as in `examples/expected.csv`."""

    ground: Ground
    screen: Screen
    guests: dict[str, Guest]
    queries: Queries
    mailbox: Mailbox
    client: Client
    provisioning: ProvisioningSystem
    browser: Browser = field(default_factory=Browser)
    observed: Observed = field(default_factory=Observed)

    async def starter(self, *arguments: str) -> None:
        """Runs one of the product's own commands and shows it with its output. Raises DemoFailed where it fails."""
        await run_starter(self.ground, self.screen, *arguments)

    def email(self, user_id: str) -> str:
        return self.guests[user_id].email

    async def state(self, user_id: str) -> str:
        """Where the user's migration stands; empty where he has none."""
        migration = (await self.queries.user(user_id)).migration
        return str(migration.state) if migration else ""

    async def until_state(self, user_ids: Sequence[str], state: MigrationState) -> None:
        """Raises DemoFailed naming who is not there in time."""
        for user_id in user_ids:

            async def look(it: str = user_id) -> bool:
                return await self.state(it) == state

            await until(f"{self.email(user_id)} is {state}", look)

    async def until_mails(self, user_ids: Sequence[str], number: int) -> None:
        """Until each of them has so many mails."""

        async def look() -> bool:
            counts = await self.mailbox.counts()
            return all(counts.get(self.email(it), 0) >= number for it in user_ids)

        await until(f"{number} mails for each of {len(user_ids)} users", look)

    async def sign_in(self, user_id: str, password: str, version: str | None) -> str:
        """The gate's answer to this user."""
        return await self.client.sign_in(self.email(user_id), password, version)

    async def expect(self, what: str, expected: object, actual: object) -> None:
        """Says what came out. Raises DemoFailed where it is something else."""
        if actual != expected:
            raise DemoFailed(f"{what}: expected {expected}, got {actual}")
        self.screen.say(f"{what}: {actual}")

    async def choose_password(self, user_id: str, link_number: int = 1) -> None:
        """The user takes the link from the mailbox and chooses a password nobody has guessed before."""
        password = secrets.token_hex(16)
        link = await self.mailbox.link(self.email(user_id), link_number)
        status = await self.browser.choose(link, password)
        if status != 200:
            raise DemoFailed(f"the password of {self.email(user_id)} was answered with {status}")
        self.observed.new_passwords[user_id] = password

    async def try_before(self, guest: Guest) -> None:
        """Today's password in the guest's own client."""
        answer = await self.sign_in(guest.user_id, guest.old_password, guest.client_version)
        self.observed.sign_in_before[guest.user_id] = answer

    async def try_after(self, guest: Guest, version: str) -> None:
        """The newest password that the user knows."""
        password = self.observed.new_passwords.get(guest.user_id, guest.old_password)
        self.observed.sign_in_after[guest.user_id] = await self.sign_in(guest.user_id, password, version)

    async def at_once(self, actions: Iterable[Coroutine[Any, Any, None]]) -> None:
        """Several users act at the same time, a few at once."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def act(action: Coroutine[Any, Any, None]) -> None:
            async with slots:
                await action

        await asyncio.gather(*(act(action) for action in actions))
