"""A media node: one process with one UDP port, one port for WebSockets, and a link to each gateway.

```
 gateway ── link ──→ control ─→ directory ←─ conversations ←─ WebSockets ←── clients
                                   │                                           │
                                   └─→ forwarder ←── media socket ←── UDP ─────┘
```

This module is the composition root of the tier. The sockets are given, and closed at the end.
"""

import asyncio
import contextlib
import logging
import random
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable

import msgspec

from core.links.bounds import LinkBounds
from core.links.handshake import Identity
from core.links.interfaces import PeerAddress
from core.links.tcp import TcpCarrier
from core.links.wires import Carriers
from core.links.worker_links import WorkerLinks
from core.runtime.clock import SystemClock
from core.runtime.randomness import SYSTEM_RANDOMNESS
from voice.configuration import NodeConfiguration
from voice.control.control import Control
from voice.media.forwarder import Forwarder
from voice.media.media_socket import MediaSocket
from voice.media.tally import Tally
from voice.rooms.bounds import Bounds
from voice.rooms.directory import Directory
from voice.signalling.client_socket import ClientSocket
from voice.signalling.conversation import Conversation, NodeFacts
from voice.signalling.listener import VoiceListener

logger = logging.getLogger(__name__)

NOBODY = PeerAddress("", 0)
"""The address of a gateway, which connects by itself: its name is smaller than the node's."""


class NodeSockets(msgspec.Struct, frozen=True):
    """The sockets of a node, which are bound."""

    websocket: socket.socket
    media: socket.socket
    control: socket.socket


@contextlib.asynccontextmanager
async def run_node(
    configuration: NodeConfiguration, sockets: NodeSockets, bounds: Bounds | None = None
) -> AsyncIterator[Directory]:
    """Serve until left; then all clients are told to go elsewhere.

    Raises:
        OSError: when the certificate cannot be read.
    """
    bounds = bounds or Bounds()
    tally = Tally()
    media = MediaSocket(sock=sockets.media, tally=tally)
    forwarder = Forwarder(send=media.send, tally=tally)
    control = Control(tally=tally, cpu_s=time.process_time, load_s=bounds.load_s)
    directory = Directory(
        secret=configuration.secret,
        forwarder=forwarder,
        tally=tally,
        clock=SystemClock(),
        call_later=asyncio.get_running_loop().call_later,
        randomness=SYSTEM_RANDOMNESS,
        tell=control.tell,
        bounds=bounds,
    )
    links = _make_links(configuration, control, sockets.control)
    control.attach(links=links, directory=directory)
    listener = VoiceListener(make=_conversation_maker(configuration, sockets, directory, bounds), bounds=bounds)
    media.start(forwarder.take)
    try:
        await listener.start(sockets.websocket, _open_tls(configuration))
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(links.run()), tasks.create_task(control.run())]
            yield directory
            directory.close()
            for task in running:
                task.cancel()
    finally:
        media.stop()
        listener.stop()
        sockets.media.close()


def _make_links(configuration: NodeConfiguration, control: Control, sock: socket.socket) -> WorkerLinks:
    links = WorkerLinks(
        identity=Identity(cluster=configuration.cluster, secret=configuration.secret, incarnation=configuration.name),
        listener=control,
        carriers=Carriers(TcpCarrier(sock)),
        bounds=LinkBounds(),
        monotonic_s=time.monotonic,
        random=random.random,
        token_bytes=SYSTEM_RANDOMNESS.token_bytes,
    )
    links.know({configuration.gateway: NOBODY})
    return links


def _conversation_maker(
    configuration: NodeConfiguration, sockets: NodeSockets, directory: Directory, bounds: Bounds
) -> Callable[[ClientSocket], Conversation]:
    facts = NodeFacts(media_port=sockets.media.getsockname()[1], version=configuration.version)
    clock, call_later = SystemClock(), asyncio.get_running_loop().call_later

    def make(client: ClientSocket) -> Conversation:
        return Conversation(
            link=client,
            media_ip=configuration.public_address or client.local_ip,
            directory=directory,
            facts=facts,
            bounds=bounds,
            clock=clock,
            call_later=call_later,
            token_bytes=SYSTEM_RANDOMNESS.token_bytes,
        )

    return make


def _open_tls(configuration: NodeConfiguration) -> ssl.SSLContext | None:
    if not configuration.certificate:
        return None
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.load_cert_chain(configuration.certificate, configuration.certificate_key or None)
    return tls
