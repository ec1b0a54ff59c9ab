"""The dialler: keeps a wire to one peer, by the direct carrier if it can and by the fallback if it must.

The two carriers are tried side by side. The fallback is dialled when there has been no wire for some time, and its wire
is replaced as soon as a direct one can be had. Each loss is followed by a pause, so that a peer which lets in and cuts
at once is not dialled in a circle.
"""

import asyncio
from collections.abc import Callable

from typing_extensions import override

from core.links.bounds import LinkBounds
from core.links.handshake import Dialling, Identity, Refused
from core.links.interfaces import PeerAddress
from core.links.link import Link
from core.links.messages import Malformed, encode_greeting, parse_greeting
from core.links.refusals import Refusals
from core.links.wires import Carrier, Carriers, Wire, WireReceiver
from core.redis.backoff import Backoff


class Dialler:
    """The way to one peer."""

    __slots__ = ("_address", "_bounds", "_carriers", "_identity", "_link", "_make_backoff", "_refusals", "_token_bytes")

    def __init__(
        self,
        *,
        identity: Identity,
        link: Link,
        address: PeerAddress,
        carriers: Carriers,
        bounds: LinkBounds,
        refusals: Refusals,
        make_backoff: Callable[[], Backoff],
        token_bytes: Callable[[int], bytes],
    ) -> None:
        self._identity = identity
        self._link = link
        self._address = address
        self._carriers = carriers
        self._bounds = bounds
        self._make_backoff = make_backoff
        self._refusals = refusals
        self._token_bytes = token_bytes

    async def run(self) -> None:
        """Keep a wire until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_direct(self._carriers.direct))
            if self._carriers.fallback is not None:
                group.create_task(self._keep_fallback(self._carriers.fallback))

    async def _keep_direct(self, carrier: Carrier) -> None:
        backoff = self._make_backoff()
        while True:
            if await self._open(carrier):
                await self._wait_long_or_lost(carrier, backoff)
            await asyncio.sleep(backoff.next_s())

    async def _wait_long_or_lost(self, carrier: Carrier, backoff: Backoff) -> None:
        try:
            async with asyncio.timeout(self._bounds.silence_s):
                await self._link.wait_until(lambda present: present != carrier.name)
        except TimeoutError:  # it has held, so it was no accident that it could be opened
            backoff.reset()
            await self._link.wait_until(lambda present: present != carrier.name)

    async def _keep_fallback(self, carrier: Carrier) -> None:
        backoff = self._make_backoff()
        while True:
            await self._link.wait_until(lambda present: not present)
            try:
                async with asyncio.timeout(self._bounds.patience_s):
                    await self._link.wait_until(bool)
            except TimeoutError:
                if not await self._open(carrier):
                    await asyncio.sleep(backoff.next_s())

    async def _open(self, carrier: Carrier) -> bool:
        """Return whether a wire of this carrier was opened and both sides have met on it."""
        attempt = _Attempt(
            dialling=Dialling(identity=self._identity, peer=self._link.peer, token_bytes=self._token_bytes),
            link=self._link,
            carrier=carrier,
        )
        try:
            async with asyncio.timeout(self._bounds.handshake_s):
                await attempt.make(self._address)
        except (OSError, TimeoutError, Refused, Malformed) as error:
            reason = str(error) or "no answer"
            self._refusals.note("no link", peer=self._link.peer, carrier=carrier.name, reason=reason)
            return False
        self._refusals.end(self._link.peer)
        return True


class _Attempt(WireReceiver):
    """A wire on which the peer has not yet proved who it is."""

    __slots__ = ("_carrier", "_dialling", "_has_met", "_link", "_met", "_wire")

    def __init__(self, *, dialling: Dialling, link: Link, carrier: Carrier) -> None:
        self._dialling = dialling
        self._link = link
        self._carrier = carrier
        self._met: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wire: Wire
        self._has_met = False

    async def make(self, address: PeerAddress) -> None:
        """Dial, and return when the link has the wire. Raises OSError, Refused and Malformed."""
        self._wire = await self._carrier.dial(self._link.peer, address, self)
        self._wire.send(encode_greeting(self._dialling.hello))
        try:
            await self._met
        except BaseException:
            if not self._has_met:
                self._wire.close()
            raise

    @override
    def on_message(self, message: bytes) -> None:
        try:
            met, proof = self._dialling.meet(parse_greeting(message), self._link.standing)
        except (Malformed, Refused) as error:
            self._fail(error)
            return
        self._has_met = True
        self._wire.send(encode_greeting(proof))
        self._link.adopt(self._wire, met)
        if not self._met.done():
            self._met.set_result(None)

    @override
    def on_ready(self) -> None:
        """Nothing waits here."""

    @override
    def on_lost(self) -> None:
        self._fail(ConnectionResetError("the peer has closed the connection"))

    def _fail(self, error: Exception) -> None:
        if not self._met.done():
            self._met.set_exception(error)
