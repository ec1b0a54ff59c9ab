"""Errors on their way out: the answer that a request gets, and what its rate limit's headers then tell."""

from api.answers import Answer
from api.errors import answer_to
from api.gate import show_wait
from api.scope import PATH_PARAMETERS_KEY, Scope
from core.domain.errors import RateLimited


def refuse(scope: Scope, error: Exception) -> Answer:
    """The answer to any exception."""
    if isinstance(error, RateLimited):
        show_wait(scope, error.retry_after_s)
    told = answer_to(error, scope.get(PATH_PARAMETERS_KEY, {}))
    return Answer(told.body, status=told.status, headers=tuple(told.headers.items()))
