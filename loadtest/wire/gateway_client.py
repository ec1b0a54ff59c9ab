"""A person's gateway client: one session over as many connections as it takes.

A greenlet connects, identifies or resumes, sends heartbeats, hands each dispatch to an observer, and comes back when
the connection ends. Times are measured here: from the opening of the connection to READY (`login`) or to RESUMED
(`resume`), and from a heartbeat to its answer. What a dispatch says is the observer's business.
"""

import contextlib
import random
import time
from typing import Any, Final, Protocol

import gevent
import msgspec
from gevent.event import Event

from loadtest.wire.compression import UNPACKERS, Unpacker
from loadtest.wire.encodings import ENCODINGS, Etf, Json, Reader
from loadtest.wire.frames import FrameError
from loadtest.wire.web_socket import LOST, ConnectionEndedError, WebSocket, open_web_socket

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE = 0, 1, 2, 3, 4
RESUME, RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK, LAZY_GUILDS = 6, 7, 9, 10, 11, 14

_CAPABILITIES: Final = 1 << 4 | 1 << 5
"""What people's clients can do today: deduplicated users, and members that come after READY."""
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0
"""Pauses between attempts to connect, doubled each time."""
_NO_HELLO_S: Final = 30.0
"""The patience for HELLO, before which no interval is known."""
_MS: Final = 1000.0


class Hello(msgspec.Struct):
    """The body of HELLO."""

    heartbeat_interval: int


class Ready(msgspec.Struct):
    """What a client needs of READY."""

    session_id: str
    resume_gateway_url: str


class Observer(Protocol):
    """Who hears what a client measures."""

    def measure(self, name: str, took_ms: float, size_bytes: int = 0) -> None:
        """Take a duration."""

    def fail(self, name: str, error: str) -> None:
        """Take a fault of the server."""

    def hear(self, reader: Reader, payload: Any) -> None:
        """Take a dispatch, whose body `reader` reads. It is called for each one, so it should be quick."""


class Line(msgspec.Struct, frozen=True):
    """How a client connects."""

    urls: tuple[str, ...]
    """The gateway's addresses: the first is the client's, others come in when it cannot be reached."""
    encoding: str = "json"
    compression: str = ""
    verifies: bool = True
    """Whether certificates are checked."""
    forgives_ends: bool = False
    """Whether a lost connection is no fault, as when a server is killed on purpose."""

    def complete(self, url: str) -> str:
        """Return an address with its query."""
        packed = f"&compress={self.compression}" if self.compression else ""
        return f"{url.rstrip('/')}/?v=10&encoding={self.encoding}{packed}"


class GatewayClient:
    """One person's session."""

    __slots__ = (
        "_beat_at",
        "_beat_due",
        "_began",
        "_encoding",
        "_greenlet",
        "_interval_s",
        "_is_answered",
        "_is_dropped",
        "_line",
        "_observer",
        "_presence",
        "_random",
        "_resume_url",
        "_seq",
        "_session_id",
        "_socket",
        "_token",
        "_turn",
        "_unpacker",
        "_wants",
        "ready",
    )

    def __init__(
        self, *, line: Line, token: str, observer: Observer, source: random.Random, status: str = "online"
    ) -> None:
        self._line = line
        self._token = token
        self._observer = observer
        self._random = source
        self._presence: dict[str, Any] = {"status": status, "since": None, "activities": [], "afk": False}
        self._encoding: Json | Etf = ENCODINGS[line.encoding]()
        self._unpacker: Unpacker = UNPACKERS[line.compression]()
        self._socket: WebSocket | None = None
        self._greenlet: gevent.Greenlet | None = None
        self._session_id = self._resume_url = ""
        self._turn = 0
        self._seq: int | None = None
        self._began = self._beat_at = self._beat_due = 0.0
        self._interval_s = _NO_HELLO_S
        self._wants = self._is_dropped = False
        self._is_answered = True
        self.ready = Event()

    # ---- from outside

    @property
    def session_id(self) -> str:
        """The session's id, since READY."""
        return self._session_id

    def enter(self) -> None:
        """Begin a new session. `ready` is set when it is there."""
        self._wants, self._is_dropped = True, False
        self._forget()
        self._greenlet = gevent.spawn(self._run)

    def leave(self) -> None:
        """End the session, as a client does that is closed."""
        self._wants = False
        self.ready.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._greenlet is not None:
            self._greenlet.kill(block=False)

    def drop(self) -> None:
        """Lose the connection, if there is one, and come back at once."""
        if self._socket is not None:
            self._is_dropped = True
            self.ready.clear()
            self._socket.drop()

    def send(self, op: int, d: Any) -> None:
        """Send a command. Without a connection it is not sent."""
        if self._socket is not None:
            with contextlib.suppress(ConnectionEndedError):  # The reading greenlet sees it too.
                self._socket.send(self._encoding.opcode, self._encoding.encode({"op": op, "d": d}))

    # ---- the greenlet

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while self._wants:
            try:
                self._connect()
                while True:
                    self._read()
                    if self.ready.is_set():
                        pause_s = _FIRST_PAUSE_S
            except ConnectionEndedError as ended:
                self._note_end(str(ended))
            except (FrameError, msgspec.MsgspecError, ValueError) as error:
                self._observer.fail("connection", f"unreadable: {error}")
                if self._socket is not None:
                    self._socket.drop()
            self._socket = None
            self.ready.clear()
            gevent.sleep(pause_s * self._random.random())
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _note_end(self, reason: str) -> None:
        if self._wants and not self._is_dropped and not self._line.forgives_ends:
            self._observer.fail("connection", reason)
        self._is_dropped = False

    def _connect(self) -> None:
        self._began = time.monotonic()
        self._unpacker = UNPACKERS[self._line.compression]()
        self._is_answered = True
        self._beat_due = self._began + _NO_HELLO_S
        url = self._resume_url or self._line.urls[self._turn % len(self._line.urls)]
        try:
            self._socket = open_web_socket(self._line.complete(url), verifies=self._line.verifies)
        except ConnectionEndedError:
            # Another worker resumes the session too. The first failure leads back to the client's own address.
            self._turn += not self._resume_url
            self._resume_url = ""
            raise

    def _read(self) -> None:
        socket = self._socket
        assert socket is not None
        for message in socket.read(self._beat_due - time.monotonic()):
            unpacked = self._unpacker.unpack(message.payload)
            if unpacked:
                self._obey(self._encoding.read(unpacked))
        if time.monotonic() >= self._beat_due:
            if not self._is_answered:
                raise ConnectionEndedError(LOST, "a heartbeat had no answer")
            self._beat()

    def _obey(self, payload: Any) -> None:
        if payload.op == DISPATCH:
            self._seq = payload.s
            if payload.t in ("READY", "RESUMED"):
                self._note_ready(payload)
            self._observer.hear(self._encoding, payload)
            return
        match payload.op:
            case op if op == HELLO:
                self._greet(self._encoding.take(payload, Hello))
            case op if op == HEARTBEAT_ACK:
                self._is_answered = True
                self._observer.measure("heartbeat", (time.monotonic() - self._beat_at) * _MS)
            case op if op == HEARTBEAT:
                self._beat()
            case op if op == RECONNECT:
                self.drop()
            case op if op == INVALID_SESSION:
                self._forget()
                self.drop()

    def _forget(self) -> None:
        """Have the next connection begin a new session."""
        self._session_id = self._resume_url = ""
        self._seq = None

    def _greet(self, hello: Hello) -> None:
        self._interval_s = hello.heartbeat_interval / _MS
        self._beat_due = time.monotonic() + self._interval_s * self._random.random()
        if self._session_id:
            self.send(RESUME, {"token": self._token, "session_id": self._session_id, "seq": self._seq})
            return
        properties = {"os": "Linux", "browser": "load test", "device": ""}
        d = {"token": self._token, "capabilities": _CAPABILITIES, "properties": properties, "presence": self._presence}
        self.send(IDENTIFY, d)

    def _note_ready(self, payload: Any) -> None:
        name = "resume" if payload.t == "RESUMED" else "login"
        self._observer.measure(name, (time.monotonic() - self._began) * _MS)
        if name == "login":
            ready = self._encoding.take(payload, Ready)
            self._session_id, self._resume_url = ready.session_id, ready.resume_gateway_url
        self.ready.set()

    def _beat(self) -> None:
        self._is_answered = False
        self._beat_at = time.monotonic()
        self._beat_due = self._beat_at + self._interval_s
        self.send(HEARTBEAT, self._seq)
