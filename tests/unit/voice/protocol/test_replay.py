"""The numbered messages of a session."""

import json

from voice.protocol.payloads import BINARY_NUMBERS, BinaryPayload, Payload
from voice.protocol.replay import Replay


def test_messages_are_numbered_from_zero() -> None:
    replay = Replay()
    assert json.loads(replay.add(Payload(5, {"a": 1}))) == {"op": 5, "d": {"a": 1}, "seq": 0}
    assert json.loads(replay.add(Payload(5, None)))["seq"] == 1


def test_missed_messages_are_found_until_they_are_acknowledged() -> None:
    replay = Replay()
    messages = [replay.add(Payload(5, number)) for number in range(4)]
    assert [sent.message for sent in replay.find_missed(-1) or []] == messages
    assert [sent.message for sent in replay.find_missed(1) or []] == messages[2:]
    replay.acknowledge(1)
    assert replay.find_missed(0) is None
    assert replay.find_missed(3) == []


def test_numbers_that_were_not_sent_are_refused() -> None:
    replay = Replay()
    replay.add(Payload(5, None))
    replay.acknowledge(7)
    assert replay.find_missed(0) == []
    assert replay.find_missed(1) is None
    assert replay.find_missed(-2) is None


def test_client_that_acknowledges_nothing_loses_the_oldest() -> None:
    replay = Replay()
    for number in range(600):
        replay.add(Payload(5, number))
    assert replay.find_missed(-1) is None
    assert len(replay.find_missed(500) or []) == 99


def test_binary_messages_are_numbered_with_the_others() -> None:
    replay = Replay()
    replay.add(Payload(5, None))
    assert replay.add(BinaryPayload(27, b"bytes")) == b"\0\1\x1bbytes"
    assert [sent.is_binary for sent in replay.find_missed(-1) or []] == [False, True]


def test_number_of_a_binary_message_is_understood_when_two_bytes_do_not_hold_it() -> None:
    replay = Replay()
    for _ in range(BINARY_NUMBERS + 10):
        last = replay.add(BinaryPayload(27, b""))
    assert last == b"\0\x09\x1b"
    assert len(replay.find_missed(7) or []) == 2
    assert replay.find_missed(BINARY_NUMBERS + 7) == replay.find_missed(7)
    assert len(replay.find_missed(BINARY_NUMBERS - 1) or []) == 10
    assert replay.find_missed(20) is None
    replay.acknowledge(9)
    assert replay.find_missed(9) == []
