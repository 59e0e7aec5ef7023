"""The kinds of errands, and what each page of one does: hold its rows in one order, then turn the page.

A kind is one function in a file of its own, `errand_<kind>.py`, and one line in `Errands.page`.
"""

from collections.abc import Sequence
from enum import StrEnum

from edition_migration.domain.migration import Migration
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import Errand

PAGE = 200


class ErrandKind(StrEnum):
    """`argument` of an errand is a domain with the first, a user to renew a link, a wave to cancel it; else empty."""

    REVIEW_DOMAIN = "review_domain"
    REVIEW_USER = "review_user"
    SIGN_ON = "sign_on"
    POLICIES = "policies"
    RENEW_LINK = "renew_link"
    CANCEL_WAVE = "cancel_wave"
    RESUME = "resume"
    MAIL_TIMES = "mail_times"


def key_of(errand: Errand) -> str:
    """What names the errand in the journal of each user whom it changed."""
    return f"errand/{errand.errand_id}"


async def held(uow: UnitOfWork, rows: Sequence[Migration]) -> Sequence[Migration]:
    """All rows of the page before anything else is touched: counters come last, and rows in the order of user ids.

    Each as it is now that nobody else changes it.
    """
    locked = [await uow.migrations.hold(row.ref) for row in rows]
    return [row for row in locked if row is not None]


async def turn_page(uow: UnitOfWork, errand: Errand, rows: Sequence[Migration]) -> None:
    """`rows` as they were read; a short page is the last."""
    if len(rows) < PAGE:
        await uow.errands.finish(errand.errand_id)
    else:
        await uow.errands.advance(errand.errand_id, rows[-1].user_id)
