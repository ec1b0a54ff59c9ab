"""Frames: what is decoded is what was encoded, and what is no frame is refused."""

import msgspec
import pytest

from gateway.commands.commands import GuildSubscription
from gateway.far.frames import (
    Arrived,
    AskPresences,
    End,
    Enter,
    Leave,
    Part,
    Presences,
    Reached,
    Refused,
    Seated,
    Spread,
    SpreadMessage,
    Subscribe,
    ToHome,
    ToHost,
    Told,
    Unseated,
    Way,
    decode_frame,
    encode_frame,
)
from gateway.sessions.session import SessionProfile

PROFILE = SessionProfile(session_id="s", user_id=1, is_bot=False, auth_session_id=2, token_hash=b"\x00\xff", intents=3)
PART = Part(own=b"{}", parts=[b'{"a":1}'], member=b"{}", members=None, presences=b"[]", channel_ids=[5, 6])

FRAMES: tuple[ToHome | ToHost, ...] = (
    Enter(1, 9, PROFILE, 2, Way.SHOWN, is_new=True, presence=b"{}", after=1 << 62),
    Leave(1, 2),
    End(1),
    Subscribe(1, 2, GuildSubscription(typing=True, members=[3], channels={"4": [[0, 99]]})),
    AskPresences(1, 2, 3, [4, 5]),
    Seated(1, 2, 3, 4),
    Arrived(1, 9, 2, is_limited=True, shown=PART),
    Arrived(1, 9, 2, is_limited=False, shown=None),
    Refused(1, 9, 2, is_unavailable=True),
    Unseated(1, 2, 3),
    Told(1, "GUILD_CREATE", b'{"id":"2"}', [b'{"a":1}']),
    Spread(2, "TYPING_START", b"{}", b"\x01" * 8),
    SpreadMessage(2, "MESSAGE_CREATE", b"{}", b"\x01" * 8, 7, [8, 9]),
    Presences(1, [b"{}"]),
    Reached({0: 1 << 62}),
)


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_frame_is_what_was_sent(frame: ToHome | ToHost) -> None:
    assert decode_frame(encode_frame(frame)) == frame


def test_every_frame_is_here_and_has_a_tag_of_its_own() -> None:
    kinds = {type(frame) for frame in FRAMES}
    assert len({kind.__struct_config__.tag for kind in kinds}) == len(kinds)
    assert kinds == {*ToHome.__args__, *ToHost.__args__}  # type: ignore[attr-defined]


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x91\x63", b"\x93\x02\x01", encode_frame(End(1))[:-1]])
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_frame(data)
