"""What the server reads and writes of MLS, against the MLS of stock libraries, and against any bytes."""

from collections.abc import Callable

import davey
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.mls.commit import parse_commit
from voice.mls.external_sender import ExternalSender
from voice.mls.key_package import parse_key_package
from voice.mls.presentation import BadMessage, Reader, encode_uint, encode_vector
from voice.mls.welcome import parse_welcome

CHANNEL = 42
GROUP = encode_uint(CHANNEL, 8)
SENDER = ExternalSender()
APPEND = davey.ProposalsOperationType.append


def open_session(user_id: int) -> tuple[davey.DaveSession, bytes]:
    """A client that knows the server, and its key package."""
    session = davey.DaveSession(1, user_id, CHANNEL)
    package = bytes(session.get_serialized_key_package())
    session.set_external_sender(SENDER.package)
    return session, package


ADA, PACKAGE = open_session(1)
BOB = parse_key_package(open_session(2)[1], user_id=2)
CLEO = parse_key_package(open_session(3)[1], user_id=3)
MADE = ADA.process_proposals(
    APPEND,
    encode_vector(b"".join(SENDER.propose_add(GROUP, 0, package).message for package in (BOB, CLEO))),
)
assert MADE is not None
assert MADE.welcome is not None
COMMIT, WELCOME = MADE.commit, MADE.welcome

READERS: list[tuple[Callable[[bytes], object], bytes]] = [
    (lambda data: parse_key_package(data, user_id=1), PACKAGE),
    (parse_commit, COMMIT),
    (parse_welcome, WELCOME),
]


@given(st.binary(max_size=20_000))
def test_vectors_are_read_as_they_are_written(content: bytes) -> None:
    reader = Reader(encode_vector(content) + b"rest")
    assert reader.vector() == content
    assert reader.rest == b"rest"


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x40\x01x", b"\x80\x00\x00\x01x", b"\xc0" + bytes(64), b"\x7f\xff"])
def test_lengths_that_nobody_writes_are_refused(data: bytes) -> None:
    with pytest.raises(BadMessage):
        Reader(data).vector()


@pytest.mark.parametrize(("read", "_data"), READERS)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(read: Callable[[bytes], object], _data: bytes, data: bytes) -> None:
    try:
        read(data)
    except BadMessage:
        return


@pytest.mark.parametrize(("read", "good"), READERS)
@given(data=st.data())
def test_messages_with_other_bytes_are_read_or_refused(
    read: Callable[[bytes], object], good: bytes, data: st.DataObject
) -> None:
    read(good)
    at = data.draw(st.integers(0, len(good) - 1))
    cut = data.draw(st.integers(0, 3))
    changed = good[:at] + data.draw(st.binary(max_size=4)) + good[at + cut :]
    try:
        read(changed)
    except BadMessage:
        return


@given(at=st.integers(0, len(PACKAGE) - 1), other=st.integers(1, 255))
def test_key_package_with_another_byte_is_refused(at: int, other: int) -> None:
    changed = bytearray(PACKAGE)
    changed[at] ^= other
    with pytest.raises(BadMessage):
        parse_key_package(bytes(changed), user_id=1)


def test_key_package_is_read_bare_and_as_a_message() -> None:
    bare = parse_key_package(PACKAGE, user_id=1)
    assert parse_key_package(encode_uint(1, 2) + encode_uint(5, 2) + PACKAGE, user_id=1) == bare
    assert bare.data == PACKAGE
    with pytest.raises(BadMessage, match="another user"):
        parse_key_package(PACKAGE, user_id=2)


def test_key_package_may_not_be_long() -> None:
    with pytest.raises(BadMessage, match="too long"):
        parse_key_package(PACKAGE + bytes(2048), user_id=1)


def test_commit_names_the_proposals_and_is_told_from_its_welcome() -> None:
    commit, rest = parse_commit(COMMIT + WELCOME)
    assert (commit.message, rest) == (COMMIT, WELCOME)
    assert (commit.group_id, commit.epoch, commit.sender) == (GROUP, 0, 0)
    assert len(set(commit.refs)) == 2


def test_welcome_has_for_each_its_own_secrets_alone() -> None:
    welcome = parse_welcome(WELCOME)
    assert welcome.secrets.keys() == {BOB.ref, CLEO.ref}
    alone = parse_welcome(welcome.encode_for(BOB.ref))
    assert alone.secrets == {BOB.ref: welcome.secrets[BOB.ref]}
    assert alone.group_info == welcome.group_info


def test_proposals_of_another_sender_are_refused_by_clients() -> None:
    session, _ = open_session(7)
    proposal = ExternalSender().propose_add(GROUP, 0, BOB)
    with pytest.raises(ValueError, match="proposals"):
        session.process_proposals(APPEND, encode_vector(proposal.message))
