"""A media node in a process of its own, with this process as its gateway, and people who join as browsers do."""

import asyncio
import contextlib
import random
import secrets
import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec
from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.harness.processes import SERVER_CORE, PinnedProcess
from benchmarks.voice.browser import (
    LEVEL,
    OPUS,
    PASSWORD,
    UFRAG,
    VP8,
    Browser,
    Certificate,
    Way,
    find_own_ip,
    parse_way,
)
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
from voice.configuration import NodeConfiguration, encode_configuration
from voice.webrtc.offer import AUDIO_LEVEL

_GUILD: Final = 41
_EVERYTHING: Final = Rights(speak=True, hear=True, stream=True)
_NODE: Final = "voice-1"
_GATEWAY: Final = "gateway-1"
_CLUSTER: Final = "benchmark"
_START_S: Final = 20.0
_BEAT_S: Final = 13.75
"""As Hello asks for. Each client has its own moment in that time."""
_PEOPLE_AN_ADDRESS: Final = 200
"""A node takes 256 WebSockets from one address."""
_CODECS: Final = [
    {"name": "opus", "type": "audio", "priority": 1000, "payload_type": OPUS},
    {"name": "VP8", "type": "video", "priority": 1000, "payload_type": VP8, "rtx_payload_type": 97},
]


class Ticket(msgspec.Struct, frozen=True):
    """With it somebody joins."""

    user_id: int
    url: str
    token: str

    @property
    def session_id(self) -> str:
        """The session of the gateway that it is for."""
        return _name_session(self.user_id)


class _News(VoiceListener):
    """Hears nodes; only the first load is waited for."""

    def __init__(self) -> None:
        self.has_come = asyncio.Event()

    def on_load(self, _node: str, _load: Load) -> None:
        self.has_come.set()

    @override
    def on_server(self, seat: Seat, server: VoiceServer | None) -> None: ...

    @override
    def on_connected(self, key: SeatKey, session_id: str) -> None: ...

    @override
    def on_visited(self, session: VoiceSession) -> None: ...

    @override
    def on_ended(self, key: SeatKey, session_id: str) -> None: ...

    @override
    def on_spoke(self, key: SeatKey) -> None: ...


class Person:
    """Somebody in a room, as a browser. `leave` closes both sockets."""

    def __init__(self, certificate: Certificate, ticket: Ticket, *, payload_type: int = OPUS) -> None:
        self.browser = Browser(certificate, ssrc=0x10000000 + ticket.user_id, payload_type=payload_type)
        self._certificate = certificate
        self._ticket = ticket
        self._is_filming = payload_type == VP8
        self._socket: ClientConnection
        self.way: Way

    async def join(self) -> None:
        """Take the seat and connect."""
        ticket = self._ticket
        source = f"127.0.0.{2 + ticket.user_id // _PEOPLE_AN_ADDRESS}"
        self._socket = await connect(
            ticket.url, local_addr=(source, 0), ping_interval=None, compression=None, close_timeout=1
        )
        identify = {
            "server_id": str(_GUILD),
            "user_id": str(ticket.user_id),
            "session_id": ticket.session_id,
            "token": ticket.token,
            "max_dave_protocol_version": 0,
            "video": True,
            "streams": [{"type": "video", "rid": "100", "quality": 100}],
        }
        await self._say(0, identify)
        await self._expect(2)
        await self._say(1, {"protocol": "webrtc", "data": self._offer(), "codecs": _CODECS})
        self.way = parse_way((await self._expect(4))["sdp"])
        await self.browser.connect(self.way)
        if self._is_filming:
            stream = {"type": "video", "rid": "100", "ssrc": self.browser.ssrc, "active": True, "max_framerate": 30}
            await self._say(12, {"audio_ssrc": 1, "video_ssrc": self.browser.ssrc, "rtx_ssrc": 0, "streams": [stream]})

    async def beat(self) -> None:
        """Send a heartbeat. What the node says is left unread."""
        await self._say(3, {"t": 1, "seq_ack": -1})

    async def leave(self) -> None:
        """Close both."""
        self.browser.close()
        if hasattr(self, "_socket"):
            await self._socket.close()

    async def _say(self, op: int, d: Any) -> None:
        await self._socket.send(msgspec.json.encode({"op": op, "d": d}).decode())

    async def _expect(self, op: int) -> Any:
        while True:
            message = msgspec.json.decode(await self._socket.recv())
            if message["op"] == op:
                return message["d"]

    def _offer(self) -> str:
        lines = [
            f"a=ice-ufrag:{UFRAG}",
            f"a=ice-pwd:{PASSWORD}",
            f"a=fingerprint:sha-256 {self._certificate.fingerprint}",
            "a=setup:actpass",
            f"a=rtpmap:{OPUS} opus/48000/2",
            f"a=extmap:{LEVEL} {AUDIO_LEVEL}",
        ]
        return "\n".join(lines)


class NodeServer:
    """The node, and the gateway's end of its link."""

    def __init__(self, process: PinnedProcess, nodes: LinkedVoiceNodes) -> None:
        self.process = process
        self._nodes = nodes

    def seat(self, user_id: int, room: int) -> Ticket:
        """Give somebody a seat; it is to be taken within a minute."""
        server = self._nodes.place(Seat(Room(_GUILD, room), user_id, _name_session(user_id), _EVERYTHING))
        assert server is not None, "the node takes no rooms"
        return Ticket(user_id, f"ws://{server.endpoint_for('127.0.0.1')}/?v=8", server.token)


@contextlib.asynccontextmanager
async def fill_rooms(node: NodeServer, rooms: Sequence[int], payload_type: int = OPUS) -> AsyncIterator[list[Person]]:
    """Let somebody join for each of `rooms`, one after the other, and keep them there."""
    certificate = Certificate()
    tickets = [node.seat(number, room) for number, room in enumerate(rooms, start=1)]
    people: list[Person] = []
    beating: list[asyncio.Task[None]] = []
    try:
        for number, ticket in enumerate(tickets, start=1):
            person = Person(certificate, ticket, payload_type=payload_type)
            await person.join()
            people.append(person)
            beating.append(asyncio.create_task(_keep_beating(person, _BEAT_S * number / len(tickets))))
        yield people
    finally:
        for task in beating:
            task.cancel()
        await asyncio.gather(*(person.leave() for person in people))


async def _keep_beating(person: Person, first_s: float) -> None:
    await asyncio.sleep(first_s)
    while True:
        await person.beat()
        await asyncio.sleep(_BEAT_S)


def _name_session(user_id: int) -> str:
    return f"session-{user_id}"


@contextlib.asynccontextmanager
async def run_node_server(*, most_voices: int) -> AsyncIterator[NodeServer]:
    """Start a node on a core of its own. Raises TimeoutError."""
    secret = secrets.token_bytes(32)
    sockets = [bind_socket("127.0.0.1", 0), bind_datagram_socket("0.0.0.0", 0), bind_socket("127.0.0.1", 0)]
    websocket, media, control = sockets
    configuration = NodeConfiguration(
        name=_NODE,
        gateways=(_GATEWAY,),
        cluster=_CLUSTER,
        secret=secret,
        websocket_fd=websocket.fileno(),
        media_fd=media.fileno(),
        control_fd=control.fileno(),
        public_address=find_own_ip(),
        most_voices=most_voices,
        version="benchmark",
    )
    process = PinnedProcess(
        [sys.executable, "-m", "voice"], on_core=SERVER_CORE, pass_fds=[each.fileno() for each in sockets]
    )
    try:
        process.tell(encode_configuration(configuration).decode())
        assert await asyncio.to_thread(process.read) == "ready"
        address = NodeAddress(
            PeerAddress("127.0.0.1", control.getsockname()[1]), "127.0.0.1", websocket.getsockname()[1]
        )
        async with _link(secret, address) as nodes:
            yield NodeServer(process, nodes)
    finally:
        process.stop()
        for sock in sockets:
            sock.close()


@contextlib.asynccontextmanager
async def _link(secret: bytes, address: NodeAddress) -> AsyncIterator[LinkedVoiceNodes]:
    news = _News()
    nodes = LinkedVoiceNodes(
        secret=secret,
        clock=SystemClock(),
        call_later=asyncio.get_running_loop().call_later,
        token_bytes=secrets.token_bytes,
        observe=news.on_load,
    )
    links = WorkerLinks(
        identity=Identity(cluster=_CLUSTER, secret=secret, incarnation=_GATEWAY),
        listener=nodes,
        carriers=Carriers(TcpCarrier(None)),
        bounds=LinkBounds(),
        monotonic_s=time.monotonic,
        random=random.random,
        token_bytes=secrets.token_bytes,
    )
    nodes.attach(links)
    nodes.listen(news)
    running = asyncio.ensure_future(links.run())
    try:
        nodes.offer({_NODE: address})
        async with asyncio.timeout(_START_S):
            await news.has_come.wait()
        yield nodes
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
