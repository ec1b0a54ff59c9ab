"""A client that wants a stream of its own is told at once that there is none."""

import pytest

from gateway.commands.commands import StreamCreate, StreamDelete, StreamWatch
from gateway.requests.stream_requests import answer_stream
from tests.support.gateway.sessions import make_session

USER = 101
KEY = "guild:1:2:3"


@pytest.mark.parametrize(
    ("command", "key", "reason"),
    [
        (StreamCreate(type="guild", guild_id=1, channel_id=2), f"guild:1:2:{USER}", "unauthorized"),
        (StreamCreate(type="call", channel_id=2), f"call:2:{USER}", "unauthorized"),
        (StreamWatch(stream_key=KEY), KEY, "unauthorized"),
        (StreamWatch(stream_key="call:2:3"), "call:2:3", "unauthorized"),
        (StreamDelete(stream_key=KEY), KEY, "user_requested"),
    ],
)
def test_stream_is_over_before_it_begins(
    command: StreamCreate | StreamDelete | StreamWatch, key: str, reason: str
) -> None:
    session, connection = make_session(USER, is_bot=False)
    answer_stream(session, command)
    assert connection.take() == [("STREAM_DELETE", {"stream_key": key, "reason": reason, "unavailable": False})]


@pytest.mark.parametrize(
    "command",
    [
        StreamCreate(),
        StreamCreate(type="guild", channel_id=2),
        StreamCreate(type="test", guild_id=1, channel_id=2),
        StreamWatch(),
        StreamWatch(stream_key="x" * 5000),
        StreamDelete(stream_key=f"{KEY}:4"),
    ],
)
def test_request_that_names_no_stream_has_no_answer(command: StreamCreate | StreamDelete | StreamWatch) -> None:
    session, connection = make_session(USER, is_bot=False)
    answer_stream(session, command)
    assert connection.take() == []


def test_bots_have_no_streams() -> None:
    session, connection = make_session(USER, is_bot=True)
    answer_stream(session, StreamWatch(stream_key=KEY))
    assert connection.take() == []
