"""Tokens as they are shown, stored and looked up. `api.services.accounts.tokens` makes them."""

import hashlib
from typing import Final

BOT_SCHEME: Final = "Bot "
"""The prefix of a bot's token in the Authorization header; people's tokens have none."""


def strip_scheme(token: str) -> str:
    """Return the token alone: in Identify and Resume, bots' libraries may send it with REST's prefix."""
    return token.removeprefix(BOT_SCHEME)


def hash_token(token: str) -> bytes:
    """Return the SHA-256 of the whole token. A text that is no token has the hash of nobody's token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
