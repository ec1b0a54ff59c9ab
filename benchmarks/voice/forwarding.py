"""A media node passes packets on, on one core: what it costs for each packet that is sent.

Each client has a UDP socket on loopback. The packets of all speakers are encrypted and sent before the clock starts, a
batch at a time. Then the node reads, decrypts, encrypts for each hearer and sends, as it does when its socket is
readable. Nobody reads what comes to the clients: what finds no room there the kernel drops, which costs the node
nothing more. The reference of each row is the sending alone: as many datagrams of the same length over the same socket,
each by a call of Python's own. All figures are processor time. Stock aiortc is a rival of another kind.
"""

import contextlib
import itertools
import select
import socket
import statistics
import time
from collections.abc import Coroutine, Iterator
from typing import Any, Final, NamedTuple, NoReturn

import msgspec
from pylibsrtp import Policy

from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.voice.relay_rival import RelayCost, measure_relay
from core.runtime.clock import SystemClock
from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.runtime.sockets import bind_datagram_socket
from core.voice.seats import Rights
from core_ext.media import BATCH, Stream, write_rtp
from voice.crypto.suites import AesGcm, XChaCha
from voice.media.forwarder import Forwarder
from voice.media.media_socket import MediaSocket
from voice.media.passing import Codec
from voice.media.peer import Address, Circle
from voice.media.source import Source
from voice.media.tally import Tally
from voice.media.udp_peer import UdpPeer
from voice.video.camera import Camera
from voice.webrtc.gate import Gate
from voice.webrtc.handshake import NodeCertificate
from voice.webrtc.offer import Fingerprint, Offer
from voice.webrtc.srtp import SrtpKeys

_EVERYTHING: Final = Rights(speak=True, hear=True, stream=True)
_OFFER: Final = Offer("them", (Fingerprint("sha-256", "00"),), {Codec.OPUS: 111, Codec.VP8: 96}, 0)
_KEY_BYTES: Final = 28
_CAMERA: Final = 99
_PACKETS: Final = 20_000
"""Packets that a row sends, at least."""
_ROUNDS: Final = 5
_WAIT_S: Final = 10.0
_RELAY_HEARERS: Final = 8
_RELAY_S: Final = 5.0

_COLUMNS: Final = [
    Column(key="room", title="rooms × people, all sending"),
    Column(key="kind", title="clients"),
    Column(key="node_us", title="node, µs a packet sent", digits=2),
    Column(key="plain_us", title="sending alone, µs", digits=2),
    Column(key="ratio", title="ratio", digits=2),
    Column(key="a_core", title="packets a second and core"),
]


class Scene(msgspec.Struct, frozen=True):
    """What a row has: rooms, their people, the bytes of a packet's content, and how clients encrypt."""

    rooms: int
    people: int
    size_bytes: int
    kind: str


_SCENES: Final = [
    Scene(1, 25, 160, "browsers, voice"),
    Scene(40, 5, 160, "browsers, voice"),
    Scene(1, 12, 1100, "browsers, video"),
    Scene(1, 25, 160, "UDP, AES-256-GCM"),
    Scene(1, 25, 160, "UDP, XChaCha20"),
]


class _Speaker(NamedTuple):
    """A client that speaks."""

    sock: socket.socket
    packets: Iterator[bytes]


class _Node:
    """A node with people. `sockets` closes those of all clients."""

    def __init__(self, scene: Scene, own: socket.socket, sockets: contextlib.ExitStack) -> None:
        self.tally = Tally()
        self.media = MediaSocket(sock=own, tally=self.tally)
        self.own = own
        self.forwarder = Forwarder(departures=self.media.departures, tally=self.tally, monotonic_s=time.monotonic)
        self.gate = Gate(
            forwarder=self.forwarder,
            tally=self.tally,
            clock=SystemClock(),
            randomness=SYSTEM_RANDOMNESS,
            certificate=NodeCertificate(),
            spawn=_refuse,
            after_step=self.media.look,
        )
        self._scene = scene
        self._sockets = sockets
        self.speakers = [
            self._add(circle, 4 * (room * scene.people + person + 1))
            for room, circle in enumerate(Circle() for _ in range(scene.rooms))
            for person in range(scene.people)
        ]

    def _add(self, circle: Circle, ssrc: int) -> _Speaker:
        self.forwarder.give(ssrc)
        sock = self._sockets.enter_context(bind_datagram_socket("127.0.0.1", 0))
        add = self._add_browser if self._scene.kind.startswith("browsers") else self._add_bot
        return _Speaker(sock, add(circle, ssrc, sock.getsockname()))

    def _add_browser(self, circle: Circle, ssrc: int, address: Address) -> Iterator[bytes]:
        connection = self.gate.open(
            ssrc=ssrc,
            rights=_EVERYTHING,
            offer=_OFFER,
            voice=Stream(Codec.OPUS.clock_rate),
            camera=Camera(ssrc + 1, [Stream(Codec.VP8.clock_rate)]),
            screen=Camera(ssrc + 3, [Stream(Codec.VP8.clock_rate)], is_screen=True),
        )
        self.forwarder.add(connection.peer, circle)
        self.gate.know(connection, address)
        theirs, ours = SYSTEM_RANDOMNESS.token_bytes(_KEY_BYTES), SYSTEM_RANDOMNESS.token_bytes(_KEY_BYTES)
        connection.peer.keys = SrtpKeys(profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM, theirs=theirs, ours=ours)
        connection.peer.address = address
        connection.peer.film([Source(_CAMERA)])
        keys = SrtpKeys(profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM, theirs=ours, ours=theirs)
        codec = Codec.VP8 if self._scene.kind.endswith("video") else Codec.OPUS
        return (self._seal(keys, codec, number) for number in range(1 << 30))

    def _seal(self, keys: SrtpKeys, codec: Codec, number: int) -> bytes:
        sealed = keys.seal_rtp(self._write(_OFFER.payload_types[codec], _CAMERA, number))
        assert sealed is not None
        return sealed

    def _add_bot(self, circle: Circle, ssrc: int, address: Address) -> Iterator[bytes]:
        make_suite = AesGcm if "AES" in self._scene.kind else XChaCha
        suite = make_suite(SYSTEM_RANDOMNESS.token_bytes(32))
        peer = UdpPeer(ssrc=ssrc, suite=suite, rights=_EVERYTHING, voice=Stream(Codec.OPUS.clock_rate))
        self.forwarder.add(peer, circle)

        def make(number: int) -> bytes:
            packet, nonce = self._write(120, ssrc, number), number.to_bytes(4, "big")
            return packet[:12] + suite.seal(packet[12:], packet[:12], nonce) + nonce

        self.gate.take(make(0), address)
        return (make(number) for number in range(1, 1 << 30))

    def _write(self, payload_type: int, ssrc: int, number: int) -> bytes:
        return write_rtp(
            payload_type=payload_type,
            marker=False,
            sequence=number & 0xFFFF,
            timestamp=number * 960,
            ssrc=ssrc,
            extension=b"",
            payload=bytes(self._scene.size_bytes),
        )


def _refuse(_handshake: Coroutine[Any, Any, None]) -> NoReturn:
    raise AssertionError("nobody shakes hands")


def measure(run: Run) -> Result:
    """Measure all scenes, and stock aiortc."""
    count, rounds = run.pick((_PACKETS, _ROUNDS), (500, 1))
    rows = [_measure(scene, count=count, rounds=rounds) for scene in _SCENES]
    hearers, seconds = run.pick((_RELAY_HEARERS, _RELAY_S), (0, 0.0))
    cost = measure_relay(hearers, seconds) if hearers else None
    if cost is not None:
        rows.append(_describe_relay(hearers, cost))
    table = Table(title="packets passed on, on one core", columns=_COLUMNS, rows=rows)
    skipped = [] if cost is not None else ["aiortc: left out of quick runs, and where its peers do not find each other"]
    return Result(name="voice", tables=[table], skipped=skipped, deliveries=sum(row["deliveries"] for row in rows))


def _describe_relay(hearers: int, cost: RelayCost) -> dict[str, Any]:
    each_us = 1e6 * cost.cpu_s / cost.packets
    return {
        "room": f"1 × {hearers + 1}, one sends",
        "kind": "browsers, voice, by aiortc's relay",
        "node_us": each_us,
        "plain_us": None,
        "ratio": None,
        "a_core": 1e6 / each_us,
        "deliveries": cost.packets,
    }


def _measure(scene: Scene, *, count: int, rounds: int) -> dict[str, Any]:
    with contextlib.ExitStack() as sockets:
        node = _Node(scene, sockets.enter_context(bind_datagram_socket("127.0.0.1", 0)), sockets)
        turns = max(count // (len(node.speakers) * (scene.people - 1)), 1)
        passed, plain = zip(*(_pass_on(node, scene, turns) for _ in range(rounds)), strict=True)
    node_us = statistics.median(passed)
    return {
        "room": f"{scene.rooms} × {scene.people}, {scene.size_bytes} bytes",
        "kind": scene.kind,
        "node_us": node_us,
        "plain_us": statistics.median(plain),
        "ratio": statistics.median(node / alone for node, alone in zip(passed, plain, strict=True)),
        "a_core": 1e6 / node_us,
        "deliveries": rounds * turns * len(node.speakers) * (scene.people - 1),
    }


def _pass_on(node: _Node, scene: Scene, turns: int) -> tuple[float, float]:
    """Let everybody send `turns` packets; return the µs of each that is sent, by the node and by the sending alone."""
    sent, size = node.tally.packets_out, node.tally.bytes_out
    took_s = 0.0
    order = itertools.chain.from_iterable(itertools.repeat(node.speakers, turns))
    while batch := list(itertools.islice(order, BATCH)):
        for speaker in batch:
            speaker.sock.sendto(next(speaker.packets), node.own.getsockname())
        came = node.tally.packets_in + len(batch)
        while node.tally.packets_in < came:
            assert select.select([node.own], [], [], _WAIT_S)[0], f"{node.tally.read()}"
            begin_s = time.process_time()
            node.media.read(node.gate.take)
            took_s += time.process_time() - begin_s
    sent, size = node.tally.packets_out - sent, node.tally.bytes_out - size
    assert sent == turns * len(node.speakers) * (scene.people - 1), f"{node.tally.read()}"
    return took_s * 1e6 / sent, _send_alone(node, bytes(size // sent), sent)


def _send_alone(node: _Node, blank: bytes, count: int) -> float:
    """Return the µs of a datagram that is only sent."""
    sock, addresses = node.own, [speaker.sock.getsockname() for speaker in node.speakers]
    begin_s = time.process_time()
    for address in itertools.islice(itertools.cycle(addresses), count):
        sock.sendto(blank, address)
    return (time.process_time() - begin_s) * 1e6 / count
