"""Opens the packets that one browser sends (SRTP, RFC 3711): the plain code.

The compiled twin calls libsrtp by the address of its function, and both take and refuse the same.
"""

from collections.abc import Callable
from typing import Final

LONGEST_BYTES: Final = 1500
"""The longest packet that is opened: what pylibsrtp takes."""


class SrtpOpening:
    """The key of one sender, and what has come already."""

    __slots__ = ("_unprotect",)

    def __init__(self, unprotect: Callable[[bytes], bytes | None], *, context: int, function: int) -> None:  # noqa: ARG002 - the compiled twin's
        """`unprotect` decrypts, or returns None. The compiled twin calls `function` of libsrtp with `context` instead,
        which are addresses, and are valid for as long as `unprotect` lives.
        """
        self._unprotect = unprotect

    def open(self, datagram: bytes) -> bytes | None:
        """Decrypt a packet, once; None for one that was not made with this key, was changed, came before or is too
        long.
        """
        return self._unprotect(datagram) if len(datagram) <= LONGEST_BYTES else None
