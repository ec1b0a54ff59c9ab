"""The answer to clients that want a connection of its own for a shared screen ("Go Live"): there are none here.

A screen is a second track of the connection that one has (ADR 58). A client that asks for Discord's way is told at once
that the stream is over, or it would wait. The event and its reasons are those of people's clients, as Discord documents
none: `unauthorized` shows a failure, `user_requested` the end that one has asked for.
"""

import re
from typing import Final, Literal

import msgspec

from core.domain.events import STREAM_DELETE
from gateway.commands.commands import StreamCreate, StreamDelete, StreamWatch
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.session import Session

_KEY: Final = re.compile(r"(guild:[0-9]{1,20}:[0-9]{1,20}|call:[0-9]{1,20}):[0-9]{1,20}", re.ASCII)
_encode: Final = msgspec.json.Encoder().encode


class StreamDeleteObject(msgspec.Struct):
    """`d` of STREAM_DELETE."""

    stream_key: str
    reason: Literal["unauthorized", "user_requested"]
    unavailable: bool = False


def answer_stream(session: Session, command: StreamCreate | StreamDelete | StreamWatch) -> None:
    """Tell a person's client that the stream is over. A request that names none has no answer."""
    key = _make_key(session.user_id, command) if isinstance(command, StreamCreate) else command.stream_key
    if key is None or session.profile.is_bot or not _KEY.fullmatch(key):
        return
    over = StreamDeleteObject(key, "user_requested" if isinstance(command, StreamDelete) else "unauthorized")
    session.dispatch(DispatchBody(STREAM_DELETE, _encode(over)))


def _make_key(user_id: int, command: StreamCreate) -> str | None:
    """Return the name of the stream that the client would have."""
    match command:
        case StreamCreate(type="guild", guild_id=int(guild_id), channel_id=int(channel_id)):
            return f"guild:{guild_id}:{channel_id}:{user_id}"
        case StreamCreate(type="call", channel_id=int(channel_id)):
            return f"call:{channel_id}:{user_id}"
    return None
