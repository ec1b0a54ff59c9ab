"""Rules of voice channels."""

import msgspec
import pytest

from core.domain.channels.channel import Channel, ChannelType
from core.domain.guilds.permissions import Permission
from core.domain.guilds.voice_rules import (
    begins_suppressed,
    is_full,
    is_silenced,
    keeps_screen,
    may_enter,
    may_show_video,
    may_stay,
)
from core.domain.guilds.voice_state import VoiceState

VIEW, CONNECT, SPEAK = int(Permission.VIEW_CHANNEL), int(Permission.CONNECT), int(Permission.SPEAK)
MOVE = int(Permission.MOVE_MEMBERS)


def channel(kind: ChannelType = ChannelType.VOICE, user_limit: int = 0) -> Channel:
    return Channel(id=5, type=kind, guild_id=1, user_limit=user_limit)


@pytest.mark.parametrize(("permissions", "expected"), [(VIEW | CONNECT, True), (VIEW, False), (CONNECT, False)])
def test_join_needs_both_to_see_and_to_connect(permissions: int, expected: bool) -> None:
    assert may_enter(permissions) is expected


@pytest.mark.parametrize(
    ("permissions", "was_moved", "is_timed_out", "expected"),
    [
        (VIEW | CONNECT, False, False, True),
        (VIEW, False, False, False),
        (VIEW, True, False, True),
        (VIEW, True, True, False),
        (0, True, False, False),
    ],
)
def test_who_was_moved_needs_only_to_see(permissions: int, was_moved: bool, is_timed_out: bool, expected: bool) -> None:
    assert may_stay(permissions, was_moved=was_moved, is_timed_out=is_timed_out) is expected


def test_limit_holds_for_all_but_those_who_move_others() -> None:
    limited = channel(user_limit=2)
    assert not is_full(limited, members=1, permissions=CONNECT)
    assert is_full(limited, members=2, permissions=CONNECT)
    assert is_full(limited, members=3, permissions=CONNECT)
    assert not is_full(limited, members=3, permissions=CONNECT | MOVE)
    assert not is_full(channel(), members=10_000, permissions=CONNECT)


def test_nobody_speaks_without_the_permission_in_the_afk_channel_or_unasked_on_a_stage() -> None:
    assert not begins_suppressed(channel(), SPEAK, afk_channel_id=None)
    assert begins_suppressed(channel(), 0, afk_channel_id=None)
    assert begins_suppressed(channel(), SPEAK, afk_channel_id=5)
    assert begins_suppressed(channel(ChannelType.STAGE), SPEAK, afk_channel_id=None)
    assert not is_silenced(channel(), SPEAK, afk_channel_id=6)


def test_camera_needs_stream() -> None:
    assert may_show_video(int(Permission.STREAM))
    assert not may_show_video(SPEAK)


def test_screen_stays_with_its_session_and_its_channel() -> None:
    shares = VoiceState(guild_id=1, user_id=2, channel_id=5, session_id="s", self_stream=True)
    assert keeps_screen(shares, session_id="s", channel_id=5)
    assert not keeps_screen(shares, session_id="t", channel_id=5)
    assert not keeps_screen(shares, session_id="s", channel_id=6)
    assert not keeps_screen(msgspec.structs.replace(shares, self_stream=False), session_id="s", channel_id=5)
