"""Parked by a dead address: the user goes on at the refused mail once somebody has mended it."""

from edition_migration.domain.commands import CommandKind
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import Attention
from edition_migration.domain.states import MigrationState as S
from tests.e2e.scenes import ada_awaits_her_password
from tests.e2e.world import World, guest, until
from tests.fixtures.smtp import Behavior

ADA = "ada@acme.example"
GONE = Behavior(codes={"RCPT": 550})


async def until_parked(world: World) -> None:
    async def is_parked() -> bool:
        row = await world.row("ada")
        return row is not None and row.attention is Attention.UNDELIVERABLE

    await until(is_parked, lambda: "nobody was parked")


async def parked_at_instructions(world: World) -> None:
    await world.guests(guest("ada"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    await world.until_accepted("ada", MailKind.ACCOUNT_DEACTIVATED)
    world.smtp.recipients[ADA] = GONE
    await world.select("ada")
    await world.until("ada", S.INSTRUCTED)
    await until_parked(world)


async def test_retry_goes_on_at_the_refused_mail(world: World) -> None:
    await parked_at_instructions(world)
    del world.smtp.recipients[ADA]
    assert (await world.command(CommandKind.RETRY, "ada")).verdict == "done"
    await world.until_accepted("ada", MailKind.RESET_PASSWORD)
    await world.choose_password(ADA)
    await world.until("ada", S.MIGRATED)
    await world.until_accepted("ada", MailKind.WELCOME)
    subjects = world.subjects_to(ADA)
    assert len(subjects) == len(set(subjects)) == 3 + 1


async def test_retried_in_vain_the_user_is_parked_again(world: World) -> None:
    await parked_at_instructions(world)
    asked = len([it for it in world.smtp.commands if it.startswith("RCPT")])
    await world.command(CommandKind.RETRY, "ada")

    async def is_asked_again() -> bool:
        return len([it for it in world.smtp.commands if it.startswith("RCPT")]) > asked

    await until(is_asked_again, lambda: "the mail was not tried again")
    await until_parked(world)
    row = await world.row("ada")
    assert row is not None
    assert (row.state, row.instructions_accepted_at) == (S.INSTRUCTED, None)
    assert len(world.mails_to(ADA)) == 1


async def test_retry_sends_again_what_came_back_after_the_relay_had_taken_it(world: World) -> None:
    await ada_awaits_her_password(world)
    link, came_back = world.link_of(ADA), world.mails_to(ADA)[-1]
    await world.event("mail.bounced", {"message_id": came_back.message["Message-ID"]})
    await until_parked(world)

    assert (await world.command(CommandKind.RETRY, "ada")).verdict == "done"
    await world.until_mailed(ADA, 4)
    assert [it.message["Message-ID"] for it in world.mails_to(ADA)[2:]] == [came_back.message["Message-ID"]] * 2
    assert world.link_of(ADA) == link
    await world.choose_password(ADA)
    await world.until("ada", S.MIGRATED)


async def test_a_mended_address_gets_the_refused_mail_and_all_later_ones(world: World) -> None:
    await parked_at_instructions(world)
    email = "ada.lovelace@acme.example"
    answer = await world.commands.fix_address(world.org_id, "ada", email, actor="admin", command_id="c1")
    assert answer.verdict == "done"
    await world.bells.ring_due()
    await world.until_accepted("ada", MailKind.RESET_PASSWORD)
    await world.choose_password(email)
    await world.until("ada", S.MIGRATED)
    assert len(world.mails_to(ADA)) == 1
    assert (await world.row("ada")).attention is None
