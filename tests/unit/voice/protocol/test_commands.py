"""What clients say, read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.protocol.commands import (
    AskVersion,
    CommitWelcome,
    Heartbeat,
    Identify,
    Ignored,
    InvalidCommitWelcome,
    KeyPackageOffer,
    MediaSinkWants,
    Resolution,
    SelectProtocol,
    Speaking,
    TransitionReady,
    UnknownOpcode,
    Unreadable,
    Video,
    VideoStream,
    parse_binary,
    parse_command,
    parse_udp,
)


def test_identify_of_stock_libraries() -> None:
    message = b'{"op":0,"d":{"server_id":"1","user_id":"2","session_id":"s","token":"t","max_dave_protocol_version":1}}'
    assert parse_command(message) == Identify("1", "2", "s", "t", 1)


def test_other_commands() -> None:
    assert parse_command(b'{"op":3,"d":{"t":5,"seq_ack":7}}') == Heartbeat(5, 7)
    assert parse_command(b'{"op":5,"d":{"speaking":true,"delay":0,"ssrc":1}}') == Speaking(speaking=True)
    assert parse_command(b'{"op":16}') == AskVersion()
    assert parse_command(b'{"op":18,"d":{}}') == Ignored()
    assert parse_command(b'{"op":15,"d":{}}') == MediaSinkWants({}, 100)
    assert parse_command(b'{"op":15,"d":{"any":0,"7":50,"pixelCounts":{"7":9},"streams":[]}}') == MediaSinkWants(
        {7: 50}, 0
    )
    assert parse_command(b'{"op":12,"d":{"audio_ssrc":1,"video_ssrc":0,"rtx_ssrc":0}}') == Video()
    streams = b'[{"type":"video","rid":"50","ssrc":7,"active":false,"max_resolution":{"type":"fixed","width":640}}]'
    assert parse_command(b'{"op":12,"d":{"video_ssrc":7,"streams":%b}}' % streams) == Video(
        7, [VideoStream(ssrc=7, active=False, rid="50", max_resolution=Resolution("fixed", 640))]
    )
    command = parse_command(b'{"op":1,"d":{"protocol":"udp","data":{"address":"a","port":1,"mode":"m"}}}')
    assert isinstance(command, SelectProtocol)
    assert parse_udp(command.data).port == 1


def test_streams_of_a_video_are_those_of_the_camera_and_a_screen() -> None:
    streams = (
        b'[{"rid":"h","quality":50},{"type":"video","rid":"f"},{"type":"video","active":false},{"type":"test","ssrc":1},'
        b'{"type":"screen","ssrc":8,"quality":50},{"type":"screen","ssrc":9},{"type":"screen","ssrc":0}]'
    )
    both = parse_command(b'{"op":12,"d":{"video_ssrc":7,"streams":%b}}' % streams)
    assert isinstance(both, Video)
    assert [each.rid for each in both.camera] == ["h", "f"]
    assert both.screen == VideoStream("screen", 9)
    screen = parse_command(b'{"op":12,"d":{"video_ssrc":0,"streams":%b}}' % streams)
    assert isinstance(screen, Video)
    assert (screen.camera, screen.screen) == ([], both.screen)
    off = parse_command(b'{"op":12,"d":{"streams":[{"type":"screen","ssrc":9,"active":false}]}}')
    assert isinstance(off, Video)
    assert off.screen is None


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"[]",
        b"{}",
        b'{"op":null}',
        b'{"op":0,"d":null}',
        b'{"op":0,"d":{"server_id":1}}',
        b"\xff",
        b'{"op":15,"d":{"any":101}}',
        b'{"op":15,"d":{"7":"all"}}',
        b'{"op":15,"d":[]}',
    ],
)
def test_unreadable(message: bytes) -> None:
    with pytest.raises(Unreadable):
        parse_command(message)


@given(st.binary(max_size=200) | st.integers(-1, 40).map(lambda op: b'{"op":%d,"d":{"x":[1]}}' % op))
def test_any_bytes_are_a_command_or_refused(message: bytes) -> None:
    try:
        parse_command(message)
    except (Unreadable, UnknownOpcode):
        return


def test_commands_of_dave() -> None:
    assert parse_command(b'{"op":23,"d":{"transition_id":7}}') == TransitionReady(7)
    assert parse_command(b'{"op":31,"d":{"transition_id":0}}') == InvalidCommitWelcome(0)
    assert parse_binary(b"\x1abytes") == KeyPackageOffer(b"bytes")
    assert parse_binary(b"\x1c") == CommitWelcome(b"")
    with pytest.raises(Unreadable):
        parse_binary(b"")
    with pytest.raises(UnknownOpcode):
        parse_binary(b"\x1bbytes")
    with pytest.raises(Unreadable):
        parse_command(b'{"op":23,"d":{"transition_id":65536}}')
