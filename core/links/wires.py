"""Wires: connections that carry a conversation for a while, whatever they are made of.

A wire hands over messages whole and in order, and loses some only at its end: either all arrive up to a moment, or the
numbers in them show that some are missing (`core.links.conversation`), and the link gives the wire up. What is lost
with a wire the link sends again over the next one.
"""

from collections.abc import Callable, Iterator
from typing import Final, Protocol

import msgspec

from core.links.interfaces import PeerAddress

SHORT_BYTES: Final = 4096
"""The longest message before both ends are known: one of a handshake, which has some hundred bytes."""


class WireReceiver(Protocol):
    """The one who is told what a wire does. All methods run on the event loop."""

    def on_message(self, message: bytes) -> None:
        """A message of the other end."""

    def on_ready(self) -> None:
        """The wire takes more again, after a time in which `is_ready` was False."""

    def on_lost(self) -> None:
        """The wire is gone. Called once, and not for a wire that this end has closed."""


class Wire(Protocol):
    """One end of a connection."""

    @property
    def carrier(self) -> str:
        """The name of what the wire is made of."""

    @property
    def window_bytes(self) -> int:
        """The most bytes of frames that may be on their way without an acknowledgement."""

    @property
    def is_ready(self) -> bool:
        """Whether the wire takes more now. What is sent regardless is kept in memory."""

    def send(self, message: bytes) -> None:
        """Send a message; nothing happens when the wire is gone. The receiver is told nothing meanwhile."""

    def hand_over(self, receiver: WireReceiver) -> None:
        """Have this receiver told from now on, which gets the next message: the other end has proved who it is.

        Until then messages are short, so that a stranger cannot fill the memory.
        """

    def close(self) -> None:
        """Give the wire up. Its receiver is told nothing any more. Safe to call twice."""


class Carrier(Protocol):
    """What wires are made of."""

    @property
    def name(self) -> str:
        """The name, in logs and metrics."""

    async def dial(self, peer: str, address: PeerAddress, receiver: WireReceiver) -> Wire:
        """Open a wire to a peer. Raises OSError when there is none to be had now."""

    async def serve(self, accept: Callable[[Wire], WireReceiver]) -> None:
        """Take in the wires of others until cancelled, and close all at the end.

        `accept` returns the receiver of a new wire; it may close the wire.
        """


class Carriers(msgspec.Struct, frozen=True):
    """What wires to other workers are made of."""

    direct: Carrier
    fallback: Carrier | None = None
    """Used while the direct one fails. Its wires may lose messages in the middle."""

    def __iter__(self) -> Iterator[Carrier]:
        yield self.direct
        if self.fallback is not None:
            yield self.fallback
