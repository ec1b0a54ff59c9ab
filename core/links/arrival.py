"""An arrival: a wire that somebody has opened to this worker, until it is known whose it is."""

import asyncio
from collections.abc import Callable, Mapping

from typing_extensions import override

from core.links.handshake import Answering, Identity, Refused
from core.links.link import Link
from core.links.messages import Greeting, Malformed, encode_greeting, parse_greeting
from core.links.refusals import STRANGER, Refusals
from core.links.wires import Wire, WireReceiver


class Arrival(WireReceiver):
    """The receiver of such a wire. `forget` is called with it at its end, whatever that is."""

    __slots__ = ("_answering", "_deadline", "_forget", "_identity", "_links", "_refusals", "_token_bytes", "_wire")

    def __init__(
        self,
        *,
        wire: Wire,
        identity: Identity,
        links: Mapping[str, Link],
        refusals: Refusals,
        timeout_s: float,
        token_bytes: Callable[[int], bytes],
        forget: Callable[["Arrival"], None],
    ) -> None:
        self._wire = wire
        self._identity = identity
        self._links = links
        self._refusals = refusals
        self._token_bytes = token_bytes
        self._forget = forget
        self._answering: Answering | None = None
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(timeout_s, self._refuse, "it has not proved who it is in time")

    @override
    def on_message(self, message: bytes) -> None:
        try:
            greeting = parse_greeting(message)
            if self._answering is None:
                self._welcome(greeting)
            else:
                self._meet(self._answering, greeting)
        except (Malformed, Refused) as error:
            self._refuse(str(error))

    @override
    def on_ready(self) -> None:
        """Nothing waits here."""

    @override
    def on_lost(self) -> None:
        self._end()

    def close(self) -> None:
        """Close the wire."""
        self._end()
        self._wire.close()

    def _welcome(self, hello: Greeting) -> None:
        self._answering = Answering(
            identity=self._identity,
            hello=hello,
            known=self._links.keys(),
            find_standing=lambda peer: self._links[peer].standing,
            token_bytes=self._token_bytes,
        )
        self._wire.send(encode_greeting(self._answering.welcome))

    def _meet(self, answering: Answering, proof: Greeting) -> None:
        link = self._links.get(answering.peer)
        if link is None:
            raise Refused("it is not among the workers any more")
        met = answering.meet(proof, link.standing)
        self._end()
        self._refusals.end(link.peer)
        link.adopt(self._wire, met)

    def _refuse(self, reason: str) -> None:
        peer = STRANGER if self._answering is None else self._answering.peer
        self._refusals.note("a link is refused", peer=peer, carrier=self._wire.carrier, reason=reason)
        self.close()

    def _end(self) -> None:
        self._deadline.cancel()
        self._forget(self)
