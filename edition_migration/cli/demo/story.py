"""The chapters of the demo, in the product's own words: from guests who sign in every day to a moved organization."""

from collections import Counter

from edition_migration.cli.demo.failure import until
from edition_migration.cli.demo.screen import few
from edition_migration.cli.demo.stage import Stage
from edition_migration.domain.gate import SignInResult
from edition_migration.domain.states import MigrationState as S

NEWEST_CLIENT = "7.2"
NOTIFICATION_EMAIL = "it-operations@acme.example"

FIRST_WAVE = tuple(f"e10{number:02}" for number in range(1, 15))
WEAK_PASSWORD, USES_LINK_TWICE, CHANGES_HIS_MIND = "e1003", "e1004", "e1009"
BY_HAND = ("e1015", "e1016", "e1017")
LATE, SILENT, TOO_BIG, NEXT_IN_QUEUE = "e1018", "e1019", "e1020", "e1021"
WAITING = (TOO_BIG, NEXT_IN_QUEUE, "e1022", "e1023")
NOT_SELECTED = ("e1024", "e1025", "e1026")
EXCLUDED = ("e1027", "e1028")
BLOCKED = (*FIRST_WAVE, *BY_HAND, LATE, SILENT, *WAITING, *NOT_SELECTED, *EXCLUDED)
NEWER_CLIENT, OTHER_DOMAIN = "e1036", "e1038"


async def guests_of_today(stage: Stage) -> None:
    stage.screen.chapter("Guests of today")
    await stage.starter("org", "apply", "examples/organization.yaml")
    await stage.starter("import", "users", "examples/users.csv")
    await stage.starter("import", "contacts", "examples/contacts.csv")
    guests = [guest for guest in stage.guests.values() if guest.expected.sign_in_before]
    await stage.at_once(stage.try_before(guest) for guest in guests)
    seen = stage.observed.sign_in_before
    stage.screen.say(f"{len(seen)} guests try today's password at the gate: {_counted(seen)}")


async def provisioned(stage: Stage) -> None:
    stage.screen.chapter("The Business Edition is provisioned for two domains")
    event = (stage.ground.state / "examples" / "provisioned.json").read_bytes()
    stage.screen.command(f"POST {stage.ground.web}/v1/events   (examples/provisioned.json, signed)")
    await stage.expect("with a forged signature", 401, await stage.provisioning.send(event, is_forged=True))
    await stage.expect("new", 202, await stage.provisioning.send(event))
    await stage.expect("the same again", 200, await stage.provisioning.send(event))
    await stage.until_state(BLOCKED, S.IN_REVIEW)
    stage.screen.say(f"{len(BLOCKED)} guests are blocked and inactive: {few([stage.email(it) for it in BLOCKED])}")
    for user_id in (BLOCKED[0], NEWER_CLIENT, OTHER_DOMAIN):
        guest = stage.guests[user_id]
        expected = SignInResult.DEACTIVATED if user_id in BLOCKED else SignInResult.SIGNED_IN
        answer = await stage.sign_in(user_id, guest.old_password, guest.client_version)
        await stage.expect(f"{guest.email} signs in with client {guest.client_version}", expected, answer)
    answer = await stage.sign_in(BLOCKED[0], "not-his-password", NEWEST_CLIENT)
    await stage.expect("somebody who does not know the password", SignInResult.WRONG_CREDENTIALS, answer)


async def review(stage: Stage) -> None:
    stage.screen.chapter("The administrator reviews the Migration tab")
    await stage.until_mails(BLOCKED, 1)
    await until(NOTIFICATION_EMAIL + " has its mail", lambda: stage.mailbox.messages(NOTIFICATION_EMAIL))
    stage.screen.say(f"{len(BLOCKED)} users were told, and {NOTIFICATION_EMAIL} has the download URL")
    await stage.starter("pending")
    await stage.starter("exclude", *EXCLUDED, "--yes")


async def first_wave(stage: Stage) -> None:
    stage.screen.chapter("A wave: selected, instructed, activated, password reset")
    await stage.starter("select", *FIRST_WAVE)
    await stage.until_mails(FIRST_WAVE, 3)
    stage.screen.say(f"{len(FIRST_WAVE)} users have instructions and a link to the password page")
    guest = stage.guests[FIRST_WAVE[0]]
    answer = await stage.sign_in(guest.user_id, guest.old_password, NEWEST_CLIENT)
    await stage.expect(f"{guest.email} tries the old password", SignInResult.PASSWORD_NOT_CHOSEN, answer)
    await stage.starter("cancel", CHANGES_HIS_MIND, "--yes")
    await _mistakes(stage)
    movers = [it for it in FIRST_WAVE if it != CHANGES_HIS_MIND]
    await stage.at_once(stage.choose_password(it) for it in movers if it != USES_LINK_TWICE)
    await stage.until_state(movers, S.MIGRATED)
    stage.screen.say(f"{len(movers)} users chose a password and are MIGRATED")
    answer = await stage.sign_in(guest.user_id, stage.observed.new_passwords[guest.user_id], guest.client_version)
    await stage.expect(f"{guest.email} signs in with the old client", SignInResult.CLIENT_TOO_OLD, answer)


async def _mistakes(stage: Stage) -> None:
    """Three links that do not simply work: cancelled, used already, and a password that is too weak."""
    link = await stage.mailbox.link(stage.email(CHANGES_HIS_MIND))
    await stage.expect("the link of the cancelled user", 410, (await stage.browser.open(link)).status)
    await stage.choose_password(USES_LINK_TWICE)
    link = await stage.mailbox.link(stage.email(USES_LINK_TWICE))
    await stage.expect("a link that was used", 410, await stage.browser.choose(link, "another good passphrase"))
    link = await stage.mailbox.link(stage.email(WEAK_PASSWORD))
    await stage.expect("the password 'password1'", 422, await stage.browser.choose(link, "password1"))


async def by_hand(stage: Stage) -> None:
    stage.screen.chapter("A wave that is activated by hand")
    await stage.starter("select", "--activation", "by_hand", *BY_HAND)
    await stage.until_mails(BY_HAND, 2)
    await stage.until_state(BY_HAND, S.INSTRUCTED)
    stage.screen.say("they have their instructions; nothing more happens until the administrator says so")


async def short_of_time(stage: Stage) -> None:
    stage.screen.chapter("A link that lives for seconds, a short deadline, and fewer licenses than users")
    await stage.starter("org", "apply", "examples/short-link.yaml")
    await stage.starter("select", LATE)
    await _until_deadline_runs(stage, LATE)
    await stage.starter("org", "apply", "examples/short-deadline.yaml")
    await stage.starter("select", SILENT, *WAITING)
    await _until_deadline_runs(stage, SILENT)
    await stage.until_state(WAITING, S.WAITING_CAPACITY)
    stage.screen.say(f"one license was free; {len(WAITING)} users wait for the next")
    await stage.starter("org", "apply", "examples/organization.yaml")


async def _until_deadline_runs(stage: Stage, user_id: str) -> None:
    """From the relay's acceptance of the link on."""

    async def look() -> bool:
        migration = (await stage.queries.user(user_id)).migration
        return migration is not None and migration.deadline is not None

    await until(f"the deadline of {stage.email(user_id)} runs", look)


async def activated_by_hand(stage: Stage) -> None:
    stage.screen.chapter("Activated by hand, while the clock of the others runs")
    await stage.starter("activate", *BY_HAND)
    await stage.at_once(stage.choose_password(it) for it in BY_HAND)
    await stage.until_state(BY_HAND, S.MIGRATED)


async def late_and_silent(stage: Stage) -> None:
    stage.screen.chapter("Too late, and never")
    link = await stage.mailbox.link(stage.email(LATE))

    async def is_over() -> bool:
        return (await stage.browser.open(link)).status == 410

    await until("the link's life ends", is_over, every=1.0)
    answer = await stage.browser.ask_for_new_link(link)
    await stage.expect(f"{stage.email(LATE)} comes too late and asks for a new link", 200, answer)
    await stage.choose_password(LATE, link_number=2)
    await stage.until_state([SILENT], S.EXPIRED)
    stage.screen.say(f"{stage.email(SILENT)} did nothing: EXPIRED, and the license is free")
    await stage.choose_password(NEXT_IN_QUEUE)
    await stage.until_state([LATE, NEXT_IN_QUEUE], S.MIGRATED)
    stage.screen.say(f"{stage.email(NEXT_IN_QUEUE)} got it: {stage.email(TOO_BIG)} needs more storage than is free")


async def afterwards(stage: Stage) -> None:
    stage.screen.chapter("Afterwards")
    await stage.starter("user", "show", FIRST_WAVE[0])
    await stage.starter("status")
    guests = [guest for guest in stage.guests.values() if guest.expected.sign_in_after]
    await stage.at_once(stage.try_after(guest, NEWEST_CLIENT) for guest in guests)
    seen = stage.observed.sign_in_after
    stage.screen.say(f"{len(seen)} users sign in with client {NEWEST_CLIENT}: {_counted(seen)}")


def _counted(answers: dict[str, str]) -> str:
    return ", ".join(f"{count} {answer}" for answer, count in Counter(answers.values()).most_common())


CHAPTERS = (
    guests_of_today,
    provisioned,
    review,
    first_wave,
    by_hand,
    short_of_time,
    activated_by_hand,
    late_and_silent,
    afterwards,
)
