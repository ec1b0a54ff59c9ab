"""Links to pictures of other servers, by which clients get them from this one, so that readers' addresses stay private.

    /external/{signature}/{address}        address: the picture's, in base64url

The signature says that the server has shown this address in an embed, so nobody can fetch by it what they like. It has
no end: embeds are stored with their links. The whole address is one segment, as proxies on the way may change what
looks like a path to them.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

from core.web.targets import MAX_URL

KEY_NAME: Final = "external pictures"
"""The name of the key among the server's secrets."""
KEY_BYTES: Final = 32
PATH: Final = "/external"

_SIGNATURE_BYTES: Final = 20
"""Enough of SHA-256 that nobody guesses one, and short in each embed."""
_MAX_SEGMENT: Final = MAX_URL * 4 * 4 // 3 + 4
"""The longest segment: an address of characters that take four bytes each."""


class ExternalLinks:
    """Makes links and knows its own."""

    __slots__ = ("_base_url", "_key")

    def __init__(self, *, key: bytes, base_url: str) -> None:
        """`base_url` is the address by which clients reach the API."""
        self._key = key
        self._base_url = base_url.rstrip("/")

    def link_to(self, url: str) -> str:
        """Make the link to a picture."""
        address = base64.urlsafe_b64encode(url.encode("utf-8", "replace")).rstrip(b"=").decode()
        return f"{self._base_url}{PATH}/{self._sign(address)}/{address}"

    def find_address(self, signature: str, address: str) -> str | None:
        """Return the picture's address when the link was made here, else None."""
        if len(address) > _MAX_SEGMENT or not address.isascii():
            return None
        if not hmac.compare_digest(self._sign(address).encode(), signature.encode("utf-8", "surrogatepass")):
            return None
        try:
            return base64.urlsafe_b64decode(address + "=" * (-len(address) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None

    def _sign(self, address: str) -> str:
        digest = hmac.new(self._key, address.encode(), hashlib.sha256).digest()[:_SIGNATURE_BYTES]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
