"""Links between workers of one process: queues that the event loop empties."""

import asyncio
from collections import deque
from collections.abc import Mapping

from core.links.interfaces import LinkListener, Links, PeerAddress


class MemoryLinks(Links):
    """The links of one worker. `connect` joins two of them."""

    def __init__(self, own: str) -> None:
        self.own = own
        self.listener: LinkListener
        self._sent: list[bytes] = []
        self._peers: dict[str, MemoryLinks] = {}
        self._came: deque[tuple[str, bytes]] = deque()
        self._left: int | None = None
        """How many frames arrive yet, None for all."""

    @property
    def is_holding(self) -> bool:
        """Whether a frame waits because it does not arrive."""
        return self._left == 0 and bool(self._came)

    @property
    def waiting(self) -> int:
        """The number of frames that have been sent here and have not arrived."""
        return len(self._came)

    def is_connected(self, other: "MemoryLinks") -> bool:
        """Return whether there is a conversation with another worker."""
        return other.own in self._peers

    def count(self, part: bytes) -> int:
        """Count the frames with this part that were sent."""
        return sum(part in frame for frame in self._sent)

    def connect(self, other: "MemoryLinks") -> None:
        """Begin a conversation with another worker."""
        for one, another in ((self, other), (other, self)):
            one._peers[another.own] = another
            one.listener.on_begun(another.own)

    def cut(self, other: "MemoryLinks") -> None:
        """Break the conversation: what is under way is lost."""
        for one, another in ((self, other), (other, self)):
            del one._peers[another.own]
            one._came.clear()
        for one, another in ((self, other), (other, self)):
            one.listener.on_broken(another.own)

    def hold(self, *, after: int = 0) -> None:
        """Let frames wait after some more have arrived."""
        self._left = after

    def go_on(self) -> None:
        """Let all frames arrive."""
        self._left = None
        self._arrive()

    def send(self, peer: str, frame: bytes) -> bool:
        """Send a frame, which arrives in a later turn of the loop."""
        other = self._peers.get(peer)
        if other is None:
            return False
        self._sent.append(frame)
        other._came.append((self.own, frame))
        asyncio.get_running_loop().call_soon(other._arrive)
        return True

    def know(self, peers: Mapping[str, PeerAddress]) -> None:
        """Do nothing: tests connect."""

    def _arrive(self) -> None:
        """Take what has come: all that was sent in one turn of the loop arrives in one turn."""
        while self._came and self._left != 0:
            if self._left is not None:
                self._left -= 1
            self.listener.on_frame(*self._came.popleft())
