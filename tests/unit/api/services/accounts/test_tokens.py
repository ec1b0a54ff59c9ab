"""Tokens have the parts that client libraries read."""

import base64

from api.services.accounts.tokens import make_token
from core.runtime.randomness import SYSTEM_RANDOMNESS


def test_token_has_three_parts_of_which_the_first_is_the_id() -> None:
    parts = make_token(123456789, 1_750_000_000_000, SYSTEM_RANDOMNESS).split(".")
    assert len(parts) == 3
    assert base64.urlsafe_b64decode(parts[0] + "==") == b"123456789"
    assert len(base64.urlsafe_b64decode(parts[2] + "=")) == 32


def test_tokens_of_one_moment_differ() -> None:
    assert make_token(1, 1, SYSTEM_RANDOMNESS) != make_token(1, 1, SYSTEM_RANDOMNESS)
