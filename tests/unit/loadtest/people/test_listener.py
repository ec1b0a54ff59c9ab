"""A listener times what it hears, and notices what is missing."""

import time
from typing import Any

import msgspec
import pytest

from loadtest.measures.stamp import Stamp
from loadtest.people.listener import Listener
from loadtest.wire.encodings import Json
from loadtest.wire.voice_messages import VoiceServer

CODED = Json()


class _Tally:
    def __init__(self) -> None:
        self.measured: list[tuple[str, float]] = []
        self.failed: list[tuple[str, str]] = []

    def measure(self, name: str, took_ms: float, size_bytes: int = 0) -> None:
        self.measured.append((name, took_ms))

    def fail(self, name: str, error: str) -> None:
        self.failed.append((name, error))

    def names(self) -> list[str]:
        return [name for name, _ in self.measured]


class _Ear:
    """A listener and what it has counted."""

    def __init__(self, *, checks_numbers: bool = True, forgives_repeats: bool = False) -> None:
        self.tally = _Tally()
        self.servers: list[VoiceServer] = []
        self.listener = Listener(
            own_id="me",
            machine="here",
            tally=self.tally,
            checks_numbers=checks_numbers,
            forgives_repeats=forgives_repeats,
            take_server=self.servers.append,
        )

    def hear(self, kind: str, body: Any) -> None:
        self.listener.hear(CODED, CODED.read(msgspec.json.encode({"op": 0, "s": 1, "t": kind, "d": body})))

    def hear_message(self, number: int, *, author: str = "a", machine: str = "here", age_ms: float = 0) -> None:
        stamp = Stamp(machine, author, number, time.monotonic_ns() - int(age_ms * 1e6))
        self.hear("MESSAGE_CREATE", {"id": "7", "channel_id": "5", "content": f"words {stamp.encode()}"})

    def hear_presence(self, number: int, *, user: str = "you") -> None:
        state = Stamp("here", user, number, time.monotonic_ns()).encode()
        self.hear("PRESENCE_UPDATE", {"user": {"id": user}, "status": "idle", "activities": [{"state": state}]})


def test_hear_messages_in_order_times_them_and_keeps_the_newest() -> None:
    ear = _Ear()
    for number in (4, 5, 6):
        ear.hear_message(number)
        ear.hear_message(number, author="b")
    assert ear.tally.names() == ["delivered"] * 6
    assert all(0 <= took_ms < 60_000 for _, took_ms in ear.tally.measured)
    assert (ear.tally.failed, ear.listener.newest) == ([], {"5": "7"})


@pytest.mark.parametrize(
    ("numbers", "error"), [((1, 4), "2 messages are missing"), ((1, 2, 2), "a message came twice")]
)
def test_hear_messages_out_of_order_is_a_fault(numbers: tuple[int, ...], error: str) -> None:
    ear, careless = _Ear(), _Ear(checks_numbers=False)
    for number in numbers:
        ear.hear_message(number)
        careless.hear_message(number)
    assert (ear.tally.failed, careless.tally.failed) == ([("delivered", error)], [])


def test_hear_repeat_after_a_kill_is_counted_and_no_fault_but_a_gap_is() -> None:
    ear = _Ear(forgives_repeats=True)
    for number in (1, 2, 1, 2, 4):
        ear.hear_message(number)
    assert ear.tally.names() == ["delivered", "delivered", "came twice", "came twice", "delivered"]
    assert ear.tally.failed == [("delivered", "1 messages are missing")]


def test_hear_messages_after_a_new_session_begins_anew() -> None:
    ear = _Ear()
    ear.hear_message(1)
    ear.hear("READY", {})
    ear.hear_message(9)
    assert ear.tally.failed == []


def test_hear_message_from_before_a_resume_is_caught_up_but_counted() -> None:
    ear = _Ear()
    ear.hear_message(1)
    ear.hear("RESUMED", {})
    ear.hear_message(2, age_ms=60_000)
    ear.hear_message(4)
    assert ear.tally.names() == ["delivered", "caught up", "delivered"]
    assert ear.tally.failed == [("delivered", "1 messages are missing")]


def test_hear_message_of_another_machine_is_counted_and_not_timed() -> None:
    ear = _Ear()
    ear.hear_message(1, machine="there")
    ear.hear_message(3, machine="there")
    assert (ear.tally.names(), len(ear.tally.failed)) == ([], 1)


def test_hear_presences_times_each_change_once() -> None:
    ear = _Ear()
    for number in (1, 1, 3):
        ear.hear_presence(number)
    ear.hear_presence(5, user="me")
    assert (ear.tally.names(), ear.tally.failed) == (["presence", "presence"], [])


def test_hear_what_was_not_stamped_counts_nothing() -> None:
    ear = _Ear()
    ear.hear("MESSAGE_CREATE", {"id": "1", "channel_id": "2", "content": "hello"})
    ear.hear("PRESENCE_UPDATE", {"user": {"id": "you"}, "activities": [{"name": "a game"}]})
    ear.hear("TYPING_START", {})
    assert (ear.tally.names(), ear.tally.failed) == ([], [])


def test_hear_voice_servers_hands_each_one_on() -> None:
    ear = _Ear()
    for endpoint in (None, "voice.example.org:8083"):
        ear.hear("VOICE_SERVER_UPDATE", {"token": "t", "guild_id": "9", "endpoint": endpoint})
    assert ear.servers == [VoiceServer("t", "9"), VoiceServer("t", "9", "voice.example.org:8083")]
    assert (ear.tally.measured, ear.tally.failed) == ([], [])
