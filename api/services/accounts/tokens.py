"""Tokens, which a client sends with every request.

`base64url(user id as text) "." base64url(ms of making, big-endian) "." base64url(32 random bytes)`, all without
padding. Client libraries read the first part; only the last is a secret. The store keeps a hash (`core.domain.tokens`).
"""

from base64 import urlsafe_b64encode
from typing import Final

from core.runtime.randomness import Randomness

_SECRET_BYTES: Final = 32


def make_token(user_id: int, now_ms: int, random: Randomness) -> str:
    """Make a token of the user."""
    parts = (str(user_id).encode(), now_ms.to_bytes(6, "big"), random.token_bytes(_SECRET_BYTES))
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
