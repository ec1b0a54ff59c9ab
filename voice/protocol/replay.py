"""The numbered messages of one session, kept until the client has them."""

from collections import deque
from typing import Final

from voice.protocol.payloads import Payload

_MOST: Final = 512
"""The messages that are kept for a client that acknowledges nothing: a room of 100 that comes and goes a few times."""


class Replay:
    """Numbers from 0. A client that has nothing yet has acknowledged -1."""

    __slots__ = ("_kept", "_next")

    def __init__(self) -> None:
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=_MOST)
        self._next = 0

    def add(self, payload: Payload) -> bytes:
        """Number a message and keep it; return its bytes."""
        seq = self._next
        self._next += 1
        message = payload.encode(seq)
        self._kept.append((seq, message))
        return message

    def acknowledge(self, seq: int) -> None:
        """Forget what the client has. A number that was not sent is passed over."""
        if seq >= self._next:
            return
        while self._kept and self._kept[0][0] <= seq:
            self._kept.popleft()

    def find_missed(self, seq: int) -> list[bytes] | None:
        """Return what followed this number; None when it was not sent, or what followed is not kept any more."""
        if not -1 <= seq < self._next:
            return None
        first = self._kept[0][0] if self._kept else self._next
        if seq + 1 < first:
            return None
        return [message for number, message in self._kept if number > seq]
