"""What operators read of an event: that it was overtaken, that it changed nothing, or neither."""

from datetime import timedelta
from typing import Any

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.states import MigrationState as S
from tests.application.moving import PROVISIONED, Moving, moving

NOTHING_SAID = ("applied", "it changed nothing: it gives no field that is kept")
OVERTAKEN = ("superseded", "a newer event was faster")


async def settled(world: Moving, kind: str, **event: Any) -> tuple[str, str | None]:
    row = await world.happen(kind, **event)
    return row.state, row.reason


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("user.updated", {}),
        ("user.updated", {"shoe_size": 38}),
        ("user.detected", {}),
        ("user.signed_in", {"is_federated": False}),
    ],
)
async def test_what_gives_no_field_that_is_kept_changes_nothing_and_was_overtaken_by_nothing(
    store: SqlStore, kind: str, data: dict[str, Any]
) -> None:
    world = await moving(store, S.IN_REVIEW)
    before = (await world.ada(), await world.row())
    assert await settled(world, kind, user_id="u1", **data) == NOTHING_SAID
    assert (await world.ada(), await world.row()) == before


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("user.updated", {"user_id": "u1", "display_name": "Ada"}),
        ("user.signed_in", {"user_id": "u1", "is_federated": True}),
        ("credential.password_set", {"user_id": "u1"}),
        ("org.licenses.changed", {"licenses_purchased": 7}),
        ("org.sso.changed", {"is_single_sign_on": True}),
        ("org.domain.removed", {"domain": "acme.example"}),
        ("org.policy.changed", {"policies": {"organization": {}, "groups": []}}),
        ("org.service.provisioned", PROVISIONED),
    ],
)
async def test_an_older_event_was_overtaken(store: SqlStore, kind: str, data: dict[str, Any]) -> None:
    world = await moving(store, S.IN_REVIEW)
    assert await settled(world, kind, at=timedelta(hours=2), **data) == ("applied", None)
    assert await settled(world, kind, at=timedelta(hours=1), **data) == OVERTAKEN


async def test_of_a_deleted_user_nothing_counts_any_more(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    await world.happen("user.deleted", user_id="u1")
    after = ("superseded", "the user of this id was deleted")
    assert await settled(world, "user.updated", user_id="u1", display_name="Ada", at=timedelta(days=1)) == after


async def test_a_bounce_that_is_told_twice_says_how_the_mail_is_already(store: SqlStore) -> None:
    world = await moving(store, S.IN_REVIEW)
    bounce = {"message_id": "<old-account_deactivated@mail.example>"}
    assert await settled(world, "mail.bounced", **bounce) == ("applied", None)
    assert await settled(world, "mail.bounced", **bounce) == ("applied", "it changed nothing: the mail is bounced")
