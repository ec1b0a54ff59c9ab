"""One connection without a socket: the commands that pass, its deadline, its end, and its payloads."""

import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from core.runtime.settings.settings import GatewaySettings
from core.wire import close_codes
from core.wire.close_codes import CloseCode
from core_ext.delivery import Track
from gateway.commands.commands import Command, Identify, RequestGuildMembers, Resume
from gateway.commands.presence_command import PresenceUpdate
from gateway.payloads.compression import Compression
from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.encodings import Encoding
from gateway.scheduling.sending import Sending
from gateway.sessions.connection import Connection, Shared, encode_close_frame
from tests.fakes.clock import FakeClock
from tests.support.gateway.websocket_frames import split_frame

IDENTIFY = {"op": 2, "d": {"token": "t", "intents": 1}}
RESUME = {"op": 6, "d": {"token": "t", "session_id": "s", "seq": 1}}
MEMBERS = {"op": 8, "d": {"guild_id": "1", "query": "", "limit": 0}}
INTERVAL_S = 40.0


class FakeLink:
    """A link that keeps written bytes, and an ender that keeps close codes."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.codes: list[int] = []

    def write(self, data: bytes) -> None:
        self.frames.append(data)

    def get_write_buffer_size(self) -> int:
        return 77

    def end(self, frame: bytes) -> None:
        opcode, payload = split_frame(frame)
        assert opcode == 8
        self.codes.append(int.from_bytes(payload[:2], "big"))


class FakeHandler:
    """A handler that keeps its calls."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.ends: list[int | None] = []

    def on_command(self, connection: Connection, command: Command) -> None:
        self.commands.append(command)

    def on_closed(self, connection: Connection, code: int | None) -> None:
        self.ends.append(code)


class Bench:
    """A connection between a fake link and a fake handler, on a clock that stands still."""

    def __init__(
        self,
        encoding: Encoding = Encoding.JSON,
        compression: Compression = Compression.NONE,
        **settings: Any,
    ) -> None:
        self.clock = FakeClock()
        self.link = FakeLink()
        self.handler = FakeHandler()
        self.ended = self.link.codes
        self.noted: list[CloseCode] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        shared = Shared(
            note_close=lambda _address, close_code: self.noted.append(close_code),
            settings=GatewaySettings(**settings),
            clock=self.clock,
            handler=self.handler,
            sending=Sending(clock=self.clock, call_later=self.call_later, observe=lambda _: None),
            call_later=self.call_later,
        )
        self.connection = Connection(
            shared=shared,
            link=self.link,
            ender=self.link,
            encoding=encoding,
            compression=compression,
            remote_address="127.0.0.1",
        )
        self.connection.open(INTERVAL_S)

    def say(self, *payloads: Any) -> None:
        for payload in payloads:
            self.connection.receive(json.dumps(payload).encode(), is_text=True)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> None:
        self.timers.append((delay_s, callback))

    def run_timers(self) -> None:
        timers, self.timers = self.timers, []
        for _, callback in timers:
            callback()

    @property
    def sent(self) -> list[Any]:
        return [json.loads(split_frame(frame)[1]) for frame in self.link.frames]

    def log_in(self) -> None:
        self.say(IDENTIFY)
        self.connection.session = object()


def push(bench: Bench, body: DispatchBody) -> None:
    track = Track(max_events=10, max_bytes=1000)
    track.attach(bench.connection.outlet)
    track.push(body)


def test_open_says_hello_first() -> None:
    bench = Bench()
    assert [payload["op"] for payload in bench.sent] == [10]
    assert bench.sent[0]["d"]["heartbeat_interval"] == 40_000


def test_heartbeat_is_acknowledged_before_and_after_login() -> None:
    bench = Bench()
    bench.say({"op": 1, "d": None})
    bench.log_in()
    bench.say({"op": 1, "d": 5})
    assert [payload["op"] for payload in bench.sent] == [10, 11, 11]
    assert [type(command) for command in bench.handler.commands] == [Identify]


@pytest.mark.parametrize("payload", [MEMBERS, {"op": 3, "d": {}}, {"op": 4, "d": {}}, {"op": 14, "d": {"guild_id": 1}}])
def test_command_before_login_is_not_authenticated(payload: dict[str, Any]) -> None:
    bench = Bench()
    bench.say(payload)
    assert bench.ended == [close_codes.NOT_AUTHENTICATED.code]
    assert bench.handler.commands == []


@pytest.mark.parametrize("first", [IDENTIFY, RESUME])
@pytest.mark.parametrize("second", [IDENTIFY, RESUME])
def test_second_login_is_already_authenticated(first: dict[str, Any], second: dict[str, Any]) -> None:
    bench = Bench()
    bench.say(first, second)
    assert bench.ended == [close_codes.ALREADY_AUTHENTICATED.code]
    assert len(bench.handler.commands) == 1


def test_login_after_login_is_already_authenticated() -> None:
    bench = Bench()
    bench.log_in()
    bench.say(RESUME)
    assert bench.ended == [close_codes.ALREADY_AUTHENTICATED.code]


def test_invalid_session_lets_the_client_log_in_again() -> None:
    bench = Bench()
    bench.say(RESUME)
    bench.connection.send(9, d=False)
    bench.say(IDENTIFY)
    assert bench.ended == []
    assert [type(command) for command in bench.handler.commands] == [Resume, Identify]


def test_command_after_login_reaches_the_handler() -> None:
    bench = Bench()
    bench.log_in()
    bench.say(MEMBERS)
    assert bench.handler.commands[1] == RequestGuildMembers(guild_id=1, query="", limit=0)


def test_text_that_is_not_utf8_is_refused_in_every_encoding() -> None:
    for encoding in Encoding:
        bench = Bench(encoding)
        bench.connection.receive(b"\x83\xff\xfe", is_text=True)
        assert bench.ended == [close_codes.DECODE_ERROR.code]


def test_commands_past_the_limit_are_rate_limited() -> None:
    bench = Bench(commands_per_minute=3)
    bench.say(*[{"op": 1}] * 3)
    assert bench.connection.is_open
    bench.say({"op": 1})
    assert bench.ended == [close_codes.RATE_LIMITED.code]


def test_commands_of_a_new_minute_are_allowed() -> None:
    bench = Bench(commands_per_minute=3)
    for _ in range(4):
        bench.say(*[{"op": 1}] * 3)
        bench.clock.advance(60)
    assert bench.ended == []


def test_pings_count_as_commands() -> None:
    bench = Bench(commands_per_minute=2)
    for _ in range(3):
        bench.connection.receive_ping(b"\x8a\x00")
    assert bench.link.frames[1:] == [b"\x8a\x00"] * 2
    assert bench.ended == [close_codes.RATE_LIMITED.code]


def presence(name: str) -> dict[str, Any]:
    return {"op": 3, "d": {"status": "online", "activities": [{"name": name, "type": 0}]}}


def names(bench: Bench) -> list[str | None]:
    return [cmd.all_activities[0].name for cmd in bench.handler.commands if isinstance(cmd, PresenceUpdate)]


def test_presences_past_their_limit_are_held_and_the_last_one_wins() -> None:
    bench = Bench(presences_per_window=2, presence_window_s=20.0)
    bench.log_in()
    bench.say(*[presence(name) for name in "abcde"])
    assert names(bench) == ["a", "b"]
    assert [delay_s for delay_s, _ in bench.timers] == [20.0]
    bench.clock.advance(20)
    bench.run_timers()
    assert names(bench) == ["a", "b", "e"]
    assert bench.ended == []


def test_presence_that_was_held_is_forgotten_when_the_connection_ends() -> None:
    bench = Bench(presences_per_window=1)
    bench.log_in()
    bench.say(presence("a"), presence("b"))
    bench.connection.on_lost()
    bench.run_timers()
    assert names(bench) == ["a"]


def test_deadline_is_the_identify_timeout_until_the_client_logs_in() -> None:
    bench = Bench(identify_timeout_s=30.0)
    start_s = bench.clock.monotonic_s()
    assert bench.connection.deadline_s == start_s + 30
    bench.clock.advance(5)
    bench.say({"op": 1})
    assert bench.connection.deadline_s == start_s + 30
    bench.say(IDENTIFY)
    assert bench.connection.deadline_s == start_s + 5 + 60


def test_deadline_moves_with_each_heartbeat() -> None:
    bench = Bench(heartbeat_timeout_factor=1.5)
    bench.log_in()
    bench.clock.advance(50)
    bench.say({"op": 1})
    assert bench.connection.deadline_s == bench.clock.monotonic_s() + 60


def test_deadline_begins_anew_when_the_login_was_refused() -> None:
    bench = Bench(identify_timeout_s=30.0)
    bench.say(RESUME)
    bench.clock.advance(20)
    bench.connection.send(9, d=False)
    assert bench.connection.deadline_s == bench.clock.monotonic_s() + 30


def test_expire_says_session_timed_out() -> None:
    bench = Bench()
    bench.connection.expire()
    assert bench.ended == [close_codes.SESSION_TIMED_OUT.code]


def test_close_is_reported_once_and_later() -> None:
    bench = Bench()
    bench.connection.close(close_codes.UNKNOWN_ERROR)
    bench.connection.close(close_codes.RATE_LIMITED)
    assert bench.ended == [close_codes.UNKNOWN_ERROR.code]
    assert bench.handler.ends == []
    bench.run_timers()
    bench.connection.on_lost()
    assert bench.handler.ends == [None]


@pytest.mark.parametrize("code", [1000, 1001, 1005, 4000, 4900])
def test_client_close_reports_its_code_once(code: int) -> None:
    bench = Bench()
    bench.connection.on_client_close(code)
    bench.connection.on_lost()
    assert bench.handler.ends == [code]


def test_closed_connection_neither_sends_nor_hears() -> None:
    bench = Bench()
    bench.log_in()
    bench.connection.close(close_codes.UNKNOWN_ERROR)
    bench.connection.send(7)
    bench.connection.receive_ping(b"\x8a\x00")
    bench.say(MEMBERS)
    assert len(bench.link.frames) == 1
    assert len(bench.handler.commands) == 1
    assert bench.connection.buffered_bytes == 0


def test_buffered_bytes_are_the_links() -> None:
    assert Bench().connection.buffered_bytes == 77


def test_dispatch_comes_before_what_is_sent_after_it() -> None:
    bench = Bench()
    push(bench, DispatchBody("E", b'{"a":1}'))
    bench.connection.send(7)
    assert bench.sent[1:] == [
        {"s": 1, "t": "E", "op": 0, "d": {"a": 1}},
        {"t": None, "s": None, "op": 7, "d": None},
    ]


def test_payload_compression_makes_a_zlib_document_of_each_payload() -> None:
    bench = Bench()
    bench.connection.compress_payloads()
    push(bench, DispatchBody("READY", b"{}"))
    bench.connection.outlet.flush()
    opcode, payload = split_frame(bench.link.frames[-1])
    assert opcode == 2
    assert json.loads(zlib.decompress(payload)) == {"s": 1, "t": "READY", "op": 0, "d": {}}


@pytest.mark.parametrize(
    ("fields", "wants"),
    [
        ({"compress": True}, True),
        ({"compress": True, "properties": {"browser": "DiscordGo v0.29.0"}}, True),
        ({"compress": True, "properties": {"browser": "discord.py"}}, False),
        *[({"compress": compress}, False) for compress in (False, None, "zlib-stream", 1, {}, [])],
    ],
)
def test_identify_asks_for_payload_compression_with_true_alone(fields: dict[str, Any], wants: bool) -> None:
    bench = Bench()
    bench.say({"op": 2, "d": {"token": "t", **fields}})
    (command,) = bench.handler.commands
    assert isinstance(command, Identify)
    assert command.wants_payload_compression is wants
    assert bench.connection.compression is Compression.NONE


@pytest.mark.parametrize("compression", [Compression.ZLIB_STREAM, Compression.ZSTD_STREAM])
def test_payload_compression_on_a_compressed_transport_is_ignored(compression: Compression) -> None:
    bench = Bench(Encoding.JSON, compression)
    bench.connection.compress_payloads()
    assert bench.connection.compression is compression


def padded(payload: dict[str, Any], size: int) -> dict[str, Any]:
    """Pad a payload to so many bytes."""
    rest = size - len(json.dumps({**payload, "x": ""}).encode())
    return {**payload, "x": "-" * rest}


@pytest.mark.parametrize("payload", [MEMBERS, {"op": 1, "d": 1}, RESUME, {"op": 38, "d": {}}])
def test_large_payload_of_who_has_not_identified_must_identify(payload: dict[str, Any]) -> None:
    bench = Bench()
    bench.say(padded(payload, 4097))
    assert bench.ended == [close_codes.DECODE_ERROR.code]


@pytest.mark.parametrize(("size", "is_large"), [(4096, False), (4097, True), (15_360, True)])
def test_large_identify_says_that_it_is(size: int, is_large: bool) -> None:
    bench = Bench()
    bench.say(padded(IDENTIFY, size))
    (command,) = bench.handler.commands
    assert isinstance(command, Identify)
    assert command.is_large is is_large


def test_large_payload_of_a_person_is_taken_and_a_bots_is_not() -> None:
    for is_person in (True, False):
        bench = Bench()
        bench.log_in()
        if is_person:
            bench.connection.admit_person()
        bench.say(padded(MEMBERS, 4096), padded(MEMBERS, 4097))
        assert bench.ended == ([] if is_person else [close_codes.DECODE_ERROR.code])
        assert len(bench.handler.commands) == (3 if is_person else 2)


@pytest.mark.parametrize("close_code", [value for value in vars(close_codes).values() if isinstance(value, CloseCode)])
def test_close_frame_holds_code_and_reason_and_fits_a_control_frame(close_code: CloseCode) -> None:
    opcode, payload = split_frame(encode_close_frame(close_code))
    assert opcode == 8
    assert payload == close_code.code.to_bytes(2, "big") + close_code.reason.encode()
    assert len(payload) <= 125
