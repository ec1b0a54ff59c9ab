"""One WebSocket connection, seen from the sessions: how payloads leave, which commands pass, and how it ends.

    socket ─ listener ─ receive ─┬─ heartbeats are acknowledged here
                                 ├─ refused: a close code
                                 └─ handler.on_command ─ session
    session ─ its track, send ─ outlet ─ socket

It owns the connection's outlet (`Outlet`: everything that is sent goes through it, in the order of the calls), its
intake (`sockets.Intake`: the client's command limit and its heartbeats, which a transport may hand over directly), its
wire format (encoding, compression), and whether the client has identified. It does not know what a session is
(`session` is a place where the owner of sessions keeps its own) nor how frames are read. All of it runs in the event
loop and awaits nothing. Connections are very many, so a part that most of them never need is made on first use.
"""

import enum
import logging
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from core.runtime.clock import Clock
from core.runtime.settings.settings import GatewaySettings
from core.wire import close_codes
from core.wire.close_codes import CloseCode
from core.wire.opcodes import Opcode
from core_ext import payloads, sockets
from core_ext.delivery import Outlet
from gateway.commands.command_parser import parse_command
from gateway.commands.commands import Command, Heartbeat, Identify, Resume
from gateway.commands.presence_command import PresenceUpdate
from gateway.payloads.compression import Compression
from gateway.payloads.encodings import Encoding, RefusedPayload, decode_frame, encode_payload
from gateway.payloads.wire_formats import WireFormat, WireFormats
from gateway.scheduling.batch_timer import CallLater
from gateway.scheduling.sending import Sending
from gateway.sessions.presence_throttle import PresenceThrottle

logger = logging.getLogger(__name__)

_MINUTE_S = 60.0
_CLOSE = 8


class ConnectionHandler(Protocol):
    """The handler of clients' commands. Both methods are called in the event loop and must not block."""

    def on_command(self, connection: "Connection", command: Command) -> None:
        """Take a command that is no heartbeat. Before `session` is set only one Identify or Resume comes."""

    def on_closed(self, connection: "Connection", code: int | None) -> None:
        """Take the end of a connection: once for each, never from within a call of one of its methods.

        `code` is the client's close code (1000 and 1001 end its session), None when the socket was lost or the server
        closed it.
        """


class Link(Protocol):
    """The socket under a connection, as the event loop's transport."""

    def write(self, data: bytes) -> None:
        """Take bytes. Never blocks: bytes that the kernel does not take are buffered."""

    def get_write_buffer_size(self) -> int:
        """Return the number of buffered bytes."""


class Ender(Protocol):
    """The part that ends a connection's socket."""

    def end(self, frame: bytes) -> None:
        """Send a close frame behind everything that the link was given, and let the socket go. Called once at most."""


class Phase(enum.IntEnum):
    """The state of a connection before it has a session, and the kind of its client after."""

    NEW = 0
    """Only Identify, Resume and heartbeats pass."""
    PENDING = 1
    """Identify or Resume is under way."""
    PERSON = 2
    """The client is a person's, whose payloads may be larger than a bot's."""


class Shared:
    """The parts that all connections of a listener share. `call_later` is the event loop's, `sending` sends for all."""

    __slots__ = ("call_later", "clock", "formats", "handler", "note_close", "queue", "settings")

    def __init__(
        self,
        *,
        settings: GatewaySettings,
        clock: Clock,
        handler: ConnectionHandler,
        sending: Sending,
        call_later: CallLater,
        note_close: Callable[[str, CloseCode], None],
    ) -> None:
        """`note_close` takes the address of each connection that the server closes, and the close code."""
        self.note_close = note_close
        self.settings = settings
        self.clock = clock
        self.handler = handler
        self.call_later = call_later
        self.formats = WireFormats()
        self.queue = sending.queue


class Connection:
    __slots__ = (
        "_ender",
        "_format",
        "_identify_by_s",
        "_is_reported",
        "_phase",
        "_presences",
        "_shared",
        "_timeout_s",
        "compression",
        "encoding",
        "host",
        "intake",
        "is_open",
        "outlet",
        "remote_address",
        "session",
    )

    def __init__(
        self,
        *,
        shared: Shared,
        link: Link,
        ender: Ender,
        encoding: Encoding,
        compression: Compression,
        remote_address: str,
        host: str = "",
        fd: int = -1,
    ) -> None:
        """`host` is the handshake's Host header. `fd` is the descriptor when it may be written to directly."""
        now_s = shared.clock.monotonic_s()
        self.encoding = encoding
        self.compression = compression
        self.remote_address = remote_address
        self.host = host
        self.session: Any = None
        self.is_open = True
        self._shared = shared
        self._ender = ender
        self._format: WireFormat = shared.formats.find(encoding, compression)
        self.outlet: Final = Outlet(queue=shared.queue, wire_format=self._format, link=link, fd=fd)
        self._phase = Phase.NEW
        self._is_reported = False
        self.intake: Final = sockets.Intake(
            outlet=self.outlet,
            encoding=encoding,
            ack=shared.formats.find_ack(encoding, compression),
            limit=shared.settings.commands_per_minute,
            window_s=_MINUTE_S,
            now_s=now_s,
        )
        self._presences: PresenceThrottle | None = None
        self._identify_by_s = now_s + shared.settings.identify_timeout_s
        self._timeout_s = 0.0

    # ---- to the client

    @property
    def buffered_bytes(self) -> int:
        """The number of bytes that the kernel has not taken yet, or was not offered."""
        return self.outlet.buffered_bytes if self.is_open else 0

    def open(self, heartbeat_interval_s: float) -> None:
        """Begin the stream with HELLO."""
        self._timeout_s = heartbeat_interval_s * self._shared.settings.heartbeat_timeout_factor
        hello = {"heartbeat_interval": round(heartbeat_interval_s * 1000), "_trace": []}
        self.outlet.write(self._format.open(encode_payload(self.encoding, Opcode.HELLO, hello)))

    def send(self, op: int, d: object = None) -> None:
        """Send a payload without `s`. Op 9 also lets the client identify or resume again."""
        if not self.is_open:
            return
        if op == Opcode.INVALID_SESSION:
            self._phase = Phase.NEW
            self._identify_by_s = self._shared.clock.monotonic_s() + self._shared.settings.identify_timeout_s
        self.outlet.write(self._format.encode(encode_payload(self.encoding, op, d)))

    def close(self, close_code: CloseCode) -> None:
        """Send a close frame and end the connection. `on_closed` follows in a later turn of the loop."""
        if not self.is_open:
            return
        self.is_open = False
        self.outlet.close()
        self._ender.end(encode_close_frame(close_code))
        self._shared.note_close(self.remote_address, close_code)
        self._shared.call_later(0, self.on_lost)

    def admit_person(self) -> None:
        """Note that the session is a person's: its payloads may be larger, and its heartbeats get an object."""
        self._phase = Phase.PERSON
        self.intake.ack = self._shared.formats.find_ack(self.encoding, self.compression, for_person=True)

    def compress_payloads(self) -> None:
        """Switch payload compression on (Identify's `compress`): only for JSON without stream compression."""
        if self.encoding is Encoding.JSON and self.compression is Compression.NONE:
            self.compression = Compression.ZLIB_PAYLOAD
            self._format = self._shared.formats.find(self.encoding, self.compression)
            self.outlet.set_wire_format(self._format)
            self.intake.ack = self._shared.formats.find_ack(self.encoding, self.compression)

    # ---- from the client, by the listener

    def receive(self, data: bytes, *, is_text: bool) -> None:
        """Take a whole message. `is_text` promises UTF-8, which is checked here."""
        if not self.is_open:
            return
        is_odd = is_text and self.encoding is not Encoding.JSON
        if not is_odd and self.intake.hear(data, self._shared.clock.monotonic_s()):
            return
        if not self._take_allowance():
            return
        try:
            if is_odd:
                data.decode()
            command = self._parse(data)
        except UnicodeDecodeError:
            self.close(close_codes.DECODE_ERROR)
        except RefusedPayload as refusal:
            self.close(refusal.close_code)
        else:
            self._admit(command)

    def receive_ping(self, frame: bytes) -> None:
        """Answer a WebSocket ping with `frame`. It counts as a command, or it would be a way around the limit."""
        if self.is_open and self._take_allowance():
            self.outlet.write(frame)

    def on_client_close(self, code: int) -> None:
        """Take the client's close frame."""
        self.is_open = False
        self.outlet.close()
        self._report(code)

    def on_lost(self) -> None:
        """Note that the socket is gone."""
        self.is_open = False
        self.outlet.cut()
        self._report(None)

    # ---- the watch

    @property
    def deadline_s(self) -> float:
        """The time when the client is overdue, with its heartbeat or with identifying."""
        beat_by_s = self.intake.last_beat_s + self._timeout_s
        if self.session is None and self._phase is Phase.NEW:
            return min(beat_by_s, self._identify_by_s)
        return beat_by_s

    def expire(self) -> None:
        """Close the connection of an overdue client."""
        self.close(close_codes.SESSION_TIMED_OUT)

    # ---- within

    def _take_allowance(self) -> bool:
        if self.intake.take(self._shared.clock.monotonic_s()):
            return True
        self.close(close_codes.RATE_LIMITED)
        return False

    def _parse(self, data: bytes) -> Command:
        """Return the command in a message.

        The listener's size limit is a person's. A client that has not identified yet may exceed a bot's limit only to
        identify.

        Raises:
            RefusedPayload: when it is no command, or too large.
        """
        is_large = self._phase is not Phase.PERSON and len(data) > self._shared.settings.max_payload_bytes
        if is_large and self.session is not None:
            raise RefusedPayload(close_codes.DECODE_ERROR)
        command = parse_command(self.encoding, decode_frame(self.encoding, data))
        if not is_large:
            return command
        if not isinstance(command, Identify):
            raise RefusedPayload(close_codes.DECODE_ERROR)
        return msgspec.structs.replace(command, is_large=True)

    def _admit(self, command: Command) -> None:
        """Let a command through, if the connection's state allows it."""
        if isinstance(command, Heartbeat):
            self.intake.beat(self._shared.clock.monotonic_s(), command.seq)
            return
        is_first = isinstance(command, Identify | Resume)
        if is_first and (self.session is not None or self._phase is Phase.PENDING):
            self.close(close_codes.ALREADY_AUTHENTICATED)
        elif is_first:
            self._phase = Phase.PENDING
            self._identify_by_s = 0.0  # One object for all, instead of one for each connection.
            self._shared.handler.on_command(self, command)
        elif self.session is None:
            self.close(close_codes.NOT_AUTHENTICATED)
        elif isinstance(command, PresenceUpdate):
            self._admit_presence(command)
        else:
            self._shared.handler.on_command(self, command)

    def _admit_presence(self, command: PresenceUpdate) -> None:
        shared, settings = self._shared, self._shared.settings
        if self._presences is None:
            self._presences = PresenceThrottle(
                limit=settings.presences_per_window,
                window_s=settings.presence_window_s,
                clock=shared.clock,
                call_later=shared.call_later,
            )
        if self._presences.passes(command, self._release_presence):
            shared.handler.on_command(self, command)

    def _release_presence(self, command: PresenceUpdate) -> None:
        if self.is_open and self.session is not None:
            self._admit_presence(command)

    def _report(self, code: int | None) -> None:
        if not self._is_reported:
            self._is_reported = True
            self._shared.handler.on_closed(self, code)


def encode_close_frame(close_code: CloseCode) -> bytes:
    """Return a close frame (RFC 6455 section 5.5.1)."""
    return payloads.frame(_CLOSE, close_code.code.to_bytes(2, "big") + close_code.reason.encode())
