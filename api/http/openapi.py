"""The API's description of itself, as an OpenAPI 3.1 document and as a page that needs no script.

Made once, at start, out of the handlers' signatures: msgspec's own JSON schemas of the Structs that bodies are decoded with
and answers are encoded from. (Litestar can generate such documents too, but stumbles over `msgspec.Raw` and knows nothing
of `api.http.binding`.) A handler that answers bytes says what they are: `opt={"answer": MessageObject}`.
"""

import html
import re
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg

from api.http.answers import Answer
from core.domain.ids import MAX_SNOWFLAKE

ANSWER_KEY: Final = "answer"
"""In a handler's `opt`: the type of an answer whose handler returns an `Answer`."""

_PATH_PARAMETER: Final = re.compile(r"\{(\w+):\w+\}")
_PATH_WORD: Final = re.compile(r"(?<=/)[a-z]+(?:-[a-z]+)*(?=/|$)")
_NOT_PARAMETERS: Final = frozenset({"caller", "reason", "request", "scope", "data", "return"})
_REFERENCE: Final = "#/components/schemas/{name}"
_CONSTRAINTS: Final = (
    ("ge", "minimum"),
    ("le", "maximum"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("pattern", "pattern"),
    ("description", "description"),
)


class FormErrors(msgspec.Struct, kw_only=True):
    """What is wrong, by field: `errors.<path>._errors[]` with code (a text) and message."""

    code: int
    message: str
    errors: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class RateLimitError(msgspec.Struct, kw_only=True):
    """Too often. `retry_after` is in seconds."""

    code: int
    message: str
    retry_after: float
    global_: bool = msgspec.field(name="global")


def build_document(handlers: Sequence[HTTPRouteHandler], services: Collection[str], *, prefix: str) -> dict[str, Any]:
    """The document. `services` are the parameters that handlers get from `api.http.binding`."""
    operations = [_Operation(handler, services) for handler in handlers]
    needed = [FormErrors, RateLimitError, *(type_ for operation in operations for type_ in operation.types())]
    schemas, components = msgspec.json.schema_components(needed, ref_template=_REFERENCE)
    schema_of = {_key(type_): schema for type_, schema in zip(needed, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        for path in operation.paths:
            item = paths.setdefault(path, {})
            for method in operation.methods:
                item[method] = operation.describe(path, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Guildway",
            "version": "10",
            "description": "Discord's API v10 and what its own client uses beside it. Also under /api/v9 and /api.",
        },
        "servers": [{"url": prefix}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components,
            "securitySchemes": {
                "Token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "A person's token as it is, a bot's after 'Bot '.",
                }
            },
        },
        "security": [{"Token": []}],
    }


class _Operation:
    """What there is to say of one handler."""

    __slots__ = ("_answer", "_body", "_handler", "_parameters", "_status", "methods", "paths")

    def __init__(self, handler: HTTPRouteHandler, services: Collection[str]) -> None:
        fn: Any = handler.fn
        hints = typing.get_type_hints(fn, include_extras=True)
        self._handler = handler
        self.paths = sorted(_PATH_PARAMETER.sub(r"{\1}", path) for path in handler.paths)
        self.methods = sorted(method.lower() for method in handler.http_methods)
        self._status = handler.status_code
        self._body = hints.get("data")
        self._answer = handler.opt.get(ANSWER_KEY, hints["return"])
        self._parameters = [
            _describe_parameter(name, hint, self.paths[0], fn)
            for name, hint in hints.items()
            if name not in _NOT_PARAMETERS and name not in services
        ]

    def types(self) -> list[Any]:
        """The types whose schemas are needed."""
        found = [type_ for type_ in (self._body, self._answer) if type_ is not None and _is_described(type_)]
        return [alternative for type_ in found for alternative in _split(type_)]

    def describe(self, path: str, schema_of: Mapping[str, Any]) -> dict[str, Any]:
        fn: Any = self._handler.fn
        described: dict[str, Any] = {
            "operationId": self._name(path),
            "summary": (fn.__doc__ or "").strip().partition("\n")[0],
            "tags": [fn.__module__.rpartition(".")[2]],
            "parameters": self._parameters,
            "responses": self._describe_answers(schema_of),
        }
        if self._body is not None:
            described["requestBody"] = {"content": _json(_schema(self._body, schema_of))}
        if self._handler.opt.get("public"):
            described["security"] = []
        return described

    def _name(self, path: str) -> str:
        """The handler's name; when it has several paths, with what only this path says."""
        fn: Any = self._handler.fn
        name: str = fn.__name__
        if len(self.paths) > 1:
            name += "".join(f"_{part}" for part in _PATH_WORD.findall(path))
        return name

    def _describe_answers(self, schema_of: Mapping[str, Any]) -> dict[str, Any]:
        status = HTTPStatus(self._status)
        answer: dict[str, Any] = {"description": status.phrase}
        if self._answer is not None and _is_described(self._answer):
            answer["content"] = _json(_schema(self._answer, schema_of))
        return {
            str(status.value): answer,
            "429": {"description": "Rate limited", "content": _json(schema_of[_key(RateLimitError)])},
            "4XX": {"description": "An error", "content": _json(schema_of[_key(FormErrors)])},
            "501": {"description": "Not built yet", "content": _json(schema_of[_key(FormErrors)])},
            "503": {"description": "A backend is away", "content": _json(schema_of[_key(FormErrors)])},
        }


def _is_described(type_: Any) -> bool:
    origin = typing.get_origin(type_) or type_
    return type_ is not type(None) and not (isinstance(origin, type) and issubclass(origin, Answer))


def _key(type_: Any) -> str:
    """Types that mean the same are not always the same object; their texts are."""
    return repr(type_)


def _split(type_: Any) -> list[Any]:
    """The alternatives of a union of Structs, which msgspec encodes but does not describe."""
    is_union = typing.get_origin(type_) in (typing.Union, types.UnionType)
    parts = typing.get_args(type_) if is_union else ()
    structs = [part for part in parts if isinstance(part, type) and issubclass(part, msgspec.Struct)]
    return structs if len(structs) > 1 else [type_]


def _schema(type_: Any, schema_of: Mapping[str, Any]) -> Any:
    schemas = [schema_of[_key(part)] for part in _split(type_)]
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _describe_parameter(name: str, hint: Any, path: str, fn: Any) -> dict[str, Any]:
    marks = [mark for part in (hint, *typing.get_args(hint)) for mark in getattr(part, "__metadata__", ())]
    mark = next((mark for mark in marks if isinstance(mark, ParameterKwarg)), None)
    bare: Any = getattr(hint, "__origin__", hint) if hasattr(hint, "__metadata__") else hint
    while typing.get_args(bare):
        bare = next(part for part in typing.get_args(bare) if part is not type(None))
    schema = dict(msgspec.json.schema(bare))
    for attribute, keyword in _CONSTRAINTS:
        value = getattr(mark, attribute, None)
        if value is not None:
            schema[keyword] = value
    if schema.get("maximum") == MAX_SNOWFLAKE:
        schema = {"type": "string", "format": "snowflake", "pattern": "^[0-9]{1,18}$"}
    default = (fn.__kwdefaults__ or {}).get(name) or _positional_defaults(fn).get(name)
    if default is not None:
        schema["default"] = default
    shown = getattr(mark, "name", None) or name
    is_in_path = "{" + name + "}" in path
    is_required = is_in_path or name not in {*_positional_defaults(fn), *(fn.__kwdefaults__ or {})}
    return {"name": shown, "in": "path" if is_in_path else "query", "required": is_required, "schema": schema}


def _positional_defaults(fn: Any) -> dict[str, Any]:
    names = fn.__code__.co_varnames[: fn.__code__.co_argcount]
    defaults = fn.__defaults__ or ()
    return dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))


def render_page(document: Mapping[str, Any]) -> str:
    """The document for people: one section per path, schemas below, everything linked."""
    parts = [_PAGE_HEAD]
    prefix = document["servers"][0]["url"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            parts.append(_render_operation(method, prefix + path, operation))
    parts.append("<h2>Objects</h2>")
    for name, schema in document["components"]["schemas"].items():
        parts.append(
            f'<details id="{html.escape(name)}"><summary>{html.escape(name)}</summary>{_pre(schema)}</details>'
        )
    parts.append("</main>")
    return "\n".join(parts)


def _render_operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    shown = {key: operation[key] for key in ("parameters", "requestBody", "responses") if operation.get(key)}
    lock = "" if operation.get("security") == [] else " <small>token</small>"
    title = f"<b>{method.upper()}</b> <code>{html.escape(path)}</code>{lock} — {html.escape(operation['summary'])}"
    return f'<details id="{html.escape(operation["operationId"])}"><summary>{title}</summary>{_pre(shown)}</details>'


def _pre(value: Any) -> str:
    text = html.escape(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
    linked = re.sub(r"#/components/schemas/([\w.]+)", r'<a href="#\1">\1</a>', text)
    return f"<pre>{linked}</pre>"


_PAGE_HEAD: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Guildway API</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: auto; padding: 1rem; }
details { border-bottom: 1px solid #8883; padding: .3rem 0; }
summary { cursor: pointer; }
pre { overflow: auto; padding: .5rem; background: #8881; }
:root { color-scheme: light dark; }
</style>
<main><h1>Guildway API</h1>
<p>Discord's API v10, and what its own client uses beside it.
The same as <a href="/openapi.json">OpenAPI document</a>.</p>"""
