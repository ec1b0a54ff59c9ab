"""The numbered messages of one session, kept until the client has them."""

from collections import deque
from typing import Final, NamedTuple

from voice.protocol.payloads import BINARY_NUMBERS, BinaryPayload, Payload

_MOST: Final = 512
"""The messages that are kept for a client that acknowledges nothing: a room of 100 that comes and goes a few times."""


class Sent(NamedTuple):
    """A message that was sent."""

    seq: int
    message: bytes
    is_binary: bool


class Replay:
    """Numbers from 0. A client that has nothing yet has acknowledged -1.

    A client whose last message was a binary one acknowledges what two bytes can hold of its number.
    """

    __slots__ = ("_kept", "_next")

    def __init__(self) -> None:
        self._kept: deque[Sent] = deque(maxlen=_MOST)
        self._next = 0

    def add(self, payload: Payload | BinaryPayload) -> bytes:
        """Number a message and keep it; return its bytes."""
        seq = self._next
        self._next += 1
        message = payload.encode(seq)
        self._kept.append(Sent(seq, message, payload.is_binary))
        return message

    def acknowledge(self, seq: int) -> None:
        """Forget what the client has. A number that was not sent is passed over."""
        seq = self._complete(seq)
        if seq >= self._next:
            return
        while self._kept and self._kept[0].seq <= seq:
            self._kept.popleft()

    def find_missed(self, seq: int) -> list[Sent] | None:
        """Return what followed this number; None when it was not sent, or what followed is not kept any more."""
        seq = self._complete(seq)
        if not -1 <= seq < self._next:
            return None
        first = self._kept[0].seq if self._kept else self._next
        if seq + 1 < first:
            return None
        return [sent for sent in self._kept if sent.seq > seq]

    def _complete(self, seq: int) -> int:
        """Return the number that is meant: of those that end so, the last that was sent, if a client may name it."""
        if not 0 <= seq < BINARY_NUMBERS or self._next <= BINARY_NUMBERS:
            return seq
        last = self._next - 1
        meant = last - (last - seq) % BINARY_NUMBERS
        return meant if last - meant <= _MOST else seq
