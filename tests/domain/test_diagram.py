"""The diagram shows every legal move and no other."""

import re

from edition_migration.domain.diagram import mermaid
from edition_migration.domain.states import OPEN, TRANSITIONS

ARROW = re.compile(r"^\s+([A-Z_]+) --> ([A-Z_]+): (.+)$", re.MULTILINE)


def test_every_legal_move_is_drawn_and_no_other() -> None:
    drawn: list[tuple[str, str, str]] = []
    for source, target, cause in ARROW.findall(mermaid()):
        sources = list(OPEN) if source == "OPEN" else [source]
        drawn += [(one, target, cause) for one in sources]
    assert sorted(drawn) == sorted((move.source, move.target, move.cause) for move in TRANSITIONS)


def test_what_all_open_states_share_is_drawn_once() -> None:
    assert mermaid().count("--> CANCELLED") == mermaid().count("--> DELETED") == 1


def test_the_frame_is_closed() -> None:
    lines = mermaid().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert mermaid().count("{") == mermaid().count("}") == 1
