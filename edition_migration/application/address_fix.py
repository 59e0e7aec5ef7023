"""`fix_address`: an administrator corrects a user's address, and the migration goes on at the mail that was refused.

It takes an address, so it is no Update: addresses never reach Temporal (design section 3).
"""

from dataclasses import replace

from edition_migration.application.address_change import renew_link, try_new_address
from edition_migration.application.command_turn import CommandTurn
from edition_migration.application.conflicts import address_is_free
from edition_migration.domain.addresses import domain_of
from edition_migration.domain.commands import CommandAnswer
from edition_migration.domain.facts import overruled, stamp_of
from edition_migration.domain.migration import JournalEntry


async def fix_address(turn: CommandTurn, email: str) -> CommandAnswer:
    """`email` is normalized. The journal says that it was changed, and not to what.

    Who called our mail unwanted, or is parked by a policy, stays parked: another address is no answer to that.
    """
    uow, row = turn.uow, turn.row
    if not row.is_open:
        return turn.refused("already_ended", "there is no mail left to send")
    user = await uow.users.hold(row.user_id)
    if user is None or user.is_deleted:
        return turn.refused("not_found", "the user is deleted")
    if user.email == email:
        return turn.refused("same_address", "say retry, if the address is right")
    domain = await uow.domains.get(domain_of(email))
    if domain is None or domain.org_id != row.org_id or not domain.is_claimed:
        return turn.refused("other_domain", "give an address in a domain of the organization")
    if await uow.users.by_email(email) is not None:
        return turn.refused("address_taken", "this address belongs to another user")
    stamps = overruled(user.stamps, ["email"], stamp_of(None, turn.now, turn.command.command_id))
    await address_is_free(uow, user.email, turn.now)
    await uow.users.put([replace(user, email=email, domain=domain.name, stamps=stamps)])
    await try_new_address(uow, row, turn.now)
    await renew_link(uow, row, turn.now)
    return await turn.stay()


async def gives_the_same(turn: CommandTurn, first: JournalEntry, email: str) -> bool:
    """Whether a repeat names the address that the command of `first` gave, as far as anybody can know.

    The journal keeps no address; the fact has the command's stamp until the next word about it, or a newer one.
    """
    user = await turn.uow.users.get(turn.row.user_id)
    stamp = stamp_of(None, first.at, turn.command.command_id)
    return user is None or user.stamps.get("email") != stamp or user.email == email
