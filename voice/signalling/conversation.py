"""One socket's conversation: what a client says on it, in order, and what follows. No sockets, no clock.

```
 opened: Hello ─→ new ─┬─ Identify ─→ (waiting for the gateway's order) ─→ seated: Ready
                       └─ Resume ───────────────────────────────────────→ seated: Resumed, what was missed
 seated ─ Select Protocol ─→ Session Description, in the room ─ Speaking … ─→ closed
```

All that must outlive the socket is in the member. What is refused closes the socket with a code and nothing else
follows: a conversation that is closed hears nothing.
"""

import enum
import logging
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from core.runtime.clock import Clock
from core.voice.tokens import Claims
from core.wire.close_codes import CloseCode
from voice.crypto.suites import SUITES
from voice.dave.happenings import Happening
from voice.dave.negotiation import DAVE_VERSION
from voice.media.source import Wants
from voice.mls.presentation import BadMessage
from voice.protocol import close_codes, payloads
from voice.protocol.commands import (
    AskVersion,
    Command,
    CommitWelcome,
    DaveCommand,
    Heartbeat,
    Identify,
    Ignored,
    InvalidCommitWelcome,
    KeyPackageOffer,
    MediaSinkWants,
    Resume,
    SelectProtocol,
    Speaking,
    TransitionReady,
    UnknownOpcode,
    Unreadable,
    Video,
    VideoStream,
    parse_binary,
    parse_command,
)
from voice.rooms.bounds import Bounds
from voice.rooms.directory import CallLater, Directory, Refused
from voice.rooms.entrance import Entrance
from voice.rooms.member import ClientLink, Member, Timer
from voice.signalling.selection import Selection

logger = logging.getLogger(__name__)

_MINUTE_S: Final = 60.0
_LEAVING: Final = frozenset({1000, 1001, 4014})
"""The client's own close codes after which it does not resume: it has left, or goes to another server."""


class State(enum.Enum):
    """How far a conversation is."""

    NEW = "new"
    WAITING = "waiting"
    SEATED = "seated"
    CLOSED = "closed"


class NodeFacts(msgspec.Struct, frozen=True):
    """What clients are told of the node."""

    media_port: int
    version: str
    dave_version: int = DAVE_VERSION
    """The latest version of DAVE that rooms may speak; 0 for none."""
    modes: Sequence[str] = tuple(SUITES)


class Conversation:
    """The conversation. `media_ip` is where this client sends its packets to."""

    __slots__ = (
        "_bounds", "_call_later", "_claims", "_clock", "_count", "_dave_version", "_directory", "_end_wait", "_facts",
        "_is_video", "_link", "_media_ip", "_member", "_pinged_s", "_selection", "_state", "_timer", "_token",
        "_window_s",
    )  # fmt: skip

    def __init__(
        self,
        *,
        link: ClientLink,
        media_ip: str,
        directory: Directory,
        entrance: Entrance,
        facts: NodeFacts,
        bounds: Bounds,
        clock: Clock,
        call_later: CallLater,
    ) -> None:
        self._link = link
        self._media_ip = media_ip
        self._directory = directory
        self._selection = Selection(directory=directory, entrance=entrance, media_ip=media_ip)
        self._facts = facts
        self._bounds = bounds
        self._clock = clock
        self._call_later = call_later
        self._state = State.NEW
        self._member: Member | None = None
        self._claims: Claims | None = None
        self._token = ""
        self._is_video = False
        self._dave_version = 0
        self._end_wait: Callable[[], None] | None = None
        self._timer: Timer | None = None
        self._pinged_s: float | None = None
        """When the client was pinged last, None when it has answered."""
        self._count = 0
        self._window_s = clock.monotonic_s()

    def open(self) -> None:
        """Greet the client."""
        self._link.send(payloads.hello(round(self._bounds.heartbeat_interval_s * 1000)).encode())
        self._expire_in(self._bounds.identify_s, close_codes.SESSION_TIMED_OUT)

    def receive(self, message: bytes, *, is_binary: bool = False) -> None:
        """Do what the client says."""
        if self._state is State.CLOSED:
            return
        try:
            self._count_command()
            self._do(parse_binary(message) if is_binary else parse_command(message))
        except Unreadable:
            self.close(close_codes.DECODE_ERROR)
        except UnknownOpcode:
            self.close(close_codes.UNKNOWN_OPCODE)
        except Refused as refused:
            self.close(refused.code)

    def close(self, code: CloseCode) -> None:
        """Close the socket. The seat is kept for a while where the code says so."""
        self._end(is_final=not code.may_resume)
        self._link.close(code)

    def on_lost(self, code: int | None) -> None:
        """Note that the socket is gone, with the client's close code if it has sent one."""
        self._end(is_final=code in _LEAVING)

    def on_pong(self) -> None:
        """Note that the client has answered a ping. One that nobody has asked for is passed over."""
        pinged_s, self._pinged_s = self._pinged_s, None
        if pinged_s is not None and self._member is not None:
            self._member.note_rtt(self._clock.monotonic_s() - pinged_s)

    # ---- commands

    def _do(self, command: Command) -> None:
        match command:
            case Heartbeat():
                self._beat(command)
            case Identify() | Resume() if self._state is not State.NEW:
                raise Refused(close_codes.ALREADY_AUTHENTICATED)
            case Identify():
                self._identify(command)
            case Resume():
                self._resume(command)
            case _:
                self._do_seated(command)

    def _do_seated(self, command: Command) -> None:
        member = self._member
        if member is None:
            raise Refused(close_codes.NOT_AUTHENTICATED)
        match command:
            case SelectProtocol():
                self._selection.select(member, command)
            case Speaking():
                self._directory.announcements.speak(member, int(command.speaking))
            case Video():
                self._directory.announcements.film(member, command)
            case MediaSinkWants():
                self._directory.announcements.want(member, Wants(command.by_ssrc, command.others))
            case AskVersion():
                self._link.send(payloads.backend_version(self._facts.version).encode())
            case TransitionReady() | InvalidCommitWelcome() | KeyPackageOffer() | CommitWelcome():
                self._do_dave(member, command)
            case Ignored():
                pass

    def _beat(self, command: Heartbeat) -> None:
        self._link.send(payloads.heartbeat_ack(command.t).encode())
        if self._member is not None:
            self._member.replay.acknowledge(command.seq_ack)
            if self._pinged_s is None:
                self._pinged_s = self._clock.monotonic_s()
                self._link.ping()
            self._expire_in(self._bounds.heartbeat_timeout_s, close_codes.SESSION_TIMED_OUT)

    def _identify(self, command: Identify) -> None:
        self._claims = self._directory.check(command)
        self._token, self._is_video = command.token, command.video
        self._dave_version = min(command.max_dave_protocol_version, self._facts.dave_version)
        self._sit(self._claims)
        if self._state is State.NEW:
            self._state = State.WAITING
            self._end_wait = self._directory.wait(self._claims.seat.key, self._on_admitted)
            self._expire_in(self._bounds.admission_s, close_codes.SESSION_INVALID)

    def _on_admitted(self) -> None:
        if self._claims is None:
            return
        try:
            self._sit(self._claims)
        except Refused as refused:
            self.close(refused.code)

    def _sit(self, claims: Claims) -> None:
        member = self._directory.sit(claims, self._token, self._link)
        if member is None:
            return
        member.dave_version = self._dave_version
        self._take(member)
        facts = self._facts
        streams = [
            payloads.camera(ssrc=member.video_ssrc, rtx_ssrc=member.rtx_ssrc, stream=VideoStream(), is_active=False),
            payloads.camera(ssrc=member.screen_ssrc, rtx_ssrc=None, stream=VideoStream("screen"), is_active=False),
        ]
        member.send(
            payloads.ready(
                ssrc=member.ssrc,
                ip=self._media_ip,
                port=facts.media_port,
                modes=facts.modes,
                streams=streams if self._is_video else [],
            )
        )

    def _resume(self, command: Resume) -> None:
        member, missed = self._directory.resume(command, self._link)
        self._take(member)
        self._link.send(payloads.resumed().encode())
        for sent in missed:
            self._link.send(sent.message, is_binary=sent.is_binary)

    def _do_dave(self, member: Member, command: DaveCommand) -> None:
        negotiation = self._directory.find_negotiation(member)
        if negotiation is None:
            return
        try:
            match command:
                case TransitionReady():
                    negotiation.take_ready(member, command.transition_id)
                case InvalidCommitWelcome():
                    negotiation.take_invalid(member)
                case KeyPackageOffer():
                    negotiation.take_key_package(member, command.data)
                case CommitWelcome():
                    negotiation.take_commit(member, command.data)
        except BadMessage as error:
            logger.info("a message of DAVE is refused", extra={"reason": str(error)})
            negotiation.count(Happening.REFUSED)
            raise Refused(close_codes.DECODE_ERROR) from error

    # ---- parts

    def _take(self, member: Member) -> None:
        self._stop_waiting()
        self._member = member
        self._state = State.SEATED
        self._claims, self._token = None, ""
        self._expire_in(self._bounds.heartbeat_timeout_s, close_codes.SESSION_TIMED_OUT)

    def _count_command(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._window_s >= _MINUTE_S:
            self._window_s, self._count = now_s, 0
        self._count += 1
        if self._count > self._bounds.commands_per_minute:
            raise Refused(close_codes.RATE_LIMITED)

    def _expire_in(self, seconds: float, code: CloseCode) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._call_later(seconds, lambda: self.close(code))

    def _end(self, *, is_final: bool) -> None:
        if self._state is State.CLOSED:
            return
        self._state = State.CLOSED
        self._stop_waiting()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        member, self._member = self._member, None
        if member is not None:
            self._directory.detach(member, self._link, is_final=is_final)

    def _stop_waiting(self) -> None:
        if self._end_wait is not None:
            self._end_wait()
            self._end_wait = None
