"""What pydantic's kinds of error mean in our words, for whoever wrote the file, the event or the option.

`words_of` is the one place: the kind's own line below, else the line of its family (`datetime_parsing`: `datetime_`).
"""

from collections.abc import Mapping

_OBJECT = ("is no object", "give an object with named fields")
_LIST = ("is no list", "give a list")
_TEXT = ("is no text", "give a text in quotes")
_WHOLE = ("is no whole number", "write it like 5")
_NUMBER = ("is no number", "write it like 5 or 2.5")
_SPAN = ("is no duration", "write it like 7d, 12h or 30m")
_SWITCH = ("is neither on nor off", "write on or off")
_TIME = ("is no time", "write it like 2026-11-23T08:00:00Z")
_EMPTY = ("is empty", "give one at least")
_JSON = ("is no JSON", "mend it")
_PAST = ("is not in the past", "give an earlier time")
_FUTURE = ("is not in the future", "give a later time")
_WORDS: dict[str, tuple[str, str]] = {
    "missing": ("is missing", "give it"),
    "extra_forbidden": ("is not known here", "remove it, or correct its name"),
    "none_required": ("is given", "leave it out"),
    "invalid_key": ("has a key that is no text", "give its names in quotes"),
    "recursion_loop": ("holds itself", "remove that"),
    "recursion_depth_exceeded": ("is nested too deep", "flatten it"),
    "string_pattern_mismatch": ("has not the form asked for", "it must match {pattern}"),
    "string_too_short": ("has fewer characters than {min_length}", "give {min_length} or more"),
    "string_too_long": ("has more characters than {max_length}", "shorten it"),
    "string_unicode": ("is no valid Unicode", "save it in UTF-8"),
    "string_not_ascii": ("has characters beyond ASCII", "use plain letters, digits and signs"),
    "enum": ("is none of the words allowed", "use {expected}"),
    "literal_error": ("is none of the words allowed", "use {expected}"),
    "union_tag_invalid": ("is none of the words allowed", "use {expected_tags}"),
    "union_tag_not_found": ("is missing", "give it"),
    "too_short": ("has fewer entries than {min_length}", "give {min_length} or more"),
    "too_long": ("has more entries than {max_length}", "give {max_length} or fewer"),
    "greater_than_equal": ("is less than {ge}", "give {ge} or more"),
    "greater_than": ("is not more than {gt}", "give more than {gt}"),
    "less_than_equal": ("is more than {le}", "give {le} or less"),
    "less_than": ("is not less than {lt}", "give less than {lt}"),
    "multiple_of": ("is no multiple of {multiple_of}", "give one"),
    "finite_number": ("is no finite number", "give a number"),
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "iterable_type": _LIST,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "set_item_not_hashable": ("is a list or an object", "give a text or a number"),
    "date_past": _PAST,
    "date_future": _FUTURE,
    "datetime_past": _PAST,
    "datetime_future": _FUTURE,
    "timezone_naive": ("has an offset", "leave it out"),
    "timezone_aware": ("lacks the offset", "write it like 2026-11-23T08:00:00+01:00, or with Z for UTC"),
    "timezone_offset": ("has another offset than {tz_expected} seconds", "give that"),
    "ip_any_address": ("is no IP address", "write it like 127.0.0.1"),
    "path_type": ("is no path", "give the path of a file or a folder"),
}
_FAMILIES: dict[str, tuple[str, str]] = {
    "string_": _TEXT,
    "bytes_": _TEXT,
    "bool_": _SWITCH,
    "int_": _WHOLE,
    "float_": _NUMBER,
    "decimal_": _NUMBER,
    "time_delta_": _SPAN,
    "datetime_": _TIME,
    "date_": ("is no day", "write it like 2026-11-23"),
    "time_": ("is no time of day", "write it like 08:00"),
    "url_": ("is no web address", "give one like https://www.example.com/download"),
    "uuid_": ("is no UUID", "write it like 123e4567-e89b-12d3-a456-426614174000"),
    "json_": _JSON,
}


def words_of(kind: str, context: Mapping[str, object]) -> tuple[str, str] | None:
    """The reason, which goes on behind the path, and the mend; None for a kind that nobody's input can cause."""
    family = next((words for name, words in _FAMILIES.items() if kind.startswith(name)), None)
    words = _EMPTY if context.get("min_length") == 1 else _WORDS.get(kind, family)
    if words is None:
        return None
    given = {name: _plain(value) for name, value in context.items()}
    reason, mend = words
    return reason.format_map(given), mend.format_map(given)


def _plain(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value
