"""What operators see of a workflow: typed search attributes and current details. Nothing personal. Used by `workflows`,
and by the gateway, which sets the same attributes at start."""

from collections.abc import Mapping
from datetime import datetime

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from edition_migration.domain.commands import legal_commands
from edition_migration.domain.names import SearchAttribute
from edition_migration.domain.progress import Overview

_ORG = SearchAttributeKey.for_keyword(SearchAttribute.ORG)
STATE = SearchAttributeKey.for_keyword(SearchAttribute.STATE)
_STEP = SearchAttributeKey.for_keyword(SearchAttribute.STEP)
_WAVE = SearchAttributeKey.for_keyword(SearchAttribute.WAVE)
_DEADLINE = SearchAttributeKey.for_datetime(SearchAttribute.DEADLINE)
_ATTENTION = SearchAttributeKey.for_keyword(SearchAttribute.ATTENTION)

GAP = "\u2003"
"""An em space before each value: the UI's tables have no space between their columns."""


def attributes_of_migration(org_id: str, overview: Overview) -> TypedSearchAttributes:
    """All six as they are at start; what is not known yet is left out."""
    pairs = [SearchAttributePair(_ORG, org_id)]
    pairs += [SearchAttributePair(key, value) for key, value in _keywords(overview).items() if value is not None]
    if overview.deadline is None:
        return TypedSearchAttributes(pairs)
    return TypedSearchAttributes([*pairs, SearchAttributePair(_DEADLINE, overview.deadline)])


def attributes_of_organization(org_id: str, wave_id: str | None = None) -> TypedSearchAttributes:
    """Of an organization's workflow, or of one of its waves."""
    pairs = [SearchAttributePair(_ORG, org_id)]
    return TypedSearchAttributes([*pairs, SearchAttributePair(_WAVE, wave_id)] if wave_id else pairs)


def show(overview: Overview, waiting: str = "") -> None:
    """Current details always (they cost nothing); search attributes in one command and only where they changed."""
    workflow.set_current_details(details(overview, waiting))
    if changes := _changes(overview):
        workflow.upsert_search_attributes(changes)  # pyright: ignore[reportUnknownMemberType] (the SDK's own type)


def details(overview: Overview, waiting: str = "") -> str:
    """The overview as a markdown table."""
    return table(
        {
            "State": overview.state,
            "Since": moment(overview.since),
            "Waiting": waiting,
            "Next": overview.next,
            "Who acts next": overview.who,
            "What can be done": ", ".join(_commands(overview)) or "nothing",
            "Deadline": moment(overview.deadline),
            "Attention": overview.attention or "",
        }
    )


def table(rows: Mapping[str, str]) -> str:
    """A markdown table of two columns; what is empty is left out."""
    lines = [f"| {name} | {GAP}{value} |" for name, value in rows.items() if value]
    return "\n".join(["| | |", "|---|---|", *lines])


def moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""


def _commands(overview: Overview) -> tuple[str, ...]:
    """The commands that are legal now, each of them an Update of this workflow."""
    return legal_commands(
        overview.state, is_in_wave=overview.wave_id is not None, has_attention=overview.attention is not None
    )


def _keywords(overview: Overview) -> dict[SearchAttributeKey[str], str | None]:
    return {
        STATE: overview.state,
        _STEP: overview.step,
        _WAVE: overview.wave_id,
        _ATTENTION: overview.attention,
    }


def _changes(overview: Overview) -> list[SearchAttributeUpdate[str] | SearchAttributeUpdate[datetime]]:
    shown = workflow.info().typed_search_attributes
    changes: list[SearchAttributeUpdate[str] | SearchAttributeUpdate[datetime]] = [
        key.value_unset() if value is None else key.value_set(value)
        for key, value in _keywords(overview).items()
        if shown.get(key) != value
    ]
    if shown.get(_DEADLINE) != overview.deadline:
        deadline = overview.deadline
        changes.append(_DEADLINE.value_unset() if deadline is None else _DEADLINE.value_set(deadline))
    return changes
