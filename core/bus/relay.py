"""The way of committed events into the logs of a cluster, where rows and logs are in different servers.

A unit of work commits its events with its rows, each with the *revision* of its shard: contiguous, in the order of the
commits. Whoever has committed relays them into the shard's log, which takes a revision only when it has the one before:

    relay(shard, first=7, [7, 8]), the log's newest is 6  →  appends both
                                   the log's newest is 7  →  appends 8: somebody has relayed 7 already
                                   the log's newest is 4  →  Gap(4): relay 5 and 6 first

So each event is in the log once and in order, whoever relays it, however often. Which rows are still to be relayed is
the store's to know.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from core.wire.envelope import Envelope


class Gap(msgspec.Struct, frozen=True):
    """The refusal to leave revisions out: `newest` is the last one that the log has, 0 for none."""

    newest: int


class Relay(Protocol):
    """The writing end of the shards' logs, for events that have a revision."""

    @property
    def is_open(self) -> bool:
        """Whether the logs take events, as far as this process knows. No unit of work begins while they do not."""

    async def relay(self, shard: int, first: int, envelopes: Sequence[Envelope]) -> int | Gap:
        """Append the events of the revisions `first`, `first + 1`, …; return a position of the shard's log at or
        behind the last one's, or the gap before the first one.

        Raises:
            Unavailable: when the log does not answer, or takes nothing now. It may have taken the events.
        """

    async def newest_revisions(self) -> Sequence[int]:
        """Return the newest revision in each shard's log, 0 for none. Raises Unavailable."""


class Tail(Protocol):
    """The reading end of the logs in this process."""

    async def wait_for(self, shard: int, position: int) -> None:
        """Wait until all deliveries of the shard up to a position have been handed to this process's listeners.

        Raises:
            Unavailable: when they do not come in time.
        """
