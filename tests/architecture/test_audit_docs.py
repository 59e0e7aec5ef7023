"""docs/audit.md and docs/reconciliation.md say what the code does."""

from pathlib import Path

from edition_migration.domain.differences import WORDS
from edition_migration.domain.seals import Break, NumberedEntry, canonical
from tests.fixtures import records

DOCS = Path(__file__).parents[2] / "docs"


def test_documented_canonical_form_is_the_codes() -> None:
    detail = {"wave": "w1", "again": 2, "is_new": True, "reason": None}
    document = canonical(NumberedEntry(7, records.entry("command/é", detail=detail)), 3, "ab").decode()
    assert f"\n{document}\n" in (DOCS / "audit.md").read_text()


def test_every_break_that_a_chain_shows_by_itself_is_documented() -> None:
    text = (DOCS / "audit.md").read_text()
    assert all(f"`{it}`" in text for it in Break if it is not Break.OTHER_HEAD)


def test_every_kind_of_difference_is_documented_in_its_own_words() -> None:
    text = (DOCS / "reconciliation.md").read_text()
    for kind, words in WORDS.items():
        assert f"| `{kind}` | {words.sentence} | {words.mended or 'no: ' + words.to_do} |" in text
