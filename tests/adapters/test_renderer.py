"""What our mails say, to whom they say it, and that nothing a person wrote can change more than its own words."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from edition_migration.adapters.mails.languages import TEMPLATES
from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.domain.languages import LANGUAGES
from edition_migration.domain.mail import ADMINISTRATOR_MAILS, LINK_MAILS, MailKind
from edition_migration.domain.organization import Capacity
from edition_migration.domain.states import CancelReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.mails import MailContent, MailContext, OwnWords, WaveOutcome

DOWNLOAD = "https://get.example.com/client?v=latest&os=all"
HELP = "https://help.example.com/business"
LINK = "https://accounts.example.com/password#0123456789abcdef"
DEADLINE = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
NONE_FREE = Capacity("acme", 20, 5, 15, 1000, 100, 200)
RENDERER = TemplateRenderer()


def context(kind: MailKind, **changes: object) -> MailContext:
    has_link = kind in LINK_MAILS
    usual = MailContext(
        kind=kind,
        locale="en",
        zone="Europe/Berlin",
        user_name="" if kind in ADMINISTRATOR_MAILS else "Ada Lovelace",
        organization_name="Example & Sons",
        client_download_url=DOWNLOAD,
        help_url=HELP,
        link=LINK if has_link else None,
        expires_at=datetime(2026, 3, 3, 16, 0, tzinfo=UTC) if has_link else None,
        pending_count=3,
        domains=("guests.example.com", "example.net"),
        block_at=datetime(2026, 3, 1, 6, 0, tzinfo=UTC),
        capacity=NONE_FREE,
        waiting_count=7,
        parked_count=2,
        wave=WaveOutcome(datetime(2026, 2, 1, 6, 0, tzinfo=UTC), 12, ((S.MIGRATED, 11), (S.EXPIRED, 1))),
    )
    return replace(usual, **changes)


def render(kind: MailKind, **changes: object) -> MailContent:
    return RENDERER.render(context(kind, **changes))


class _Page(HTMLParser):
    """The words of a page as a person reads them, its links, and everything that it would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str | None] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._is_body = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self._is_body = self._is_body or tag == "body"
        if tag == "a":
            self.links.append(dict(attrs).get("href"))

    def handle_data(self, data: str) -> None:
        if self._is_body:
            self.words.extend(data.split())


SENTENCES = {
    MailKind.CAPACITY_SHORT: [
        "7 selected users of Example & Sons cannot move to the Business Edition yet, because no license is free.",
        "- Licenses: 20 purchased, 15 used, 5 reserved for users on their way.",
        "- Storage in MB: 1,000 purchased, 200 used, 100 reserved.",
        "This message comes at most once a day for as long as this lasts.",
    ],
    MailKind.UNDELIVERABLE: [
        "2 users of Example & Sons have been stopped: their addresses are refused, our messages are unwanted, or a "
        "policy forbids the move. All others go on.",
        "- Correct a wrong address: starter.py fix-address USER ADDRESS",
        "- Try again, if the address is right and our messages are wanted: starter.py retry USER",
    ],
    MailKind.WAVE_REPORT: [
        "The selection of Sunday, 1 February 2026, 07:00 (Europe/Berlin) for Example & Sons is finished.",
        "What became of the 12 selected users:\n- migrated: 11\n- not done in time: 1\n\n",
        "The attached file names each of them, with the status and the reason.",
    ],
    MailKind.COMING_SOON: [
        "For this reason the account will be deactivated on Sunday, 1 March 2026, 07:00 (Europe/Berlin).",
        "Your account is not deactivated yet. Until then you can use it as before.",
        "Note down the contacts that you need.",
        "If you do not use this account for Example & Sons, tell your Organization Administrator now.",
    ],
    MailKind.REMINDER: [
        "is active, but you have not chosen a new password yet.",
        f"Choose your new password:\n{LINK}\n",
        "- It works once, until Tuesday, 3 March 2026, 17:00 (Europe/Berlin).",
    ],
    MailKind.UNDONE: [
        "Your account is no longer in the Business Edition of Example & Sons. This was decided at Example & Sons.",
        "- Your account is inactive again, and you can no longer sign in with it.",
        "please ask your Organization Administrator at Example & Sons.",
    ],
    MailKind.ADDRESS_CHANGED: [
        "The email address of your account at Example & Sons has been changed to this one.",
        "- If you do not know of it, tell your Organization Administrator at Example & Sons at once.",
    ],
    MailKind.SERVICE_PROVISIONED: [
        "You receive this message because this is the Notification Email of the organization.",
        "- guests.example.com\n- example.net\n",
        f"Download the latest client:\n{DOWNLOAD}\n",
        "Contacts are not transferred to the Business Edition.",
    ],
    MailKind.PENDING_DIGEST: [
        "3 Guest Edition users of Example & Sons are inactive and pending migration to the Business Edition.",
        "exclude those who are not to be migrated: starter.py select USER, starter.py exclude USER",
    ],
    MailKind.ACCOUNT_DEACTIVATED: [
        "For this reason the account has been deactivated, and you can no longer sign in with it.",
        "You do not need to do anything until then.",
        "Nothing has been deleted. Your account is inactive.",
        "Contacts are not transferred from the Guest Edition to the Business Edition.",
        "Please ask your Organization Administrator at Example & Sons.",
    ],
    MailKind.INSTRUCTIONS: [
        f"Download the latest client:\n{DOWNLOAD}\n",
        "you will receive another message with a link to choose a new password.",
        "Your contacts will not be transferred to the Business Edition.",
        "The policies of Example & Sons will apply to your account.",
    ],
    MailKind.RESET_PASSWORD: [
        f"Choose your new password:\n{LINK}\n",
        "- It works once, until Tuesday, 3 March 2026, 17:00 (Europe/Berlin).",
        "If it has expired, open it anyway: the page offers to send you a new one.",
    ],
    MailKind.NEW_LINK: [
        f"Choose your new password:\n{LINK}\n",
        "- It works once, until Tuesday, 3 March 2026, 17:00 (Europe/Berlin).",
        "Older links no longer work.",
    ],
    MailKind.WELCOME: [
        "Your new password is set, and your move to the Business Edition of Example & Sons is complete.",
        f"Download the latest client:\n{DOWNLOAD}\n",
        "If you did not choose this password yourself, tell your Organization Administrator at once.",
    ],
    MailKind.EXPIRED: [
        "You did not choose a new password before the deadline.",
        "the links in our earlier messages no longer work.",
        "please ask your Organization Administrator at Example & Sons to select your account again.",
    ],
    MailKind.CANCELLED: [
        "Your account will not move to the Business Edition of Example & Sons for now.",
        "If you received a link to choose a password, it no longer works.",
    ],
}
SUBJECTS = {
    MailKind.CAPACITY_SHORT: "7 selected users are waiting for a license",
    MailKind.UNDELIVERABLE: "2 users cannot go on without you",
    MailKind.WAVE_REPORT: "Your selection is finished: 11 of 12 users migrated",
    MailKind.COMING_SOON: "Your Guest Edition account will soon be deactivated",
    MailKind.REMINDER: "Reminder: choose your new password",
    MailKind.UNDONE: "Your move to the Business Edition has been taken back",
    MailKind.ADDRESS_CHANGED: "The email address of your account has been changed",
    MailKind.SERVICE_PROVISIONED: "The Business Edition is ready for Example & Sons",
    MailKind.PENDING_DIGEST: "3 Guest Edition users are waiting for your review",
    MailKind.ACCOUNT_DEACTIVATED: "Your Guest Edition account has been deactivated",
    MailKind.INSTRUCTIONS: "Your account moves to the Business Edition of Example & Sons",
    MailKind.RESET_PASSWORD: "Choose your new password for the Business Edition",
    MailKind.NEW_LINK: "Your new link to choose a password",
    MailKind.WELCOME: "Welcome to the Business Edition of Example & Sons",
    MailKind.EXPIRED: "Your move to the Business Edition was not completed in time",
    MailKind.CANCELLED: "Your move to the Business Edition has been cancelled",
}


@pytest.mark.parametrize("kind", MailKind)
def test_each_mail_says_what_its_reader_must_know(kind: MailKind) -> None:
    content = render(kind)
    assert content.subject == SUBJECTS[kind]
    for sentence in SENTENCES[kind]:
        assert sentence in content.text
    assert "replies to it are not read." in content.text
    greeting = "Hello," if kind in ADMINISTRATOR_MAILS else "Hello Ada Lovelace,"
    assert content.text.startswith(f"{greeting}\n\n")


@pytest.mark.parametrize("is_single_sign_on", [False, True])
@pytest.mark.parametrize("kind", MailKind)
def test_text_and_html_hold_the_same_words(kind: MailKind, is_single_sign_on: bool) -> None:
    content = render(kind, is_single_sign_on=is_single_sign_on, deadline_at=datetime(2026, 3, 10, 16, 0, tzinfo=UTC))
    plain = re.sub(r"^- |:$(?=\nhttps)", "", content.text, flags=re.MULTILINE)
    assert _Page(content.html).words == [*content.preheader.split(), *content.subject.split(), *plain.split()]


@pytest.mark.parametrize("kind", MailKind)
def test_no_mail_makes_its_reader_fetch_anything(kind: MailKind) -> None:
    html = render(kind).html
    page = _Page(html)
    assert page.tags.isdisjoint({"img", "link", "script", "iframe", "form", "input", "video", "audio", "object", "svg"})
    assert page.attributes.isdisjoint({"src", "srcset", "background", "ping", "action", "poster", "data"})
    assert set(page.links) <= {LINK, DOWNLOAD, HELP}
    assert "url(" not in html
    assert "@import" not in html


WITHOUT_ACTION = {MailKind.COMING_SOON, MailKind.ACCOUNT_DEACTIVATED, MailKind.ADDRESS_CHANGED}
DOWNLOAD_MAILS = {MailKind.SERVICE_PROVISIONED, MailKind.INSTRUCTIONS, MailKind.WELCOME}
COMMANDS = {
    MailKind.PENDING_DIGEST: "starter.py pending",
    MailKind.CAPACITY_SHORT: "starter.py status",
    MailKind.UNDELIVERABLE: "starter.py parked",
    MailKind.WAVE_REPORT: "starter.py select USER",
}


def action_of(kind: MailKind) -> str:
    """The address behind the one button, or the one command to type."""
    if kind in LINK_MAILS:
        return LINK
    return COMMANDS.get(kind) or (DOWNLOAD if kind in DOWNLOAD_MAILS else HELP)


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("kind", [kind for kind in MailKind if kind not in WITHOUT_ACTION])
def test_each_mail_has_exactly_one_action(kind: MailKind, locale: str) -> None:
    content = render(kind, locale=locale)
    buttons = re.findall(r'class="button".*?href="([^"]*)"', content.html)
    commands = re.findall(r"<code[^>]*>([^<]*)</code>", content.html)
    assert [unescape(button) for button in buttons] + commands == [action_of(kind)]
    assert content.text.count(f"\n{action_of(kind)}\n") + content.text.count(f"    {action_of(kind)}\n") == 1


@pytest.mark.parametrize("kind", sorted(WITHOUT_ACTION))
def test_a_mail_that_comes_unasked_asks_for_no_action(kind: MailKind) -> None:
    html = render(kind).html
    assert 'class="button"' not in html
    assert "<code" not in html


@pytest.mark.parametrize("kind", [MailKind.COMING_SOON, MailKind.ACCOUNT_DEACTIVATED, MailKind.ADDRESS_CHANGED])
def test_a_mail_that_comes_unasked_holds_no_address_at_all(kind: MailKind) -> None:
    content = render(kind)
    for part in (content.subject, content.preheader, content.text, " ".join(_Page(content.html).words)):
        assert "http" not in part
        assert "www." not in part
    assert "href" not in content.html
    assert _Page(content.html).links == []


def test_an_own_deactivation_text_gets_no_link_either() -> None:
    content = render(MailKind.ACCOUNT_DEACTIVATED, own=OwnWords("en", "Hi", "Get it:\n%CLIENTDOWNLOADURL%"))
    assert _Page(content.html).links == []


def test_with_single_sign_on_users_are_told_to_use_their_company_account() -> None:
    content = render(
        MailKind.INSTRUCTIONS, is_single_sign_on=True, deadline_at=datetime(2026, 7, 10, 16, 0, tzinfo=UTC)
    )
    assert "- Sign in with your company account at Example & Sons" in content.text
    assert "before Friday, 10 July 2026, 18:00 (Europe/Berlin)." in content.text
    assert "another message with a link" not in content.text


def test_instructions_that_come_again_say_which_ones_count() -> None:
    assert "received instructions before" not in render(MailKind.INSTRUCTIONS).text
    assert "received instructions before. These are the ones that count.\n" in again(is_single_sign_on=False).text
    switched = again(is_single_sign_on=True).text
    assert "You sign in with your company account now, and links to choose a password in earlier" in switched


def again(**changes: object) -> MailContent:
    return render(MailKind.INSTRUCTIONS, is_again=True, **changes)


def test_a_new_link_is_said_to_be_requested_only_by_whom_requested_it() -> None:
    requested = render(MailKind.NEW_LINK, is_requested=True).text
    assert "A new link was requested on the password page" in requested
    assert "If you did not request a new link" in requested
    sent = render(MailKind.NEW_LINK).text
    assert "Your Organization Administrator at Example & Sons sends you a new link" in sent
    assert "request" not in sent


@pytest.mark.parametrize(
    ("span", "left"),
    [
        (timedelta(days=7), "7 days"),
        (timedelta(days=3, hours=23), "3 days"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(hours=1), "1 hour"),
    ],
)
def test_a_reminder_says_how_much_time_is_left_and_never_more(span: timedelta, left: str) -> None:
    content = render(MailKind.REMINDER, deadline_at=DEADLINE, written_at=DEADLINE - span)
    assert content.subject == f"Reminder: choose your new password, {left} left"
    assert f"You have {left} left.\n" in content.text
    assert "Please choose your password before Tuesday, 10 March 2026, 17:00 (Europe/Berlin)." in content.text


@pytest.mark.parametrize("span", [timedelta(minutes=59), timedelta(), timedelta(days=-1)])
def test_a_reminder_names_no_time_where_none_is_left(span: timedelta) -> None:
    content = render(MailKind.REMINDER, deadline_at=DEADLINE, written_at=DEADLINE - span)
    assert content.subject == "Reminder: choose your new password"
    assert "left" not in content.text


def test_with_single_sign_on_a_reminder_asks_to_sign_in_and_carries_no_link() -> None:
    content = render(
        MailKind.REMINDER,
        link=None,
        is_single_sign_on=True,
        deadline_at=DEADLINE,
        written_at=DEADLINE - timedelta(days=3),
    )
    assert content.subject == "Reminder: sign in for the first time, 3 days left"
    assert "- Sign in with your company account at Example & Sons" in content.text
    assert "Please sign in for the first time before Tuesday, 10 March 2026" in content.text
    assert "hoose" not in content.text
    assert LINK not in content.html


def test_the_former_address_is_told_that_mails_go_elsewhere_now() -> None:
    content = render(MailKind.ADDRESS_CHANGED, is_former_address=True)
    assert "This message goes to the address that the account had before." in content.text
    assert "to this one" not in content.text


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (CancelReason.LEFT_DOMAIN, "because its email address no longer belongs to Example & Sons."),
        (CancelReason.DOMAIN_REMOVED, "because Example & Sons no longer manages the accounts of your email domain."),
        (CancelReason.DEPROVISIONED, "because Example & Sons no longer manages the accounts of your email domain."),
        (CancelReason.ADMINISTRATOR, "This was decided at Example & Sons"),
    ],
)
def test_a_cancelled_move_names_its_reason(reason: CancelReason, sentence: str) -> None:
    assert sentence in render(MailKind.CANCELLED, cancel_reason=reason).text


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (CancelReason.ADMINISTRATOR, "- Your account is inactive, and you cannot sign in with it.\n"),
        (CancelReason.LEFT_DOMAIN, "- Your Guest Edition account is as it was before.\n"),
        (CancelReason.DOMAIN_REMOVED, "- Your Guest Edition account is as it was before.\n"),
        (CancelReason.DEPROVISIONED, "- Your Guest Edition account is as it was before.\n"),
    ],
)
def test_a_cancelled_move_says_what_becomes_of_the_account(reason: CancelReason, sentence: str) -> None:
    assert sentence in render(MailKind.CANCELLED, cancel_reason=reason).text


def test_a_lack_of_storage_is_told_apart_from_a_lack_of_licenses() -> None:
    content = render(MailKind.CAPACITY_SHORT, capacity=replace(NONE_FREE, licenses_purchased=30), waiting_count=1)
    assert content.subject == "1 selected user is waiting for storage"
    assert "1 selected user of Example & Sons cannot move" in content.text
    assert "because there is not enough storage." in content.text
    assert "was lowered" not in content.text


@pytest.mark.parametrize("change", [{"licenses_purchased": 19}, {"storage_purchased_mb": 299}])
def test_a_limit_below_use_is_named_even_where_nobody_waits(change: dict[str, int]) -> None:
    content = render(MailKind.CAPACITY_SHORT, capacity=replace(NONE_FREE, **change), waiting_count=0)
    assert content.subject == "Example & Sons uses more than it has purchased"
    assert "More is taken than was purchased, because the limit was lowered." in content.text
    assert "waits" not in content.subject


def test_one_parked_user_is_named_in_the_singular() -> None:
    content = render(MailKind.UNDELIVERABLE, parked_count=1)
    assert content.subject == "1 user cannot go on without you"
    assert (
        "1 user of Example & Sons has been stopped: the address is refused, our messages are unwanted" in content.text
    )


def test_a_report_counts_those_still_on_the_way_together() -> None:
    counts = ((S.MIGRATED, 8), (S.UNDONE, 1), (S.ACTIVATED, 2), (S.AWAITING_PASSWORD, 1))
    content = render(MailKind.WAVE_REPORT, wave=WaveOutcome(DEADLINE, 12, counts))
    assert "- migrated: 8\n- taken back: 1\n- still on the way: 3\n\n" in content.text


def test_without_a_deadline_none_is_named() -> None:
    assert "deactivated again" not in render(MailKind.RESET_PASSWORD).text
    named = render(MailKind.RESET_PASSWORD, deadline_at=datetime(2026, 3, 10, 16, 0, tzinfo=UTC)).text
    assert "Please choose your password before Tuesday, 10 March 2026, 17:00 (Europe/Berlin)." in named


def test_one_pending_user_is_named_in_the_singular() -> None:
    content = render(MailKind.PENDING_DIGEST, pending_count=1)
    assert content.subject == "1 Guest Edition user is waiting for your review"
    assert "1 Guest Edition user of Example & Sons is inactive" in content.text


@pytest.mark.parametrize("zone", ["Nowhere/Land", "", "../../etc", "Europe", "a\0b"])
def test_an_unknown_zone_is_read_as_utc(zone: str) -> None:
    assert "3 March 2026, 16:00 (UTC)" in render(MailKind.RESET_PASSWORD, zone=zone).text


@pytest.mark.parametrize("locale", ["xx", "", "..", "en-GB", "en/../..", "en-XX-xx-1"])
def test_an_unknown_language_is_read_in_english(locale: str) -> None:
    assert render(MailKind.RESET_PASSWORD, locale=locale) == render(MailKind.RESET_PASSWORD)


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("en", "Tuesday, 3 March 2026, 17:00 (Europe/Berlin)"),
        ("en-US", "Tuesday, March 3, 2026, 5:00\u202fPM (Europe/Berlin)"),
        ("de", "Dienstag, 3. März 2026, 17:00 Uhr (Europe/Berlin)"),
        ("de_AT", "Dienstag, 3. März 2026, 17:00 Uhr (Europe/Berlin)"),
    ],
)
def test_a_time_is_written_as_its_reader_writes_it(locale: str, written: str) -> None:
    assert written in render(MailKind.RESET_PASSWORD, locale=locale).text


def test_a_mail_without_the_link_it_is_made_for_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'link' is undefined"):
        render(MailKind.RESET_PASSWORD, link=None)
    with pytest.raises(UndefinedError, match="'expires' is undefined"):
        render(MailKind.NEW_LINK, expires_at=None)


def test_without_a_help_page_none_is_named() -> None:
    text = render(MailKind.WELCOME, help_url="").text
    assert text.endswith("Please ask your Organization Administrator at Example & Sons.\n")
    assert render(MailKind.PENDING_DIGEST, help_url="").text.endswith("replies to it are not read.\n")


def test_a_name_of_markup_stays_a_name() -> None:
    content = render(MailKind.WELCOME, user_name="<b>Eve</b>")
    assert "Hello <b>Eve</b>," in content.text
    assert "Hello &lt;b&gt;Eve&lt;/b&gt;," in content.html
    assert "b" not in _Page(content.html).tags


@pytest.mark.parametrize("name", ["{{ 7 * 7 }}", "{% include 'x' %}", "{{ link }}", "%NEWPASSWORDURL%"])
def test_a_name_of_template_syntax_is_inert(name: str) -> None:
    assert f"Hello {name}," in render(MailKind.RESET_PASSWORD, user_name=name).text
    own = render(
        MailKind.RESET_PASSWORD, user_name=name, own=OwnWords("en", "Hi", "Dear %USERNAME%\n\n%NEWPASSWORDURL%")
    )
    assert own.text == f"Dear {name}\n\n{LINK}\n"


@pytest.mark.parametrize(
    "name", ["Eve\r\n\r\nBcc: x", "Eve\n\nBcc: x", "Eve\u2028Bcc: x", "Eve\0 Bcc:\u202e x", "Eve \ud800Bcc: x"]
)
def test_a_name_adds_no_line_and_turns_no_words(name: str) -> None:
    assert "Hello Eve Bcc: x,\n" in render(MailKind.WELCOME, user_name=name).text


def test_a_subject_is_one_line_whatever_the_organization_is_called() -> None:
    content = render(MailKind.WELCOME, organization_name="Example\r\nBcc: eve@example.com")
    assert content.subject == "Welcome to the Business Edition of Example Bcc: eve@example.com"


def test_an_own_text_knows_the_three_variables_of_the_product_only() -> None:
    content = render(
        MailKind.RESET_PASSWORD,
        own=OwnWords(
            "en",
            "Hi %USERNAME%\r\nBcc: eve@example.com",
            "Hi %USERNAME% {{ link }} %OTHER%\n\n- get %CLIENTDOWNLOADURL%\n\nChoose:\n%NEWPASSWORDURL%",
        ),
    )
    assert content.subject == "Hi Ada Lovelace Bcc: eve@example.com"
    assert content.text == f"Hi Ada Lovelace {{{{ link }}}} %OTHER%\n\n- get {DOWNLOAD}\n\nChoose:\n{LINK}\n"
    assert _Page(content.html).links == [DOWNLOAD, LINK]


def test_an_own_text_that_forgot_the_link_still_carries_it() -> None:
    content = render(MailKind.NEW_LINK, own=OwnWords("en", "Hi", "Your new link is here."))
    assert content.text == f"Your new link is here.\n\n{LINK}\n"
    assert LINK not in render(MailKind.WELCOME, own=OwnWords("en", "Hi", "Welcome!")).text


def test_an_own_text_of_markup_is_shown_as_it_is_written() -> None:
    content = render(MailKind.WELCOME, own=OwnWords("en", "Hi", "<script>alert(1)</script>\nsecond line"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br />second line</div>" in content.html


def test_an_address_that_is_not_of_the_web_is_no_link() -> None:
    content = render(MailKind.WELCOME, client_download_url="javascript:alert(1)")
    assert _Page(content.html).links == [HELP]


def test_the_same_context_gives_the_same_bytes() -> None:
    assert render(MailKind.INSTRUCTIONS) == TemplateRenderer().render(context(MailKind.INSTRUCTIONS))


def test_every_mail_has_its_template() -> None:
    assert {path.stem for path in TEMPLATES.glob("[!_]*.txt")} == set(MailKind)
