"""Readings of single values: each way of writing has its meaning, and none of them raises."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from core.domain.ids import MAX_SNOWFLAKE
from gateway.commands.readings import (
    MAX_EXACT,
    Reading,
    Record,
    flag,
    identifier,
    integer,
    list_of,
    mapping,
    mapping_of,
    number,
    one_or_many,
    text,
    whole_number,
    words,
)


class Pair(Struct, kw_only=True, frozen=True):
    """A record with a default of each kind."""

    first: int = 7
    second: str | None = None


PAIR = Record(Pair, first=integer(0, 9), second=words(3))

MEANINGS: list[tuple[Reading[Any], object, object]] = [
    *[(integer(0, 9), value, 5) for value in (5, 5.0, "5")],
    *[(integer(0, 9), value, None) for value in (10, -1, "10", 5.5, "5.0", " 5", "٥", "", None, True, [], {}, b"5")],
    (integer(), MAX_EXACT, MAX_EXACT),
    (integer(), MAX_EXACT + 1, None),
    (whole_number, 1 << 200, 1 << 200),
    *[(whole_number, value, None) for value in (math.inf, math.nan, 1e300, "9" * 21)],
    (identifier, str(MAX_SNOWFLAKE), MAX_SNOWFLAKE),
    *[(identifier, value, None) for value in (0, "0", "", None, -1, MAX_SNOWFLAKE + 1)],
    (number, 1.5, 1.5),
    (number, "5", 5),
    *[(number, value, None) for value in (math.nan, math.inf, 1e300, "1.5", None, True)],
    (text, "", ""),
    *[(text, value, None) for value in (5, None, b"x", ["x"])],
    (words(3), " abcd ", "abc"),
    (words(3), "ab c", "ab"),
    *[(words(3), value, None) for value in ("", "  ", 5, None)],
    *[(flag, value, True) for value in (True, 1, 1.0, "true", "True", "1")],
    *[(flag, value, False) for value in (False, 0, "false", "0")],
    *[(flag, value, None) for value in (2, "yes", "", None, [], math.nan)],
    (mapping, {"a": 1, 5: 2}, {"a": 1}),
    (mapping, [], None),
    (list_of(identifier), ["1", None, 2, "x", []], [1, 2]),
    (list_of(identifier), "12", None),
    (one_or_many(identifier), "12", 12),
    (one_or_many(identifier), ["x"], []),
    (one_or_many(identifier), {}, None),
    (mapping_of(integer()), {"a": "1", "b": None, 5: 1}, {"a": 1}),
    (mapping_of(integer()), [], None),
    (PAIR, {}, Pair()),
    (PAIR, {"first": "x", "second": ""}, Pair()),
    (PAIR, {"first": 0, "second": "abcd", "third": 1}, Pair(first=0, second="abc")),
    (PAIR, [], None),
]


@pytest.mark.parametrize(("read", "value", "meaning"), MEANINGS)
def test_value_means_the_same_however_it_is_written(read: Reading[Any], value: object, meaning: object) -> None:
    found = read(value)
    assert found == meaning
    assert type(found) is type(meaning)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


@given(value=anything)
def test_reading_never_raises(value: object) -> None:
    for read, _, _ in MEANINGS:
        read(value)
