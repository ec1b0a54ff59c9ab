"""A media node and the gateway's side of its link, both in this process, over real sockets."""

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable

import msgspec
from typing_extensions import override

from core.domain.guilds.voice_session import VoiceSession
from core.links.bounds import LinkBounds
from core.links.handshake import Identity
from core.links.interfaces import PeerAddress
from core.links.tcp import TcpCarrier
from core.links.wires import Carriers
from core.links.worker_links import WorkerLinks
from core.runtime.clock import SystemClock
from core.runtime.sockets import bind_datagram_socket, bind_socket
from core.voice.interfaces import VoiceListener, VoiceServer
from core.voice.linked_nodes import LinkedVoiceNodes
from core.voice.orders import Load
from core.voice.placement import NodeAddress
from core.voice.seats import Rights, Room, Seat, SeatKey
from voice.configuration import NodeConfiguration
from voice.node import NodeSockets, RunningNode, run_node
from voice.rooms.bounds import Bounds
from voice.rooms.directory import Directory

LOOPBACK = "127.0.0.1"
EVERYTHING = Rights(speak=True, hear=True, stream=True, priority=True)
GUILD = 41
CHANNEL = 42
_CLOSED_S = 10


class News(VoiceListener):
    """Remembers what the nodes say, and lets a test wait for it."""

    def __init__(self) -> None:
        self.connected: list[SeatKey] = []
        self.ended: list[SeatKey] = []
        self.visits: list[VoiceSession] = []
        self.spoken: list[SeatKey] = []
        self.servers: list[tuple[Seat, VoiceServer | None]] = []
        self.loads: list[Load] = []
        self._came = asyncio.Event()

    @override
    def on_server(self, seat: Seat, server: VoiceServer | None) -> None:
        self.servers.append((seat, server))
        self._came.set()

    @override
    def on_connected(self, key: SeatKey, session_id: str) -> None:
        self.connected.append(key)
        self._came.set()

    @override
    def on_visited(self, session: VoiceSession) -> None:
        self.visits.append(session)
        self._came.set()

    @override
    def on_ended(self, key: SeatKey, session_id: str) -> None:
        self.ended.append(key)
        self._came.set()

    @override
    def on_spoke(self, key: SeatKey) -> None:
        self.spoken.append(key)

    def on_load(self, _node: str, load: Load) -> None:
        """Remember a load."""
        self.loads.append(load)
        self._came.set()

    async def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, after each piece of news."""
        async with asyncio.timeout(60):
            while not is_so():
                self._came.clear()
                await self._came.wait()


class Stage(msgspec.Struct):
    """What a test has."""

    nodes: LinkedVoiceNodes
    news: News
    node: RunningNode
    secret: bytes

    @property
    def directory(self) -> Directory:
        """The seats of the node."""
        return self.node.directory

    def seat(self, user_id: int, *, channel_id: int = CHANNEL, rights: Rights = EVERYTHING) -> VoiceServer:
        """Seat a user; return where."""
        seat = Seat(Room(GUILD, channel_id), user_id, f"session-{user_id}", rights)
        server = self.nodes.place(seat)
        assert server is not None
        return server


@contextlib.asynccontextmanager
async def open_stage(bounds: Bounds | None = None, *, certificate: str = "", dave: bool = True) -> AsyncIterator[Stage]:
    """Run a node and link it; with TLS when there is a certificate."""
    secret = secrets.token_bytes(32)
    sockets = NodeSockets(
        websocket=bind_socket(LOOPBACK, 0), media=bind_datagram_socket(LOOPBACK, 0), control=bind_socket(LOOPBACK, 0)
    )
    configuration = NodeConfiguration(
        name="voice-1", gateways=("gateway-1",), cluster="test", secret=secret, websocket_fd=-1, media_fd=-1,
        control_fd=-1, version="test", certificate=certificate, dave=dave,
    )  # fmt: skip
    address = NodeAddress(
        PeerAddress(LOOPBACK, sockets.control.getsockname()[1]), LOOPBACK, sockets.websocket.getsockname()[1]
    )
    news = News()
    nodes = LinkedVoiceNodes(
        secret=secret,
        clock=SystemClock(),
        call_later=asyncio.get_running_loop().call_later,
        token_bytes=secrets.token_bytes,
        observe=news.on_load,
    )
    links = WorkerLinks(
        identity=Identity(cluster="test", secret=secret, incarnation="gateway-1"),
        listener=nodes,
        carriers=Carriers(TcpCarrier(None)),
        bounds=LinkBounds(),
        monotonic_s=time.monotonic,
        random=random.random,
        token_bytes=secrets.token_bytes,
    )
    nodes.attach(links)
    nodes.listen(news)
    bounds = msgspec.structs.replace(bounds or Bounds(), load_s=0.02, answer_s=60.0)
    # Tests and their clients share this process, and a node that is busy takes no new rooms.
    async with run_node(configuration, sockets, bounds, cpu_s=lambda: 0.0) as node:
        task = asyncio.ensure_future(links.run())
        try:
            nodes.offer({"voice-1": address})
            await news.wait_until(lambda: bool(news.loads))
            yield Stage(nodes, news, node, secret)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    # Sockets that close still are no matter of the next test, in which the collector of garbage would tell of them.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CLOSED_S):
            while node.listener.socket_count:  # noqa: ASYNC110 - nothing tells of the last one
                await asyncio.sleep(0.005)
