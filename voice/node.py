"""A media node: one process with one UDP port, one port for WebSockets, and a link to each gateway.

```
 gateway ── link ──→ control ─→ directory ←─ conversations ←─ WebSockets ←── clients
                                   │                                           │
                                   └─→ forwarder ←─── gate ←── media socket ←── UDP
```

This module is the composition root of the tier. The sockets are given, and closed at the end.
"""

import asyncio
import contextlib
import logging
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable

import msgspec

from core.links.bounds import LinkBounds
from core.links.handshake import Identity
from core.links.interfaces import PeerAddress
from core.links.tcp import TcpCarrier
from core.links.wires import Carriers
from core.links.worker_links import WorkerLinks
from core.runtime.clock import SystemClock
from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.runtime.settings.settings import TlsSettings
from core.runtime.tls import Certificates, open_certificates
from voice.configuration import NodeConfiguration
from voice.control.control import Control
from voice.dave.negotiation import DAVE_VERSION
from voice.media.forwarder import Forwarder
from voice.media.media_socket import MediaSocket
from voice.media.tally import Tally
from voice.mls.external_sender import ExternalSender
from voice.rooms.bounds import Bounds
from voice.rooms.directory import Directory
from voice.rooms.entrance import Entrance
from voice.signalling.client_socket import ClientSocket
from voice.signalling.conversation import Conversation, NodeFacts
from voice.signalling.listener import VoiceListener
from voice.webrtc.gate import Gate
from voice.webrtc.handshake import NodeCertificate

logger = logging.getLogger(__name__)

_LOOK_S = 0.05

NOBODY = PeerAddress("", 0)
"""The address of a gateway, which connects by itself: its name is smaller than the node's."""


class RunningNode(msgspec.Struct, frozen=True):
    """A node that serves."""

    directory: Directory
    links: WorkerLinks
    forwarder: Forwarder
    gate: Gate
    listener: VoiceListener
    certificates: Certificates | None

    def count(self) -> dict[str, int]:
        """Return how many of each thing the node remembers for its clients: nothing when nobody is there."""
        seats, members, tokens, rooms, waiting = self.directory.sizes
        ssrcs, peers, bound = self.forwarder.sizes
        connections, names, known = self.gate.sizes
        return {
            "seats": seats, "members": members, "tokens": tokens, "rooms": rooms, "waiting": waiting,
            "ssrcs": ssrcs, "peers": peers, "bound addresses": bound,
            "connections": connections, "names": names, "known addresses": known,
            "sockets": self.listener.socket_count,
        }  # fmt: skip

    def reload(self) -> None:
        """Read the certificate again, which a client of ACME may have replaced. Connections keep theirs."""
        if self.certificates is not None:
            self.certificates.reload()

    def know(self, gateways: Iterable[str]) -> None:
        """Take the gateways that there are now."""
        self.links.know(dict.fromkeys(gateways, NOBODY))


class NodeSockets(msgspec.Struct, frozen=True):
    """The sockets of a node, which are bound."""

    websocket: socket.socket
    media: socket.socket
    control: socket.socket


@contextlib.asynccontextmanager
async def run_node(
    configuration: NodeConfiguration,
    sockets: NodeSockets,
    bounds: Bounds | None = None,
    *,
    cpu_s: Callable[[], float] = time.process_time,
) -> AsyncIterator[RunningNode]:
    """Serve until left; then all clients are told to go elsewhere. `cpu_s` is the node's time on processors.

    Raises:
        StartError: when the certificate cannot be used.
    """
    bounds = bounds or Bounds(most_voices=configuration.most_voices)
    tally = Tally()
    media = MediaSocket(sock=sockets.media, tally=tally)
    clock = SystemClock()
    forwarder = Forwarder(departures=media.departures, tally=tally, monotonic_s=clock.monotonic_s)
    control = Control(tally=tally, cpu_s=cpu_s, load_s=bounds.load_s)
    directory = Directory(
        secret=configuration.secret,
        forwarder=forwarder,
        tally=tally,
        clock=clock,
        call_later=asyncio.get_running_loop().call_later,
        randomness=SYSTEM_RANDOMNESS,
        external_sender=ExternalSender(),
        tell=control.tell,
        bounds=bounds,
    )
    links = _make_links(configuration, control, sockets.control)
    control.attach(links=links, directory=directory)
    tasks = asyncio.TaskGroup()
    gate = Gate(
        forwarder=forwarder,
        tally=tally,
        clock=clock,
        randomness=SYSTEM_RANDOMNESS,
        certificate=NodeCertificate(),
        spawn=tasks.create_task,
        after_step=media.look,
    )
    facts = NodeFacts(
        media_port=sockets.media.getsockname()[1],
        version=configuration.version,
        dave_version=DAVE_VERSION if configuration.dave else 0,
    )
    entrance = Entrance(
        directory=directory, forwarder=forwarder, gate=gate, randomness=SYSTEM_RANDOMNESS, port=facts.media_port
    )
    make = _conversation_maker(configuration, facts, entrance, directory, bounds)
    listener = VoiceListener(make=make, bounds=bounds, after_message=media.look)
    tls = TlsSettings(certificate=configuration.certificate, certificate_key=configuration.certificate_key)
    certificates = open_certificates(tls)
    media.start(gate.take)
    try:
        await listener.start(sockets.websocket, certificates.context if certificates else None)
        async with tasks:
            running = [tasks.create_task(each) for each in (links.run(), control.run(), gate.run())]
            node = RunningNode(directory, links, forwarder, gate, listener, certificates)
            node.know(configuration.gateways)
            yield node
            control.leave()
            await _wait_left(directory, configuration.leave_s)
            directory.close()
            for task in running:
                task.cancel()
    finally:
        media.stop()
        listener.stop()
        sockets.media.close()


async def _wait_left(directory: Directory, limit_s: float) -> None:
    """Wait until all clients have gone to other nodes, but no longer than this."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            while directory.member_count:  # noqa: ASYNC110 - for a moment, once
                await asyncio.sleep(_LOOK_S)


def _make_links(configuration: NodeConfiguration, control: Control, sock: socket.socket) -> WorkerLinks:
    return WorkerLinks(
        identity=Identity(cluster=configuration.cluster, secret=configuration.secret, incarnation=configuration.name),
        listener=control,
        carriers=Carriers(TcpCarrier(sock)),
        bounds=LinkBounds(),
        monotonic_s=time.monotonic,
        random=random.random,
        token_bytes=SYSTEM_RANDOMNESS.token_bytes,
    )


def _conversation_maker(
    configuration: NodeConfiguration, facts: NodeFacts, entrance: Entrance, directory: Directory, bounds: Bounds
) -> Callable[[ClientSocket], Conversation]:
    clock, call_later = SystemClock(), asyncio.get_running_loop().call_later

    def make(client: ClientSocket) -> Conversation:
        return Conversation(
            link=client,
            media_ip=configuration.public_address or client.local_ip,
            directory=directory,
            entrance=entrance,
            facts=facts,
            bounds=bounds,
            clock=clock,
            call_later=call_later,
        )

    return make
