"""The router finds the endpoint of an address.

Routes form a tree of path segments. A literal segment wins over a parameter, unless nothing answers below it: the
endpoint of the parameter then says what is wrong with the address. Repeated and trailing slashes make no difference.
An address without an endpoint gets:

    documented by Discord, or one of its client's routes → 501      another method has an endpoint → 405, OPTIONS → 204
    everything else → 404
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.http.answers import Answer
from api.http.binding import Endpoint
from api.http.errors import MethodNotAllowed, refuse
from api.http.parameters import PATH_PARAMETER
from api.http.scope import PREFIX, TEMPLATE_KEY, Receive, Scope
from api.http.unbuilt_routes import is_documented
from core.domain.errors import NotBuilt, NotFound


class _Node:
    """A node of the tree: its endpoints and its children."""

    __slots__ = ("children", "endpoints", "parameter", "template")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.endpoints: dict[str, Endpoint] = {}
        self.template = ""


class Router:
    """The tree of all routes."""

    __slots__ = ("_root",)

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        """Raise ValueError when two endpoints have the same address."""
        self._root = _Node()
        for endpoint in endpoints:
            node = self._grow(endpoint.template)
            if endpoint.method in node.endpoints:
                raise ValueError(f"two routes for {endpoint.method} {endpoint.template}")
            node.endpoints[endpoint.method] = endpoint
            node.template = endpoint.template

    def _grow(self, template: str) -> _Node:
        node = self._root
        for segment in template.split("/")[1:]:
            if PATH_PARAMETER.fullmatch(segment):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.children.setdefault(segment, _Node())
        return node

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        """Return the answer to a request. Errors become answers."""
        node, segments = self._find(scope["path"])
        endpoint = node.endpoints.get(scope["method"]) if node is not None else None
        if endpoint is not None:
            return await endpoint.answer(scope, receive, segments)
        return _answer_nowhere(scope, node)

    def _find(self, path: str) -> tuple[_Node | None, Sequence[str]]:
        """Return the node of the path, and the values of its parameters."""
        node = self._root
        values: list[str] = []
        segments = path.split("/")
        for segment in segments:
            child = node.children.get(segment)
            if child is not None:
                node = child
            elif segment:
                if node.parameter is None:
                    break
                node = node.parameter
                values.append(segment)
        else:
            if node.endpoints:
                return node, values
        return _search(self._root, [segment for segment in segments if segment], 0)


def _search(node: _Node, segments: Sequence[str], start: int) -> tuple[_Node | None, list[str]]:
    """Return the first place of the path at which something answers, with the values of its parameters."""
    if start == len(segments):
        return (node, []) if node.endpoints else (None, [])
    child = node.children.get(segments[start])
    found, values = (None, []) if child is None else _search(child, segments, start + 1)
    if found is None and node.parameter is not None:
        found, values = _search(node.parameter, segments, start + 1)
        values = [segments[start], *values]
    return found, values


def _answer_nowhere(scope: Scope, node: _Node | None) -> Answer:
    """Return the answer to a request without an endpoint."""
    methods: Mapping[str, Any] = node.endpoints if node is not None else {}
    if node is not None and methods and scope["method"] == "OPTIONS":
        scope[TEMPLATE_KEY] = node.template
        return Answer.empty((b"allow", _list_methods(methods)))
    if is_documented(scope["method"], scope["path"].removeprefix(PREFIX)):
        return refuse(scope, NotBuilt())
    if not methods:
        return refuse(scope, NotFound())
    answer = refuse(scope, MethodNotAllowed())
    answer.headers.append((b"allow", _list_methods(methods)))
    return answer


def _list_methods(methods: Iterable[str]) -> bytes:
    return ", ".join(sorted({*methods, "OPTIONS"})).encode()
