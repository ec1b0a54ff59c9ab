"""A driver of the C load client, which opens sessions and counts their frames. native/client.c lists what it can do."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.harness.builds import Builds
from benchmarks.harness.processes import CLIENT_CORE, PinnedProcess
from core.domain.intents import ALL_INTENTS
from core.wire.capabilities import Capability
from core_ext import payloads

_TEXT, _BINARY = 0x81, 0x82
_HELLOS = 1
_ENCODERS: Final[dict[str, Callable[[Any], bytes]]] = {
    "json": msgspec.json.encode,
    "msgpack": msgspec.msgpack.encode,
    "etf": payloads.etf_encode,
}
LOGIN_FRAMES = 2
"""The frames of a login: READY, and one GUILD_CREATE of a bot or READY_SUPPLEMENTAL of a person."""
_CAPABILITIES: Final = int(Capability.DEDUPED_USERS | Capability.PRIORITISED_READY)
"""What people's clients can do today, which asks for READY_SUPPLEMENTAL."""


class Waits(msgspec.Struct, frozen=True):
    """A distribution of durations, in ms."""

    p50_ms: float
    p99_ms: float
    max_ms: float


class Logins(msgspec.Struct, frozen=True):
    """Logins, timed from the sent identify to READY and to the last frame of a login."""

    took_s: float
    ready: Waits
    guild: Waits


class Refusals(msgspec.Struct, frozen=True):
    """Refused resumes, timed from the sent resume to INVALID_SESSION."""

    took_s: float
    waits: Waits


class Counted(msgspec.Struct, frozen=True):
    """The frames that came."""

    at_s: float
    """The monotonic time of the last frame."""
    frames: int
    bytes: int


class Beats(msgspec.Struct, frozen=True):
    """Heartbeats that were answered."""

    count: int
    took_s: float
    waits: Waits


class Settled(msgspec.Struct, frozen=True):
    """The outcome of slow readers: how many got all, how many less, and how many were closed with which code."""

    complete: int
    partial: int
    closed: dict[int, int]


class LoadClient:
    """Many connections to one server."""

    __slots__ = ("_folder", "_process")

    def __init__(self, *, builds: Builds, folder: Path) -> None:
        self._folder = folder
        self._process = PinnedProcess([builds.program("client")], on_core=CLIENT_CORE)

    def connect(self, port: int, count: int, *, path: str = "/", hellos: int = 0) -> float:
        """Open so many more connections, and return how long it took, in s. A gateway says HELLO on each."""
        return int(self._ask(f"connect {port} {path} {count} {hellos}", "connected")[1]) / 1e9

    def connect_gateway(self, port: int, count: int, *, encoding: str = "json", compress: str = "") -> float:
        """Open so many more connections to a gateway."""
        path = f"/?v=10&encoding={encoding}" + (f"&compress={compress}" if compress else "")
        return self.connect(port, count, path=path, hellos=_HELLOS)

    def login(
        self, tokens: Sequence[str], *, encoding: str = "json", at_once: int = 64, status: str = "invisible"
    ) -> Logins:
        """Identify the connections that were opened last, one a token. Invisible sessions cause no presence events."""
        records = [_encode_record(_identify(token, status), encoding) for token in tokens]
        took_s, waits = self._say(records, frames=LOGIN_FRAMES, at_once=at_once)
        return Logins(took_s, _waits(waits[:3]), _waits(waits[3:]))

    def resume(self, tokens: Sequence[str]) -> Refusals:
        """Resume unknown sessions, one a token and all at once, on the connections that were opened last."""
        d = [{"token": token, "session_id": f"{number:032x}", "seq": 2} for number, token in enumerate(tokens)]
        records = [_encode_record({"op": 6, "d": each}, "json") for each in d]
        took_s, waits = self._say(records, frames=1, at_once=len(records))
        return Refusals(took_s, _waits(waits[:3]))

    def _say(self, records: Sequence[bytes], *, frames: int, at_once: int) -> tuple[float, list[int]]:
        """Have each connection send its record and await `frames`. Return seconds, and the waits for first and last
        frame in ns.
        """
        file = self._folder / "records"
        file.write_bytes(b"".join(records))
        took_ns, *waits_ns = map(int, self._ask(f"login {file} {at_once} {frames}", "logged-in")[1:])
        return took_ns / 1e9, waits_ns

    def expect(self, frames: int) -> None:
        """Start counting. Frames of slow readers do not count."""
        self._ask(f"expect {frames}", "counting")

    def probe(self, frames: int) -> None:
        """Start counting frames that carry the time at which they were meant to be sent."""
        self._ask(f"probe {frames}", "counting")

    def wait(self) -> Counted:
        """Wait until all expected frames have come."""
        return _counted(self._read("counted"))

    def wait_probed(self) -> tuple[Counted, Waits]:
        """Wait until all frames that `probe` expects have come."""
        answer = self._read("counted")
        return _counted(answer), _waits(list(map(int, answer[3:])))

    def beat(self, rounds: int) -> Beats:
        """Send a heartbeat on every connection, and the next one when the answer is there."""
        count, took, *waits = map(int, self._ask(f"beat {rounds}", "beaten"))
        return Beats(count, took / 1e9, _waits(waits))

    def slow(self, count: int, bytes_a_tick: int) -> None:
        """Read the first `count` connections only every 10 ms, `bytes_a_tick` at a time."""
        self._ask(f"slow {count} {bytes_a_tick}", "slowed")

    def settle(self, frames: int, *, quiet_ms: int = 500) -> Settled:
        """Read on normally, until slow readers have got `frames`, are closed, or nothing comes any more."""
        complete, partial, *codes = self._ask(f"settle {frames} {quiet_ms}", "settled")
        closed = {int(code): int(count) for code, count in (each.split("=") for each in codes)}
        return Settled(int(complete), int(partial), closed)

    def leave(self) -> None:
        """Close all connections with 1000, and wait until the server has closed them too."""
        self._ask("leave", "left")

    def cpu_s(self) -> float:
        """Return the processor time used so far."""
        return self._process.cpu_s()

    def stop(self) -> None:
        """End the process."""
        self._process.stop()

    def _ask(self, command: str, answer: str) -> list[str]:
        self._process.tell(command)
        return self._read(answer)

    def _read(self, answer: str) -> list[str]:
        word, *fields = self._process.read().split()
        if word != answer:
            raise RuntimeError(f"the client said {word} where {answer} was due")
        return fields


def _counted(fields: list[str]) -> Counted:
    return Counted(int(fields[0]) / 1e9, int(fields[1]), int(fields[2]))


def _waits(numbers_ns: list[int]) -> Waits:
    return Waits(*(number / 1e6 for number in numbers_ns))


def _identify(token: str, status: str) -> dict[str, Any]:
    presence: dict[str, Any] = {"status": status, "since": None, "activities": [], "afk": False}
    properties = {"os": "linux", "browser": "bench", "device": "bench"}
    d = {"token": token, "intents": ALL_INTENTS, "properties": properties, "presence": presence}
    return {"op": 2, "d": {**d, "capabilities": _CAPABILITIES}}


def _encode_record(command: dict[str, Any], encoding: str) -> bytes:
    """Encode a command as a masked frame, with its size before it. The mask is zero, which is as valid as any other."""
    payload = _ENCODERS[encoding](command)
    opcode = _TEXT if encoding == "json" else _BINARY
    frame = bytes((opcode, 0xFE)) + struct.pack(">H", len(payload)) + bytes(4) + payload
    return struct.pack("<I", len(frame)) + frame
