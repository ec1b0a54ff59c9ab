"""Links: how two workers of a cluster talk, as the parts of a gateway see it.

A *conversation* is the frames of two lives of workers, in both directions, each numbered. A connection that is cut does
not end it: what has not arrived is sent again over the next one, so a frame arrives once and in order, or the listener
is told that the conversation is broken. There is never a gap that nobody is told of.

```
 know(peers) ─→ connected ─→ on_begun ─→ send / on_frame … ─→ on_broken ─→ on_begun ─→ …
                                          ↑ cuts and new connections are not seen here
```

A peer is one life of a worker and is named by its incarnation: a worker that was started again is another peer. What
frames mean is their users' to know.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec


class PeerAddress(msgspec.Struct, frozen=True):
    """Where a life of a worker takes the connections of others."""

    host: str
    port: int


class LinkListener(Protocol):
    """The receiver of frames. All methods run on the event loop, must be quick and must not raise.

    None of them is called from inside `Links.send` or `Links.know`.
    """

    def on_begun(self, peer: str) -> None:
        """A conversation with this peer has begun; nothing of an earlier one holds."""

    def on_frame(self, peer: str, frame: bytes) -> None:
        """The next frame of the conversation. Each arrives once, in the order in which it was sent."""

    def on_broken(self, peer: str) -> None:
        """The conversation is over, and its last frames may have been lost, in both directions.

        Too much has waited for too long to arrive, the peer's life is over, or the peer has no memory of the
        conversation. `on_begun` follows if there is another one.
        """


class Links(Protocol):
    """The conversations of this worker."""

    def send(self, peer: str, frame: bytes) -> bool:
        """Send a frame after all earlier ones, at the end of this turn of the loop or over the next connection.

        False means that there is no conversation with the peer: nothing was sent, and `on_begun` has not come yet, or
        `on_broken` has come or comes in a moment.
        """

    def know(self, peers: Mapping[str, PeerAddress]) -> None:
        """Take the lives of workers that there are now: connect to those that are new, and forget all others.

        A conversation with a forgotten peer is broken. This worker's own life among them is passed over.
        """
