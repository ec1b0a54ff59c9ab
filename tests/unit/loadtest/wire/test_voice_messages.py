"""IP discovery and messages, as the node reads and writes them."""

import msgspec
import pytest

from loadtest.wire.voice_messages import (
    HELLO,
    IDENTIFY,
    VoiceHello,
    encode_discovery,
    encode_message,
    read_discovery,
    read_message,
)
from voice.packets.discovery import encode_answer, find_asker
from voice.packets.rtp import Kind, classify
from voice.protocol import payloads
from voice.protocol.commands import Identify, parse_command


def test_discovery_is_asked_as_the_node_expects_and_its_answer_is_read() -> None:
    question = encode_discovery(7)
    assert classify(question) is Kind.DISCOVERY
    assert find_asker(question) == 7
    assert read_discovery(encode_answer(7, "192.0.2.9", 50_000), 7) == ("192.0.2.9", 50_000)


@pytest.mark.parametrize("datagram", [b"", encode_discovery(7), encode_answer(8, "192.0.2.9", 50_000)])
def test_read_discovery_leaves_others_aside(datagram: bytes) -> None:
    assert read_discovery(datagram, 7) is None


def test_messages_are_those_of_the_node() -> None:
    hello = read_message(payloads.hello(13_750).encode(3))
    assert (hello.op, hello.seq) == (HELLO, 3)
    assert msgspec.json.decode(hello.d, type=VoiceHello).heartbeat_interval == 13_750
    identity = {"server_id": "1", "user_id": "2", "session_id": "3", "token": "4"}
    assert parse_command(encode_message(IDENTIFY, identity)) == Identify("1", "2", "3", "4")
