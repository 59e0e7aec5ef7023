"""The state diagram of the README, drawn from the one table of legal transitions: `print(mermaid())`.

Moves that every open state has alike (cancel, user deleted) are drawn once, from a frame around the open states.
"""

from edition_migration.domain.states import OPEN, TRANSITIONS, MigrationState, Transition

_FRAME = "OPEN"
_STARTS = (MigrationState.DETECTED, MigrationState.BLOCKED)
"""With a warning period, and without."""


def mermaid() -> str:
    """Mermaid source without the code fence. A test checks that no legal move is lost and none is added."""
    common = _common_moves()
    single = [move for move in TRANSITIONS if (move.target, move.cause) not in common]
    inside = [f"        {_arrow(move)}" for move in single if move.target in OPEN]
    outside = [f"    {_arrow(move)}" for move in single if move.target not in OPEN]
    shared = [f"    {_FRAME} --> {target}: {cause}" for target, cause in common]
    starts = [f"        [*] --> {state}" for state in _STARTS]
    frame = [f'    state "open migration" as {_FRAME} {{', *starts, *inside, "    }"]
    return "\n".join(["stateDiagram-v2", *frame, f"    [*] --> {_FRAME}", *outside, *shared]) + "\n"


def _common_moves() -> list[tuple[MigrationState, str]]:
    """Target and cause of the moves that are legal from each open state, in the table's order."""
    kinds = dict.fromkeys((move.target, move.cause) for move in TRANSITIONS)
    return [kind for kind in kinds if _sources(kind) == set(OPEN)]


def _sources(kind: tuple[MigrationState, str]) -> set[MigrationState]:
    return {move.source for move in TRANSITIONS if (move.target, move.cause) == kind}


def _arrow(move: Transition) -> str:
    return f"{move.source} --> {move.target}: {move.cause}"
