"""The walk over documented fields: a field is honoured when its presence makes a difference, or it is refused.

    documents (Discord's, and our own) -> the fields of a route -> per field: one request without it, one with a value that
    is valid and not the default, each in a guild of its own -> the observation of both: answer, events, and later reads

Two equal requests must have equal observations, or the walk would find every field honoured; so placeholders replace
ids, times and codes. A field that makes no difference was forgotten.
"""

import copy
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tests.support.conformance import load_document
from tests.support.embedded_api import Actor, ApiUnderTest

Schema = Mapping[str, Any]
Route = tuple[str, str]
"""Method and documented path."""

_SNOWFLAKE = re.compile(r"\b\d{18,19}\b")
_TIME = re.compile(r'"\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00|Z)"')
_VERSION = re.compile(r'"version": ?\d{13}')
_MASKED = re.compile(r'"(code|token|nonce_|verify_key|email|id_hash)": ?"(?:[A-Za-z0-9]{8}|[\w.\-]{40,}|\d+)"')
_SIGNED = re.compile(r"\?ex=[0-9a-f]+&is=[0-9a-f]+&hm=[0-9a-f]+")
_MAX_DEPTH = 3


class Field(msgspec.Struct, frozen=True, order=True):
    """A field of a body ("embeds[].title") or, with `is_query`, a parameter of the query."""

    name: str
    is_query: bool = False

    def __str__(self) -> str:
        return f"?{self.name}" if self.is_query else self.name


class Prepared(msgspec.Struct, kw_only=True):
    """A request that is ready to be sent, in a place of its own."""

    path: str
    actor: Actor
    body: Any = None
    files: dict[str, Any] = {}
    query: dict[str, Any] = {}
    names: dict[str, str]
    """The placeholders of ids and names that differ each time, keyed by value."""
    looks: Sequence[str] = ()
    """Paths that are read afterwards; `{id}` is the answer's."""
    looker: Actor | None = None
    parents: Mapping[str, Any] = {}
    """The other fields that make the object around a nested field ("embeds[]") valid."""
    values: Mapping[str, Sequence[Any]] = {}
    """Values of fields, in place of those that their schemas allow. The first that makes a difference is enough."""


Prepare = Callable[[ApiUnderTest, str], Awaitable[Prepared]]
"""Makes a request in a place of its own, to which the field can be added, from the API and the field's name."""

FILE = object()
"""The value of a field that is a file."""


class Observation(msgspec.Struct, frozen=True):
    """The observation of a request."""

    status: int
    seen: str
    answer: str


async def observe(api: ApiUnderTest, method: str, prepared: Prepared) -> Observation:
    """Send the request and observe it."""
    before = len(api.deliveries)
    query = {name: value for name, value in prepared.query.items() if value is not None}
    options: dict[str, Any] = {} if prepared.body is None else {"json": prepared.body}
    if prepared.files:
        options = {"files": {"payload_json": (None, json.dumps(prepared.body or {})), **prepared.files}}
    answer = await prepared.actor.request(method, prepared.path, params=query, **options)
    body = answer.json() if answer.content else None
    made = body.get("id") if isinstance(body, dict) else None
    looks = []
    if answer.status_code < 300:
        for look in prepared.looks:
            looker = prepared.looker or prepared.actor
            looks.append((await looker.get(look.format(id=made))).json())
    events = [
        (delivery.envelope.event, msgspec.json.decode(delivery.envelope.payload))
        for delivery in api.deliveries[before:]
    ]
    seen = normalise(json.dumps([answer.status_code, body, looks, events], sort_keys=True), prepared.names)
    return Observation(answer.status_code, seen, answer.text)


def normalise(text: str, names: Mapping[str, str]) -> str:
    """Return the text with placeholders for all that differs each time."""
    for found, name in names.items():
        text = text.replace(found, f"<{name}>")
    numbers: dict[str, str] = {}
    text = _SIGNED.sub("?<signed>", text)
    text = _SNOWFLAKE.sub(lambda match: numbers.setdefault(match[0], f"<{len(numbers)}>"), text)
    text = _VERSION.sub('"version": "<time>"', text)
    return _MASKED.sub(r'"\1": "<masked>"', _TIME.sub('"<time>"', text))


class Documented:
    """The operations of an OpenAPI document and their fields."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def routes(self) -> set[Route]:
        return {
            (method.upper(), path)
            for path, item in self._document["paths"].items()
            for method in item
            if method in _METHODS
        }

    def fields(self, route: Route) -> dict[Field, Schema]:
        """The fields of an operation with their schemas; none when the document does not have it."""
        method, path = route
        operation = self._document["paths"].get(path, {}).get(method.lower())
        if operation is None:
            return {}
        found: dict[Field, Schema] = {
            Field(parameter["name"], is_query=True): parameter["schema"]
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        }
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for name, schema in self._walk(content["schema"], "", 0):
                found.setdefault(Field(name), schema)
        return found

    def _walk(self, schema: Schema, prefix: str, depth: int) -> Iterator[tuple[str, Schema]]:
        for alternative in self.alternatives(schema):
            if not prefix and "items" in alternative:
                yield from self._walk(alternative["items"], "", depth)
            for name, part in alternative.get("properties", {}).items():
                path = prefix + name
                yield path, part
                if depth < _MAX_DEPTH:
                    yield from self._walk_below(part, path, depth + 1)

    def _walk_below(self, schema: Schema, path: str, depth: int) -> Iterator[tuple[str, Schema]]:
        for alternative in self.alternatives(schema):
            if "items" in alternative:
                yield from self._walk(alternative["items"], f"{path}[].", depth)
            else:
                yield from self._walk(alternative, f"{path}.", depth)

    def alternatives(self, schema: Schema) -> Iterator[Schema]:
        """The schema and what it is made of, references followed."""
        while "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        yield schema
        for key in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(key, ()):
                yield from self.alternatives(part)

    def values(self, schema: Schema) -> list[Any]:
        """Values that the schema allows, as far as one can tell."""
        found: list[Any] = []
        for alternative in self.alternatives(schema):
            found += self._plain_values(alternative)
        return found or ["walked"]

    def _plain_values(self, schema: Schema) -> list[Any]:
        if "enum" in schema or "const" in schema:
            return list(reversed(schema.get("enum", [schema.get("const")])))
        kinds = schema.get("type", ())
        kinds = (kinds,) if isinstance(kinds, str) else kinds
        found: list[Any] = []
        if "boolean" in kinds:
            found += [True, False]
        if "integer" in kinds or "number" in kinds:
            least = schema.get("minimum", 0)
            found += [least + 1, least, min(schema.get("maximum", 60), 60)]
        if "string" in kinds and schema.get("format") != "snowflake":
            found.append(_TEXTS.get(schema.get("contentEncoding", ""), "walked"))
        if "array" in kinds:
            found += [[value] for value in self.values(schema.get("items", {}))[:1]]
        if "object" in kinds and "properties" in schema:
            found.append(
                {name: value[0] for name, part in schema["properties"].items() if (value := self.values(part))}
            )
        return found


_METHODS = frozenset({"get", "post", "put", "patch", "delete"})

PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


_TEXTS = {"binary": FILE, "base64": PICTURE}
"""Return an example of a text with this encoding."""


def discord() -> Documented:
    return Documented(load_document())


def plain(prepared: Prepared, field: Field) -> Prepared:
    """The request as it is, with the objects that the field would stand in."""
    if field.is_query:
        return prepared
    body = copy.deepcopy({} if prepared.body is None else prepared.body)
    _holders(body, field, prepared.parents)
    return msgspec.structs.replace(prepared, body=body)


def with_value(prepared: Prepared, field: Field, value: Any) -> Prepared:
    """The request with the field."""
    if field.is_query:
        return msgspec.structs.replace(prepared, query={**prepared.query, field.name: value})
    if value is FILE:
        return msgspec.structs.replace(prepared, files={field.name: ("walked.txt", b"walked")})
    body = copy.deepcopy({} if prepared.body is None else prepared.body)
    for holder in _holders(body, field, prepared.parents):
        holder[field.name.rpartition(".")[2]] = value
    return msgspec.structs.replace(prepared, body=body)


def _holders(body: Any, field: Field, parents: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects that the field stands in, made where they are not there."""
    holders: list[dict[str, Any]] = body[:1] if isinstance(body, list) else [body]
    path = ""
    for step in field.name.split(".")[:-1]:
        path = f"{path}.{step}" if path else step
        base = copy.deepcopy(parents.get(path, {}))
        name = step.removesuffix("[]")
        if step.endswith("[]"):
            lists = [holder if holder.get(name) else {**holder, name: [base]} for holder in holders]
            for holder, filled in zip(holders, lists, strict=True):
                holder.update(filled)
            holders = [holder[name][-1] for holder in holders]
        else:
            for holder in holders:
                holder[name] = holder.get(name) or base
            holders = [holder[name] for holder in holders]
    return holders
