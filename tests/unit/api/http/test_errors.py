"""Errors as HTTP answers."""

import json
from typing import Any

import pytest

from api.http.answers import Answer
from api.http.errors import answer_to, status_of
from core.domain import errors
from core.domain.errors import (
    DomainError,
    FieldError,
    Invalid,
    InvalidJson,
    LimitReached,
    MissingAccess,
    NotBuilt,
    RateLimited,
    SlowMode,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnknownGuild,
)


def headers_of(answer: Answer) -> dict[str, str]:
    """Return the headers beside the two that every answer has."""
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    del headers["content-type"], headers["content-length"]
    return headers


def body_of(answer: Answer) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer.body)
    return body


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unauthorized(), 401, 0),
        (UnknownGuild(), 404, 10004),
        (MissingAccess(), 403, 50001),
        (LimitReached(30005, "too many"), 400, 30005),
        (InvalidJson(), 400, 50109),
        (TooLarge(), 413, 40005),
        (NotBuilt(), 501, 0),
        (Unavailable(), 503, 0),
        (RateLimited(1.5), 429, 0),
        (SlowMode(3), 429, 20016),
    ],
)
def test_answer_has_status_and_code(error: DomainError, status: int, code: int) -> None:
    answer = answer_to(error)
    assert answer.status == status
    assert (body_of(answer)["code"], body_of(answer)["message"]) == (code, error.text)


def test_every_domain_error_has_a_status() -> None:
    leaves = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, DomainError)]
    for leaf in leaves:
        if leaf is not DomainError:
            assert any(issubclass(leaf, branch) for branch in (errors.Invalid, errors.NotFound, errors.Forbidden,
                errors.Unauthorized, errors.Conflict, errors.RateLimited, errors.Unavailable, errors.NotBuilt)), leaf  # fmt: skip


def test_form_errors_are_nested_by_path() -> None:
    error = Invalid(
        FieldError(("embeds", 0, "title"), "A", "first"),
        FieldError(("embeds", 0, "title"), "B", "second"),
        FieldError(("name",), "C", "third"),
    )
    assert body_of(answer_to(error))["errors"] == {
        "embeds": {
            "0": {
                "title": {
                    "_errors": [
                        {"code": "A", "message": "first"},
                        {"code": "B", "message": "second"},
                    ]
                }
            }
        },
        "name": {"_errors": [{"code": "C", "message": "third"}]},
    }


def test_rate_limit_carries_what_libraries_read() -> None:
    answer = answer_to(RateLimited(1.23456, scope="global"))
    assert body_of(answer) == {
        "code": 0,
        "message": "You are being rate limited.",
        "retry_after": 1.235,
        "global": True,
    }
    assert headers_of(answer) == {
        "retry-after": "2",
        "via": "1.1 guildway",
        "x-ratelimit-scope": "global",
        "x-ratelimit-global": "true",
    }


def test_unavailable_says_when_to_come_back() -> None:
    assert headers_of(answer_to(Unavailable(retry_after_s=2.5))) == {"retry-after": "3"}


def test_unexpected_errors_are_logged_and_tell_nothing(caplog: pytest.LogCaptureFixture) -> None:
    answer = answer_to(KeyError("secret"))
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert "request failed" in caplog.text


def test_status_of_a_specific_error_goes_before_its_branch() -> None:
    assert status_of(TooLarge()) == 413
    assert status_of(Invalid()) == 400
