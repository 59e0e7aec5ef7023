"""The organization of `examples/` on its way, as one SQLite file: what the commands in the documents are run on.

Acme is provisioned and everybody is told; e1001 and e1002 have MIGRATED, e1003 must choose a password, e1004 is
activated by hand, the address of e1005 refuses mail, e1006 is selected. All others are on the list.
"""

import asyncio
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from unittest.mock import patch
from uuid import UUID

import pytest

from edition_migration.application.waves import WaveRelease
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.progress import Done, MailInput, StepInput, WaveInput
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store_listing import EVERYBODY
from tests.application.moving import Moving
from tests.builders import NOW
from tests.cli.conftest import CommandLine
from tests.stores import store_at

ROOT = Path(__file__).parents[2]
ORG = "acme"
STEPS = (
    "notify_deactivation",
    "send_instructions",
    "activate",
    "reset_password",
    "await_new_password",
    "apply_policies",
)
LATER = NOW + timedelta(hours=1)
"""When all of it is over and somebody looks."""
A_MOMENT = timedelta(seconds=1)
DEAD_ADDRESS = "juergen.weiss@acme-europe.example"


SETTINGS = {
    "EDITION_MIGRATION_LINK_KEYS": "k1:YSBrZXkgb2YgdGhpcnR5LXR3byBieXRlcywganVzdCBzbw==",
    "EDITION_MIGRATION_WEBHOOK_SECRETS": "whsec_YSBrZXkgb2YgdGhpcnR5LXR3byBieXRlcywganVzdCBzbw==",
    "EDITION_MIGRATION_PAGE_SECRET": "a secret of more than thirty-two characters",
}


def office_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A command line on the world in this folder, an hour later."""
    monkeypatch.chdir(folder)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    cli = CommandLine(f"sqlite+aiosqlite:///{folder / 'store.db'}")
    cli.clock.at = LATER
    return cli


@contextmanager
def repeated_ids(seed: int) -> Generator[None]:
    """Every id that is made meanwhile is the same in each run."""
    numbers = Random(seed)  # noqa: S311 - they are to be guessed
    with patch("edition_migration.domain.names.uuid4", lambda: UUID(int=numbers.getrandbits(128), version=4)):
        yield


@repeated_ids(seed=1)
def built(cli: CommandLine, folder: Path) -> None:
    """Brings the empty store of this command line there; `folder` gets a copy of the examples."""
    examples = folder / "examples"
    shutil.copytree(ROOT / "examples", examples)
    _ok(cli, "org", "apply", str(examples / "organization.yaml"))
    _ok(cli, "import", "users", str(examples / "users.csv"))
    _ok(cli, "event", str(examples / "provisioned.json"))
    _go(cli)
    _ok(cli, "select", "e1001", "e1002", "e1003", "e1005")
    cli.clock.move(A_MOMENT)
    _ok(cli, "select", "--activation", "by_hand", "e1004")
    _go(cli, refuses=[DEAD_ADDRESS])
    _go(cli, "e1001", "e1002")
    _ok(cli, "select", "e1006")
    cli.seal()


def _ok(cli: CommandLine, *arguments: str) -> None:
    result = cli.run(*arguments)
    assert result.exit_code == 0, result.output


def _go(cli: CommandLine, *with_password: str, refuses: Sequence[str] = ()) -> None:
    """Everything that workflows would do now, once these have chosen a password."""
    cli.clock.move(timedelta(minutes=1))
    asyncio.run(_drained(cli, with_password, refuses))


async def _drained(cli: CommandLine, with_password: Sequence[str], refuses: Sequence[str]) -> None:
    async with store_at(cli.store_url) as store:
        moving = Moving(store)
        moving.clock.at = cli.clock.at
        moving.relay.refuses.update(refuses)
        for user_id in with_password:
            await moving.happen("credential.password_set", user_id=user_id)
        await moving.drain(ORG)
        await moving.block(ORG)
        await _release(moving)
        async with store.read() as uow:
            people = [it.migration for it in await uow.listing.page(ORG, EVERYBODY, limit=100)]
        for it in people:
            if it.state is not S.SKIPPED:
                await _walk(moving, MigrationRef(org_id=ORG, user_id=it.user_id))
        cli.clock.at = moving.clock.at


async def _release(moving: Moving) -> None:
    """Every wave releases everybody."""
    release = WaveRelease(store=moving.store, clock=moving.clock, page_size=600)
    async with moving.store.read() as uow:
        waves = await uow.waves.of_organization(ORG)
    for wave in waves:
        await release.release_page(WaveInput(org_id=ORG, wave_id=wave.wave_id, as_of=moving.clock.now()))


async def _walk(moving: Moving, ref: MigrationRef) -> None:
    """Step by step, each twice: what waits for a mail goes on once the relay has it."""
    for name in STEPS:
        for _ in range(2):
            given = StepInput(migration=ref, as_of=moving.clock.now())
            is_done = isinstance(await getattr(moving.steps, name)(given), Done)
            await _post(moving, ref)
            if is_done:
                break
        else:
            return


async def _post(moving: Moving, ref: MigrationRef) -> None:
    async with moving.store.read() as uow:
        moving.relay.kinds = {it.mail_id: it.kind for it in await uow.mails.of_migration(ref)}
    given = MailInput(org_id=ORG, user_id=ref.user_id, generation=ref.generation, as_of=moving.clock.now())
    while (await moving.delivery.deliver(given)).next is not None:
        pass
