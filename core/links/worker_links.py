"""The links of one life of a worker: one to each other life that there is.

`know` says which there are; it may be called before `run` begins, and from then on. This side dials those whose names
are greater than its own, and waits for the others to dial (`core.links.handshake`). The carriers are given: directly
over TCP, and as a fallback through Redis.

The links own no meaning of frames, no shard and no lease. A worker that begins another life makes itself other links.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping

from typing_extensions import override

from core.links.arrival import Arrival
from core.links.bounds import LinkBounds
from core.links.dialler import Dialler
from core.links.handshake import Identity, is_dialler
from core.links.interfaces import LinkListener, Links, PeerAddress
from core.links.link import Link
from core.links.meters import LinkMeters
from core.links.refusals import Refusals
from core.links.wires import Carriers, Wire, WireReceiver
from core.redis.backoff import Backoff

_COUNT_S = 1.0
"""The time between two looks at what was counted."""


class WorkerLinks(Links):
    """The links. They must be made on the loop that they are used on; `run` goes on beside them."""

    __slots__ = (
        "_addresses", "_arrivals", "_bounds", "_carriers", "_diallers", "_group", "_identity", "_links",
        "_listener", "_make_backoff", "_meters", "_monotonic_s", "_refusals", "_token_bytes",
    )  # fmt: skip

    def __init__(
        self,
        *,
        identity: Identity,
        listener: LinkListener,
        carriers: Carriers,
        bounds: LinkBounds,
        monotonic_s: Callable[[], float],
        random: Callable[[], float],
        token_bytes: Callable[[int], bytes],
        meters: LinkMeters | None = None,
    ) -> None:
        self._identity = identity
        self._listener = listener
        self._carriers = carriers
        self._bounds = bounds
        self._monotonic_s = monotonic_s
        self._make_backoff = lambda: Backoff(random)
        self._token_bytes = token_bytes
        self._meters = meters
        self._links: dict[str, Link] = {}
        self._refusals = Refusals()
        self._addresses: dict[str, PeerAddress] = {}
        self._diallers: dict[str, asyncio.Task[None]] = {}
        self._arrivals: set[Arrival] = set()
        self._group: asyncio.TaskGroup | None = None

    @override
    def send(self, peer: str, frame: bytes) -> bool:
        link = self._links.get(peer)
        return link is not None and link.send(frame)

    @override
    def know(self, peers: Mapping[str, PeerAddress]) -> None:
        own = self._identity.incarnation
        for peer in self._links.keys() - peers.keys():
            self._forget(peer)
        for peer, address in peers.items():
            if peer != own and self._addresses.get(peer) != address:
                self._meet(peer, address)

    def carrier_of(self, peer: str) -> str:
        """Return the name of what carries the link to a peer now, empty when nothing does."""
        link = self._links.get(peer)
        return "" if link is None else link.carrier

    async def run(self) -> None:
        """Keep the links until cancelled. The listener is told nothing of the end."""
        try:
            async with asyncio.TaskGroup() as group, self._dialling(group):
                for carrier in self._carriers:
                    group.create_task(carrier.serve(self._accept))
                group.create_task(self._tick())
                await asyncio.Event().wait()
        finally:
            for arrival in list(self._arrivals):
                arrival.close()
            for link in self._links.values():
                link.close()

    @contextlib.asynccontextmanager
    async def _dialling(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        self._group = group
        try:
            for peer in self._links:
                self._dial(peer)
            yield
        finally:
            self._group = None

    async def _tick(self) -> None:
        counted_s = self._monotonic_s()
        while True:
            await asyncio.sleep(self._bounds.tick_s)
            now_s = self._monotonic_s()
            for link in list(self._links.values()):
                link.tick(now_s)
            if now_s - counted_s >= _COUNT_S:
                counted_s = now_s
                for link in self._links.values():
                    self._count(link)

    # ---- peers that come and go

    def _meet(self, peer: str, address: PeerAddress) -> None:
        self._addresses[peer] = address
        if peer not in self._links:
            self._links[peer] = Link(peer=peer, listener=self._listener, bounds=self._bounds)
        self._dial(peer)

    def _dial(self, peer: str) -> None:
        if self._group is None or not is_dialler(self._identity.incarnation, peer):
            return
        self._hang_up(peer)
        dialler = Dialler(
            identity=self._identity,
            link=self._links[peer],
            address=self._addresses[peer],
            carriers=self._carriers,
            bounds=self._bounds,
            refusals=self._refusals,
            make_backoff=self._make_backoff,
            token_bytes=self._token_bytes,
        )
        self._diallers[peer] = self._group.create_task(dialler.run())

    def _hang_up(self, peer: str) -> None:
        task = self._diallers.pop(peer, None)
        if task is not None:
            task.cancel()

    def _forget(self, peer: str) -> None:
        self._hang_up(peer)
        del self._addresses[peer]
        link = self._links.pop(peer)
        link.forget()
        self._refusals.forget(peer)
        self._count(link)

    def _count(self, link: Link) -> None:
        if self._meters is not None:
            self._meters.observe(link.peer.rpartition("-")[0] or link.peer, link.take_counts())

    def _accept(self, wire: Wire) -> WireReceiver:
        arrival = Arrival(
            wire=wire,
            identity=self._identity,
            links=self._links,
            refusals=self._refusals,
            timeout_s=self._bounds.handshake_s,
            token_bytes=self._token_bytes,
            forget=self._arrivals.discard,
        )
        self._arrivals.add(arrival)
        if len(self._arrivals) > self._bounds.strangers:
            arrival.close()
        return arrival
