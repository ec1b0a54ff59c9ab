"""The API's description of itself, as an OpenAPI 3.1 document.

The document is made once, at start, from the routes and their handlers' signatures, with msgspec's own JSON schemas of
the Structs of bodies and answers. A route whose handler answers bytes declares their type: `answer=MessageObject`.
"""

import re
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from api.forms.moments import describe_custom
from api.http.answers import Answer
from api.http.parameters import Parameter, find_alternatives, find_marks, find_parameters
from api.http.route import Route
from core.domain.ids import MAX_SNOWFLAKE
from core.wire.objects.error import ErrorObject, RateLimitErrorObject

_PATH_WORD: Final = re.compile(r"(?<=/)[a-z]+(?:-[a-z]+)*(?=/|$)")
_REFERENCE: Final = "#/components/schemas/{name}"
_CONSTRAINTS: Final = (
    ("ge", "minimum"),
    ("le", "maximum"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("pattern", "pattern"),
    ("description", "description"),
)


_INFO: Final = {
    "title": "Guildway",
    "version": "10",
    "description": "Discord's API v10 and what its own client uses beside it. Also under /api/v9 and /api.",
}

_TOKEN: Final = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": "A person's token as it is, a bot's after 'Bot '.",
}


def build_document(routes: Sequence[Route], services: Collection[str], *, prefix: str) -> dict[str, Any]:
    """Return the document. `services` are the parameters that handlers get from `api.http.binding`."""
    operations = [_Operation(route, services) for route in routes]
    needed = [ErrorObject, RateLimitErrorObject, *(type_ for operation in operations for type_ in operation.types())]
    schemas, components = msgspec.json.schema_components(needed, ref_template=_REFERENCE, schema_hook=describe_custom)
    schema_of = {_key(type_): schema for type_, schema in zip(needed, schemas, strict=True)}
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": prefix}],
        "paths": _describe_paths(operations, schema_of),
        "components": {"schemas": components, "securitySchemes": {"Token": _TOKEN}},
        "security": [{"Token": []}],
    }


def _describe_paths(operations: Sequence["_Operation"], schema_of: Mapping[str, Any]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        for path in operation.paths:
            paths.setdefault(path, {})[operation.method] = operation.describe(path, schema_of)
    return dict(sorted(paths.items()))


class _Operation:
    """The description of one route."""

    __slots__ = ("_answer", "_body", "_parameters", "_route", "method", "paths")

    def __init__(self, route: Route, services: Collection[str]) -> None:
        hints = typing.get_type_hints(route.handler, include_extras=True)
        self._route = route
        self.paths = sorted(route.paths)
        self.method = route.method.lower()
        self._body = hints.get("data")
        self._answer = hints["return"] if route.answer is None else route.answer
        self._parameters = [
            _describe_parameter(parameter) for parameter in find_parameters(route.handler, self.paths[0], services)
        ]

    def types(self) -> list[Any]:
        """Return the types whose schemas are needed."""
        found = [type_ for type_ in (self._body, self._answer) if type_ is not None and _is_described(type_)]
        return [alternative for type_ in found for alternative in _split(type_)]

    def describe(self, path: str, schema_of: Mapping[str, Any]) -> dict[str, Any]:
        fn: Any = self._route.handler
        described: dict[str, Any] = {
            "operationId": self._name(path),
            "summary": (fn.__doc__ or "").strip().partition("\n")[0],
            "tags": [fn.__module__.rpartition(".")[2]],
            "parameters": self._parameters,
            "responses": self._describe_answers(schema_of),
        }
        if self._body is not None:
            described["requestBody"] = {"content": _json(_schema(self._body, schema_of))}
        if self._route.is_public or self._route.is_signed:
            described["security"] = []
        return described

    def _name(self, path: str) -> str:
        """Return the handler's name. With several paths, the words that only this path has follow it."""
        fn: Any = self._route.handler
        name: str = fn.__name__
        if len(self.paths) > 1:
            name += "".join(f"_{part}" for part in _PATH_WORD.findall(path))
        return name

    def _describe_answers(self, schema_of: Mapping[str, Any]) -> dict[str, Any]:
        status = HTTPStatus(self._route.status)
        answer: dict[str, Any] = {"description": status.phrase}
        if self._answer is not None and _is_described(self._answer):
            answer["content"] = _json(_schema(self._answer, schema_of))
        return {
            str(status.value): answer,
            "429": {"description": "Rate limited", "content": _json(schema_of[_key(RateLimitErrorObject)])},
            "4XX": {"description": "An error", "content": _json(schema_of[_key(ErrorObject)])},
            "501": {"description": "Not built yet", "content": _json(schema_of[_key(ErrorObject)])},
            "503": {"description": "A backend is away", "content": _json(schema_of[_key(ErrorObject)])},
        }


def _is_described(type_: Any) -> bool:
    origin = typing.get_origin(type_) or type_
    return type_ is not type(None) and not (isinstance(origin, type) and issubclass(origin, Answer))


def _key(type_: Any) -> str:
    """Return a type's key: equal types are not always one object, but have the same text."""
    return repr(type_)


def _split(type_: Any) -> list[Any]:
    """Return the alternatives of a union of Structs, which msgspec encodes but does not describe."""
    is_union = typing.get_origin(type_) in (typing.Union, types.UnionType)
    parts = typing.get_args(type_) if is_union else ()
    structs = [part for part in parts if isinstance(part, type) and issubclass(part, msgspec.Struct)]
    return structs if len(structs) > 1 else [type_]


def _schema(type_: Any, schema_of: Mapping[str, Any]) -> Any:
    schemas = [schema_of[_key(part)] for part in _split(type_)]
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _describe_parameter(parameter: Parameter) -> dict[str, Any]:
    schema = _describe_values(parameter)
    if not parameter.is_required and parameter.default is not None:
        schema["default"] = parameter.default
    place = "path" if parameter.is_in_path else "query"
    return {"name": parameter.wire_name, "in": place, "required": parameter.is_required, "schema": schema}


def _describe_values(parameter: Parameter) -> dict[str, Any]:
    bare = next(part for part in find_alternatives(parameter.type) if part is not type(None))
    schema = dict(msgspec.json.schema(bare, schema_hook=describe_custom))
    for mark in find_marks(parameter.type):
        for attribute, keyword in _CONSTRAINTS:
            value = getattr(mark, attribute, None)
            if value is not None:
                schema[keyword] = value
    if schema.get("maximum") == MAX_SNOWFLAKE:
        return {"type": "string", "format": "snowflake", "pattern": "^[0-9]{1,18}$"}
    return schema
