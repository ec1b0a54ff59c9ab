"""The part of a gateway that has guilds in common with other workers: what comes over the links goes to its receivers.

```
 links ─→ frames ─┬─ of hosts ─→ guests (sessions of other workers in the guilds here)
                  └─ of homes ─→ home frames (sessions here in the guilds of other workers)
```

Twice a second every worker says how far it has dispatched the logs of its shards. So the cuts of sessions name no
position that a session has not been dispatched everything up to (`gateway.journal`).
"""

import asyncio
import logging
from typing import Final

from typing_extensions import override

from core.links.interfaces import LinkListener, Links
from gateway.events.log_progress import LogProgress
from gateway.far.frames import Reached, ToHome, decode_frame, encode_frame
from gateway.far.guests import Guests
from gateway.far.home_frames import HomeFrames
from gateway.far.moves import Moves

logger = logging.getLogger(__name__)

_TICK_S: Final = 0.5
"""The time between two tellings of positions: twice in the time between two cuts."""


class FarSide(LinkListener):
    __slots__ = ("_guests", "_homes", "_links", "_moves", "_peers", "_progress")

    def __init__(self, *, links: Links, guests: Guests, homes: HomeFrames, moves: Moves, progress: LogProgress) -> None:
        """`homes` takes what homes say."""
        self._guests = guests
        self._homes = homes
        self._links = links
        self._moves = moves
        self._peers: set[str] = set()
        self._progress = progress

    @override
    def on_begun(self, peer: str) -> None:
        self._peers.add(peer)
        self._guests.begin(peer)
        self._moves.lose(peer)
        self._moves.note_home()

    @override
    def on_broken(self, peer: str) -> None:
        self._peers.discard(peer)
        self._guests.drop(peer)
        self._moves.lose(peer)

    @override
    def on_frame(self, peer: str, frame: bytes) -> None:
        try:
            said = decode_frame(frame)
            if isinstance(said, ToHome):
                self._guests.take(peer, said)
            else:
                self._homes.take(peer, said)
                if isinstance(said, Reached):
                    self._moves.note_whole(peer)
        except Exception:
            # One frame must not stop all others. Whatever the error is, it is a fault of ours.
            logger.exception("a frame of another worker could not be applied", extra={"peer": peer})

    async def run(self) -> None:
        """Tell the others how far the logs of the shards here were dispatched, until cancelled.

        Who has entered a guild just when its home became another one is moved as well.
        """
        while True:
            await asyncio.sleep(_TICK_S)
            self._moves.sweep()
            if self._peers:
                frame = encode_frame(Reached(self._progress.positions_here()))
                for peer in self._peers:
                    self._links.send(peer, frame)
