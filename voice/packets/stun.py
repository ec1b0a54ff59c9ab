"""STUN as ICE uses it (RFC 8489, RFC 8445): a browser's checks, and the answers of a node that only answers ("lite").

A check names the connection by the user name `node:browser` and is signed with the node's password for it, so a check
that passes proves that whoever sends it has the answer that the node gave over TLS.
"""

import struct
from typing import Final

from aioice.stun import Class, Message, Method, parse_message

_COOKIE: Final = b"\x21\x12\xa4\x42"
_LEAST_BYTES: Final = 20
_LONGEST_BYTES: Final = 1024


class Check:
    """A browser's check. Nothing of it is proven before `is_signed_with`."""

    __slots__ = ("_message", "name")

    def __init__(self, message: Message, name: str) -> None:
        self._message = message
        self.name = name
        """The node's part of the user name."""

    def is_signed_with(self, password: str) -> bool:
        """Return whether whoever has sent it knows the password."""
        return bool(self._message.check_message_integrity(password.encode()))

    def answer(self, password: str, address: tuple[str, int]) -> bytes:
        """Write the answer, with the address that the check came from."""
        attributes = {"XOR-MAPPED-ADDRESS": address[:2]}
        answer = Message(Method.BINDING, Class.RESPONSE, self._message.transaction_id, attributes)
        answer.add_message_integrity(password.encode())
        return bytes(answer)


def is_stun(datagram: bytes) -> bool:
    """Return whether a datagram is STUN by its first bytes. IP discovery, DTLS and RTP never are."""
    return len(datagram) >= _LEAST_BYTES and datagram[0] < 4 and datagram[4:8] == _COOKIE


def parse_check(datagram: bytes) -> Check | None:
    """Read a check; None when it is anything else, or broken."""
    if len(datagram) > _LONGEST_BYTES:
        return None
    try:
        message = parse_message(datagram)
    except (ValueError, struct.error):
        return None
    name = message.attributes.get("USERNAME")
    if (message.message_method, message.message_class) != (Method.BINDING, Class.REQUEST) or not name:
        return None
    return Check(message, name.partition(":")[0])
