"""Preconditions and ranges, as RFC 9110 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http.ranges import File, Outcome, Selection, encode_date, parse_date, parse_tags, select

MODIFIED_S = 784_111_777
DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"
LATER = b"Sun, 06 Nov 1994 08:49:38 GMT"
SOONER = b"Sun, 06 Nov 1994 08:49:36 GMT"
FILE = File(1000, b'"a"', MODIFIED_S)
WEAK = File(1000, b'W/"a"', MODIFIED_S)
PLAIN = File(1000)

WHOLE = Selection(Outcome.WHOLE, 0, 1000)
FAILED = Selection(Outcome.PRECONDITION_FAILED)
KNOWN = Selection(Outcome.NOT_MODIFIED)
NOTHING = Selection(Outcome.UNSATISFIABLE)


def part(start: int, size_bytes: int) -> Selection:
    return Selection(Outcome.PART, start, size_bytes)


@pytest.mark.parametrize(
    ("value", "selection"),
    [
        (b"bytes=0-", part(0, 1000)),
        (b"bytes=0-0", part(0, 1)),
        (b"bytes=10-19", part(10, 10)),
        (b"bytes=990-5000", part(990, 10)),
        (b"bytes=999-", part(999, 1)),
        (b"bytes=-1", part(999, 1)),
        (b"bytes=-5000", part(0, 1000)),
        (b"Bytes= 5-6 ", part(5, 2)),
        (b"bytes=1000-", NOTHING),
        (b"bytes=1000-2000", NOTHING),
        (b"bytes=-0", NOTHING),
        (b"bytes=9-5", WHOLE),
        (b"bytes=-", WHOLE),
        (b"bytes=", WHOLE),
        (b"bytes=a-b", WHOLE),
        (b"bytes=+1-2", WHOLE),
        (b"bytes=0-1,5-6", WHOLE),
        (b"bytes=" + b"0-," * 5000 + b"0-", WHOLE),
        (b"bytes=0-" + b"9" * 5000, WHOLE),
        (b"items=0-1", WHOLE),
        (b"nonsense", WHOLE),
        (b"", WHOLE),
    ],
)
def test_range_selects_bytes(value: bytes, selection: Selection) -> None:
    assert select(FILE, [(b"host", b"x"), (b"range", value)]) == selection


@pytest.mark.parametrize(("value", "outcome"), [(b"bytes=0-", 416), (b"bytes=-5", 416), (b"bytes=0-,1-", 200)])
def test_empty_file_has_no_ranges(value: bytes, outcome: int) -> None:
    assert select(File(0), [(b"range", value)]).outcome.value == outcome


def test_range_that_is_said_twice_is_passed_over() -> None:
    assert select(FILE, [(b"range", b"bytes=0-1"), (b"range", b"bytes=2-3")]) == WHOLE


@pytest.mark.parametrize(
    ("file", "value", "is_part"),
    [
        (FILE, b'"a"', True),
        (FILE, b' "a" ', True),
        (FILE, b'"b"', False),
        (FILE, b'W/"a"', False),
        (WEAK, b'W/"a"', False),
        (WEAK, b'"a"', False),
        (PLAIN, b'"a"', False),
        (FILE, DATE, True),
        (FILE, LATER, False),
        (FILE, SOONER, False),
        (PLAIN, DATE, False),
        (FILE, b"nonsense", False),
        (PLAIN, b"nonsense", False),
    ],
)
def test_if_range_gives_the_part_only_of_the_same_file(file: File, value: bytes, *, is_part: bool) -> None:
    found = select(file, [(b"range", b"bytes=5-9"), (b"if-range", value)])
    assert found == (part(5, 5) if is_part else WHOLE)


@pytest.mark.parametrize(
    ("file", "headers", "selection"),
    [
        (FILE, [(b"if-none-match", b'"a"')], KNOWN),
        (FILE, [(b"if-none-match", b'W/"a"')], KNOWN),
        (WEAK, [(b"if-none-match", b'"a"')], KNOWN),
        (FILE, [(b"if-none-match", b'"x", "a"')], KNOWN),
        (FILE, [(b"if-none-match", b'"x"'), (b"if-none-match", b'"a"')], KNOWN),
        (FILE, [(b"if-none-match", b"*")], KNOWN),
        (FILE, [(b"if-none-match", b'"b"')], WHOLE),
        (FILE, [(b"if-none-match", b"a")], WHOLE),
        (PLAIN, [(b"if-none-match", b'"a"')], WHOLE),
        (PLAIN, [(b"if-none-match", b'""')], WHOLE),
        (FILE, [(b"if-none-match", b'"b"'), (b"if-modified-since", DATE)], WHOLE),
        (FILE, [(b"if-modified-since", DATE)], KNOWN),
        (FILE, [(b"if-modified-since", LATER)], KNOWN),
        (FILE, [(b"if-modified-since", SOONER)], WHOLE),
        (FILE, [(b"if-modified-since", b"nonsense")], WHOLE),
        (PLAIN, [(b"if-modified-since", DATE)], WHOLE),
        (FILE, [(b"if-none-match", b'"a"'), (b"range", b"bytes=0-1")], KNOWN),
        (FILE, [(b"if-none-match", b'"b"'), (b"range", b"bytes=0-1")], part(0, 2)),
        (FILE, [(b"if-match", b'"a"')], WHOLE),
        (FILE, [(b"if-match", b"*")], WHOLE),
        (FILE, [(b"if-match", b'"b"')], FAILED),
        (FILE, [(b"if-match", b'W/"a"')], FAILED),
        (WEAK, [(b"if-match", b'W/"a"')], FAILED),
        (FILE, [(b"if-match", b'"b"'), (b"if-none-match", b'"a"')], FAILED),
        (FILE, [(b"if-match", b'"a"'), (b"if-unmodified-since", SOONER)], WHOLE),
        (FILE, [(b"if-unmodified-since", DATE)], WHOLE),
        (FILE, [(b"if-unmodified-since", SOONER)], FAILED),
        (FILE, [(b"if-unmodified-since", b"nonsense")], WHOLE),
        (PLAIN, [(b"if-unmodified-since", SOONER)], WHOLE),
    ],
)
def test_preconditions_come_in_their_order(
    file: File, headers: list[tuple[bytes, bytes]], selection: Selection
) -> None:
    assert select(file, headers) == selection


@pytest.mark.parametrize(
    "value", [DATE, b"Sunday, 06-Nov-94 08:49:37 GMT", b"Sun Nov  6 08:49:37 1994"], ids=["now", "RFC 850", "asctime"]
)
def test_dates_have_three_forms(value: bytes) -> None:
    assert parse_date(value) == MODIFIED_S


@pytest.mark.parametrize("value", [b"", b"Sun", b"\xff", b"Sun, 99 Nov 1994 08:49:37 GMT", b"0", b"-1"])
def test_what_is_no_date_is_none(value: bytes) -> None:
    assert parse_date(value) is None


@given(st.integers(0, 4_000_000_000))
def test_date_is_read_as_it_was_written(unix_s: int) -> None:
    assert parse_date(encode_date(unix_s)) == unix_s


def test_tags_of_a_list() -> None:
    assert parse_tags(b'"a", W/"b,c" ,d,"e') == [b'"a"', b'W/"b,c"']


@given(st.binary(max_size=60), st.sampled_from([b"range", b"if-range", b"if-match", b"if-none-match",
                                               b"if-modified-since", b"if-unmodified-since"]))  # fmt: skip
def test_whatever_is_asked_stays_within_the_file(value: bytes, name: bytes) -> None:
    for headers in ([(name, value)], [(name, value), (b"range", b"bytes=1-")], [(b"range", b"bytes=" + value)]):
        found = select(FILE, headers)
        assert 0 <= found.start <= found.start + found.size_bytes <= FILE.size_bytes
