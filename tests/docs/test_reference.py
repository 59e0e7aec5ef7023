"""docs/reference says what the code says: `make reference` would change nothing."""

import pytest

from docs.site.commands_page import command_tree, leaves
from docs.site.facts_pages import MEANING as ATTRIBUTE_MEANING
from docs.site.mails_page import MEANING as STATE_MEANING
from docs.site.mails_page import WHEN
from docs.site.reference import FOLDER, PAGES
from docs.site.tables import table
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.names import SearchAttribute


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run `make reference`"


def test_the_reference_has_no_other_pages() -> None:
    assert {it.name for it in FOLDER.iterdir()} == set(PAGES)


def test_every_verb_of_the_app_has_its_heading_and_all_its_options() -> None:
    sections = PAGES["commands.md"]().split("\n## ")[1:]
    verbs = dict(leaves(command_tree()))
    assert [section.partition("\n")[0] for section in sections] == list(verbs)
    for section, command in zip(sections, verbs.values(), strict=True):
        missing = [opt for it in command.params for opt in it.opts if opt.startswith("--") and f"`{opt}" not in section]
        assert missing in ([], ["--help"])


def test_every_mail_state_and_search_attribute_is_explained() -> None:
    assert list(WHEN) == list(MailKind)
    assert list(STATE_MEANING) == list(MailState)
    assert list(ATTRIBUTE_MEANING) == list(SearchAttribute)


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert table(("A",), [("one|two\nthree",)]) == "| A |\n| --- |\n| one\\|two three |"
