"""The one place where errors become HTTP answers.

Domain errors know no HTTP; here is the table from their branches to statuses, and Discord's body for them:
`{code, message, errors?}`, for rate limits `{message, retry_after, global}`. What Litestar raises on its own (bad path or
query values, bodies that are too large) is translated into domain errors first, so that there is one shape of error.
"""

import logging
import math
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar.exceptions import ClientException, HTTPException, SerializationException, ValidationException

from api.forms.form import translate
from core.domain.errors import (
    Conflict,
    DomainError,
    FieldError,
    Forbidden,
    Invalid,
    InvalidJson,
    LimitReached,
    NotBuilt,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
)

logger = logging.getLogger(__name__)


class HeadersTooLarge(DomainError):
    """More header bytes than anything here needs."""

    message = "431: Request Header Fields Too Large"


class UnsupportedMedia(DomainError):
    """A body in a form that is not read here, which is not to be taken for another one."""

    message = "415: Unsupported Media Type: bodies are UTF-8 and not compressed"


_STATUSES: Final[tuple[tuple[type[DomainError], int], ...]] = (
    (TooLarge, 413),
    (UnsupportedMedia, 415),
    (HeadersTooLarge, 431),
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
"""discord.py takes a 429 without this header for a ban by somebody in between."""

SHOWN_LENGTH: Final = 100
"""How much of a wrong value is repeated."""

_encode = msgspec.json.Encoder().encode


class ErrorAnswer(msgspec.Struct, frozen=True):
    """An error as HTTP: status, JSON body, headers besides the content type."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


def answer_to(error: Exception, parameters: Mapping[str, Any] = {}) -> ErrorAnswer:
    """The answer to any exception. What is not ours is a fault of the server and is logged here, once."""
    if isinstance(error, DomainError):
        return _answer_domain(error)
    if isinstance(error, ValidationException):
        return _answer_domain(_from_parameters(error, parameters))
    if isinstance(error, SerializationException):
        return _answer_domain(InvalidJson())
    if isinstance(error, ClientException) and error.status_code == 413:
        return _answer_domain(TooLarge())
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _answer_plain(error)
    logger.error("request failed", exc_info=error)
    return ErrorAnswer(500, _encode({"message": "500: Internal Server Error", "code": 0}))


def status_of(error: DomainError) -> int:
    """The HTTP status of a domain error."""
    for branch, status in _STATUSES:
        if isinstance(error, branch):
            return status
    return 400


def _answer_domain(error: DomainError) -> ErrorAnswer:
    status = status_of(error)
    if isinstance(error, RateLimited):
        return _answer_rate_limit(error)
    code = error.limit_code if isinstance(error, LimitReached) else error.code
    body: dict[str, Any] = {"message": error.text, "code": code}
    if isinstance(error, Invalid | NotBuilt) and error.fields:
        body["errors"] = nest_fields(error.fields)
    headers = {"Retry-After": _whole_seconds(error.retry_after_s)} if isinstance(error, Unavailable) else {}
    return ErrorAnswer(status, _encode(body), headers)


def _answer_rate_limit(error: RateLimited) -> ErrorAnswer:
    is_global = error.scope == "global"
    retry_after_s = round(error.retry_after_s, 3)
    headers = {"Retry-After": _whole_seconds(retry_after_s), "Via": VIA, "X-RateLimit-Scope": error.scope}
    if is_global:
        headers["X-RateLimit-Global"] = "true"
    body = {"message": error.text, "code": error.code, "retry_after": retry_after_s, "global": is_global}
    return ErrorAnswer(429, _encode(body), headers)


def _whole_seconds(seconds: float) -> str:
    """As RFC 9110 (10.2.3) has it and typed libraries parse it; rounded up, so that nobody comes too early."""
    return str(math.ceil(seconds))


def _answer_plain(error: HTTPException) -> ErrorAnswer:
    texts = {404: "404: Not Found", 405: "405: Method Not Allowed"}
    message = texts.get(error.status_code, f"{error.status_code}: {error.detail}")
    headers = {name.title(): value for name, value in (error.headers or {}).items()}
    return ErrorAnswer(error.status_code, _encode({"message": message, "code": 0}), headers)


def nest_fields(fields: tuple[FieldError, ...]) -> dict[str, Any]:
    """`errors.<path>._errors[].{code, message}`; `code` is a text (BASE_TYPE_REQUIRED), as typed libraries read it."""
    errors: dict[str, Any] = {}
    for field in fields:
        node = errors
        for step in field.path:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": field.code, "message": field.message})
    return errors


def _from_parameters(error: ValidationException, parameters: Mapping[str, Any]) -> Invalid:
    """Litestar lists what is wrong with path, query and header values under their names."""
    fields = []
    for found in error.extra if isinstance(error.extra, list) else []:
        key = str(found.get("key", "")) or "request"
        if found.get("source") == "path":
            value = str(parameters.get(key, ""))[:SHOWN_LENGTH]
            fields.append(FieldError((key,), "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.'))
        else:
            fields.append(translate(str(found.get("message", "")), parameters.get(key), (key,)))
    return Invalid(*fields)
