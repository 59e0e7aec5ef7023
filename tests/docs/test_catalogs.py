"""The catalogs hold what is said, whole: nothing missing, doubtful or left over, the same names in each sentence."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from docs.mails.catalogs import SPEAKERS, Speaker, kept, said, update
from docs.mails.layout import RESULT, compiled
from edition_migration.domain.languages import LANGUAGES, SOURCE_LANGUAGE

TRANSLATED = [language for language in LANGUAGES if language != SOURCE_LANGUAGE]
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
EVERY_CATALOG = pytest.mark.parametrize("language", TRANSLATED)
EVERY_SPEAKER = pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda it: it.name)


def messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def forms(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


@EVERY_CATALOG
@EVERY_SPEAKER
def test_a_catalog_holds_every_sentence_that_is_said_and_no_other(speaker: Speaker, language: str) -> None:
    assert {it.id for it in messages(kept(speaker, language))} == {it.id for it in messages(said(speaker))}
    assert len(messages(said(speaker))) >= 20


@EVERY_CATALOG
@EVERY_SPEAKER
def test_every_sentence_is_translated_in_each_of_its_forms_and_none_is_doubtful(
    speaker: Speaker, language: str
) -> None:
    catalog = kept(speaker, language)
    assert [it.id for it in messages(catalog) if not all(forms(it.string)) or not it.string] == []
    assert [it.id for it in messages(catalog) if it.pluralizable and len(it.string) != catalog.num_plurals] == []
    assert [it.id for it in messages(catalog) if it.fuzzy] == []
    assert list(catalog.obsolete) == []


@EVERY_CATALOG
@EVERY_SPEAKER
def test_a_translation_names_what_its_sentence_names(speaker: Speaker, language: str) -> None:
    for message in messages(kept(speaker, language)):
        wanted = set(PLACEHOLDER.findall(forms(message.id)[0]))
        assert [set(PLACEHOLDER.findall(text)) for text in forms(message.string)] == [wanted] * len(
            forms(message.string)
        )


@EVERY_CATALOG
@EVERY_SPEAKER
def test_bringing_a_catalog_up_to_date_again_changes_no_byte(speaker: Speaker, language: str, tmp_path: Path) -> None:
    committed = (speaker.catalogs / f"{language}.po").read_bytes()
    copy = tmp_path / f"{language}.po"
    copy.write_bytes(committed)
    update(speaker._replace(catalogs=tmp_path), language)
    assert copy.read_bytes() == committed


@EVERY_SPEAKER
def test_a_new_sentence_comes_in_untranslated_and_a_lost_one_goes(speaker: Speaker, tmp_path: Path) -> None:
    committed = (speaker.catalogs / "de.po").read_text()
    first = messages(kept(speaker, "de"))[0]
    start, end = committed.index("#: "), committed.index("#: ", committed.index("#: ") + 1)
    stale = committed[:start] + '#: gone\nmsgid "Said no more."\nmsgstr "Sagt niemand mehr."\n\n' + committed[end:]
    (tmp_path / "de.po").write_text(stale)
    update(speaker._replace(catalogs=tmp_path), "de")
    updated = kept(speaker._replace(catalogs=tmp_path), "de")
    assert updated.get("Said no more.") is None
    again = updated.get(first.id)
    assert again is not None
    assert not any(forms(again.string))


def test_the_layout_is_what_its_source_compiles_to() -> None:
    assert RESULT.read_text() == compiled()
