"""A listener: what one person's session hears, measured and checked.

Stamps tell how long messages and presences were under way. Numbers tell whether a message is missing or came twice,
which is an error of the server. Two scenarios are excepted: in large guilds passive sessions are not told of all
messages, and after a kill the events of the last second or two may come again (`came twice`). What was said before the
listener was there, or while it was away, is caught up and has a name of its own.
"""

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from loadtest.measures.heard import Heard
from loadtest.measures.stamp import read_stamp
from loadtest.wire.encodings import Reader
from loadtest.wire.voice_messages import VoiceServer

_MS: Final = 1e6
"""Nanoseconds of a millisecond."""


class Said(msgspec.Struct):
    """What a listener reads of a message."""

    id: str
    channel_id: str
    content: str = ""


class Activity(msgspec.Struct):
    """What a listener reads of an activity."""

    state: str | None = None


class Who(msgspec.Struct):
    """The user of a presence."""

    id: str


class Shown(msgspec.Struct):
    """What a listener reads of a presence."""

    user: Who
    activities: list[Activity] = []


class Tally(Protocol):
    """Who counts durations and faults."""

    def measure(self, name: str, took_ms: float, size_bytes: int = 0) -> None:
        """Take a duration."""

    def fail(self, name: str, error: str) -> None:
        """Take a fault."""


class Listener:
    """The hearing of one person. It is the observer of their gateway client."""

    __slots__ = (
        "_checks_numbers",
        "_forgives_repeats",
        "_heard",
        "_machine",
        "_own_id",
        "_shown",
        "_since_ns",
        "_take_server",
        "_tally",
        "newest",
    )

    def __init__(
        self,
        *,
        own_id: str,
        machine: str,
        tally: Tally,
        checks_numbers: bool,
        forgives_repeats: bool = False,
        take_server: Callable[[VoiceServer], None] = lambda _: None,
    ) -> None:
        """`machine` is `read_machine`'s word for this machine. `take_server` gets the voice servers that are named."""
        self._forgives_repeats = forgives_repeats
        self._own_id = own_id
        self._machine = machine
        self._tally = tally
        self._take_server = take_server
        self._checks_numbers = checks_numbers
        self._heard, self._shown = Heard(), Heard()
        self._since_ns = time.monotonic_ns()
        self.newest: dict[str, str] = {}
        """The newest message of each channel."""

    def measure(self, name: str, took_ms: float, size_bytes: int = 0) -> None:
        """Pass on what the client has measured."""
        self._tally.measure(name, took_ms, size_bytes)

    def fail(self, name: str, error: str) -> None:
        """Pass on a fault that the client has found."""
        self._tally.fail(name, error)

    def hear(self, reader: Reader, payload: Any) -> None:
        """Take a dispatch."""
        match payload.t:
            case "MESSAGE_CREATE":
                self._hear_message(reader.take(payload, Said))
            case "PRESENCE_UPDATE":
                self._hear_presence(reader.take(payload, Shown))
            case "VOICE_SERVER_UPDATE":
                self._take_server(reader.take(payload, VoiceServer))
            case "READY":
                self._heard.forget()
                self._since_ns = time.monotonic_ns()
            case "RESUMED":
                self._since_ns = time.monotonic_ns()

    def _hear_message(self, said: Said) -> None:
        now_ns = time.monotonic_ns()
        self.newest[said.channel_id] = said.id
        stamp = read_stamp(said.content)
        if stamp is None:
            return
        if self._checks_numbers and (missing := self._heard.note(stamp.author, stamp.number)):
            if missing < 0 and self._forgives_repeats:
                self._tally.measure("came twice", (now_ns - stamp.sent_ns) / _MS if stamp.sent_ns else 0)
                return
            what = "a message came twice" if missing < 0 else f"{missing} messages are missing"
            self._tally.fail("delivered", what)
        if stamp.machine == self._machine and stamp.sent_ns:
            name = "delivered" if stamp.sent_ns >= self._since_ns else "caught up"
            self._tally.measure(name, (now_ns - stamp.sent_ns) / _MS, len(said.content))

    def _hear_presence(self, shown: Shown) -> None:
        if shown.user.id == self._own_id:
            return
        for activity in shown.activities:
            stamp = read_stamp(activity.state or "")
            # A presence is told again with each change of it, and in each common guild.
            if stamp is None or self._shown.note(stamp.author, stamp.number) < 0 or stamp.machine != self._machine:
                continue
            if stamp.sent_ns >= self._since_ns:
                self._tally.measure("presence", (time.monotonic_ns() - stamp.sent_ns) / _MS)
