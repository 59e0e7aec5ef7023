"""README and ARCHITECTURE say what the code says: the state diagram, the places of rules, links that lead somewhere."""

import re
from pathlib import Path

from edition_migration.domain.diagram import mermaid

ROOT = Path(__file__).parents[2]
LOCAL_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


def test_readme_has_the_diagram_of_the_code() -> None:
    assert f"```mermaid\n{mermaid().rstrip()}\n```" in (ROOT / "README.md").read_text()


def test_every_link_of_the_documents_leads_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")]
    links = [(it, target) for it in documents for target in LOCAL_LINK.findall(it.read_text())]
    assert links
    assert [link for link in links if not (link[0].parent / link[1]).exists()] == []


def test_every_place_that_architecture_names_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rows = text.partition("## Where each rule lives")[2].partition("\n## ")[0]
    places = re.findall(r"`([a-z_]+/[a-z_/]*(?:\.py)?|[a-z]+\.py)`", rows)
    roots = (ROOT, ROOT / "edition_migration")
    assert places
    assert [place for place in places if not any((root / place).exists() for root in roots)] == []
