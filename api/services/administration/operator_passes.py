"""Passes of the operator: proofs for a few minutes that somebody has the server's key, which itself is never sent.

`<expiry in Unix milliseconds> "." <HMAC-SHA-256 of it by the key, in hexadecimal digits>`. Who overhears one, on a wire
without TLS or on a port that another process has taken, can use it until then and no longer.
"""

import hashlib
import hmac
from typing import Final

LIFETIME_MS: Final = 2 * 60 * 1000
"""How long a pass is good, with room for clocks that are a little apart."""
_LONGEST_MS: Final = 10 * 60 * 1000
"""A pass for longer is refused, whoever made it."""
_PURPOSE: Final = b"guildway operator "
_DIGITS: Final = 20


def make_pass(key: bytes, now_ms: int) -> str:
    """Make a pass that is good from now on."""
    expires_ms = now_ms + LIFETIME_MS
    return f"{expires_ms}.{_sign(key, expires_ms)}"


def is_pass(key: bytes, given: str, now_ms: int) -> bool:
    """Tell whether it is a pass by this key that is good now. Without a key nothing is one."""
    expiry, _, proof = given.partition(".")
    if not key or not proof.isascii() or not (expiry.isascii() and expiry.isdigit() and len(expiry) <= _DIGITS):
        return False
    expires_ms = int(expiry)
    return hmac.compare_digest(proof, _sign(key, expires_ms)) and now_ms < expires_ms <= now_ms + _LONGEST_MS


def _sign(key: bytes, expires_ms: int) -> str:
    return hmac.new(key, _PURPOSE + str(expires_ms).encode(), hashlib.sha256).hexdigest()
