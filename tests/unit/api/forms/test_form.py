"""Bodies: they are accepted, or their faults are reported."""

import contextlib
import datetime as dt
import json
import sys
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, UnsetType

from api.forms.form import Form, SnowflakeField
from api.forms.marks import text, unbuilt
from api.forms.moments import Moment
from core.domain import texts
from core.domain.errors import Invalid, InvalidJson


class Inner(msgspec.Struct, kw_only=True):
    title: Annotated[str, Meta(max_length=5)] = ""


class Body(msgspec.Struct, kw_only=True):
    name: Annotated[str, Meta(min_length=2, max_length=5)] = "none"
    parent_id: SnowflakeField | UnsetType | None = UNSET
    count: Annotated[int, Meta(ge=1, le=9)] = 1
    flag: bool = False
    ratio: float = 0.0
    kind: Literal[0, 2] = 0
    ids: list[SnowflakeField] = []
    embeds: Annotated[list[Inner], Meta(max_length=2)] = []
    by_key: dict[str, Inner] = {}


class Titled(msgspec.Struct, kw_only=True):
    name: Annotated[str, text(texts.GUILD_NAME)]
    nick: Annotated[str, text(texts.NICK)] | UnsetType | None = UNSET
    tags: list[Annotated[str, text(texts.APPLICATION_TAG)]] | None = None
    parts: list["Part"] | None = None


class Part(msgspec.Struct, kw_only=True):
    name: Annotated[str, text(texts.ROLE_NAME)] | None = None
    count: int = 0


class Dated(msgspec.Struct, kw_only=True):
    at: Moment | UnsetType | None = UNSET


class Calendar(msgspec.Struct, kw_only=True):
    parts: list[Dated]


class Needy(msgspec.Struct, kw_only=True):
    first: str
    second: Inner
    third: int = 0


FORM = Form(Body)


def errors_of(form: Form[Any], body: bytes) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(Invalid) as caught:
        form.decode(body)
    assert not isinstance(caught.value, InvalidJson)
    return [(error.path, error.code) for error in caught.value.fields]


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        (b'{"parent_id":"123"}', "parent_id", 123),
        (b'{"parent_id":123}', "parent_id", 123),
        (b'{"parent_id":null}', "parent_id", None),
        (b"{}", "parent_id", UNSET),
        (b'{"flag":"True"}', "flag", True),
        (b'{"flag":1}', "flag", True),
        (b'{"flag":"false"}', "flag", False),
        (b'{"count":"7"}', "count", 7),
        (b'{"ids":["1",2]}', "ids", [1, 2]),
        (b'{"unknown":{"deep":[1,2,{}]},"count":2}', "count", 2),
    ],
)
def test_decode_takes_what_clients_send(body: bytes, field: str, value: object) -> None:
    assert getattr(FORM.decode(body), field) == value


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        (b'{"name":"x"}', ("name",), "BASE_TYPE_BAD_LENGTH"),
        (b'{"name":"too long"}', ("name",), "BASE_TYPE_BAD_LENGTH"),
        (b'{"name":7}', ("name",), "STRING_TYPE_CONVERT"),
        (b'{"name":null}', ("name",), "BASE_TYPE_REQUIRED"),
        (b'{"name":"a\\u0000b"}', ("name",), "STRING_TYPE_INVALID"),
        (b'{"parent_id":"abc"}', ("parent_id",), "NUMBER_TYPE_COERCE"),
        (b'{"parent_id":-1}', ("parent_id",), "NUMBER_TYPE_MIN"),
        (b'{"parent_id":"9223372036854775808"}', ("parent_id",), "NUMBER_TYPE_MAX"),
        (b'{"parent_id":1.5}', ("parent_id",), "NUMBER_TYPE_COERCE"),
        (b'{"count":0}', ("count",), "NUMBER_TYPE_MIN"),
        (b'{"count":10}', ("count",), "NUMBER_TYPE_MAX"),
        (b'{"count":123456789012345678901234567890}', ("count",), "NUMBER_TYPE_MAX"),
        (b'{"flag":"perhaps"}', ("flag",), "BOOLEAN_TYPE_CONVERT"),
        (b'{"ratio":{}}', ("ratio",), "NUMBER_TYPE_COERCE"),
        (b'{"kind":1}', ("kind",), "BASE_TYPE_CHOICES"),
        (b'{"ids":"1"}', ("ids",), "LIST_TYPE_CONVERT"),
        (b'{"ids":[1,"x"]}', ("ids", 1), "NUMBER_TYPE_COERCE"),
        (b'{"embeds":[{},{"title":"too long"}]}', ("embeds", 1, "title"), "BASE_TYPE_MAX_LENGTH"),
        (b'{"embeds":[{},{},{}]}', ("embeds",), "BASE_TYPE_MAX_LENGTH"),
        (b'{"embeds":[5]}', ("embeds", 0), "MODEL_TYPE_CONVERT"),
        (b"[]", (), "MODEL_TYPE_CONVERT"),
        (b"null", (), "BASE_TYPE_REQUIRED"),
    ],
)
def test_decode_names_the_wrong_field(body: bytes, path: tuple[str | int, ...], code: str) -> None:
    assert errors_of(FORM, body) == [(path, code)]


def test_decode_names_all_wrong_fields_at_once() -> None:
    found = errors_of(FORM, b'{"name":7,"count":0,"flag":"x"}')
    assert found == [
        (("name",), "STRING_TYPE_CONVERT"),
        (("count",), "NUMBER_TYPE_MIN"),
        (("flag",), "BOOLEAN_TYPE_CONVERT"),
    ]


def test_decode_names_all_missing_fields() -> None:
    assert errors_of(Form(Needy), b"{}") == [(("first",), "BASE_TYPE_REQUIRED"), (("second",), "BASE_TYPE_REQUIRED")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}x",
        b'{"name":"\xff"}',
        b"\xff\xfe",
        b'{"count":1e999}',
        b"[" * 100_000,
    ],
)
def test_decode_of_what_is_no_json_says_so(body: bytes) -> None:
    with pytest.raises((InvalidJson, Invalid)) as caught:
        FORM.decode(body)
    assert isinstance(caught.value, InvalidJson) or caught.value.fields


def test_decode_of_deep_nesting_is_refused_or_skipped() -> None:
    # How deep is too deep depends on the interpreter: up to Python 3.13 on a count, then on the stack that is left.
    with contextlib.suppress(InvalidJson):
        assert FORM.decode(b'{"deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}") == FORM.decode(b"{}")


def test_decode_of_what_is_too_deep_to_walk_over_is_refused() -> None:
    class WithPoll(msgspec.Struct):
        poll: Annotated[Any, unbuilt("polls")] = None

    depth = sys.getrecursionlimit() - 100
    with pytest.raises(InvalidJson):
        Form(WithPoll).decode(b'{"poll":' + b'{"x":' * depth + b"1" + b"}" * depth + b"}")


def test_decode_leaves_an_escaped_backslash_alone() -> None:
    assert FORM.decode(b'{"name":"\\\\u00"}').name == "\\u00"


def test_decode_replaces_half_a_surrogate_pair_and_then_checks_as_ever() -> None:
    assert FORM.decode(rb'{"name":"\ud800\ud83d\ude00\\u","x":"\udc00"}').name == "\ufffd😀\\u"
    assert errors_of(FORM, rb'{"name":7,"x":"\ud800"}') == [(("name",), "STRING_TYPE_CONVERT")]
    assert errors_of(FORM, rb'{"name":"\ud800\u0000"}') == [(("name",), "STRING_TYPE_INVALID")]


def test_decode_finds_nul_in_unknown_fields_too() -> None:
    assert errors_of(FORM, b'{"x":[{"y":"\\u0000"}]}') == [(("x", 0, "y"), "STRING_TYPE_INVALID")]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"parent_id":"abc"}', 'Value "abc" is not snowflake.'),
        (b'{"ids":["1","abc"]}', 'Value "abc" is not snowflake.'),
        (b'{"count":"abc"}', 'Value "abc" is not int.'),
        (b'{"name":"x"}', "Must be between 2 and 5 in length."),
        (b'{"name":"too long"}', "Must be between 2 and 5 in length."),
        (b'{"embeds":[{},{},{}]}', "Must be 2 or fewer in length."),
        (b'{"count":10}', "int value should be less than or equal to 9."),
        (b'{"flag":"perhaps"}', "Must be either true or false."),
    ],
)
def test_decode_tells_what_is_wrong_in_words_of_discord(body: bytes, text: str) -> None:
    with pytest.raises(Invalid) as caught:
        FORM.decode(body)
    [error] = caught.value.fields
    assert error.message == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(Body.__struct_fields__), inner, max_size=4)
    ),
    max_leaves=8,
)


def find_error(body: bytes) -> Invalid | None:
    try:
        FORM.decode(body)
    except Invalid as error:
        return error
    return None


@given(JSON)
def test_decode_of_any_json_is_a_form_or_a_form_error(value: object) -> None:
    error = find_error(msgspec.json.encode(value))
    assert error is None or error.fields or isinstance(error, InvalidJson)


@given(st.binary(max_size=64))
def test_decode_of_any_bytes_is_a_form_or_a_form_error(body: bytes) -> None:
    error = find_error(body)
    assert error is None or error.fields or isinstance(error, InvalidJson)


def test_decode_cleans_the_texts_wherever_they_stand() -> None:
    body = '{"name":" A\u202eB ","nick":"  ","tags":[" x\u0301 "],"parts":[{"name":" y "},{"name":null}]}'
    form = Form(Titled).decode(body.encode())
    assert (form.name, form.nick, form.tags) == ("AB", None, ["x\u0301"])
    assert [part.name for part in form.parts or ()] == ["y", None]


def test_decode_names_every_wrong_text_beside_what_else_is_wrong() -> None:
    body = b'{"name":" x ","nick":"%b","tags":["ok"," "],"parts":[{"name":" "}]}' % (b"n" * 33)
    wrong = [
        (("name",), "BASE_TYPE_BAD_LENGTH"),
        (("nick",), "BASE_TYPE_MAX_LENGTH"),
        (("tags", 1), "BASE_TYPE_REQUIRED"),
        (("parts", 0, "name"), "BASE_TYPE_REQUIRED"),
    ]
    assert errors_of(Form(Titled), body) == wrong
    mixed = body.replace(b'"tags":["ok"," "]', b'"tags":7')
    assert errors_of(Form(Titled), mixed) == [*wrong[:2], (("tags",), "LIST_TYPE_CONVERT"), wrong[3]]


@pytest.mark.parametrize("written", ["1.0", "2e0", "20e-1", "0.3e1", "1.5"])
def test_whole_number_as_a_text_is_written_in_digits(written: str) -> None:
    for field, value in (("count", written), ("parent_id", written), ("kind", written)):
        [(path, code)] = errors_of(FORM, msgspec.json.encode({field: value}))
        assert (path, code) in {((field,), "NUMBER_TYPE_COERCE"), ((field,), "BASE_TYPE_CHOICES")}
    assert errors_of(FORM, msgspec.json.encode({"ids": ["1", written]})) == [(("ids", 1), "NUMBER_TYPE_COERCE")]
    read = FORM.decode(msgspec.json.encode({"name": written, "ratio": written, "by_key": {"1.0": {"title": written}}}))
    assert (read.name, read.ratio, read.by_key["1.0"].title) == (written, float(written), written)


def test_whole_number_may_have_a_point_outside_of_texts() -> None:
    assert FORM.decode(b'{"count":2.0,"parent_id":1e3,"name":"1.0"}').parent_id == 1000


@pytest.mark.parametrize(
    "written", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05", "2026-01-02T05:04:05.000+02:00", "20260102T030405+00:00"]
)
def test_moment_is_a_text_and_in_utc_without_a_zone(written: str) -> None:
    read = Form(Dated).decode(msgspec.json.encode({"at": written})).at
    assert read == dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize("wrong", [5, 0, -1, 1.5, 10**30, True, "", "5", "1e3", "soon", "2026-13-01", [], {}])
def test_moment_of_another_shape_is_refused(wrong: object) -> None:
    body = json.dumps({"at": wrong}).encode()
    assert errors_of(Form(Dated), body) == [(("at",), "DATETIME_TYPE_PARSE")]
    assert errors_of(Form(Calendar), b'{"parts":[%s]}' % body) == [(("parts", 0, "at"), "DATETIME_TYPE_PARSE")]
