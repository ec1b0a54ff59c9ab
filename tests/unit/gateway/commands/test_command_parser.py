"""The commands of clients: each one in every encoding, the payloads of real libraries, and refusals."""

import json
from typing import Any

import pytest

from core.wire import close_codes
from core.wire.close_codes import CloseCode
from gateway.commands.activity import Activity, Emoji
from gateway.commands.command_parser import SEARCHED
from gateway.commands.commands import (
    NO_SEQ,
    CallConnect,
    Command,
    GuildSubscription,
    GuildSubscriptions,
    Heartbeat,
    Identify,
    LazyGuilds,
    RequestChannelInfo,
    RequestChannelStatuses,
    RequestGuildMembers,
    RequestSoundboardSounds,
    Resume,
    SendMessage,
    StreamCreate,
    StreamDelete,
    StreamWatch,
    Unheeded,
    VoiceStateUpdate,
)
from gateway.commands.presence_command import PresenceUpdate
from gateway.payloads.encodings import Encoding
from tests.support.gateway.client_commands import COMMANDS, ENCODERS, encodings, parse, refusal_of

DISCORDGO = {
    "token": "Bot t",
    "properties": {"os": "linux", "browser": "DiscordGo v0.29.0", "device": "", "referer": "", "referring_domain": ""},
    "compress": True,
    "large_threshold": 250,
    "presence": {
        "since": 0,
        "game": {
            "name": "",
            "type": 0,
            "created_at": "0001-01-01T00:00:00Z",
            "timestamps": {},
            "emoji": {"id": "", "name": "", "roles": None, "user": None},
            "party": {},
            "assets": {},
            "secrets": {},
        },
        "status": "",
        "afk": False,
    },
    "intents": 513,
}
"""The Identify of discordgo when its user sets nothing."""

LENIENT: list[tuple[dict[str, Any], Command]] = [
    (
        {"op": 2, "d": DISCORDGO},
        Identify(
            token="Bot t",
            properties=DISCORDGO["properties"],
            compress=True,
            large_threshold=250,
            presence=PresenceUpdate(since=0, afk=False),
            intents=513,
        ),
    ),
    (
        {
            "op": 2,
            "d": {
                "token": "t",
                "intents": "513",
                "shard": ["1", 2.0],
                "properties": [],
                "presence": "",
                "large_threshold": "x",
            },
        },
        Identify(token="t", intents=513, shard=[1, 2]),
    ),
    (
        {"op": 2, "d": {"token": "t", "intents": 513.0, "shard": [], "properties": "x", "large_threshold": 0}},
        Identify(token="t", intents=513),
    ),
    (
        {"op": 2, "d": {"token": "t", "intents": None, "shard": None, "presence": {}, "compress": "zlib-stream"}},
        Identify(token="t", presence=PresenceUpdate(), compress="zlib-stream"),
    ),
    ({"op": 1, "d": "17"}, Heartbeat(seq=17)),
    ({"op": 1, "d": 17.0}, Heartbeat(seq=17)),
    *[({"op": 1, "d": d}, Heartbeat()) for d in ("abc", "", {}, [], True, 1.5, -1, 1 << 62, {"seq": "x"})],
    ({"op": 1, "d": {"seq": 5, "qos": {"ver": 27, "active": True}}}, Heartbeat(seq=5)),
    ({"op": 40, "d": {"seq": 5, "qos": {"ver": 27, "active": True, "reasons": ["foregrounded"]}}}, Heartbeat(seq=5)),
    ({"op": 40, "d": None}, Heartbeat()),
    *[({"op": 3, "d": {"status": status}}, PresenceUpdate()) for status in ("", "unknown", "asleep", 5, None, [], {})],
    ({"op": 3, "d": {"status": "DND", "since": "abc", "afk": "no"}}, PresenceUpdate(status="dnd")),
    ({"op": 3, "d": {"activities": {}, "game": "chess"}}, PresenceUpdate(activities=[])),
    ({"op": 3, "d": {"activities": None, "game": None}}, PresenceUpdate()),
    (
        {"op": 3, "d": {"activities": [None, 5, "x", [], {}, {"name": 5}, {"name": ""}, {"name": "  "}, {"type": 0}]}},
        PresenceUpdate(activities=[]),
    ),
    (
        {
            "op": 3,
            "d": {
                "activities": [
                    {
                        "name": " a ",
                        "type": "2",
                        "url": "x",
                        "state": "",
                        "details": 5,
                        "created_at": "2026-01-01T00:00:00Z",
                        "timestamps": {"start": "17", "end": 0, "else": 5},
                        "application_id": "",
                        "emoji": {"id": "5", "name": "", "animated": False},
                        "flags": "many",
                    }
                ]
            },
        },
        PresenceUpdate(activities=[Activity(name="a", type=2, timestamps={"start": 17})]),
    ),
    (
        {
            "op": 3,
            "d": {
                "activities": [
                    {"name": "n", "type": 1 << 60, "timestamps": {"start": 1 << 60}, "flags": -1, "url": "https://x.y"}
                ]
            },
        },
        PresenceUpdate(activities=[Activity(name="n", url="https://x.y")]),
    ),
    (
        {
            "op": 3,
            "d": {"activities": [{"name": "", "type": 4, "state": "out", "emoji": {"name": "\U0001f375", "id": 7}}]},
        },
        PresenceUpdate(
            activities=[Activity(name="Custom Status", type=4, state="out", emoji=Emoji(name="\U0001f375", id=7))]
        ),
    ),
    (
        {"op": 4, "d": {"guild_id": "x", "channel_id": "", "self_mute": 1, "self_deaf": "no"}},
        VoiceStateUpdate(self_mute=True),
    ),
    *[({"op": 4, "d": {"guild_id": bad}}, VoiceStateUpdate()) for bad in (-1, 0, "0", 1 << 63, 1.5, [], True)],
    ({"op": 6, "d": {"token": "t", "session_id": "s", "seq": "17"}}, Resume(token="t", session_id="s", seq=17)),
    ({"op": 6, "d": {"token": "t", "session_id": "", "seq": 0}}, Resume(token="t", session_id="", seq=0)),
    *[
        ({"op": 6, "d": {"token": "t", "session_id": "s", "seq": bad}}, Resume(token="t", session_id="s", seq=NO_SEQ))
        for bad in ("x", -5, 1.5, {}, [], True, "")
    ],
    *[({"op": 8, "d": {"guild_id": bad}}, RequestGuildMembers()) for bad in (None, "", "x", {}, 0, True)],
    ({"op": 8, "d": {}}, RequestGuildMembers()),
    (
        {
            "op": 8,
            "d": {
                "guild_id": "1",
                "query": None,
                "limit": "5",
                "presences": 0,
                "user_ids": ["2", "x", None],
                "nonce": [],
            },
        },
        RequestGuildMembers(guild_id=1, limit=5, presences=False, user_ids=[2]),
    ),
    ({"op": 8, "d": {"guild_id": ["1", []], "limit": -1, "query": 5}}, RequestGuildMembers(guild_id=[1])),
    (
        {
            "op": 14,
            "d": {"guild_id": "1", "typing": "yes", "channels": {"2": "all", "3": [[0, "99"], "x"]}, "members": 5},
        },
        LazyGuilds(guild_id=1, channels={"3": [[0, 99]]}),
    ),
    ({"op": 14, "d": {"guild_id": None, "members": ["1", "x"]}}, LazyGuilds(members=[1])),
    ({"op": 31, "d": {"guild_ids": 1}}, RequestSoundboardSounds(guild_ids=1)),
    ({"op": 31, "d": {"guild_ids": {}}}, RequestSoundboardSounds()),
    ({"op": 37, "d": {"subscriptions": []}}, GuildSubscriptions()),
    ({"op": 35, "d": {"guild_id": "5"}}, RequestGuildMembers(guild_id=5, query="", limit=SEARCHED)),
    (
        {"op": 35, "d": {"guild_id": 5, "query": "al", "continuation_token": None, "nonce": "n", "limit": 9999}},
        RequestGuildMembers(guild_id=5, query="al", limit=SEARCHED, nonce="n"),
    ),
    ({"op": 36, "d": {"guild_id": "5"}}, RequestChannelStatuses(guild_id=5)),
    ({"op": 43, "d": {"guild_id": "5", "fields": 3}}, RequestChannelInfo(guild_id=5)),
    ({"op": 43, "d": {}}, RequestChannelInfo()),
    (
        {"op": 37, "d": {"subscriptions": {"1": {"typing": True, "thread_member_lists": []}, "2": None, "3": "x"}}},
        GuildSubscriptions(subscriptions={"1": GuildSubscription(typing=True)}),
    ),
    ({"op": 1, "t": 5, "s": "x", "d": 3}, Heartbeat(seq=3)),
    ({"op": 1.0, "d": 3.0}, Heartbeat(seq=3)),
    ({"op": 13, "d": {"channel_id": "12"}}, CallConnect(channel_id=12)),
    ({"op": 13, "d": {}}, CallConnect()),
    (
        {"op": 18, "d": {"type": "guild", "guild_id": "5", "channel_id": 6, "preferred_region": None}},
        StreamCreate(type="guild", guild_id=5, channel_id=6),
    ),
    ({"op": 18, "d": {"type": 5, "guild_id": []}}, StreamCreate()),
    ({"op": 19, "d": {"stream_key": "call:6:7"}}, StreamDelete(stream_key="call:6:7")),
    ({"op": 20, "d": {"stream_key": 7}}, StreamWatch()),
    *[({"op": op, "d": d}, Unheeded(op=op)) for op in (5, 12, 21, 22, 34, 38, 39, 41, 60) for d in (None, {}, "x")],
    *[
        ({"op": op, "d": d}, Unheeded(op=op))
        for op in (3, 4, 8, 14, 18, 19, 20, 31, 35, 36, 37, 43)
        for d in (None, 5, "text", [], True, 1.5)
    ],
]
"""Payloads of typed libraries, of people's clients and of nobody, with the commands that they mean."""

WRONG: list[tuple[Any, CloseCode]] = [
    ([], close_codes.DECODE_ERROR),
    ("op", close_codes.DECODE_ERROR),
    (None, close_codes.DECODE_ERROR),
    ({}, close_codes.DECODE_ERROR),
    ({"d": {}}, close_codes.DECODE_ERROR),
    ({"op": "1"}, close_codes.DECODE_ERROR),
    ({"op": None}, close_codes.DECODE_ERROR),
    ({"op": 1.5}, close_codes.DECODE_ERROR),
    ({"op": 1e300}, close_codes.DECODE_ERROR),
    ({"op": True}, close_codes.DECODE_ERROR),
    ({"op": 0, "t": 5}, close_codes.DECODE_ERROR),
    ({"op": 0, "t": "MESSAGE_DELETE", "d": {}}, close_codes.UNKNOWN_OPCODE),
    ({"op": 0, "d": {}}, close_codes.UNKNOWN_OPCODE),
    ({"op": 0, "t": "MESSAGE_CREATE", "d": {"content": "no channel"}}, close_codes.DECODE_ERROR),
    ({"op": 0, "t": "MESSAGE_CREATE", "d": {"channel_id": "x"}}, close_codes.DECODE_ERROR),
    ({"op": 0, "t": "MESSAGE_CREATE", "d": None}, close_codes.DECODE_ERROR),
    ({"op": 0, "t": "MESSAGE_CREATE"}, close_codes.DECODE_ERROR),
    ({"op": 2, "d": {}}, close_codes.DECODE_ERROR),
    ({"op": 2, "d": {"token": 5}}, close_codes.DECODE_ERROR),
    ({"op": 2, "d": {"token": None}}, close_codes.DECODE_ERROR),
    ({"op": 2, "d": {"token": "t", "intents": "many"}}, close_codes.DECODE_ERROR),
    ({"op": 2, "d": {"token": "t", "intents": 1.5}}, close_codes.DECODE_ERROR),
    ({"op": 2, "d": {"token": "t", "intents": {}}}, close_codes.DECODE_ERROR),
    ({"op": 2, "d": {"token": "t", "intents": True}}, close_codes.DECODE_ERROR),
    ({"op": 2, "d": {"token": "t", "shard": 3}}, close_codes.DECODE_ERROR),
    ({"op": 2, "d": {"token": "t", "shard": "x"}}, close_codes.DECODE_ERROR),
    ({"op": 2, "d": {"token": "t", "shard": [0, "x"]}}, close_codes.DECODE_ERROR),
    ({"op": 2, "d": {"token": "t", "shard": {"0": 0}}}, close_codes.DECODE_ERROR),
    ({"op": 6, "d": {"token": "t"}}, close_codes.DECODE_ERROR),
    ({"op": 6, "d": {"session_id": "s", "seq": 1}}, close_codes.DECODE_ERROR),
    *[({"op": op, "d": {}}, close_codes.UNKNOWN_OPCODE) for op in (-1, 7, 9, 10, 11, 61, 99, 1 << 40)],
    *[({"op": op, "d": d}, close_codes.DECODE_ERROR) for op in (2, 6) for d in (None, 5, "text", [], True, 1.5)],
]


@encodings
@pytest.mark.parametrize(("payload", "command"), [*COMMANDS, *LENIENT])
def test_parse_good_payload_gives_its_command(encoding: Encoding, payload: dict[str, Any], command: Command) -> None:
    assert parse(encoding, ENCODERS[encoding](payload)) == command


@encodings
@pytest.mark.parametrize(("payload", "close_code"), WRONG)
def test_parse_wrong_payload_is_refused_with_its_code(encoding: Encoding, payload: Any, close_code: CloseCode) -> None:
    assert refusal_of(encoding, ENCODERS[encoding](payload)) is close_code


@encodings
def test_parse_message_keeps_its_whole_body_as_json(encoding: Encoding) -> None:
    d = {"channel_id": "5", "content": "héllo", "nonce": "n", "embeds": [{"title": "t"}], "unknown": {"a": [1.5, None]}}
    command = parse(encoding, ENCODERS[encoding]({"op": 0, "t": "MESSAGE_CREATE", "d": d}))
    assert isinstance(command, SendMessage)
    assert (command.channel_id, command.nonce) == (5, "n")
    assert json.loads(command.body) == d


def test_parse_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    shown = parse(Encoding.JSON, rb'{"op":3,"d":{"status":"dnd","activities":[{"name":"cut \ud83d","type":0}]}}')
    assert isinstance(shown, PresenceUpdate)
    assert [activity.name for activity in shown.activities] == ["cut \ufffd"]
    sent = parse(
        Encoding.JSON, rb'{"op":0,"t":"MESSAGE_CREATE","d":{"channel_id":5,"content":"\ude00 \\ud83d \ud83d\ude00"}}'
    )
    assert isinstance(sent, SendMessage)
    assert json.loads(sent.body)["content"] == "\ufffd \\ud83d 😀"


@encodings
def test_parse_numeric_nonce_stays_a_number(encoding: Encoding) -> None:
    payload = {"op": 0, "t": "MESSAGE_CREATE", "d": {"channel_id": 5, "nonce": 7}}
    command = parse(encoding, ENCODERS[encoding](payload))
    assert isinstance(command, SendMessage)
    assert command.nonce == 7


def test_presence_takes_the_older_form_of_its_activity() -> None:
    game = Activity(name="g")
    assert PresenceUpdate(game=game).all_activities == [game]
    assert PresenceUpdate(game=game, activities=[]).all_activities == []
    assert PresenceUpdate().all_activities == []


def test_member_request_with_an_empty_list_beside_a_query_goes_by_the_query() -> None:
    assert RequestGuildMembers(guild_id=1, user_ids=[], query="").wanted_user_ids is None
    assert RequestGuildMembers(guild_id=1, user_ids=[]).wanted_user_ids == []


def test_member_request_gives_one_or_many_ids_alike() -> None:
    assert RequestGuildMembers(guild_id=1, user_ids=2).wanted_user_ids == [2]
    assert RequestGuildMembers(guild_id=[1], user_ids=[2, 3]).guild_ids == [1]
    assert RequestGuildMembers(guild_id=1, query="").wanted_user_ids is None


def test_opcodes_that_clients_send_have_types() -> None:
    assert {int(payload["op"]) for payload, _ in COMMANDS} == {1, 2, 3, 4, 6, 8, 14, 31, 37}
