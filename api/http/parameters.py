"""Parameters of paths and queries: their declaration by handlers, and their values in a request.

The annotation is the rule: a type that msgspec converts texts to, with its constraints, and the name on the wire where
that differs from the handler's (`Annotated[str, Meta(max_length=200), WireName("scope")]`). A default makes a parameter
of the query optional, and is the only way to leave it out: "null" is a text as any other. Whole numbers are written in
digits. A repeated parameter has its last value, or all of them if it is a list; unknown parameters are ignored. All
wrong values of a request are reported together, in the shape of wrong bodies.
"""

import inspect
import re
import types
import typing
from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from api.forms.form import translate
from api.forms.moments import read_custom
from api.http.route import REQUEST_PARAMETERS, Handler
from core.domain.errors import FieldError, Invalid
from core.domain.ids import MAX_SNOWFLAKE

SnowflakePath = Annotated[int, Meta(ge=0, le=MAX_SNOWFLAKE, description="A snowflake")]
"""An id in a path."""

SnowflakeQuery = SnowflakePath | None
"""An id in a query that may be absent; write `after: SnowflakeQuery = None`."""

PATH_PARAMETER: Final = re.compile(r"\{(\w+)\}")

_SHOWN_LENGTH: Final = 100
"""The number of characters of a wrong value that an error repeats."""

_LISTS: Final = (list, tuple, set)

_DIGITS: Final = re.compile(r"-?[0-9]+")
"""A whole number. msgspec takes what is one in value, such as 1e3 and 2.0, for one as well."""


class WireName(msgspec.Struct, frozen=True):
    """Marks a parameter whose name in the query is not the handler's."""

    name: str


class WrongPath(Invalid):
    """A segment of the path is no value of its parameter, so the address may belong to another route."""


class Parameter(msgspec.Struct, kw_only=True, frozen=True):
    """One parameter of a handler that a path or a query gives."""

    name: str
    wire_name: str
    type: Any
    is_in_path: bool
    is_list: bool
    is_whole: bool
    """Whether it is a whole number."""
    default: Any

    @property
    def is_required(self) -> bool:
        """True when a request without it is wrong."""
        return self.default is inspect.Parameter.empty

    def convert(self, value: str | list[str]) -> Any:
        """Return the value that texts of a request mean.

        Raises:
            msgspec.ValidationError
        """
        if self.is_whole and isinstance(value, str) and not _DIGITS.fullmatch(value):
            raise msgspec.ValidationError("Expected `int`, got `str`")
        converted = msgspec.convert(value, self.type, strict=False, dec_hook=read_custom)
        if converted is None:  # msgspec takes the word "null" for nothing
            is_bool = bool in find_alternatives(self.type)
            raise msgspec.ValidationError("Expected `bool`, got `str`" if is_bool else "Invalid enum value 'null'")
        return converted


def find_parameters(handler: Handler, path: str, services: Collection[str]) -> list[Parameter]:
    """Find the parameters that the handler takes from path and query, in its order.

    Raises:
        TypeError: when the path has a parameter that the handler does not take.
    """
    hints = typing.get_type_hints(handler, include_extras=True)
    in_path = PATH_PARAMETER.findall(path)
    if not set(in_path) <= hints.keys():
        raise TypeError(f"{handler.__qualname__} does not take all parameters of {path}")
    return [
        _describe(name, hints[name], given.default, is_in_path=name in in_path)
        for name, given in inspect.signature(handler).parameters.items()
        if name not in REQUEST_PARAMETERS and name not in services
    ]


def _describe(name: str, hint: Any, default: Any, *, is_in_path: bool) -> Parameter:
    wire_name = next((mark.name for mark in find_marks(hint) if isinstance(mark, WireName)), name)
    is_list = any((typing.get_origin(part) or part) in _LISTS for part in find_alternatives(hint))
    return Parameter(
        name=name,
        wire_name=wire_name,
        type=hint,
        is_in_path=is_in_path,
        is_list=is_list,
        is_whole=int in find_alternatives(hint),
        default=default,
    )


def find_alternatives(hint: Any) -> Iterator[Any]:
    """Return the types of a union, without their marks."""
    if hasattr(hint, "__metadata__"):
        yield from find_alternatives(hint.__origin__)
    elif typing.get_origin(hint) in (typing.Union, types.UnionType):
        for part in typing.get_args(hint):
            yield from find_alternatives(part)
    else:
        yield hint


def find_marks(hint: Any) -> Iterator[Any]:
    """Return the marks of an annotation, also those inside a union."""
    for part in (hint, *typing.get_args(hint)):
        yield from getattr(part, "__metadata__", ())


class ParameterReader:
    """Reads the parameters of one route."""

    __slots__ = ("_defaults", "_in_path", "_in_query")

    def __init__(self, parameters: Sequence[Parameter], path: str) -> None:
        """`path` gives the order of the values."""
        by_name = {parameter.name: parameter for parameter in parameters}
        self._in_path = [by_name[name] for name in PATH_PARAMETER.findall(path)]
        self._in_query = [parameter for parameter in parameters if not parameter.is_in_path]
        self._defaults = {
            parameter.name: parameter.default for parameter in self._in_query if not parameter.is_required
        }

    def read(self, segments: Sequence[str], query: bytes) -> dict[str, Any]:
        """Return the values by the handler's names. `segments` are the path's parameters, in its order.

        Raises:
            WrongPath: when a segment is no value of its parameter. Invalid: when only the query is wrong.
        """
        given = self._defaults.copy()
        errors: list[FieldError] = []
        self._read_path(segments, given, errors)
        is_wrong_path = bool(errors)
        if self._in_query:
            self._read_query(query, given, errors)
        if errors:
            raise WrongPath(*errors) if is_wrong_path else Invalid(*errors)
        return given

    def _read_path(self, segments: Sequence[str], given: dict[str, Any], errors: list[FieldError]) -> None:
        for parameter, text in zip(self._in_path, segments, strict=True):
            try:
                given[parameter.name] = parameter.convert(text)
            except msgspec.ValidationError:
                shown = f'Value "{text[:_SHOWN_LENGTH]}" is not snowflake.'
                errors.append(FieldError((parameter.name,), "NUMBER_TYPE_COERCE", shown))

    def _read_query(self, query: bytes, given: dict[str, Any], errors: list[FieldError]) -> None:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else ()
        values = dict(pairs)
        for parameter in self._in_query:
            name = parameter.wire_name
            if name in values:
                value = [text for key, text in pairs if key == name] if parameter.is_list else values[name]
                try:
                    given[parameter.name] = parameter.convert(value)
                except msgspec.ValidationError as error:
                    errors.append(translate(str(error), value, (name,)))
            elif parameter.is_required:
                errors.append(FieldError((name,), "BASE_TYPE_REQUIRED", "This field is required"))
