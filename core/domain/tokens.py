"""Tokens as they are shown, stored and looked up. How they are made is in `api.services.accounts.tokens`."""

import hashlib
from typing import Final

BOT_SCHEME: Final = "Bot "
"""Stands before a bot's token in the Authorization header; people's tokens stand alone."""


def strip_scheme(token: str) -> str:
    """The token alone: in Identify and Resume, bots' libraries may send it with the prefix that REST wants."""
    return token.removeprefix(BOT_SCHEME)


def hash_token(token: str) -> bytes:
    """The SHA-256 of the whole token. A text that is no token has a hash too, which is the hash of nobody's token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
