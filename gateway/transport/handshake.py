"""The rules for the headers of a client's opening handshake (RFC 6455 section 4.2.1, RFC 9112 section 3.2).

Header values come as a function from a name, in whatever case, to all values under it. Nothing here knows a socket.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Final

HeaderValues = Callable[[str], Sequence[str]]

VERSION: Final = "13"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16


def asks_upgrade(headers: HeaderValues) -> bool:
    """Return whether this is a handshake at all, valid or not."""
    return "upgrade" in _tokens(headers("Connection")) and bool(headers("Upgrade"))


def find_fault(headers: HeaderValues) -> str | None:
    """Return why a handshake is not valid, in a sentence; None when it is."""
    if len(headers("Host")) != 1:
        return "There must be one Host header"
    if [value.strip().lower() for value in headers("Upgrade")] != ["websocket"]:
        return "Upgrade must be websocket"
    if [value.strip() for value in headers("Sec-WebSocket-Version")] != [VERSION]:
        return f"Sec-WebSocket-Version must be {VERSION}"
    if len(headers("Sec-WebSocket-Key")) != 1 or not _is_key(headers("Sec-WebSocket-Key")[0].strip()):
        return "Sec-WebSocket-Key must be 16 bytes in base64"
    return None


def compute_accept(key: str) -> str:
    """Compute Sec-WebSocket-Accept, by which a client knows that its key was read."""
    digest = hashlib.sha1(key.strip().encode() + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def _tokens(values: Sequence[str]) -> list[str]:
    return [token.strip().lower() for token in ",".join(values).split(",")]


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return False
