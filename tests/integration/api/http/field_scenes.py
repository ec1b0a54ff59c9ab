"""A valid request for each route that takes fields, in a place of its own; see `field_walk`.

The scenes have what a schema lacks: the channel that a field belongs to, real ids, and the objects that a nested field
needs beside it.
"""

import time
from typing import Any, Final

import msgspec

from api.services.members.member_forms import DASHED_DAYS
from core.domain.channels.channel import ChannelType, Overwrite
from core.domain.guilds.voice_session import VoiceSession
from core.domain.guilds.voice_state import VoiceState
from core.domain.ids import snowflake_at
from core.wire.voice_wish import VoiceWish
from tests.integration.api.http import file_scenes, peer_scenes, preference_scenes
from tests.integration.api.http.field_ground import OF_FORUMS, VOCAL, Ground
from tests.integration.api.http.field_walk import PICTURE, Prepare, Prepared, Route
from tests.support.embedded_api import PASSWORD, Actor, ApiUnderTest
from tests.support.stores.stored_guild import next_id, store_guild

MEDIA: Final = {"url": "https://example.org/a.png"}
_EMBED: Final[dict[str, Any]] = {
    "": {"description": "d"},
    ".footer": {"text": "f"},
    ".author": {"name": "n"},
    ".image": MEDIA,
    ".thumbnail": MEDIA,
    ".fields[]": {"name": "n", "value": "v"},
}
_LINKS: Final = (".url", ".footer.icon_url", ".author.url", ".author.icon_url", ".image.url", ".thumbnail.url")
_ONE_OF_EMBEDS: Final = ("embeds[]", "embed")
"""The field as it is, and as older libraries send it."""
EMBEDS: Final = {place + part: value for place in _ONE_OF_EMBEDS for part, value in _EMBED.items()}
EMBED_VALUES: Final[dict[str, list[Any]]] = {
    **{place + part: [value] for place in _ONE_OF_EMBEDS for part, value in _EMBED.items() if part != ".fields[]"},
    **{place + part: ["https://example.org/b.png"] for place in _ONE_OF_EMBEDS for part in _LINKS},
    **{f"{place}.timestamp": ["2026-01-01T00:00:00Z"] for place in _ONE_OF_EMBEDS},
    "embeds": [[{"title": "walked"}]],
    "embed": [{"title": "walked"}],
}
_POLL: Final[dict[str, Any]] = {"question": {"text": "q"}, "answers": [{"poll_media": {"text": "a"}}]}
POLLS: Final = {
    "poll": _POLL,
    "poll.question": {"text": "q"},
    "poll.question.emoji": {"name": "🐙"},
    "poll.answers[]": {"poll_media": {"text": "a"}},
    "poll.answers[].poll_media": {"text": "a"},
    "poll.answers[].poll_media.emoji": {"name": "🐙"},
}
"""Polls with all that one needs, by the place of what is to be changed in them."""
POLL_VALUES: Final[dict[str, list[Any]]] = {
    "poll": [_POLL],
    "poll.answers": [[{"poll_media": {"text": "walked"}}]],
    "poll.duration": [5],
    "poll.answers[].poll_media": [{"text": "walked"}],
    "poll.answers[].poll_media.emoji": [{"name": "🐙"}],
    "poll.answers[].poll_media.emoji.name": ["🐢"],
    "poll.answers[].poll_media.emoji.id": ["5"],
}
REFUSED_PARTS: Final[dict[str, list[Any]]] = {
    "components": [[{"type": 1}]],
    "sticker_ids": [["1"]],
    "activity": [{"type": 1, "party_id": "p"}],
    "shared_client_theme": [{"base_theme": 1}],
}


async def _channel_values(ground: Ground) -> dict[str, Any]:
    role, second = await ground.role("role"), await ground.role("second")
    category = await ground.make_channel("category", ChannelType.CATEGORY)
    return {
        "parents": {"permission_overwrites[]": {"id": role, "type": 0}},
        "values": {
            "type": [5],
            "parent_id": [category],
            "flags": [1 << 4],
            "rate_limit_per_user": [5],
            "position": [7],
            "bitrate": [9000],
            "permission_overwrites": [[{"id": role, "type": 0, "allow": "1024"}]],
            "applied_tags": [["1"]],
            "rtc_region": ["automatic"],
            "permission_overwrites[].id": [second],
            "permission_overwrites[].type": [1],
            "permission_overwrites[].allow": ["1024"],
            "permission_overwrites[].deny": ["1024"],
        },
    }


async def update_channel(api: ApiUnderTest, field: str) -> Prepared:
    ground = await Ground.build(api)
    channel = await ground.channel_for(field)
    return ground.request(f"/channels/{channel}", {}, **await _channel_values(ground))


async def create_channel(api: ApiUnderTest, field: str) -> Prepared:
    ground = await Ground.build(api)
    kind = 2 if field in VOCAL else 15 if field in OF_FORUMS else 0
    return ground.request(f"{ground.path}/channels", {"name": "made", "type": kind}, **await _channel_values(ground))


async def move_channels(api: ApiUnderTest, field: str) -> Prepared:
    ground = await Ground.build(api)
    role = await ground.role("role")
    locked = (Overwrite(int(role), 0, 1024, 0),)
    category = await ground.make_channel("category", ChannelType.CATEGORY, overwrites=locked)
    second = await ground.make_channel("second", ChannelType.TEXT)
    move = {"id": ground.channel, "parent_id": category} if field == "lock_permissions" else {"id": ground.channel}
    if field == "id":
        move["position"] = 9  # type: ignore[assignment] # bodies hold what they hold
    values = {"id": [second], "position": [9], "parent_id": [category]}
    return ground.request(f"{ground.path}/channels", [move], values=values, looks=[f"{ground.path}/channels"])


async def put_overwrite(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    path = f"/channels/{ground.channel}/permissions/{await ground.role('role')}"
    values = {"allow": ["2048"], "deny": ["2048"], "type": [1]}
    return ground.request(path, {"type": 0, "allow": "1024"}, values=values, looks=[f"/channels/{ground.channel}"])


async def create_invite(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    role = await ground.role("role")
    path = f"/channels/{ground.channel}/invites"
    await ground.owner.post(path)
    values: dict[str, list[Any]] = {
        "role_ids": [[role]],
        "target_user_id": [ground.member.id],
        "target_application_id": [ground.member.id],
    }
    return ground.request(path, {}, values=values)


async def get_invite(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    code = (await ground.owner.post(f"/channels/{ground.channel}/invites")).json()["code"]
    ids = ("guild_scheduled_event_id", "target_channel_id", "target_message_id")
    return ground.request(f"/invites/{code}", values={name: [ground.id] for name in ids})


async def _draft(api: ApiUnderTest, field: str) -> tuple[Ground, dict[str, Any], dict[str, Any]]:
    """The ground, a body, and what fields of messages need."""
    ground = await Ground.build(api)
    role = await ground.role("role", mentionable=True)
    first, second = await ground.message("first", ground.other), await ground.message("second", ground.other)
    elsewhere = await ground.make_channel("elsewhere", ChannelType.TEXT)
    body: dict[str, Any] = {"content": f"<@{ground.member.id}> <@&{role}> @everyone"}
    if field == "allowed_mentions.replied_user":
        body["message_reference"] = {"message_id": first}
    reference = {"message_id": first, "fail_if_not_exists": False}
    gone = {"message_id": "5", "fail_if_not_exists": False}
    around, files = await file_scenes.attachment_fields(api, ground) if field.startswith("attachments") else ({}, {})
    parents = {
        **EMBEDS,
        **POLLS,
        **around,
        "message_reference": gone if field == "message_reference.fail_if_not_exists" else reference,
        "allowed_mentions": {},
    }
    values = {
        **EMBED_VALUES,
        **POLL_VALUES,
        **REFUSED_PARTS,
        **files,
        "nonce": ["walked"],
        "flags": [4, 4096],
        "allowed_mentions": [{"parse": []}],
        "allowed_mentions.parse": [["users"]],
        "allowed_mentions.users": [[ground.member.id]],
        "allowed_mentions.roles": [[role]],
        "message_reference": [{"message_id": first}],
        "message_reference.message_id": [second],
        "message_reference.channel_id": [elsewhere],
        "message_reference.guild_id": [elsewhere],
        "message_reference.type": [1],
        "message_reference.fail_if_not_exists": [True],
    }
    return ground, body, {"parents": parents, "values": values}


async def send_message(api: ApiUnderTest, field: str) -> Prepared:
    ground, body, extra = await _draft(api, field)
    return ground.request(ground.place.messages, body, **extra)


async def edit_message(api: ApiUnderTest, field: str) -> Prepared:
    ground, body, extra = await _draft(api, field)
    reference = body.pop("message_reference", None)
    own = await ground.owner.post(ground.place.messages, {"content": "own", "message_reference": reference})
    return ground.request(f"{ground.place.messages}/{own.json()['id']}", body, **extra)


async def follow_channel(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    news = await ground.make_channel("news", ChannelType.ANNOUNCEMENT)
    other = await ground.make_channel("other", ChannelType.TEXT)
    body = {"webhook_channel_id": ground.channel}
    return ground.request(f"/channels/{news}/followers", body, values={"webhook_channel_id": [other]})


async def update_webhook(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    news = await ground.make_channel("news", ChannelType.ANNOUNCEMENT)
    other = await ground.make_channel("other", ChannelType.TEXT)
    followed = await ground.owner.post(f"/channels/{news}/followers", {"webhook_channel_id": ground.channel})
    path = f"/webhooks/{followed.json()['webhook_id']}"
    return ground.request(path, {}, values={"avatar": [PICTURE], "channel_id": [other]})


async def list_messages(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    first, _, third = [await ground.message(content) for content in ("first", "second", "third")]
    values = {"around": [first], "before": [third], "after": [first], "limit": [2]}
    return ground.request(ground.place.messages, query={"limit": 1}, values=values)


async def ack_message(api: ApiUnderTest, field: str) -> Prepared:
    """The owner has read everything, and goes back to the first message."""
    ground = await Ground.build(api)
    first, second = [await ground.message(content) for content in ("first", "second")]
    await ground.owner.post(f"{ground.place.messages}/{second}/ack", {"flags": 2})
    values = {"mention_count": [4], "flags": [1], "last_viewed": [4000]}
    body = {} if field == "manual" else {"manual": True}
    return ground.request(f"{ground.place.messages}/{first}/ack", body, values=values)


async def forget_read_state(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    await ground.owner.post(f"{ground.place.messages}/{await ground.message('first')}/ack")
    return ground.request(f"{ground.place.messages}/ack", {}, values={"read_state_type": [1]})


async def list_mentions(api: ApiUnderTest, _field: str) -> Prepared:
    """A member is mentioned in each way, and in another guild."""
    ground = await Ground.build(api)
    member, role = ground.member, await ground.role("role")
    await ground.owner.put(f"{ground.path}/members/{member.id}/roles/{role}")
    second = await store_guild(api, ground.owner, member)
    await ground.owner.post(second.messages, {"content": f"<@{member.id}>"})
    _, _, last = [await ground.message(content) for content in (f"<@{member.id}>", f"<@&{role}>", "@everyone")]
    values = {"limit": [1], "before": [last], "guild_id": [ground.id], "roles": [False], "everyone": [False]}
    return ground.request("/users/@me/mentions", actor=member, values=values)


async def list_chats(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    second = str(await ground.place.add_channel(type=ChannelType.TEXT, name="second"))
    await ground.message("first")
    last = (await ground.owner.post(f"/channels/{second}/messages", {"content": "last"})).json()["id"]
    return ground.request(f"/users/{ground.owner.id}/chats", values={"limit": [1], "before": [last]})


async def ack_many(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    second = await ground.make_channel("second", ChannelType.TEXT)
    first_id, second_id = [await ground.message(content) for content in ("first", "second")]
    entry = {"channel_id": ground.channel, "message_id": first_id}
    values = {
        "read_states": [[{**entry, "message_id": second_id}]],
        "read_states[].channel_id": [second],
        "read_states[].message_id": [second_id],
        "read_states[].read_state_type": [1],
    }
    return ground.request(
        "/read-states/ack-bulk", {"read_states": [entry]}, values=values, parents={"read_states[]": entry}
    )


async def bulk_delete(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    first, second, third = [await ground.message(content) for content in ("first", "second", "third")]
    path = f"{ground.place.messages}/bulk-delete"
    return ground.request(path, {"messages": [first, second]}, values={"messages": [[first, third]]})


_REACTIONS: Final = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}"


async def add_reaction(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    path = f"{ground.place.messages}/{await ground.message('x')}"
    return ground.request(f"{path}/reactions/%F0%9F%94%A5/@me", looks=[path])


async def list_reactions(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    path = f"{ground.place.messages}/{await ground.message('x')}/reactions/%F0%9F%94%A5"
    for person in (ground.owner, ground.other):
        await person.put(f"{path}/@me")
    return ground.request(path, values={"after": [ground.owner.id], "limit": [1]})


async def list_pins(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    for content in ("first", "second"):
        await ground.owner.put(f"{ground.place.messages}/pins/{await ground.message(content)}")
    first = (await ground.owner.get(f"{ground.place.messages}/pins")).json()["items"][0]
    return ground.request(f"{ground.place.messages}/pins", values={"before": [first["pinned_at"]], "limit": [1]})


async def create_guild(api: ApiUnderTest, field: str) -> Prepared:
    ground = await Ground.build(api)
    part = field.rpartition(".")[2]
    channel: dict[str, Any] = {"id": 1, "name": "c", "type": 2 if part in VOCAL else 15 if part in OF_FORUMS else 0}
    if part in VOCAL or part in OF_FORUMS:
        channel["id"] = 2
    channel["permission_overwrites"] = [{"id": 3, "type": 0, "allow": "1024"}]
    channels = [{"id": 5, "type": 4, "name": "cat"}, {"id": 6, "type": 2, "name": "v"}, {"id": 9, "name": "t"}, channel]
    body = {
        "name": "Walkers",
        "channels": channels,
        "roles": [{"id": 0}, {"id": 4, "name": "q"}, {"id": 3, "name": "r"}],
    }
    if field == "channels[].id":
        body["system_channel_id"] = channel["id"]
    values: dict[str, list[Any]] = {
        "icon": [PICTURE],
        "roles": [[{"id": 0}, {"id": 3, "name": "one"}]],
        "roles[].permissions": ["1024"],
        "roles[].id": [8],
        "roles[].icon": [PICTURE],
        "channels": [[{"name": "one", "permission_overwrites": []}]],
        "channels[].id": [8],
        "channels[].type": [5],
        "channels[].bitrate": [9000],
        "channels[].rtc_region": ["automatic"],
        "channels[].position": [7],
        "roles[].unicode_emoji": ["🌱"],
        "channels[].parent_id": [5],
        "channels[].permission_overwrites": [[]],
        "channels[].permission_overwrites[].id": [4],
        "channels[].permission_overwrites[].type": [1],
        "channels[].permission_overwrites[].allow": ["2048"],
        "channels[].permission_overwrites[].deny": ["2048"],
        "channels[].available_tags": [[{"name": "x"}]],
        "channels[].default_reaction_emoji": [{"emoji_name": "x"}],
        "channels[].default_tag_setting": ["match_all"],
        "afk_channel_id": [6],
        "system_channel_id": [9],
    }
    parents = {"roles[].colors": {"primary_color": 5}}
    looks = ["/guilds/{id}", "/guilds/{id}/channels"]
    return ground.request("/guilds", body, values=values, parents=parents, looks=looks)


async def get_guild(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    return ground.request(ground.path)


async def update_guild(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    voice = await ground.make_channel("voice", ChannelType.VOICE)
    pictures = {name: [PICTURE] for name in ("icon", "splash", "discovery_splash", "banner", "home_header")}
    texts = ("system_channel_id", "rules_channel_id", "public_updates_channel_id", "safety_alerts_channel_id")
    values: dict[str, list[Any]] = {
        **pictures,
        **{name: [ground.channel] for name in texts},
        "afk_channel_id": [voice],
        "owner_id": [ground.member.id],
        "features": [["DISCOVERABLE"]],
        "preferred_locale": ["de"],
        "afk_timeout": [60],
    }
    return ground.request(ground.path, {}, values=values)


async def list_bans(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    async with api.store.write() as tx:
        for person in (ground.member, ground.other):
            await tx.bans.put(int(ground.id), int(person.id), None)
    values = {"limit": [1], "before": [ground.other.id], "after": [ground.member.id]}
    return ground.request(f"{ground.path}/bans", values=values)


async def list_voice_sessions(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    async with api.store.write() as tx:
        for began_ms, person, channel in ((1 << 41, ground.owner, 1), ((1 << 41) + 1, ground.member, 2)):
            await tx.voice_sessions.put(
                VoiceSession(
                    guild_id=int(ground.id),
                    began_ms=began_ms,
                    user_id=int(person.id),
                    channel_id=channel,
                    ended_ms=began_ms,
                )
            )
    before = str(snowflake_at((1 << 41) + 1))
    values = {"limit": [1], "before": [before], "user_id": [ground.member.id], "channel_id": ["1"]}
    return ground.request(f"{ground.path}/guildway/voice-sessions", values=values)


async def put_ban(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    await ground.message("spam", ground.member)
    ban = f"{ground.path}/bans/{ground.member.id}"
    return ground.request(ban, {}, looks=[ban], values={DASHED_DAYS: [1]})


async def ban_many(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    await ground.message("spam", ground.member)
    values = {"user_ids": [[ground.member.id, ground.other.id]]}
    return ground.request(f"{ground.path}/bulk-ban", {"user_ids": [ground.member.id]}, values=values)


async def list_members(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    values = {"after": [ground.owner.id], "limit": [2]}
    return ground.request(f"{ground.path}/members", values=values)


async def search_members(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    await ground.place.change_member(ground.member, nick="searched one")
    await ground.place.change_member(ground.other, nick="searched two")
    values = {"query": ["searched two"], "limit": [2]}
    return ground.request(f"{ground.path}/members/search", query={"query": "searched"}, values=values)


async def update_own_member(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    values = {"avatar": [PICTURE], "banner": [PICTURE]}
    return ground.request(f"{ground.path}/members/@me", {}, values=values)


async def update_member_profile(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    values = {"avatar": [PICTURE], "banner": [PICTURE], "pronouns": ["they"]}
    looks = [f"{ground.path}/members/{ground.owner.id}"]
    return ground.request(f"{ground.path}/profile/@me", {}, values=values, looks=looks)


async def update_own_nick(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    return ground.request(f"{ground.path}/members/@me/nick", {})


async def update_member(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    values = {
        "roles": [[await ground.role("role")]],
        "channel_id": [ground.channel],
        "communication_disabled_until": [until],
        "flags": [4],
    }
    return ground.request(f"{ground.path}/members/{ground.member.id}", {}, values=values)


async def _on_stage(api: ApiUnderTest) -> tuple[Ground, str]:
    ground = await Ground.build(api)
    stage = await ground.make_channel("stage", ChannelType.STAGE)
    async with api.store.write(guilds=[int(ground.id)]) as tx:
        for person in (ground.owner, ground.member):
            await tx.voice_states.put(
                VoiceState(
                    guild_id=int(ground.id),
                    user_id=int(person.id),
                    channel_id=int(stage),
                    session_id="stage",
                    suppress=True,
                    request_to_speak_ms=1 << 40,
                )
            )
    return ground, stage


async def join_voice(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    voice = await ground.make_channel("voice", ChannelType.VOICE)
    return ground.request(f"/voice/{voice}/join", {"session_id": "s"}, values={"session_id": ["t"]})


async def change_voice(api: ApiUnderTest, _field: str) -> Prepared:
    prepared = await join_voice(api, "")
    voice = prepared.path.split("/")[2]
    await prepared.actor.post(prepared.path, prepared.body)
    guild_id = (await prepared.actor.get(f"/channels/{voice}")).json()["guild_id"]
    prepared.path, prepared.body, prepared.values = "/voice/state", {"guild_id": guild_id}, {"guild_id": ["5"]}
    return prepared


async def leave_voice(api: ApiUnderTest, field: str) -> Prepared:
    prepared = await change_voice(api, field)
    prepared.query, prepared.body, prepared.values = prepared.body, None, {"guild_id": ["5"]}
    return prepared


async def set_voice_status(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    voice = await ground.make_channel("voice", ChannelType.VOICE)
    return ground.request(f"/channels/{voice}/voice-status", {}, values={"status": ["bees"]})


async def open_stage(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    stage, second = (
        await ground.make_channel("stage", ChannelType.STAGE),
        await ground.make_channel("2", ChannelType.STAGE),
    )
    values: dict[str, list[Any]] = {"channel_id": [second], "topic": ["bees"], "send_start_notification": [True]}
    looks = [f"/channels/{stage}/messages"]
    return ground.request("/stage-instances", {"channel_id": stage, "topic": "t"}, values=values, looks=looks)


async def update_stage(api: ApiUnderTest, field: str) -> Prepared:
    prepared = await open_stage(api, field)
    await prepared.actor.post(prepared.path, prepared.body)
    path = f"/stage-instances/{prepared.body['channel_id']}"
    prepared.path, prepared.body, prepared.values = path, {}, {"topic": ["bees"]}
    return prepared


async def update_voice_state(api: ApiUnderTest, _field: str) -> Prepared:
    ground, _ = await _on_stage(api)
    path = f"{ground.path}/voice-states/{ground.member.id}"
    # Another channel than that of the voice state is refused.
    return ground.request(path, {}, values={"channel_id": [ground.channel], "suppress": [False]}, looks=[path])


async def update_own_voice_state(api: ApiUnderTest, _field: str) -> Prepared:
    ground, _ = await _on_stage(api)
    values = {"channel_id": [ground.channel], "suppress": [False], "request_to_speak_timestamp": [None]}
    looks = [f"{ground.path}/voice-states/{ground.owner.id}"]
    return ground.request(f"{ground.path}/voice-states/@me", {}, values=values, looks=looks)


async def _prunable(api: ApiUnderTest) -> tuple[Ground, dict[str, Any]]:
    ground = await Ground.build(api)
    role = await ground.role("role")
    await ground.place.change_member(ground.other, role_ids=(int(role),))
    return ground, {"values": {"days": [30], "include_roles": [role], "compute_prune_count": [False]}}


async def count_prunable(api: ApiUnderTest, _field: str) -> Prepared:
    ground, extra = await _prunable(api)
    return ground.request(f"{ground.path}/prune", **extra)


async def prune(api: ApiUnderTest, _field: str) -> Prepared:
    ground, extra = await _prunable(api)
    return ground.request(f"{ground.path}/prune", {}, **extra)


ROLE_VALUES: Final[dict[str, list[Any]]] = {"permissions": ["1024"], "icon": [PICTURE], "unicode_emoji": ["🌱"]}


async def create_role(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    parents = {"colors": {"primary_color": 5}}
    return ground.request(f"{ground.path}/roles", {}, values=ROLE_VALUES, parents=parents)


async def update_role(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    path = f"{ground.path}/roles/{await ground.role('role', permissions=2048)}"
    return ground.request(path, {}, values=ROLE_VALUES, parents={"colors": {"primary_color": 5}})


async def move_roles(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    roles = [await ground.role(f"role {number}", position=number) for number in (1, 2, 3)]
    values = {"id": [roles[1]], "position": [2]}
    return ground.request(f"{ground.path}/roles", [{"id": roles[0], "position": 3}], values=values)


async def update_vanity_url(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    code = f"walked{next_id()}"
    ground.names[code] = "vanity"
    return ground.request(f"{ground.path}/vanity-url", {}, values={"code": [code]})


async def update_user(api: ApiUnderTest, _field: str) -> Prepared:
    person = await api.register()
    name = (await person.get("/users/@me")).json()["username"]
    await api.nobody.post("/auth/login", {"login": name, "password": PASSWORD})
    values = {
        "username": [f"{name}walked"],
        "email": [f"{name}@walked.example"],
        "new_password": ["another horse battery"],
        "password": ["wrong"],
        "avatar": [PICTURE],
        "banner": [PICTURE],
    }
    body = {"password": PASSWORD, "email": f"{name}@first.example"}
    return Prepared(path="/users/@me", actor=person, body=body, names={name: "person", person.id: "id"}, values=values)


async def open_direct_channel(api: ApiUnderTest, field: str) -> Prepared:
    ground = await Ground.build(api)
    body: dict[str, Any] = {"recipient_id": ground.member.id}
    if field == "recipients":
        body = {"recipients": [ground.member.id]}
    values: dict[str, list[Any]] = {
        "recipient_id": [ground.other.id],
        "recipients": [[ground.other.id]],
        "nicks": [{ground.other.id: "x"}],
    }
    return ground.request("/users/@me/channels", body, values=values)


async def add_recipient(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    friend = await api.register()
    ground.names |= {(await friend.get("/users/@me")).json()["username"]: "friend's name", friend.id: "friend"}
    await api.befriend(ground.owner, ground.member, ground.other, friend)
    body = {"recipients": [ground.member.id, ground.other.id]}
    group = (await ground.owner.post("/users/@me/channels", body)).json()["id"]
    return ground.request(f"/channels/{group}/recipients/{friend.id}", {})


async def leave_group(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    await api.befriend(ground.owner, ground.member, ground.other)
    body = {"recipients": [ground.member.id, ground.other.id]}
    group = (await ground.owner.post("/users/@me/channels", body)).json()["id"]
    looks = [f"/channels/{group}/messages"]
    return ground.request(f"/channels/{group}", values={"silent": ["true"]}, looks=looks, looker=ground.member)


async def ring(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    await api.befriend(ground.owner, ground.member, ground.other)
    everybody = {"recipients": [ground.member.id, ground.other.id]}
    group = (await ground.owner.post("/users/@me/channels", everybody)).json()["id"]
    values: dict[str, list[Any]] = {"recipients": [[ground.other.id]]}
    return ground.request(f"/channels/{group}/call/ring", {"recipients": [ground.member.id]}, values=values)


async def stop_ringing(api: ApiUnderTest, field: str) -> Prepared:
    prepared = await ring(api, field)
    await prepared.actor.post(prepared.path)
    prepared.path = prepared.path.replace("/ring", "/stop-ringing")
    return prepared


async def change_call(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    await api.befriend(ground.owner, ground.member)
    opened = await ground.owner.post("/users/@me/channels", {"recipient_id": ground.member.id})
    channel = opened.json()["id"]
    wish = VoiceWish(channel_id=int(channel))
    await api.built.voice.join_from_gateway(int(ground.owner.id), "s", wish)
    async with api.store.write(users=[int(ground.owner.id), int(ground.member.id)]) as tx:
        call = await tx.calls.find(int(channel))
        assert call is not None
        await tx.calls.put(msgspec.structs.replace(call, region="elsewhere"))
    return ground.request(f"/channels/{channel}/call", {}, values={"region": ["automatic"]})


RELATIONSHIPS: Final = "/users/@me/relationships"


async def request_friendship(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    names = [(await person.get("/users/@me")).json()["username"] for person in (ground.member, ground.other)]
    ground.names |= {names[0]: "member's name", names[1]: "other's name"}
    values: dict[str, list[Any]] = {"username": [names[1]], "discriminator": ["1234"]}
    return ground.request(RELATIONSHIPS, {"username": names[0]}, values=values, looks=[RELATIONSHIPS])


async def put_relationship(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    return ground.request(f"{RELATIONSHIPS}/{ground.member.id}", {}, values={"type": [2]}, looks=[RELATIONSHIPS])


async def rename_friend(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    for one, other in ((ground.owner, ground.member), (ground.member, ground.owner)):
        await one.put(f"{RELATIONSHIPS}/{other.id}", {})
    return ground.request(f"{RELATIONSHIPS}/{ground.member.id}", {}, looks=[RELATIONSHIPS])


async def list_own_guilds(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    second = await store_guild(api, ground.owner)
    ground.names[str(second.guild_id)] = "second"
    values = {"before": [str(second.guild_id)], "after": [ground.id], "limit": [1]}
    return ground.request("/users/@me/guilds", values=values)


async def create_application(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    return ground.request("/applications", {"name": "walker"}, values={"icon": [PICTURE]}, looks=["/applications/{id}"])


async def _application(api: ApiUnderTest) -> tuple[Ground, Actor, dict[str, Any]]:
    ground = await Ground.build(api)
    bot = await api.make_bot(ground.owner)
    ground.names[bot.id] = "bot"
    urls = ("interactions_endpoint_url", "role_connections_verification_url")
    values: dict[str, list[Any]] = {
        "icon": [PICTURE],
        "description": ["walked"],
        "team_id": [ground.id],
        "install_params": [{"scopes": ["bot"], "permissions": "0"}],
        "integration_types_config": [{"0": {"oauth2_install_params": {"scopes": ["bot"], "permissions": "0"}}}],
        "description.localizations": [{"de": "x"}],
        **{name: ["https://example.org/x"] for name in urls},
    }
    return ground, bot, {"values": values, "parents": {"description": {"default": "plain"}}}


async def update_own_application(api: ApiUnderTest, _field: str) -> Prepared:
    ground, bot, extra = await _application(api)
    return ground.request("/applications/@me", {}, actor=bot, **extra)


async def update_application(api: ApiUnderTest, _field: str) -> Prepared:
    ground, bot, extra = await _application(api)
    return ground.request(f"/applications/{bot.id}", {}, **extra)


async def _authorization(api: ApiUnderTest) -> tuple[Ground, dict[str, Any]]:
    ground, bot, _ = await _application(api)
    second = await api.make_bot(ground.owner, "second")
    ground.names[second.id] = "second bot"
    second_place = await store_guild(api, ground.owner)
    ground.names[str(second_place.guild_id)] = "second guild"
    values: dict[str, list[Any]] = {
        "client_id": [second.id],
        "scope": ["identify"],
        "guild_id": [str(second_place.guild_id)],
        "authorize": [False],
        "permissions": ["1024"],
    }
    return ground, {"query": {"client_id": bot.id}, "values": values}


async def show_authorization(api: ApiUnderTest, _field: str) -> Prepared:
    ground, extra = await _authorization(api)
    return ground.request("/oauth2/authorize", **extra)


async def authorize(api: ApiUnderTest, _field: str) -> Prepared:
    ground, extra = await _authorization(api)
    return ground.request("/oauth2/authorize", {"guild_id": ground.id}, **extra)


SCENES: Final[dict[Route, Prepare]] = {
    **peer_scenes.SCENES,
    **preference_scenes.SCENES,
    ("DELETE", "/channels/{channel_id}"): leave_group,
    ("DELETE", "/channels/{channel_id}/messages/ack"): forget_read_state,
    ("GET", "/channels/{channel_id}/messages"): list_messages,
    ("GET", "/channels/{channel_id}/messages/pins"): list_pins,
    ("GET", _REACTIONS): list_reactions,
    ("GET", "/guilds/{guild_id}"): get_guild,
    ("GET", "/guilds/{guild_id}/bans"): list_bans,
    ("GET", "/guilds/{guild_id}/guildway/voice-sessions"): list_voice_sessions,
    ("GET", "/guilds/{guild_id}/members"): list_members,
    ("GET", "/guilds/{guild_id}/members/search"): search_members,
    ("GET", "/guilds/{guild_id}/prune"): count_prunable,
    ("GET", "/invites/{code}"): get_invite,
    ("GET", "/oauth2/authorize"): show_authorization,
    ("GET", "/users/@me/guilds"): list_own_guilds,
    ("GET", "/users/@me/mentions"): list_mentions,
    ("GET", "/users/{user_id}/chats"): list_chats,
    ("PATCH", "/applications/@me"): update_own_application,
    ("PATCH", "/applications/{application_id}"): update_application,
    ("PATCH", "/channels/{channel_id}"): update_channel,
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): edit_message,
    ("PATCH", "/guilds/{guild_id}"): update_guild,
    ("PATCH", "/guilds/{guild_id}/channels"): move_channels,
    ("PATCH", "/guilds/{guild_id}/members/@me"): update_own_member,
    ("PATCH", "/guilds/{guild_id}/profile/@me"): update_member_profile,
    ("PATCH", "/guilds/{guild_id}/members/@me/nick"): update_own_nick,
    ("PATCH", "/guilds/{guild_id}/members/{user_id}"): update_member,
    ("PUT", "/channels/{channel_id}/voice-status"): set_voice_status,
    ("POST", "/voice/{channel_id}/join"): join_voice,
    ("PATCH", "/voice/state"): change_voice,
    ("DELETE", "/voice/state"): leave_voice,
    ("POST", "/stage-instances"): open_stage,
    ("PATCH", "/stage-instances/{channel_id}"): update_stage,
    ("PATCH", "/guilds/{guild_id}/voice-states/@me"): update_own_voice_state,
    ("PATCH", "/guilds/{guild_id}/voice-states/{user_id}"): update_voice_state,
    ("PATCH", "/guilds/{guild_id}/roles"): move_roles,
    ("PATCH", "/guilds/{guild_id}/roles/{role_id}"): update_role,
    ("PATCH", "/guilds/{guild_id}/vanity-url"): update_vanity_url,
    ("PATCH", "/users/@me"): update_user,
    ("PATCH", "/webhooks/{webhook_id}"): update_webhook,
    ("PATCH", "/users/@me/relationships/{user_id}"): rename_friend,
    ("POST", "/applications"): create_application,
    ("POST", "/attachments/refresh-urls"): file_scenes.refresh,
    ("POST", "/channels/{channel_id}/attachments"): file_scenes.announce,
    ("POST", "/files/upload-url"): file_scenes.announce_to_channel,
    ("POST", "/channels/{channel_id}/followers"): follow_channel,
    ("POST", "/channels/{channel_id}/invites"): create_invite,
    ("POST", "/channels/{channel_id}/messages"): send_message,
    ("POST", "/channels/{channel_id}/messages/bulk-delete"): bulk_delete,
    ("POST", "/channels/{channel_id}/messages/{message_id}/ack"): ack_message,
    ("POST", "/guilds"): create_guild,
    ("POST", "/guilds/{guild_id}/bulk-ban"): ban_many,
    ("POST", "/guilds/{guild_id}/channels"): create_channel,
    ("POST", "/guilds/{guild_id}/prune"): prune,
    ("POST", "/guilds/{guild_id}/roles"): create_role,
    ("POST", "/oauth2/authorize"): authorize,
    ("POST", "/read-states/ack-bulk"): ack_many,
    ("POST", "/users/@me/channels"): open_direct_channel,
    ("POST", "/users/@me/relationships"): request_friendship,
    ("PUT", "/channels/{channel_id}"): update_channel,
    ("PUT", f"{_REACTIONS}/@me"): add_reaction,
    ("PUT", "/channels/{channel_id}/permissions/{overwrite_id}"): put_overwrite,
    ("PUT", "/channels/{channel_id}/recipients/{user_id}"): add_recipient,
    ("POST", "/channels/{channel_id}/call/ring"): ring,
    ("POST", "/channels/{channel_id}/call/stop-ringing"): stop_ringing,
    ("PATCH", "/channels/{channel_id}/call"): change_call,
    ("PUT", "/guilds/{guild_id}/bans/{user_id}"): put_ban,
    ("PUT", "/users/@me/relationships/{user_id}"): put_relationship,
}
