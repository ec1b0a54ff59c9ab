"""What each API of a test would make anew, and what is the same in all of them: it is made once.

The document of the API, the signatures of its handlers, the forms of bodies and the text of compiled queries follow
from the code alone. To make them was a third of the time of a simulated seed, and half of that of a test with an API.
"""

import functools
import typing
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest.mock import patch

from api.forms.form import Form
from api.http import binding, openapi
from api.http.parameters import find_parameters
from api.http.route import Route
from api.routes.all_routes import declare_root_routes
from tests.support.compiled_queries import compiled_once

_documents: Final[list[tuple[dict[str, Any], Sequence[Route]]]] = []
"""The one document, and the routes that show it."""
_parameters: Final[dict[tuple[object, str], Any]] = {}


@contextmanager
def prepared_once() -> Iterator[None]:
    """Let the APIs and the stores that are built meanwhile share all this."""
    with ExitStack() as stack:
        stack.enter_context(compiled_once())
        stack.enter_context(patch("api.app.build_document", _document))
        stack.enter_context(patch("api.app.declare_root_routes", lambda _document: _documents[0][1]))
        stack.enter_context(patch.object(binding, "find_parameters", _find_parameters))
        stack.enter_context(patch.object(binding, "typing", _Typing))
        stack.enter_context(patch.object(binding, "Form", _make_form))
        yield


def _document(*args: Any, **options: Any) -> dict[str, Any]:
    if not _documents:
        document = openapi.build_document(*args, **options)
        _documents.append((document, declare_root_routes(document)))
    return _documents[0][0]


def _find_parameters(handler: Callable[..., Any], path: str, services: Collection[str]) -> Any:
    key = (handler, path)
    if key not in _parameters:
        _parameters[key] = find_parameters(handler, path, services)
    return _parameters[key]


@functools.cache
def _make_form(type_: type[Any]) -> Form[Any]:
    """Make the form of a type, which keeps nothing of what it decodes."""
    return Form(type_)


class _Typing:
    """The module `typing`, as far as routes are bound with it."""

    @staticmethod
    @functools.cache
    def get_type_hints(handler: Callable[..., Any], *, include_extras: bool = False) -> Mapping[str, Any]:
        return typing.get_type_hints(handler, include_extras=include_extras)
