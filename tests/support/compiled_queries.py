"""The compiled queries of all stores of a run, which follow from the code alone: each is compiled once a dialect."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from core.store.sql.engine.query import CompiledQuery, Query, QueryCache

_queries: Final[dict[object, dict[Query, CompiledQuery]]] = {}
"""By the dialect, of which there are two or three."""


@contextmanager
def compiled_once() -> Iterator[None]:
    """Let the stores that are opened meanwhile share them."""
    with patch.object(QueryCache, "__init__", _share_queries):
        yield


def _share_queries(cache: QueryCache, dialect: Any) -> None:
    cache._dialect = dialect
    cache._compiled = _queries.setdefault(dialect, {})
