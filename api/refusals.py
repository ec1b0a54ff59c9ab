"""Errors on their way out: the answer that a request gets, and what its rate limit's headers then tell."""

import logging
from typing import Any
from urllib.parse import parse_qsl

from litestar.exceptions import ValidationException

from api.http.answers import Answer
from api.http.errors import answer_to
from api.http.gate import show_wait
from api.http.scope import PATH_PARAMETERS_KEY, TEMPLATE_KEY, Scope
from core.domain.errors import RateLimited, Unavailable

logger = logging.getLogger(__name__)


def refuse(scope: Scope, error: Exception) -> Answer:
    """The answer to any exception."""
    if isinstance(error, Unavailable):
        reason = str(error.__cause__ or error.text).partition("\n")[0]
        route = scope.get(TEMPLATE_KEY, "unmatched")
        logger.warning("not available", extra={"method": scope["method"], "route": route, "reason": reason})
    if isinstance(error, RateLimited):
        show_wait(scope, error.retry_after_s)
    told = answer_to(error, _read_parameters(scope) if isinstance(error, ValidationException) else {})
    return Answer(told.body, status=told.status, headers=tuple(told.headers.items()))


def _read_parameters(scope: Scope) -> dict[str, Any]:
    """What stood in the path and in the query, by name: errors of the framework name parameters and not their values."""
    return {**dict(parse_qsl(scope["query_string"].decode("latin-1"))), **scope.get(PATH_PARAMETERS_KEY, {})}
