"""Commands of clients in every encoding, with the Structs that they are read as: for the tests of commands."""

import json
from collections.abc import Callable
from typing import Any

import erlpack
import msgspec
import pytest

from core.wire.close_codes import CloseCode
from gateway.commands.activity import Activity
from gateway.commands.command_parser import parse_command
from gateway.commands.commands import (
    Command,
    GuildSubscription,
    GuildSubscriptions,
    Heartbeat,
    Identify,
    LazyGuilds,
    RequestGuildMembers,
    RequestSoundboardSounds,
    Resume,
    VoiceStateUpdate,
)
from gateway.commands.presence_command import PresenceUpdate
from gateway.payloads.encodings import Encoding, RefusedPayload, decode_frame

ENCODERS: dict[Encoding, Callable[[Any], bytes]] = {
    Encoding.JSON: lambda value: json.dumps(value, ensure_ascii=False).encode(),
    Encoding.ETF: erlpack.pack,
    Encoding.MSGPACK: msgspec.msgpack.encode,
}
encodings = pytest.mark.parametrize("encoding", list(Encoding))

COMMANDS: list[tuple[dict[str, Any], Command]] = [
    ({"op": 1, "d": None}, Heartbeat(seq=None)),
    ({"op": 1}, Heartbeat(seq=None)),
    ({"op": 1, "d": 251}, Heartbeat(seq=251)),
    ({"op": 2, "d": {"token": "t", "properties": {"os": "linux"}}}, Identify(token="t", properties={"os": "linux"})),
    (
        {"op": 2, "d": {"token": "t", "compress": True, "large_threshold": 250, "shard": [0, 2], "intents": 513}},
        Identify(token="t", compress=True, large_threshold=250, shard=[0, 2], intents=513),
    ),
    (
        {"op": 2, "d": {"token": "t", "presence": {"status": "idle", "game": {"name": "g", "type": 0}, "afk": False}}},
        Identify(
            token="t",
            presence=PresenceUpdate(status="idle", game=Activity(name="g", type=0), activities=None, afk=False),
        ),
    ),
    (
        {
            "op": 3,
            "d": {"status": "dnd", "since": 1750000000000, "afk": True, "activities": [{"name": "n", "type": 3}]},
        },
        PresenceUpdate(status="dnd", since=1750000000000, afk=True, activities=[Activity(name="n", type=3)]),
    ),
    ({"op": 3, "d": {"status": None, "since": None, "activities": None, "afk": None}}, PresenceUpdate()),
    (
        {"op": 4, "d": {"guild_id": "41771983423143937", "channel_id": None, "self_mute": True, "self_deaf": False}},
        VoiceStateUpdate(guild_id=41771983423143937, self_mute=True, self_deaf=False),
    ),
    (
        {"op": 4, "d": {"guild_id": None, "channel_id": "7", "self_video": False, "self_stream": True}},
        VoiceStateUpdate(channel_id=7, self_video=False, self_stream=True),
    ),
    ({"op": 6, "d": {"token": "t", "session_id": "s", "seq": 1337}}, Resume(token="t", session_id="s", seq=1337)),
    ({"op": 6, "d": {"token": "t", "session_id": "s", "seq": None}}, Resume(token="t", session_id="s")),
    (
        {"op": 8, "d": {"guild_id": "41", "query": "", "limit": 0, "presences": True, "nonce": "n"}},
        RequestGuildMembers(guild_id=41, query="", limit=0, presences=True, nonce="n"),
    ),
    (
        {"op": 8, "d": {"guild_id": [41], "user_ids": ["42", 43], "limit": 0}},
        RequestGuildMembers(guild_id=[41], user_ids=[42, 43], limit=0),
    ),
    ({"op": 8, "d": {"guild_id": 41, "user_ids": "42"}}, RequestGuildMembers(guild_id=41, user_ids=42)),
    (
        {"op": 14, "d": {"guild_id": "1", "typing": True, "channels": {"2": [[0, 99]]}, "members": []}},
        LazyGuilds(guild_id=1, typing=True, channels={"2": [[0, 99]]}, members=[]),
    ),
    ({"op": 31, "d": {"guild_ids": ["1", 2]}}, RequestSoundboardSounds(guild_ids=[1, 2])),
    (
        {"op": 37, "d": {"subscriptions": {"1": {"typing": True}}}},
        GuildSubscriptions(subscriptions={"1": GuildSubscription(typing=True)}),
    ),
]


def parse(encoding: Encoding, data: bytes) -> Command:
    return parse_command(encoding, decode_frame(encoding, data))


def outcome_of(encoding: Encoding, data: bytes) -> CloseCode | None:
    try:
        parse(encoding, data)
    except RefusedPayload as refusal:
        return refusal.close_code
    return None


def refusal_of(encoding: Encoding, data: bytes) -> CloseCode:
    with pytest.raises(RefusedPayload) as caught:
        parse(encoding, data)
    return caught.value.close_code
