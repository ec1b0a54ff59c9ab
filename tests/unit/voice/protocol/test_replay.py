"""The numbered messages of a session."""

import json

from voice.protocol.payloads import Payload
from voice.protocol.replay import Replay


def test_messages_are_numbered_from_zero() -> None:
    replay = Replay()
    assert json.loads(replay.add(Payload(5, {"a": 1}))) == {"op": 5, "d": {"a": 1}, "seq": 0}
    assert json.loads(replay.add(Payload(5, None)))["seq"] == 1


def test_missed_messages_are_found_until_they_are_acknowledged() -> None:
    replay = Replay()
    messages = [replay.add(Payload(5, number)) for number in range(4)]
    assert replay.find_missed(-1) == messages
    assert replay.find_missed(1) == messages[2:]
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
