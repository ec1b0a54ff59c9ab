"""A client of the gateway: it identifies, beats, resumes over lost connections, and writes down all that it gets.

It reads real frames of a real `Connection` (JSON, no compression). Its own finding is one: `s` is continuous.
"""

import asyncio
from random import Random
from typing import Any, Final

import msgspec

from core.wire.opcodes import Opcode
from tests.simulation.clients.ledger import Dispatch, Ledger, SessionRecord
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.trace import Trace
from tests.simulation.world.wires import GatewayAddress, Wire

_CLOSE: Final = 8
_KEPT_SESSION: Final = frozenset({4000, 4001, 4002, 4003, 4005, 4008, 1001, 1006})
"""The close codes after which a client resumes. The others need a new session."""
_RECONNECT_S: Final = (0.2, 3.0)
_HELLO_S: Final = 4.0
"""The time after which a client that notices silence gives up a connection that has said nothing."""

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class GatewayClient:
    """One user's place at the gateway, with one session after the other."""

    def __init__(
        self,
        *,
        loop: ProcessLoop,
        port: GatewayAddress,
        ledger: Ledger,
        trace: Trace,
        chance: Random,
        user_id: int,
        token: str,
        intents: int | None,
        notices_silence: bool = False,
    ) -> None:
        """`intents` are a bot's; None for a person. Who notices silence connects anew when heartbeats are not answered."""
        self._loop = loop
        self._port = port
        self._ledger = ledger
        self._trace = trace
        self._chance = chance
        self._token = token
        self._intents = intents
        self._notices_silence = notices_silence
        self._awaits_answer = False
        """Whether the server owes an answer to the last heartbeat, or its first word."""
        self._wire: Wire | None = None
        self._buffer = b""
        self._beat: asyncio.Handle | None = None
        self._seq = 0
        self.wants_to_be_online = False
        self._close_code = 0
        self._epoch = 0
        self.user_id = user_id
        self.name = f"user {user_id % 10_000:04}"
        self.record: SessionRecord | None = None
        self.is_live = False
        """Whether its session is READY or resumed, on the present connection."""

    # ---- what its owner wants

    def come_online(self) -> None:
        """Connect, and stay connected."""
        self.wants_to_be_online = True
        self._connect()

    def go_offline(self, code: int = 1000) -> None:
        """Close the connection. 1000 ends the session."""
        self.wants_to_be_online = False
        if self._wire is not None:
            self._wire.leave(code)
        self._drop(forget=code == 1000)

    def lose_network(self) -> None:
        """Lose the connection without a word, and come back."""
        if self._wire is not None:
            self._trace.note(self.name, "loses its network")
            self._wire.vanish()
            self._drop(forget=False)
            self._come_back()

    def tell(self, op: int, d: Any) -> None:
        """Send a command, if there is a connection."""
        if self._wire is not None and self.is_live:
            self._wire.send(_encode({"op": op, "d": d}))

    # ---- the connection

    def _connect(self) -> None:
        if self._wire is not None or not self.wants_to_be_online:
            return
        self._buffer, self._close_code = b"", 1006
        self._wire = self._port.connect(self._loop, self, "v=10&encoding=json")
        if self._wire is None:
            self._come_back()
        elif self._notices_silence:
            self._awaits_answer = True
            self._loop.call_later(_HELLO_S, self._give_up, self._wire)

    def _give_up(self, wire: Wire) -> None:
        """Leave a connection that is silent."""
        if self._wire is wire and self._awaits_answer:
            self._trace.note(self.name, "hears nothing")
            self._leave()

    def _leave(self) -> None:
        """Connect anew, with the same session."""
        if self._wire is not None:
            self._wire.leave(4000)
            self._drop(forget=False)
            self._come_back()

    def _come_back(self) -> None:
        self._epoch += 1
        epoch = self._epoch
        self._loop.call_later(self._chance.uniform(*_RECONNECT_S), lambda: epoch == self._epoch and self._connect())

    def _drop(self, *, forget: bool) -> None:
        self._wire, self.is_live = None, False
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        if forget:
            self._forget()

    def _forget(self) -> None:
        if self.record is not None:
            self.record.is_over = True
        self.record, self._seq = None, 0

    def on_end(self) -> None:
        """See `FrameReceiver`."""
        self._trace.note(self.name, f"connection ended {self._close_code}")
        self._drop(forget=self._close_code not in _KEPT_SESSION)
        self._come_back()

    def on_bytes(self, data: bytes) -> None:
        """See `FrameReceiver`."""
        self._buffer += data
        while (frame := self._take_frame()) is not None:
            opcode, payload = frame
            if opcode == _CLOSE:
                self._close_code = int.from_bytes(payload[:2], "big")
            elif self._wire is not None:
                self._take(_decode(payload))

    def _take_frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + size:
            return None
        self._buffer = buffer[start + size :]
        return buffer[0] & 15, buffer[start : start + size]

    # ---- payloads

    def _take(self, payload: dict[str, Any]) -> None:
        match payload["op"]:
            case Opcode.HEARTBEAT_ACK:
                self._awaits_answer = False
            case Opcode.HELLO:
                self._awaits_answer = False
                interval_s = payload["d"]["heartbeat_interval"] / 1000
                self._beat = self._loop.call_later(interval_s * self._chance.random(), self._send_beat, interval_s)
                self._introduce()
            case Opcode.DISPATCH:
                self._take_dispatch(payload["s"], payload["t"], payload["d"])
            case Opcode.INVALID_SESSION:
                self._trace.note(self.name, "op 9")
                self._ledger.invalid_sessions += 1
                self._forget()
                self._loop.call_later(self._chance.uniform(1, 3), self._introduce_again, self._wire)
            case Opcode.RECONNECT:
                self._trace.note(self.name, "op 7")
                self._leave()

    def _send_beat(self, interval_s: float) -> None:
        if self._notices_silence and self._wire is not None:
            self._give_up(self._wire)
        if self._wire is not None:
            self._awaits_answer = True
            self._wire.send(_encode({"op": Opcode.HEARTBEAT, "d": self._seq or None}))
            self._beat = self._loop.call_later(interval_s, self._send_beat, interval_s)

    def _introduce_again(self, wire: Wire) -> None:
        if self._wire is wire:
            self._introduce()

    def _introduce(self) -> None:
        assert self._wire is not None
        if self.record is not None:
            resume = {"token": self._token, "session_id": self.record.session_id, "seq": self._seq}
            self._wire.send(_encode({"op": Opcode.RESUME, "d": resume}))
            return
        properties = {"os": "linux", "browser": "simulated", "device": ""}
        identify: dict[str, Any] = {"token": self._token, "properties": properties}
        if self._intents is not None:
            identify["intents"] = self._intents
        self._wire.send(_encode({"op": Opcode.IDENTIFY, "d": identify}))

    def _take_dispatch(self, seq: int, event: str, d: Any) -> None:
        if event == "READY":
            self.record = SessionRecord(user_id=self.user_id, session_id=d["session_id"])
            self._ledger.sessions.append(self.record)
            self._seq = 0
            self.is_live = True
        record = self.record
        if record is None:
            self._ledger.violations.append(f"{self.name} got {event} without a session")
            return
        if not self.is_live:
            # The first dispatch of a resumed session's new connection.
            self.is_live = True
            record.lives += 1
        if seq != self._seq + 1:
            self._ledger.violations.append(f"{self.name} got s={seq} after {self._seq} ({event})")
        self._seq = seq
        self._trace.note(self.name, f"s={seq} {event} {_say(d)}")
        record.dispatches.append(Dispatch(self._loop.time(), seq, event, d, record.lives))


def _say(d: Any) -> str:
    """Name a dispatch in the trace."""
    if not isinstance(d, dict):
        return ""
    of_role = d.get("role", {}).get("id", "") if isinstance(d.get("role"), dict) else ""
    user = d.get("user", {}).get("id", "") if isinstance(d.get("user"), dict) else ""
    return " ".join(str(each) for each in (d.get("id"), of_role, user, d.get("content")) if each)
