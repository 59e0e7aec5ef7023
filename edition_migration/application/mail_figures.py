"""The figures of a mail to administrators: read once, before it is first sent, and kept in its row.

Whoever waits, what is free and how a wave came out changes from minute to minute; a repeat must say what the first copy
said (design section 6, "Mail"). Used by `delivery` and `mail_context`. Ids and counts only: whom it goes to, how the
organization is called, and the addresses in a result file are read whenever it is sent, so that who was erased is in no
row and in no later copy.
"""

from pydantic import BaseModel, ConfigDict

from edition_migration.application.wave_report import Member, wave_result
from edition_migration.domain.mail import ADMINISTRATOR_MAILS, Mail, MailKind
from edition_migration.domain.organization import Capacity
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_listing import PENDING


class Figures(BaseModel):
    """`refused_count` is how many are parked, for whatever reason: rows keep it by that name.

    `members` is who was in the wave that a `wave_report` is about, without their addresses.
    """

    model_config = ConfigDict(frozen=True)

    pending_count: int
    waiting_count: int
    refused_count: int
    domains: tuple[str, ...]
    capacity: Capacity
    members: tuple[Member, ...] = ()


async def settle_figures(store: Store, mail: Mail) -> None:
    """Keeps what the mail will say, if it is one to administrators. A repeat, and one of two at once, finds it kept."""
    if mail.kind not in ADMINISTRATOR_MAILS:
        return
    async with store.read() as uow:
        if await uow.mails.figures(mail.mail_id) is not None:
            return
        figures = await _read(uow, mail)
    async with store.write() as uow:
        await uow.mails.keep_figures(mail.mail_id, figures.model_dump_json())
        await uow.commit()


async def figures_of(uow: UnitOfWork, mail: Mail) -> Figures:
    """What was kept; of a mail that nobody has begun to send, what holds now."""
    kept = await uow.mails.figures(mail.mail_id)
    return await _read(uow, mail) if kept is None else Figures.model_validate_json(kept)


async def _read(uow: UnitOfWork, mail: Mail) -> Figures:
    is_report = mail.kind is MailKind.WAVE_REPORT
    members = (await wave_result(uow, mail.org_id, mail.about)).members if is_report else ()
    return Figures(
        pending_count=await uow.listing.count(mail.org_id, PENDING),
        waiting_count=await uow.tickets.waiting_count(mail.org_id),
        refused_count=await uow.followups.parked_count(mail.org_id),
        domains=tuple(domain.name for domain in await uow.domains.of_organization(mail.org_id)),
        capacity=await uow.capacity.get(mail.org_id),
        members=tuple(it._replace(email=None) for it in members),
    )
