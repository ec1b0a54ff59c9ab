"""One visit of a voice channel: a voice gateway's WebSocket, and the UDP socket beside it.

```
 open: Hello → Identify → Ready → IP discovery → Select Protocol → Session Description
       then one greenlet sends heartbeats and hears when the visit ends, another one takes packets
```

A visit does not resume: its owner opens another one. DAVE is not spoken, so the node has the room go without.
"""

import time
from collections import deque
from typing import Any, Final, Protocol, TypeVar

import gevent
import msgspec
from gevent import socket
from gevent.event import Event

from loadtest.wire.frames import TEXT, FrameError
from loadtest.wire.rtp import MODE, ForgedError, Packet, RtpSession
from loadtest.wire.voice_messages import (
    HEARTBEAT,
    HEARTBEAT_ACK,
    HELLO,
    IDENTIFY,
    READY,
    SELECT_PROTOCOL,
    SESSION_DESCRIPTION,
    SPEAKING,
    SessionDescription,
    VoiceHello,
    VoiceMessage,
    VoiceReady,
    encode_discovery,
    encode_message,
    read_discovery,
    read_message,
)
from loadtest.wire.web_socket import LOST, ConnectionEndedError, WebSocket, open_web_socket

T = TypeVar("T")

_PATIENCE_S: Final = 30.0
"""The time for each answer of a handshake."""
_ASK_AGAIN_S: Final = 1.0
"""IP discovery goes by UDP, where a question may be lost."""
_DATAGRAM: Final = 2048
_MS: Final = 1000.0


class VoiceLine(msgspec.Struct, frozen=True):
    """How clients connect to voice gateways."""

    scheme: str = "ws"
    verifies: bool = True
    """Whether certificates are checked."""


class VoiceSeat(msgspec.Struct, frozen=True):
    """Who connects where: a session of the gateway, and what it was told."""

    endpoint: str
    token: str
    guild_id: str
    user_id: str
    session_id: str


class VoiceObserver(Protocol):
    """Who hears what a client hears and measures."""

    def hear(self, packet: Packet) -> None:
        """Take a packet of sound."""

    def measure(self, name: str, took_ms: float) -> None:
        """Take a duration."""

    def fail(self, name: str, error: str) -> None:
        """Take a fault of the server."""


class VoiceClient:
    """One visit."""

    __slots__ = (
        "_came", "_greenlets", "_interval_s", "_line", "_observer", "_rtp", "_seat", "_seq", "_socket",
        "_ssrc", "_udp", "end", "ended",
    )  # fmt: skip

    def __init__(self, *, line: VoiceLine, seat: VoiceSeat, observer: VoiceObserver) -> None:
        self._line = line
        self._seat = seat
        self._observer = observer
        self._came: deque[VoiceMessage] = deque()
        self._greenlets: list[gevent.Greenlet] = []
        self._interval_s = 0.0
        self._seq = -1
        self._ssrc = 0
        self._socket: WebSocket | None = None
        self._udp: socket.socket | None = None
        self._rtp: RtpSession | None = None
        self.ended = Event()
        """Set when the server has ended the visit; `end` says how."""
        self.end = ""

    # ---- from outside

    def open(self) -> None:
        """Take the seat. Raises ConnectionEndedError."""
        self._socket = open_web_socket(
            f"{self._line.scheme}://{self._seat.endpoint}/?v=8", verifies=self._line.verifies
        )
        seat = self._seat
        self._interval_s = self._expect(HELLO, VoiceHello).heartbeat_interval / _MS
        identity = {"server_id": seat.guild_id, "user_id": seat.user_id, "session_id": seat.session_id}
        self._send(IDENTIFY, {**identity, "token": seat.token, "max_dave_protocol_version": 0})
        ready = self._expect(READY, VoiceReady)
        self._ssrc = ready.ssrc
        address, port = self._discover(ready)
        data = {"address": address, "port": port, "mode": MODE}
        self._send(SELECT_PROTOCOL, {"protocol": "udp", "data": data})
        description = self._expect(SESSION_DESCRIPTION, SessionDescription)
        self._rtp = RtpSession(bytes(description.secret_key), ready.ssrc)
        self._greenlets = [gevent.spawn(self._watch), gevent.spawn(self._take_packets)]

    def speak(self) -> None:
        """Say that sound follows. Raises ConnectionEndedError."""
        self._send(SPEAKING, {"speaking": 1, "delay": 0, "ssrc": self._ssrc})

    def send(self, sound: bytes) -> bool:
        """Send a frame of sound; return whether the machine has taken it."""
        assert self._rtp is not None
        assert self._udp is not None
        try:
            self._udp.send(self._rtp.seal(sound))
        except OSError:
            return False  # The node is gone, or a buffer is full: to listeners the frame is lost.
        return True

    def close(self) -> None:
        """Leave."""
        gevent.killall(self._greenlets, block=False)
        if self._socket is not None:
            self._socket.close()
        if self._udp is not None:
            self._udp.close()

    # ---- the handshake

    def _send(self, op: int, d: Any) -> None:
        assert self._socket is not None
        self._socket.send(TEXT, encode_message(op, d))

    def _expect(self, op: int, kind: type[T]) -> T:
        """Return the body of the next message with this opcode; others are passed over."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            while self._came:
                message = self._came.popleft()
                if message.op == op:
                    return msgspec.json.decode(message.d, type=kind)
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise ConnectionEndedError(LOST, f"no message {op} of the voice gateway came")
            self._read(left_s)

    def _read(self, timeout_s: float) -> None:
        assert self._socket is not None
        try:
            messages = [read_message(each.payload) for each in self._socket.read(timeout_s) if each.opcode == TEXT]
        except (FrameError, msgspec.MsgspecError) as error:
            raise ConnectionEndedError(LOST, f"unreadable: {error}") from error
        for message in messages:
            self._seq = self._seq if message.seq is None else message.seq
        self._came.extend(messages)

    def _discover(self, ready: VoiceReady) -> tuple[str, int]:
        family = socket.AF_INET6 if ":" in ready.ip else socket.AF_INET
        self._udp = udp = socket.socket(family, socket.SOCK_DGRAM)
        deadline = time.monotonic() + _PATIENCE_S
        udp.settimeout(_ASK_AGAIN_S)
        try:
            udp.connect((ready.ip, ready.port))
            while time.monotonic() < deadline:
                udp.send(encode_discovery(ready.ssrc))
                found = self._hear_discovery(udp, ready.ssrc)
                if found is not None:
                    udp.settimeout(None)
                    return found
        except OSError as error:
            raise ConnectionEndedError(LOST, f"IP discovery: {error}") from error
        raise ConnectionEndedError(LOST, "IP discovery had no answer")

    @staticmethod
    def _hear_discovery(udp: socket.socket, ssrc: int) -> tuple[str, int] | None:
        try:
            return read_discovery(udp.recv(_DATAGRAM), ssrc)
        except TimeoutError:
            return None

    # ---- the greenlets

    def _watch(self) -> None:
        try:
            while True:
                self._beat()
        except ConnectionEndedError as ended:
            self.end = str(ended)
            self.ended.set()

    def _beat(self) -> None:
        """Send a heartbeat, and read until the next one is due."""
        began = time.monotonic()
        self._send(HEARTBEAT, {"t": int(began * _MS), "seq_ack": self._seq})
        is_answered = False
        while (left_s := began + self._interval_s - time.monotonic()) > 0:
            self._read(left_s)
            while self._came:
                if self._came.popleft().op == HEARTBEAT_ACK:
                    is_answered = True
                    self._observer.measure("voice heartbeat", (time.monotonic() - began) * _MS)
        if not is_answered:
            raise ConnectionEndedError(LOST, "a heartbeat had no answer")

    def _take_packets(self) -> None:
        udp, rtp = self._udp, self._rtp
        assert udp is not None
        assert rtp is not None
        while True:
            try:
                packet = rtp.open(udp.recv(_DATAGRAM))
            except OSError:
                gevent.sleep(_ASK_AGAIN_S)  # The node's port is closed for now: the WebSocket tells what that means.
                continue
            except ForgedError as error:
                self._observer.fail("voice", str(error))
                continue
            if packet is not None:
                self._observer.hear(packet)
