"""Parameters of paths and queries."""

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from api.http.parameters import (
    ParameterReader,
    SnowflakePath,
    SnowflakeQuery,
    WireName,
    WrongPath,
    find_parameters,
)
from core.domain.errors import Invalid

PATH = "/guilds/{guild_id}/things/{name}"


async def handler(
    guild_id: SnowflakePath,
    name: str,
    service: object,
    client: Annotated[int, Meta(ge=1)],
    *,
    scopes: Annotated[str, Meta(max_length=5), WireName("scope")] = "bot",
    roles: Annotated[list[str], Meta(max_length=2)] | None = None,
    after: SnowflakeQuery = None,
    loud: bool = False,
    quiet: bool | None = None,
    kind: Literal["a"] | None = None,
) -> None:
    """Take one parameter of each kind."""


PARAMETERS = find_parameters(handler, PATH, {"service"})


def read(query: bytes, guild_id: str = "7") -> dict[str, Any]:
    return ParameterReader(PARAMETERS, PATH).read([guild_id, "x y"], query)


def test_parameters_are_found_in_the_order_of_the_handler() -> None:
    shown = [(found.name, found.wire_name, found.is_in_path, found.is_required) for found in PARAMETERS]
    assert shown == [
        ("guild_id", "guild_id", True, True),
        ("name", "name", True, True),
        ("client", "client", False, True),
        ("scopes", "scope", False, False),
        ("roles", "roles", False, False),
        ("after", "after", False, False),
        ("loud", "loud", False, False),
        ("quiet", "quiet", False, False),
        ("kind", "kind", False, False),
    ]


def test_values_are_given_by_the_names_of_the_handler() -> None:
    defaults = {"scopes": "bot", "roles": None, "after": None, "loud": False, "quiet": None, "kind": None}
    assert read(b"client=5") == {**defaults, "guild_id": 7, "name": "x y", "client": 5}
    query = b"client=5&scope=a&scopes=b&roles=1&roles=2&after=9&loud=TRUE&other=1"
    given = {"scopes": "a", "roles": ["1", "2"], "after": 9, "loud": True, "quiet": None, "kind": None}
    assert read(query) == {**given, "guild_id": 7, "name": "x y", "client": 5}


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        (b"", {"client": "BASE_TYPE_REQUIRED"}),
        (b"client=0", {"client": "NUMBER_TYPE_MIN"}),
        (b"client=1&client=", {"client": "NUMBER_TYPE_COERCE"}),
        (b"client=1e3", {"client": "NUMBER_TYPE_COERCE"}),
        (b"client=2.0&after=null", {"client": "NUMBER_TYPE_COERCE", "after": "NUMBER_TYPE_COERCE"}),
        (b"client=1&loud=null&quiet=NULL&kind=null", {"loud": "BOOLEAN_TYPE_CONVERT", "quiet": "BOOLEAN_TYPE_CONVERT",
                                                      "kind": "BASE_TYPE_CHOICES"}),
        (b"client=1&scope=abcdef", {"scope": "BASE_TYPE_MAX_LENGTH"}),
        (b"client=1&roles=1&roles=2&roles=3", {"roles": "BASE_TYPE_MAX_LENGTH"}),
        (b"after=x&loud=maybe", {"client": "BASE_TYPE_REQUIRED", "after": "NUMBER_TYPE_COERCE",
                                 "loud": "BOOLEAN_TYPE_CONVERT"}),
    ],
)  # fmt: skip
def test_wrong_query_names_each_parameter_as_on_the_wire(query: bytes, wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        read(query)
    assert {error.path[0]: error.code for error in caught.value.fields} == wrong
    assert not isinstance(caught.value, WrongPath)


def test_wrong_path_is_told_with_what_is_wrong_in_the_query() -> None:
    with pytest.raises(WrongPath) as caught:
        read(b"client=x", guild_id="@me")
    assert [error.path for error in caught.value.fields] == [("guild_id",), ("client",)]
    assert str(caught.value.fields[0]) == 'Value "@me" is not snowflake.'
