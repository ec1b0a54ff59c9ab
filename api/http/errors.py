"""The one place where errors become HTTP answers.

Domain errors know no HTTP. This module has the table from their branches to statuses, and makes Discord's body for them
(`core.wire.objects.error`). Errors that only HTTP knows are leaves of the same tree, so all errors have one shape.
"""

import logging
import math
from typing import Final

from api.forms.field_errors import nest_fields
from api.http.answers import Answer, encode_json
from api.http.rate_headers import show_wait
from api.http.scope import TEMPLATE_KEY, Scope
from core.domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    LimitReached,
    NotBuilt,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from core.wire.objects.error import ErrorObject, RateLimitErrorObject

logger = logging.getLogger(__name__)


class HeadersTooLarge(DomainError):
    """The request has more header bytes than any route needs."""

    message = "431: Request Header Fields Too Large"


class UnsupportedMedia(DomainError):
    """The body has an encoding that is not read here, and must not be taken for another one."""

    message = "415: Unsupported Media Type: bodies are UTF-8 and not compressed"


class MethodNotAllowed(DomainError):
    """The address has routes, but none for the request's method."""

    message = "405: Method Not Allowed"


_STATUSES: Final[tuple[tuple[type[DomainError], int], ...]] = (
    (TooLarge, 413),
    (UnsupportedMedia, 415),
    (HeadersTooLarge, 431),
    (MethodNotAllowed, 405),
    (Invalid, 400),
    (NotFound, 404),
    (Forbidden, 403),
    (Unauthorized, 401),
    (Conflict, 400),
    (RateLimited, 429),
    (Unavailable, 503),
    (NotBuilt, 501),
)

VIA: Final = "1.1 guildway"
"""The header of a 429. Without it, discord.py takes the answer for a ban by a proxy in between."""

Headers = tuple[tuple[str, str], ...]


def refuse(scope: Scope, error: Exception) -> Answer:
    """Return the answer to any exception in a request. For a rate limit, the headers show its wait."""
    if isinstance(error, Unavailable):
        reason = str(error.__cause__ or error.text).partition("\n")[0]
        route = scope.get(TEMPLATE_KEY, "unmatched")
        logger.warning("not available", extra={"method": scope["method"], "route": route, "reason": reason})
    if isinstance(error, RateLimited):
        show_wait(scope, error.retry_after_s)
    return answer_to(error)


def answer_to(error: Exception) -> Answer:
    """Return the answer to any exception. One that is no domain error is a fault of the server, and is logged here."""
    if isinstance(error, RateLimited):
        return _answer_rate_limit(error)
    if isinstance(error, DomainError):
        return _answer_domain(error)
    logger.error("request failed", exc_info=error)
    return _answer(500, ErrorObject(message="500: Internal Server Error", code=0))


def status_of(error: DomainError) -> int:
    """Return the HTTP status of a domain error."""
    for branch, status in _STATUSES:
        if isinstance(error, branch):
            return status
    return 400


def _answer(status: int, body: ErrorObject | RateLimitErrorObject, headers: Headers = ()) -> Answer:
    return Answer(encode_json(body), status=status, headers=headers)


def _answer_domain(error: DomainError) -> Answer:
    code = error.limit_code if isinstance(error, LimitReached) else error.code
    body = ErrorObject(message=error.text, code=code)
    if isinstance(error, Invalid | NotBuilt) and error.fields:
        body.errors = nest_fields(error.fields)
    headers = (("Retry-After", _whole_seconds(error.retry_after_s)),) if isinstance(error, Unavailable) else ()
    return _answer(status_of(error), body, headers)


def _answer_rate_limit(error: RateLimited) -> Answer:
    is_global = error.scope == "global"
    retry_after_s = round(error.retry_after_s, 3)
    headers: Headers = (
        ("Retry-After", _whole_seconds(retry_after_s)),
        ("Via", VIA),
        ("X-RateLimit-Scope", error.scope),
        *((("X-RateLimit-Global", "true"),) if is_global else ()),
    )
    body = RateLimitErrorObject(message=error.text, code=error.code, retry_after=retry_after_s, global_=is_global)
    return _answer(429, body, headers)


def _whole_seconds(seconds: float) -> str:
    """Format seconds as RFC 9110 (10.2.3) and typed libraries want; rounded up, so that no client comes too early."""
    return str(math.ceil(seconds))
