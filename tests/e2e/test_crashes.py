"""A worker or web process killed with SIGKILL at each named place, once: everything happens, and everything once.

The scenarios run together on the real server; each test looks at what one of them left behind.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from itertools import zip_longest
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.states import AccountStatus, CredentialState, Edition, InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from tests.e2e.crash_play import Aftermath, Scenario, crash_stage
from tests.e2e.scenes import BEGINNING, STORY
from tests.fixtures.smtp import running_smtp_server

BOTH = ("before_commit", "after_commit")
AROUND = ("before", "after")
STEPS = ("notify_deactivation", "send_instructions", "activate", "reset_password", "apply_policies")
MAILS = ("account_deactivated", "instructions", "reset_password", "welcome")
PAGES = ("apply_next_event", "block_guests", "start_pending", "grant_capacity", "release_page")

ON_PAGES = [
    *(f"worker.ORG.in_{page}.{where}" for page in PAGES for where in BOTH),
    *(f"worker.USER.start_migration.{where}" for where in AROUND),
    *(f"worker.ORG.start_wave.{where}" for where in AROUND),
    *(f"worker.ORG.ring_organization.{where}" for where in AROUND),
    "worker.ORG.mail_service_provisioned.after_250",
]
ON_STEPS = [
    *(f"worker.USER.{step}.{where}" for step in STEPS for where in BOTH),
    *(f"worker.USER.in_await_new_password.{where}" for where in BOTH),
    *(f"worker.USER.ring_migration.{where}" for where in AROUND),
    *(f"web.USER.choose_password.{where}" for where in BOTH),
]
ON_MAILS = [
    *(f"worker.USER.mail_{kind}.after_250" for kind in MAILS),
    *(f"worker.USER.mail_{kind}_accepted.after_commit" for kind in MAILS),
    *(f"worker.USER.mail_reset_password_sending.{where}" for where in BOTH),
]
PLACES = [*ON_PAGES, *ON_STEPS, *ON_MAILS]
EXPIRING = [f"worker.USER.await_new_password.{where}" for where in BOTH]
CANCELLING = [f"worker.USER.cancel.{where}" for where in BOTH]


@pytest_asyncio.fixture(scope="module")
async def aftermaths(
    sqlite_template: Path, temporal_env: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Aftermath]]:
    """What each scenario left, by its places: one on a page of its organization, one at a step, one at a mail."""
    folder = tmp_path_factory.mktemp("crashes")
    file = shutil.copyfile(sqlite_template, folder / "store.db")
    scenarios = [
        *(Scenario([it for it in places if it]) for places in zip_longest(ON_PAGES, ON_STEPS, ON_MAILS)),
        *(Scenario([place], end=S.EXPIRED) for place in EXPIRING),
        *(Scenario([place], end=S.CANCELLED) for place in CANCELLING),
    ]
    async with (
        running_smtp_server() as smtp,
        crash_stage(f"sqlite+aiosqlite:///{file}", temporal_env.client, smtp, folder, workers=2) as stage,
    ):
        async with asyncio.TaskGroup() as group:
            plays = [group.create_task(stage.play(it)) for it in scenarios]
        yield {place: play.result() for it, play in zip(scenarios, plays, strict=True) for place in it.places}


def actions(left: Aftermath) -> list[tuple[str, S]]:
    return [(entry.action, entry.target) for entry in left.journal]


def in_use(left: Aftermath) -> tuple[int, int, int, int]:
    """Licenses and storage, reserved and used, as the counters and the ledger agree."""
    assert left.counters == left.sums
    counters = left.counters
    return (
        counters.licenses_reserved,
        counters.licenses_used,
        counters.storage_reserved_mb,
        counters.storage_used_mb,
    )


def kinds(left: Aftermath) -> list[tuple[str, str]]:
    return [(mail.kind, mail.state) for mail in left.mails]


def assert_no_other_copies(left: Aftermath, messages: int, *, reminders: int = 0) -> None:
    """A mail may come twice after a kill, but then byte by byte the same under the same Message-ID.

    Of the reminders each came once or was given up.
    """
    assert messages <= len(left.copies) <= messages + reminders
    assert all(len(set(copies)) == 1 for copies in left.copies.values())
    to_administrator = {(str(mail.message["Message-ID"]), mail.raw) for mail in left.to_administrator}
    assert len({message_id for message_id, _ in to_administrator}) == len(to_administrator) >= 1


@pytest.mark.parametrize("place", PLACES)
def test_killed_at_this_place_the_user_is_migrated_once(aftermaths: dict[str, Aftermath], place: str) -> None:
    left = aftermaths[place]
    assert place not in left.still_armed, "no process was killed there"
    assert left.row.state is S.MIGRATED
    assert actions(left) == STORY
    assert in_use(left) == (0, 1, 0, 100)
    assert [token.state for token in left.tokens] == [TokenState.USED]
    assert kinds(left) == [(kind, "accepted") for kind in MAILS]
    assert (left.user.account_status, left.user.edition) == (AccountStatus.ACTIVE, Edition.BUSINESS)
    assert left.user.credential_state is CredentialState.SET
    assert_no_other_copies(left, messages=4)


@pytest.mark.parametrize("kind", MAILS)
def test_killed_after_the_250_the_same_mail_is_sent_again(aftermaths: dict[str, Aftermath], kind: str) -> None:
    left = aftermaths[f"worker.USER.mail_{kind}.after_250"]
    copies = list(left.copies.values())[MAILS.index(kind)]
    assert len(copies) >= 2


def test_killed_after_the_250_the_same_mail_to_the_administrator_is_sent_again(
    aftermaths: dict[str, Aftermath],
) -> None:
    left = aftermaths["worker.ORG.mail_service_provisioned.after_250"]
    assert len(left.to_administrator) >= 2


@pytest.mark.parametrize("place", EXPIRING)
def test_killed_at_the_deadline_the_user_expires_once(aftermaths: dict[str, Aftermath], place: str) -> None:
    """How many reminders fit into seconds depends on the machine; none is journaled twice."""
    left = aftermaths[place]
    assert place not in left.still_armed, "no process was killed there"
    assert [it for it in actions(left) if it[0] != "remind"] == [*BEGINNING, ("await_new_password", S.EXPIRED)]
    assert len({entry.key for entry in left.journal}) == len(left.journal)
    assert in_use(left) == (0, 0, 0, 0)
    assert {token.state for token in left.tokens} == {TokenState.DEAD}
    reminders = [kind for kind, _ in kinds(left) if kind == "reminder"]
    told = [it for it in kinds(left) if it[0] != "reminder"]
    assert told == [(kind, "accepted") for kind in (*MAILS[:3], "expired")]
    assert (left.user.account_status, left.user.inactive_reason) == (AccountStatus.INACTIVE, InactiveReason.EXPIRED)
    assert_no_other_copies(left, messages=4, reminders=len(reminders))


@pytest.mark.parametrize("place", CANCELLING)
def test_killed_at_a_command_the_user_is_cancelled_once(aftermaths: dict[str, Aftermath], place: str) -> None:
    left = aftermaths[place]
    assert place not in left.still_armed, "no process was killed there"
    assert actions(left) == [*BEGINNING, ("cancel", S.CANCELLED)]
    assert left.journal[-1].actor == "operator-7"
    assert in_use(left) == (0, 0, 0, 0)
    assert [token.state for token in left.tokens] == [TokenState.DEAD]
    assert left.user.account_status is AccountStatus.INACTIVE
    assert_no_other_copies(left, messages=4)
