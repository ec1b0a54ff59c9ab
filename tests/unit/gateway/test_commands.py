"""Reading what clients say: every command in every encoding, what libraries really send, and everything wrong."""

import json
from collections.abc import Callable
from typing import Any

import erlpack
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.wire import close_codes
from core.wire.close_codes import CloseCode
from core.wire.opcodes import Opcode
from gateway.commands import (
    NO_SEQ,
    Command,
    GuildSubscription,
    GuildSubscriptions,
    Heartbeat,
    Identify,
    LazyGuilds,
    RequestGuildMembers,
    RequestSoundboardSounds,
    Resume,
    SendMessage,
    Unheeded,
    VoiceStateUpdate,
    parse_command,
)
from gateway.encodings import MAX_CLIENT_DEPTH, Encoding, RefusedPayload, decode_frame
from gateway.presence import from_command, merge_presences, render_presence
from gateway.presence_command import Activity, Emoji, PresenceUpdate
from tests.unit.gateway.shown_presence import check_presence

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
"""What every Identify of discordgo is, as long as its user sets nothing."""

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
    (
        {"op": 37, "d": {"subscriptions": {"1": {"typing": True, "thread_member_lists": []}, "2": None, "3": "x"}}},
        GuildSubscriptions(subscriptions={"1": GuildSubscription(typing=True)}),
    ),
    ({"op": 1, "t": 5, "s": "x", "d": 3}, Heartbeat(seq=3)),
    ({"op": 1.0, "d": 3.0}, Heartbeat(seq=3)),
    *[({"op": op, "d": d}, Unheeded(op=op)) for op in (5, 12, 13, 34, 36, 38, 39, 41, 43, 60) for d in (None, {}, "x")],
    *[({"op": op, "d": d}, Unheeded(op=op)) for op in (3, 4, 8, 14, 31, 37) for d in (None, 5, "text", [], True, 1.5)],
]
"""What typed libraries and people's clients send, and what nobody does; and how it is meant."""

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


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"op":1}{',
        b'{"op":1,"d":"\xff"}',
        b'{"op":1,"d":{"x":"\xed\xa0\x80"}}',
        b'{"op":1e999}',
        b'{"op":NaN}',
        b'{"op":' + b"9" * 4000 + b".5}",
        b'{"op":3,"d":' + b"[" * 4000,
        b'{"op":3,"d":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b'{"op":2,"d":{"token":"t","properties":' + b'{"a":' * 800 + b"1" + b"}" * 800 + b"}}",
        b'{"op":0,"t":"MESSAGE_CREATE","d":' + b'{"channel_id":1,"a":' * 200 + b"1" + b"}" * 199 + b"}",
        b"\x83t\x00\x00\x00\x00",
        b"\x00" * 100,
    ],
)
def test_parse_broken_json_is_a_decode_error(data: bytes) -> None:
    assert refusal_of(Encoding.JSON, data) is close_codes.DECODE_ERROR


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x82\xa2op",
        b"\xdf\xff\xff\xff\xff",
        b"\x82\xa2op\x03\xa1d\xdd\xff\xff\xff\xff",
        b"\x82\xa2op\x03\xa1d\x81\xaaactivities\xdd\xff\xff\xff\xff",
        b"\x82\xa2op\x03\xa1d" + b"\x91" * 4000 + b"\x01",
        b"\x82\xa2op\x02\xa1d\x81\xa5token\xa2\xff\xfe",
        b"\x83\xa2op\x00\xa1t\xaeMESSAGE_CREATE\xa1d\x82\xaachannel_id\x01\x91\x01\x01",
        b"\x83\xa2op\x00\xa1t\xaeMESSAGE_CREATE\xa1d\x82\xaachannel_id\x01\xa1x\xd4\x05\x00",
        b"\xc1",
        b"\x81\xa2op\x01\x00",
        b"\x83\xa2op\x00\xa1t\xaeMESSAGE_CREATE\xa1d\x82\xaachannel_id\x01\xa1x" + b"\x91" * 500 + b"\x01",
    ],
)
def test_parse_broken_msgpack_is_a_decode_error(data: bytes) -> None:
    assert refusal_of(Encoding.MSGPACK, data) is close_codes.DECODE_ERROR


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x83",
        b"\x83t\xff\xff\xff\xff",
        b"\x83t\x00\x00\x00\x01m\x00\x00\x00\x02opl\xff\xff\xff\xff",
        b"\x83" + b"l\x00\x00\x00\x01" * 800,
        b"\x83t\x00\x00\x00\x01m\x00\x00\x00\x02opn\xff\x00" + b"\x01" * 255,
        b"\x83P\x00\x00\x10\x00x\x9c\x03\x00\x00\x00\x00\x01",
        b"\x83t\x00\x00\x00\x01a\x01a\x01",
        b'{"op":1}',
    ],
)
def test_parse_broken_etf_is_a_decode_error(data: bytes) -> None:
    assert refusal_of(Encoding.ETF, data) is close_codes.DECODE_ERROR


def nested(depth: int) -> bytes:
    """A heartbeat that nests so deep, itself included, in a field that nobody reads."""
    return b'{"op":1,"x":' + b"[" * (depth - 1) + b'"[[[\\"[["' + b"]" * (depth - 1) + b"}"


def test_parse_json_nested_as_deep_as_allowed_is_taken() -> None:
    assert parse(Encoding.JSON, nested(MAX_CLIENT_DEPTH)) == Heartbeat()
    assert refusal_of(Encoding.JSON, nested(MAX_CLIENT_DEPTH + 1)) is close_codes.DECODE_ERROR


def test_parse_json_with_many_brackets_and_little_depth_is_taken() -> None:
    assert parse(Encoding.JSON, b'{"op":1,"x":[' + b"[]," * 500 + b"[]]}") == Heartbeat()


def nested_msgpack(depth: int) -> bytes:
    """The same, with lists and maps in turn."""
    levels = [b"\x91", b"\x81\xa1a"] * depth
    return b"\x82\xa2op\x01\xa1x" + b"".join(levels[: depth - 1]) + b"\xc0"


def test_parse_msgpack_nested_as_deep_as_allowed_is_taken() -> None:
    assert parse(Encoding.MSGPACK, nested_msgpack(MAX_CLIENT_DEPTH)) == Heartbeat()
    assert refusal_of(Encoding.MSGPACK, nested_msgpack(MAX_CLIENT_DEPTH + 1)) is close_codes.DECODE_ERROR


def test_parse_msgpack_with_many_containers_and_little_depth_is_taken() -> None:
    data = b"\x82\xa2op\x01\xa1x\xdc\x02\x00" + b"\x90\x80" * 256
    assert parse(Encoding.MSGPACK, data) == Heartbeat()


@encodings
@given(data=st.binary(max_size=300))
@example(data=b'{"op":1}')
def test_parse_any_bytes_gives_a_command_or_a_refusal(encoding: Encoding, data: bytes) -> None:
    assert outcome_of(encoding, data) in (None, close_codes.DECODE_ERROR, close_codes.UNKNOWN_OPCODE)


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(1 << 62), 1 << 62),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=9),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=9), inner, max_size=4)),
    max_leaves=12,
)
FIELDS = sorted({field for payload, _ in COMMANDS if isinstance(payload.get("d"), dict) for field in payload["d"]})
INNER_FIELDS = [
    "name",
    "type",
    "url",
    "state",
    "timestamps",
    "start",
    "end",
    "emoji",
    "id",
    "created_at",
    "flags",
    "roles",
]
odd_values = st.one_of(
    json_values,
    st.sampled_from(
        ["", "0", "1", "-1", "1.5", "true", "0001-01-01T00:00:00Z", 0, 0.0, 1.0, -1, 1 << 53, 1 << 63, 1e300]
    ),
    st.dictionaries(st.sampled_from(INNER_FIELDS), json_values, max_size=4),
    st.lists(st.dictionaries(st.sampled_from(INNER_FIELDS), json_values, max_size=5), max_size=3),
)
odd_objects = st.dictionaries(st.sampled_from([*FIELDS, *INNER_FIELDS]), odd_values, max_size=8)


@encodings
@given(
    op=st.sampled_from([*Opcode]),
    t=st.one_of(st.none(), st.just("MESSAGE_CREATE"), st.text(max_size=5)),
    d=st.one_of(json_values, st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=6)),
)
def test_parse_any_values_in_any_field_gives_a_command_or_a_refusal(
    encoding: Encoding, op: int, t: str | None, d: Any
) -> None:
    try:
        data = ENCODERS[encoding]({"op": op, "t": t, "d": d})
    except (UnicodeEncodeError, ValueError):
        data = b'{"op":1,"d":"\\ud800"}'
    assert outcome_of(encoding, data) in (None, close_codes.DECODE_ERROR, close_codes.UNKNOWN_OPCODE)


@encodings
@given(op=st.sampled_from([1, 3, 4, 8, 14, 31, 37, 40, 36, 43]), d=st.one_of(json_values, odd_objects))
def test_nothing_in_a_field_that_is_not_needed_is_refused(encoding: Encoding, op: int, d: Any) -> None:
    assert outcome_of(encoding, ENCODERS[encoding]({"op": op, "d": d})) is None


@encodings
@given(d=odd_objects)
def test_login_is_refused_for_its_token_session_intents_and_shard_alone(encoding: Encoding, d: dict[str, Any]) -> None:
    needed = {"token": "t", "session_id": "s", "intents": 1, "shard": [0, 1]}
    for op in (2, 6):
        assert outcome_of(encoding, ENCODERS[encoding]({"op": op, "d": d | needed})) is None


@given(d=odd_objects)
def test_presence_for_others_is_well_formed_whatever_the_client_said(d: dict[str, Any]) -> None:
    """Typed libraries read it, and end at a value of another type."""
    for said in (d, {"activities": [d]}, {"activities": [{"name": "n", **d}], "game": d}):
        command = parse(Encoding.JSON, ENCODERS[Encoding.JSON]({"op": 3, "d": said}))
        presence = from_command(command if isinstance(command, PresenceUpdate) else None, now_ms=99)
        merged = merge_presences([("desktop", presence)])
        shown = json.loads(msgspec.json.encode(render_presence(5, merged, 6)))
        check_presence(shown)


def test_opcodes_that_clients_send_have_types() -> None:
    assert {int(payload["op"]) for payload, _ in COMMANDS} == {1, 2, 3, 4, 6, 8, 14, 31, 37}
