"""What pydantic finds wrong is said in our words, whatever kind of error it is."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args

import pytest
from pydantic import AwareDatetime, BaseModel, Field, IPvAnyAddress, TypeAdapter, ValidationError, field_validator
from pydantic_core import core_schema

from edition_migration.domain.validation import problems_of
from edition_migration.domain.validation_words import words_of

OF_PROGRAMS = {
    "no_such_attribute",
    "needs_python_object",
    "frozen_field",
    "frozen_instance",
    "get_attribute_error",
    "dataclass_type",
    "dataclass_exact_type",
    "named_tuple_type",
    "default_factory_not_called",
    "iteration_error",
    "frozen_dict_type",
    "ordered_dict_type",
    "counter_type",
    "deque_type",
    "missing_sentinel_error",
    "ellipsis_error",
    "is_instance_of",
    "is_subclass_of",
    "callable_type",
    "arguments_type",
    "missing_argument",
    "unexpected_keyword_argument",
    "missing_keyword_only_argument",
    "unexpected_positional_argument",
    "missing_positional_only_argument",
    "multiple_argument_values",
    "fraction_type",
    "fraction_parsing",
    "complex_type",
    "complex_str_parsing",
}
"""Kinds of calls and of Python objects, or of types that no model of ours has: no input can cause them."""
OF_RULES = {"value_error", "assertion_error"}
"""Their own sentence is said."""


CONTEXT = dict.fromkeys(("min_length", "max_length", "ge", "gt", "le", "lt", "multiple_of", "tz_expected"), 2)
WORDS = {"pattern": "x", "expected": "'a'", "expected_tags": "'a'"}


@pytest.mark.parametrize("kind", sorted({*get_args(core_schema.ErrorType)} - OF_PROGRAMS - OF_RULES))
def test_each_kind_that_an_input_can_cause_has_words_and_a_mend(kind: str) -> None:
    words = words_of(kind, {**CONTEXT, **WORDS})
    assert words is not None
    assert all(words)


@pytest.mark.parametrize("kind", sorted(OF_PROGRAMS))
def test_no_kind_that_only_programs_can_cause_has_words(kind: str) -> None:
    assert words_of(kind, {}) is None


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        (Annotated[int, Field(ge=1)], "0", "is less than 1; give 1 or more"),
        (Annotated[float, Field(gt=0)], 0, "is not more than 0; give more than 0"),
        (Annotated[float, Field(ge=0.2)], "0.1", "is less than 0.2; give 0.2 or more"),
        (Annotated[int, Field(le=9)], 10, "is more than 9; give 9 or less"),
        (Annotated[timedelta, Field(le=timedelta(days=14))], "P15D", "is more than 14 days; give 14 days or less"),
        (int, "x", "is no whole number; write it like 5"),
        (int, 1.5, "is no whole number; write it like 5"),
        (float, "x", "is no number; write it like 5 or 2.5"),
        (Annotated[str, Field(min_length=1)], "", "is empty; give one at least"),
        (Annotated[str, Field(min_length=2)], "a", "has fewer characters than 2; give 2 or more"),
        (Annotated[str, Field(max_length=2)], "abc", "has more characters than 2; shorten it"),
        (Annotated[tuple[str, ...], Field(min_length=1)], [], "is empty; give one at least"),
        (Annotated[tuple[str, ...], Field(max_length=1)], ["a", "b"], "has more entries than 1; give 1 or fewer"),
        (tuple[str, ...], "a", "is no list; give a list"),
        (dict[str, int], [], "is no object; give an object with named fields"),
        (Colour, "green", "is none of the words allowed; use 'red' or 'blue'"),
        (Literal["red", "blue"], "green", "is none of the words allowed; use 'red' or 'blue'"),
        (bool, "maybe", "is neither on nor off; write on or off"),
        (datetime, "soon", "is no time; write it like 2026-11-23T08:00:00Z"),
        (
            AwareDatetime,
            "2026-11-23T08:00:00",
            "lacks the offset; write it like 2026-11-23T08:00:00+01:00, or with Z for UTC",
        ),
        (timedelta, "soon", "is no duration; write it like 7d, 12h or 30m"),
        (IPvAnyAddress, "here", "is no IP address; write it like 127.0.0.1"),
        (Annotated[str, Field(pattern="^a$")], "b", "has not the form asked for; it must match ^a$"),
    ],
)
def test_the_words_name_the_limit_and_the_mend(kind: Any, given: object, sentence: str) -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(kind).validate_python(given)
    assert [str(it) for it in problems_of(error.value)] == [sentence]


class Ruled(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def _is_good(cls, name: str) -> str:
        raise ValueError("is a placeholder; make another")


def test_a_rule_in_plain_python_says_its_own_sentence() -> None:
    with pytest.raises(ValidationError) as error:
        Ruled(name="x")
    assert [str(it) for it in problems_of(error.value, "data")] == ["data.name: is a placeholder; make another"]
