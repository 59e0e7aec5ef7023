"""Read models and choices on both databases: numbers, pages, nearest names."""

from pathlib import Path
from typing import Any

import pytest

from edition_migration.adapters.csv_files import CsvFiles
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.chosen_users import Choice, ChosenUsers
from edition_migration.application.queries import Queries
from edition_migration.application.user_views import PolicyLine
from edition_migration.application.views import MailCount, StateCount
from edition_migration.domain.commands import CommandKind
from edition_migration.domain.errors import NotFound
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.policies import PolicyAction, PolicyGroup, PolicySet, effective
from edition_migration.domain.states import AccountStatus, InactiveReason
from edition_migration.domain.states import MigrationState as S
from tests import builders
from tests.doubles import MovableClock
from tests.fixtures import records


@pytest.fixture
async def filled(store: SqlStore) -> SqlStore:
    """Acme with users u0 to u5: four in review, one migrated with two generations, one skipped."""
    held = {"account_status": AccountStatus.INACTIVE, "inactive_reason": InactiveReason.GUEST_PENDING, "org_id": "acme"}
    async with store.write() as uow:
        await uow.organizations.put(builders.organization(administrators=("u3@acme.example",)))
        await uow.domains.put(builders.domain())
        await uow.capacity.set_purchased("acme", licenses=10, storage_mb=500)
        await uow.users.put([builders.user(f"u{n}", email=f"u{n}@acme.example", **held) for n in range(6)])
        rows = [builders.migration(f"u{n}", state=S.IN_REVIEW) for n in range(4)]
        rows += [builders.migration("u4", state=S.EXPIRED), builders.migration("u4", generation=2, state=S.MIGRATED)]
        await uow.migrations.add([*rows, builders.migration("u5", state=S.SKIPPED, reason="newer_client")])
        kinds = [MailKind.INSTRUCTIONS, MailKind.RESET_PASSWORD]
        await uow.mails.queue([records.mail(f"m{kind}", user_id="u4", generation=2, kind=kind) for kind in kinds])
        await uow.mails.mark("minstructions", [MailState.QUEUED], MailState.SENDING, builders.NOW)
        await uow.mails.mark("minstructions", [MailState.SENDING], MailState.ACCEPTED, builders.NOW, reply_code=250)
        await uow.commit()
    return store


async def test_status_counts_the_newest_generation_only(filled: SqlStore) -> None:
    status = await Queries(store=filled, clock=MovableClock(), message_domain="mail.example").status("acme")
    assert status.states == (
        StateCount(state=S.IN_REVIEW, reason=None, users=4),
        StateCount(state=S.MIGRATED, reason=None, users=1),
        StateCount(state=S.SKIPPED, reason="newer_client", users=1),
    )
    assert status.mails == (
        MailCount(kind=MailKind.INSTRUCTIONS, state=MailState.ACCEPTED, mails=1),
        MailCount(kind=MailKind.RESET_PASSWORD, state=MailState.QUEUED, mails=1),
    )
    assert (status.pending, status.capacity.licenses_free, status.waves) == (4, 10, ())


async def test_a_user_is_found_by_id_and_by_address_in_any_spelling(filled: SqlStore) -> None:
    queries = Queries(store=filled, clock=MovableClock(), message_domain="mail.example")
    assert (await queries.user("U4@ACME.example")) == (await queries.user("u4"))
    shown = await queries.user("u4")
    assert shown.migration is not None
    assert (shown.migration.generation, shown.migration.state) == (2, S.MIGRATED)
    assert [(it.kind, it.state, it.reply_code) for it in shown.mails] == [
        (MailKind.INSTRUCTIONS, MailState.ACCEPTED, 250),
        (MailKind.RESET_PASSWORD, MailState.QUEUED, None),
    ]


async def test_a_user_shows_which_rule_decided_before_and_after_activation(filled: SqlStore) -> None:
    policies = PolicySet(
        organization={PolicyAction.EXTERNAL_IM: True},
        groups=(PolicyGroup(name="Finance", actions={PolicyAction.DESKTOP_SHARING: False}),),
    )
    async with filled.write() as uow:
        await uow.policies.put("acme", policies)
        await uow.users.put([builders.user("u4", policy_group="Finance")])
        await uow.commit()
    wanted = PolicyLine(action=PolicyAction.DESKTOP_SHARING, is_allowed=False, rule="group:Finance")
    before = (await Queries(store=filled, clock=MovableClock(), message_domain="mail.example").user("u4")).policy
    assert before is not None
    assert (before.assigned_revision, wanted in before.lines) == (None, True)
    async with filled.write() as uow:
        await uow.policies.assign("u4", "acme", "Finance", 1, effective(policies, "Finance"))
        await uow.commit()
    after = (await Queries(store=filled, clock=MovableClock(), message_domain="mail.example").user("u4")).policy
    assert after is not None
    assert (after.assigned_revision, after.current_revision, wanted in after.lines) == (1, 1, True)


@pytest.mark.parametrize(("name", "nearest"), [("u44", ("u4",)), ("u4@acme.exmaple", ("u4@acme.example",))])
async def test_a_wrong_name_is_answered_with_the_nearest(filled: SqlStore, name: str, nearest: tuple[str, ...]) -> None:
    with pytest.raises(NotFound) as refusal:
        await Queries(store=filled, clock=MovableClock(), message_domain="mail.example").user(name)
    assert refusal.value.nearest[:1] == nearest
    assert name not in refusal.value.message


async def test_a_user_of_no_organization_has_neither_migration_nor_policy(filled: SqlStore) -> None:
    async with filled.write() as uow:
        await uow.users.put([builders.user("g1", email="g1@globex.example", domain="globex.example")])
        await uow.commit()
    shown = await Queries(store=filled, clock=MovableClock(), message_domain="mail.example").user("g1")
    assert (shown.migration, shown.policy, shown.journal, shown.mails) == (None, None, (), ())


@pytest.mark.parametrize(
    ("choice", "user_ids"),
    [
        ({"is_all": True}, ("u0", "u1", "u2")),
        ({"is_all": True, "limit": 2}, ("u0", "u1")),
        ({"names": ("u2", "U0@acme.example", "u2")}, ("u2", "u0")),
    ],
)
async def test_choices_become_user_ids_in_their_order(
    filled: SqlStore, choice: dict[str, Any], user_ids: tuple[str, ...]
) -> None:
    chosen = await ChosenUsers(store=filled, files=CsvFiles(), clock=MovableClock()).of(
        Choice(kind=CommandKind.SELECT, org_id="acme", **choice)
    )
    assert (chosen.org_id, chosen.user_ids) == ("acme", user_ids)


async def test_everybody_goes_over_all_pages(filled: SqlStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("edition_migration.application.chosen_users.PAGE", 2)
    chosen = await ChosenUsers(store=filled, files=CsvFiles(), clock=MovableClock()).of(
        Choice(kind=CommandKind.SELECT, org_id=None, is_all=True)
    )
    assert chosen.user_ids == ("u0", "u1", "u2")
