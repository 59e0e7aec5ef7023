"""What our mails say in German: the facts of the English ones, in the formal address."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from edition_migration.domain.mail import ADMINISTRATOR_MAILS, LINK_MAILS, MailKind
from edition_migration.domain.states import CancelReason
from tests.adapters.test_renderer import DEADLINE, DOWNLOAD, LINK, NONE_FREE, render

SUBJECTS = {
    MailKind.SERVICE_PROVISIONED: "Die Business Edition ist bereit für Example & Sons",
    MailKind.PENDING_DIGEST: "3 Konten der Guest Edition warten auf Ihre Prüfung",
    MailKind.CAPACITY_SHORT: "7 ausgewählte Personen warten auf eine Lizenz",
    MailKind.UNDELIVERABLE: "2 Personen kommen ohne Sie nicht weiter",
    MailKind.WAVE_REPORT: "Ihre Auswahl ist abgeschlossen: 11 von 12 Personen umgezogen",
    MailKind.COMING_SOON: "Ihr Konto der Guest Edition wird bald deaktiviert",
    MailKind.ACCOUNT_DEACTIVATED: "Ihr Konto der Guest Edition wurde deaktiviert",
    MailKind.INSTRUCTIONS: "Ihr Konto zieht in die Business Edition von Example & Sons um",
    MailKind.RESET_PASSWORD: "Wählen Sie Ihr neues Passwort für die Business Edition",
    MailKind.REMINDER: "Erinnerung: Wählen Sie Ihr neues Passwort",
    MailKind.NEW_LINK: "Ihr neuer Link, um ein Passwort zu wählen",
    MailKind.WELCOME: "Willkommen in der Business Edition von Example & Sons",
    MailKind.EXPIRED: "Ihr Umzug in die Business Edition wurde nicht rechtzeitig abgeschlossen",
    MailKind.CANCELLED: "Ihr Umzug in die Business Edition wurde abgebrochen",
    MailKind.UNDONE: "Ihr Umzug in die Business Edition wurde rückgängig gemacht",
    MailKind.ADDRESS_CHANGED: "Die E-Mail-Adresse Ihres Kontos wurde geändert",
}
INFORMAL = re.compile(r"\b(du|dir|dich|dein\w*|euch|euer\w*)\b", re.IGNORECASE)


@pytest.mark.parametrize("kind", MailKind)
def test_each_mail_is_german_from_its_subject_to_its_end(kind: MailKind) -> None:
    content = render(kind, locale="de-DE")
    greeting = "Guten Tag," if kind in ADMINISTRATOR_MAILS else "Guten Tag Ada Lovelace,"
    assert content.subject == SUBJECTS[kind]
    assert content.text.startswith(f"{greeting}\n\n")
    assert "Antworten darauf werden nicht gelesen." in content.text
    assert '<html lang="de"' in content.html
    assert not INFORMAL.search(content.text)


@pytest.mark.parametrize("is_single_sign_on", [False, True])
@pytest.mark.parametrize("kind", MailKind)
def test_german_and_english_hold_the_same_figures_and_addresses(kind: MailKind, is_single_sign_on: bool) -> None:
    """Numbers, times and addresses stand in both in the same number; only their order in a sentence may differ."""
    facts = {
        "is_single_sign_on": is_single_sign_on,
        "deadline_at": DEADLINE,
        "written_at": DEADLINE - timedelta(days=3),
    }
    written = [render(kind, locale=locale, **facts).text for locale in ("en", "de")]
    english, german = (sorted(re.findall(r"https?://\S+|starter\.py [a-z-]+|\d+", text)) for text in written)
    assert german == [fact.replace(",", ".") for fact in english]


@pytest.mark.parametrize("kind", MailKind)
def test_german_and_english_have_the_same_paragraphs_and_lists(kind: MailKind) -> None:
    english, german = (render(kind, locale=locale).text for locale in ("en", "de"))
    assert [line[:2] == "- " for line in german.splitlines()] == [line[:2] == "- " for line in english.splitlines()]


@pytest.mark.parametrize("kind", sorted(LINK_MAILS))
def test_a_german_link_mail_says_until_when_the_link_and_the_offer_hold(kind: MailKind) -> None:
    text = render(kind, locale="de", deadline_at=DEADLINE).text
    assert f"Ihr neues Passwort wählen:\n{LINK}\n" in text
    assert "- Er funktioniert einmal, und zwar bis Dienstag, 3. März 2026, 17:00 Uhr (Europe/Berlin).\n" in text
    assert "Bitte wählen Sie Ihr Passwort bis Dienstag, 10. März 2026, 17:00 Uhr (Europe/Berlin)." in text


def test_german_plurals_and_numbers_are_german() -> None:
    assert render(MailKind.PENDING_DIGEST, locale="de", pending_count=1).subject == (
        "1 Konto der Guest Edition wartet auf Ihre Prüfung"
    )
    assert render(MailKind.PENDING_DIGEST, locale="de", pending_count=12345).subject == (
        "12.345 Konten der Guest Edition warten auf Ihre Prüfung"
    )
    storage = replace(NONE_FREE, licenses_purchased=30)
    content = render(MailKind.CAPACITY_SHORT, locale="de", capacity=storage, waiting_count=1)
    assert content.subject == "1 ausgewählte Person wartet auf Speicher"
    assert "- Speicher in MB: 1.000 gekauft, 200 in Gebrauch, 100 reserviert.\n" in content.text


def test_a_german_reminder_says_how_much_time_is_left() -> None:
    content = render(MailKind.REMINDER, locale="de", deadline_at=DEADLINE, written_at=DEADLINE - timedelta(hours=30))
    assert content.subject == "Erinnerung: Wählen Sie Ihr neues Passwort (noch 30 Stunden)"
    assert "Verbleibende Zeit: 30 Stunden.\n" in content.text


def test_a_german_reason_of_a_cancelled_move_is_its_own() -> None:
    text = render(MailKind.CANCELLED, locale="de", cancel_reason=CancelReason.LEFT_DOMAIN).text
    assert "weil seine E-Mail-Adresse nicht mehr zu Example & Sons gehört." in text


def test_german_instructions_with_single_sign_on_name_the_company_account_and_the_deadline() -> None:
    text = render(MailKind.INSTRUCTIONS, locale="de", is_single_sign_on=True, deadline_at=DEADLINE).text
    assert f"Den aktuellen Client herunterladen:\n{DOWNLOAD}\n" in text
    assert "- Melden Sie sich mit Ihrem Firmenkonto bei Example & Sons an" in text
    assert "Bitte melden Sie sich bis Dienstag, 10. März 2026, 17:00 Uhr (Europe/Berlin) zum ersten Mal an." in text
    assert "Passwortseite" not in text
