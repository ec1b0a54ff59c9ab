"""A conversation at the voice gateway, without a socket."""

import json

from tests.support.voice.quiet_node import FakeLink, QuietNode
from voice.crypto.suites import AES256_GCM
from voice.signalling.conversation import Conversation

ADA = 1
ADA_IS = {"server_id": "10", "user_id": str(ADA), "session_id": "s"}
UDP = {"protocol": "udp", "data": {"address": "192.0.2.1", "port": 5, "mode": AES256_GCM}}


def say(conversation: Conversation, op: int, d: object) -> None:
    """Have the client say something."""
    conversation.receive(json.dumps({"op": op, "d": d}).encode())


def open_seated(node: QuietNode) -> tuple[Conversation, FakeLink]:
    """A conversation of somebody whose media go by UDP."""
    conversation, link = node.converse()
    say(conversation, 0, ADA_IS | {"token": node.admit(ADA)})
    say(conversation, 1, UDP)
    assert link.closed is None
    return conversation, link


def test_heartbeats_ask_how_far_the_client_is_one_at_a_time() -> None:
    node = QuietNode()
    conversation, link = open_seated(node)
    (member,) = node.directory.members
    conversation.on_pong()
    assert (link.pings, member.voice.quality.rtts) == (0, (0, 0)), "nobody has asked"
    say(conversation, 3, {"t": 1, "seq_ack": -1})
    node.clock.advance(0.25)
    say(conversation, 3, {"t": 1, "seq_ack": -1})
    conversation.on_pong()
    conversation.on_pong()
    assert (link.pings, member.voice.quality.rtts) == (1, (0.25, 1))
    say(conversation, 3, {"t": 1, "seq_ack": -1})
    assert link.pings == 2
