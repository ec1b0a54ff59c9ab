"""A client's frames against wsproto, the other opinion on RFC 6455, however the bytes are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from loadtest.wire.frames import BINARY, CLOSE, PING, TEXT, FrameError, FrameReader, Message, cut_at_close, encode_frame

texts = st.text(max_size=300)
messages = st.lists(
    st.one_of(
        texts.map(lambda data: TextMessage(data=data)),
        st.binary(max_size=70_000).map(lambda data: BytesMessage(data=data)),
    ),
    max_size=4,
)


def _expect(event: TextMessage | BytesMessage) -> Message:
    if isinstance(event, TextMessage):
        return Message(TEXT, event.data.encode())
    return Message(BINARY, bytes(event.data))


@given(messages, st.integers(1, 5000))
def test_feed_servers_frames_in_pieces_gives_the_messages(events: list[TextMessage | BytesMessage], size: int) -> None:
    server = Connection(ConnectionType.SERVER)
    sent = b"".join(server.send(event) for event in events)
    reader = FrameReader()
    came = [message for at in range(0, len(sent), size) for message in reader.feed(sent[at : at + size])]
    assert came == [_expect(event) for event in events]


def test_feed_fragments_with_a_ping_between_gives_the_ping_and_the_whole() -> None:
    server = Connection(ConnectionType.SERVER)
    sent = server.send(TextMessage(data="one ", message_finished=False))
    sent += server.send(Ping(payload=b"?")) + server.send(TextMessage(data="two", message_finished=True))
    assert FrameReader().feed(sent) == [Message(PING, b"?"), Message(TEXT, b"one two")]


def test_feed_close_gives_its_code() -> None:
    server = Connection(ConnectionType.SERVER)
    assert FrameReader().feed(server.send(CloseConnection(code=4004))) == [Message(CLOSE, b"\x0f\xa4")]


def test_cut_at_close_keeps_what_was_said_before() -> None:
    server = Connection(ConnectionType.SERVER)
    sent = server.send(TextMessage(data="last words")) + server.send(CloseConnection(code=4009))
    heard, end = cut_at_close(FrameReader().feed(sent))
    assert (heard, end) == ([Message(TEXT, b"last words")], Message(CLOSE, b"\x0f\xa9"))
    assert cut_at_close(heard) == (heard, None)


@pytest.mark.parametrize(
    "data",
    [
        b"\xc1\x00",
        b"\x81\x80",
        b"\x80\x01x",
        b"\x01\x01a\x81\x01b",
        b"\x81\x7f\x7f" + bytes(7),
        b"\x83\x00",
        b"\x8b\x00",
        b"\x09\x00",
        b"\x89\x7e\x00\x7e" + bytes(126),
    ],
)
def test_feed_broken_frames_raises(data: bytes) -> None:
    with pytest.raises(FrameError):
        FrameReader().feed(data)


@given(st.binary(max_size=70_000), st.binary(min_size=4, max_size=4))
def test_encode_frame_is_read_by_a_server(payload: bytes, mask: bytes) -> None:
    server = Connection(ConnectionType.SERVER)
    server.receive_data(encode_frame(BINARY, payload, mask))
    came = b"".join(bytes(event.data) for event in server.events() if isinstance(event, BytesMessage))
    assert came == payload
