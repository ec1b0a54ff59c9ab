"""The voice gateway of a media node for fuzzing: a client that says anything, somebody with DAVE in its room, and
somebody in another room, who must not notice.

The messages of one input are separated by `SEPARATOR`. One that begins with a byte below a space is binary.
"""

import functools
import json
from typing import Final

import davey

from tests.support.voice.quiet_node import FakeLink, QuietNode
from voice.crypto.suites import AES256_GCM
from voice.mls.commit import parse_commit
from voice.mls.external_sender import ExternalSender
from voice.mls.key_package import KeyPackage, parse_key_package
from voice.mls.presentation import encode_uint, encode_vector
from voice.protocol.commands import COMMIT_WELCOME, KEY_PACKAGE
from voice.rooms.member import Member

SEPARATOR: Final = b"\0\x1e\0\x1e"
PROPOSAL_REF: Final = b"this stands for a proposal's ref"
PACKAGE_REF: Final = b"this stands for a package's ref."
"""What a commit refers to is new each time, so that inputs have names in its place."""
EVE, BOB, CLEO = 5, 1, 3
ROOM, OTHER_ROOM = 20, 21
STRANGER, SEATED, IN_THE_ROOM, WITH_KEYS = range(4)
_CODES: Final = frozenset({4001, 4002, 4003, 4004, 4005, 4006, 4009, 4012, 4014, 4016, 4021})
_SPOKEN: Final = frozenset({2, 4, 5, 6, 8, 9, 11, 12, 13, 16, 21, 22, 24})
_BINARY: Final = frozenset({25, 27, 29, 30})
_FIRST_TEXT: Final = 0x20


def open_session(user_id: int) -> tuple[davey.DaveSession, bytes]:
    """A stock client of the room, and its key package."""
    session = davey.DaveSession(1, user_id, ROOM)
    return session, bytes(session.get_serialized_key_package())


@functools.cache
def bobs_package() -> KeyPackage:
    """The key package of who is there."""
    return parse_key_package(open_session(BOB)[1], user_id=BOB)


@functools.cache
def eves_session() -> tuple[davey.DaveSession, bytes]:
    """The client's own keys, for those inputs that begin with them."""
    return open_session(EVE)


@functools.cache
def make_commit() -> bytes:
    """A commit with its Welcome, as a stock client makes them when it is proposed to add `BOB`."""
    session, sender = eves_session()[0], ExternalSender()
    session.set_external_sender(sender.package)
    proposal = sender.propose_add(encode_uint(ROOM, 8), 0, bobs_package())
    made = session.process_proposals(davey.ProposalsOperationType.append, encode_vector(proposal.message))
    assert made is not None
    assert parse_commit(made.commit)[0].refs == (proposal.ref,)
    message = made.commit + (made.welcome or b"")
    return message.replace(proposal.ref, PROPOSAL_REF).replace(bobs_package().ref, PACKAGE_REF)


class VoiceGateway:
    """A node with three people. The client has come as far as `stage` says."""

    def __init__(self, stage: int) -> None:
        self.node = QuietNode()
        self.bob, self._bobs_link = self._seat(BOB, ROOM)
        self.cleo, self._cleos_link = self._seat(CLEO, OTHER_ROOM)
        self.client, self.link = self.node.converse()
        if stage > STRANGER:
            self._identify()
        if stage > SEATED:
            data = {"address": "192.0.2.1", "port": 5, "mode": AES256_GCM}
            self._say({"op": 1, "d": {"protocol": "udp", "data": data}})
        if stage > IN_THE_ROOM:
            self.client.receive(bytes([KEY_PACKAGE]) + eves_session()[1], is_binary=True)
        self._known = len(self._cleos_link.sent)

    def _seat(self, user_id: int, channel_id: int) -> tuple[Member, FakeLink]:
        member, link = self.node.sit(user_id, self.node.admit(user_id, channel_id))
        member.dave_version = 1
        self.node.entrance.select_udp(member, mode=AES256_GCM, address=("192.0.2.1", user_id))
        self.node.directory.enter(member)
        if user_id == BOB:
            self.node.directory.open_room(member).dave.take_key_package(member, bobs_package().data)
        return member, link

    def _identify(self) -> None:
        token = self.node.admit(EVE, ROOM)
        who = {"server_id": "10", "user_id": str(EVE), "session_id": "s", "token": token}
        self._say({"op": 0, "d": who | {"max_dave_protocol_version": 1}})

    def _say(self, message: object) -> None:
        self.client.receive(json.dumps(message).encode())
        assert self.link.closed is None

    def receive(self, message: bytes) -> None:
        """Have the client say this, if it is not closed yet."""
        if self.link.closed is None:
            is_binary = bool(message) and message[0] < _FIRST_TEXT
            self.client.receive(self._fill_in(message) if is_binary else message, is_binary=is_binary)

    def _fill_in(self, message: bytes) -> bytes:
        """Put the names of what is proposed now in the places that stand for them."""
        if message[0] != COMMIT_WELCOME:
            return message
        given = self.node.directory.open_room(self.bob).dave._group._given.get(EVE, [])
        message = message.replace(PACKAGE_REF, bobs_package().ref)
        return message.replace(PROPOSAL_REF, given[0].ref) if given else message

    def check(self, *, may_be_seated: bool) -> None:
        """Check what was said to whom, and that all of it ends. Raises AssertionError."""
        assert self.link.closed is None or self.link.closed.code in _CODES, self.link.closed
        assert len(self._cleos_link.sent) == self._known, "the other room was told something"
        assert {self.bob, self.cleo} <= set(self.node.directory.members)
        assert may_be_seated or self.node.directory.member_count == 2, "a stranger has a seat"
        for link in (self.link, self._bobs_link):
            _check_messages(link)
        self.client.on_lost(None)
        self.node.directory.close()
        self.node.timers.run()
        self.node.assert_empty()


def _check_messages(link: FakeLink) -> None:
    for message in link.sent:
        if message in link.binary:
            assert message[2] in _BINARY, message
        else:
            assert json.loads(message)["op"] in _SPOKEN, message
