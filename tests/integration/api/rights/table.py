"""The rights that each writing route of a guild needs: a sentence in the decorator, and a function that decides for one
attempt.

A function draws an attempt that is valid except for rights, and decides by `world`'s rules whether its caller may make
it. Source: Discord's documentation of each endpoint; where it is silent, the answers of its maintainers.
"""

from collections.abc import Callable
from random import Random
from typing import Any, Final

import msgspec

from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.guilds.permissions import Permission
from tests.integration.api.rights.random_guild import (
    GUILD_BITS,
    World,
    changed_bits,
    draw_bits,
    draw_overwrite,
    is_synced,
)

REFUSED: Final = frozenset({403, 404})


class Attempt(msgspec.Struct, frozen=True):
    """A request, whether its caller may make it, and its refusal otherwise."""

    method: str
    path: str
    body: Any
    is_allowed: bool
    refused_with: frozenset[int] = REFUSED


Draw = Callable[[World, Random], Attempt]

TABLE: Final[dict[str, tuple[str, Draw]]] = {}
"""The rights and the attempts, keyed by route."""


def needs(route: str, what: str) -> Callable[[Draw], Draw]:
    """Enter a function into the table."""

    def enter(draw: Draw) -> Draw:
        TABLE[route] = (what, draw)
        return draw

    return enter


def any_role(world: World, rng: Random) -> int:
    """A role that is not @everyone."""
    return rng.choice([role_id for role_id in world.roles if role_id != world.guild.id])


def any_member(world: World, rng: Random) -> int:
    """A member who is a person."""
    people = world.people
    return rng.choice((people.caller, people.owner, people.friend, people.other))


def any_message(world: World, rng: Random) -> tuple[Channel, int, bool]:
    """A message's channel, its id, and whether it is the caller's own."""
    message = rng.choice(list(world.messages.values()))
    return world.channels[message.channel_id], message.id, message.author_id == world.caller_id


def spoken(overwrite: Overwrite) -> dict[str, Any]:
    """An overwrite as a request has it."""
    return {"id": str(overwrite.id), "type": overwrite.type, "allow": str(overwrite.allow), "deny": str(overwrite.deny)}


def some_overwrite(world: World, rng: Random, channel: Channel | None = None) -> Overwrite:
    """A new or changed overwrite; often of somebody who has one."""
    present = [] if channel is None else [(item.id, item.type) for item in channel.overwrites]
    targets = [*((role_id, 0) for role_id in world.roles), (world.caller_id, 1), (world.people.other, 1)]
    return draw_overwrite(rng, [*present, *present, *targets])


def put(overwrites: tuple[Overwrite, ...], new: Overwrite) -> tuple[Overwrite, ...]:
    """The overwrites with one set."""
    return (*(item for item in overwrites if item.id != new.id), new)


# -- the guild


@needs("PATCH /guilds/{guild_id}", "MANAGE_GUILD; COMMUNITY: ADMINISTRATOR; a channel: to view it; the owner: to be it")
def update_guild(world: World, rng: Random) -> Attempt:
    may = world.holds(Permission.MANAGE_GUILD)
    features = list(world.guild.features)
    refused_with = REFUSED
    match rng.randrange(5):
        case 0:
            body: dict[str, Any] = {"name": "renamed"}
        case 1:
            channel = rng.choice(world.of_type(ChannelType.TEXT))
            needed = dict.fromkeys(("rules_channel_id", "public_updates_channel_id"), str(channel.id))
            body = {"features": []} if "COMMUNITY" in features else {"features": ["COMMUNITY"], **needed}
            may = may and world.is_administrator
        case 2:
            body = {"features": sorted({*features, "INVITES_DISABLED"})}
        case 3:
            channel = rng.choice(world.of_type(ChannelType.TEXT))
            body = {rng.choice(("system_channel_id", "rules_channel_id")): str(channel.id)}
            refused_with = REFUSED | {400}
            may = may and world.may(channel)
        case _:
            body = {"owner_id": str(world.people.other)}
            may = world.caller_id == world.guild.owner_id
    return Attempt("PATCH", f"/guilds/{world.guild.id}", body, may, refused_with)


@needs("POST /guilds/{guild_id}/delete", "to be the owner")
def delete_guild(world: World, rng: Random) -> Attempt:
    return Attempt("POST", f"/guilds/{world.guild.id}/delete", {}, world.caller_id == world.guild.owner_id)


@needs("DELETE /guilds/{guild_id}", "to be the owner")
def delete_guild_by_verb(world: World, rng: Random) -> Attempt:
    return Attempt("DELETE", f"/guilds/{world.guild.id}", None, world.caller_id == world.guild.owner_id)


@needs("DELETE /users/@me/guilds/{guild_id}", "not to be the owner")
def leave_guild(world: World, rng: Random) -> Attempt:
    may = world.caller_id != world.guild.owner_id
    return Attempt("DELETE", f"/users/@me/guilds/{world.guild.id}", None, may, frozenset({400}))


@needs("PATCH /guilds/{guild_id}/vanity-url", "MANAGE_GUILD")
def update_vanity_url(world: World, rng: Random) -> Attempt:
    body = {"code": f"code-{world.guild.id}"}
    return Attempt("PATCH", f"/guilds/{world.guild.id}/vanity-url", body, world.holds(Permission.MANAGE_GUILD))


@needs("POST /oauth2/authorize", "MANAGE_GUILD; bits that the caller does not hold stay as they are")
def authorize_bot(world: World, rng: Random) -> Attempt:
    wanted = draw_bits(rng, (*GUILD_BITS, Permission.ADMINISTRATOR), 0.5)
    path = f"/oauth2/authorize?client_id={world.people.bot}&scope=bot&permissions={wanted}"
    return Attempt(
        "POST", path, {"guild_id": str(world.guild.id), "authorize": True}, world.holds(Permission.MANAGE_GUILD)
    )


@needs("DELETE /guilds/{guild_id}/integrations/{integration_id}", "MANAGE_GUILD")
def delete_integration(world: World, rng: Random) -> Attempt:
    may = world.holds(Permission.MANAGE_GUILD) and world.people.bot in world.members
    return Attempt("DELETE", f"/guilds/{world.guild.id}/integrations/{world.people.bot}", None, may)


# -- channels


@needs(
    "POST /guilds/{guild_id}/channels", "MANAGE_CHANNELS in the category or the guild; overwrites: only of bits held"
)
def create_channel(world: World, rng: Random) -> Attempt:
    parent = rng.choice((None, *world.of_type(ChannelType.CATEGORY)))
    may = world.may_put_into(None if parent is None else parent.id)
    body: dict[str, Any] = {"name": "new", "type": rng.choice((0, 2))}
    inherited = () if parent is None else parent.overwrites
    if parent is not None:
        body["parent_id"] = str(parent.id)
    if rng.random() < 0.5:
        overwrite = some_overwrite(world, rng, parent)
        body["permission_overwrites"] = [spoken(overwrite)]
        bits = changed_bits([item for item in inherited if item.id == overwrite.id], [overwrite])
        may = may and (world.is_administrator or not bits & (Permission.MANAGE_ROLES | ~world.base(world.caller_id)))
    return Attempt("POST", f"/guilds/{world.guild.id}/channels", body, may)


@needs(
    "PATCH /guilds/{guild_id}/channels",
    "MANAGE_CHANNELS, to view each; parent_id: MANAGE_CHANNELS there and where it goes; lock_permissions: as for overwrites",
)
def move_channels(world: World, rng: Random) -> Attempt:
    may = world.holds(Permission.MANAGE_CHANNELS)
    forms = []
    moved = [channel for channel in world.channels.values() if channel.type != ChannelType.CATEGORY]
    for number, channel in enumerate(rng.sample(moved, rng.choice((1, 1, 2)))):
        form: dict[str, Any] = {"id": str(channel.id)}
        may = may and world.may(channel)
        parent_id = channel.parent_id
        if rng.random() < 0.3:
            form["position"] = rng.randrange(9)
        if not number and rng.random() < 0.6:
            parent_id = rng.choice((None, *(category.id for category in world.of_type(ChannelType.CATEGORY))))
            form["parent_id"] = None if parent_id is None else str(parent_id)
            if parent_id != channel.parent_id:
                may = may and world.may(channel, Permission.MANAGE_CHANNELS) and world.may_put_into(parent_id)
        if rng.random() < 0.6:
            form["lock_permissions"] = True
            if parent_id is not None and not is_synced(channel, world.channels[parent_id]):
                parent = world.channels[parent_id]
                may = may and world.may(parent) and world.may_set(channel, parent.overwrites)
        forms.append(form)
    return Attempt("PATCH", f"/guilds/{world.guild.id}/channels", forms, may)


@needs(
    "PATCH /channels/{channel_id}", "MANAGE_CHANNELS; parent_id: also where it goes; overwrites: as for each of them"
)
def update_channel(world: World, rng: Random) -> Attempt:
    channel = rng.choice(list(world.channels.values()))
    may = world.may(channel, Permission.MANAGE_CHANNELS)
    kind = rng.randrange(3)
    if kind == 0 and channel.type != ChannelType.CATEGORY:
        parent_id = rng.choice((None, *(category.id for category in world.of_type(ChannelType.CATEGORY))))
        body: dict[str, Any] = {"parent_id": None if parent_id is None else str(parent_id)}
        may = may and (parent_id == channel.parent_id or world.may_put_into(parent_id))
    elif kind == 1:
        after = put(channel.overwrites, some_overwrite(world, rng, channel))
        may = may and (set(after) == set(channel.overwrites) or world.may_set(channel, after))
        if channel.overwrites and rng.random() < 0.2:
            # The overwrite names a target of the other type, which nobody may do.
            *others, last = channel.overwrites
            after, may = (*others, msgspec.structs.replace(last, type=1 - last.type)), False
        body = {"permission_overwrites": [spoken(item) for item in after]}
    else:
        body = {"name": "renamed"}
    return Attempt("PATCH", f"/channels/{channel.id}", body, may)


@needs("PUT /channels/{channel_id}", "what PATCH needs, whose older name it is")
def replace_channel(world: World, rng: Random) -> Attempt:
    return msgspec.structs.replace(update_channel(world, rng), method="PUT")


@needs("DELETE /channels/{channel_id}", "MANAGE_CHANNELS")
def delete_channel(world: World, rng: Random) -> Attempt:
    channel = rng.choice(list(world.channels.values()))
    return Attempt("DELETE", f"/channels/{channel.id}", None, world.may(channel, Permission.MANAGE_CHANNELS))


@needs(
    "PUT /channels/{channel_id}/permissions/{overwrite_id}",
    "MANAGE_ROLES; only bits held, unless by an overwrite there",
)
def put_overwrite(world: World, rng: Random) -> Attempt:
    channel = rng.choice(list(world.channels.values()))
    overwrite = some_overwrite(world, rng, channel)
    may = world.may_set(channel, put(channel.overwrites, overwrite))
    return Attempt("PUT", f"/channels/{channel.id}/permissions/{overwrite.id}", spoken(overwrite), may)


@needs(
    "DELETE /channels/{channel_id}/permissions/{overwrite_id}",
    "MANAGE_ROLES; only bits held, unless by an overwrite there",
)
def delete_overwrite(world: World, rng: Random) -> Attempt:
    channel = rng.choice(list(world.channels.values()))
    if not channel.overwrites:
        return Attempt("DELETE", f"/channels/{channel.id}/permissions/{world.guild.id}", None, is_allowed=False)
    gone = rng.choice(channel.overwrites)
    may = world.may_set(channel, [item for item in channel.overwrites if item != gone])
    return Attempt("DELETE", f"/channels/{channel.id}/permissions/{gone.id}", None, may)


@needs("POST /channels/{channel_id}/invites", "CREATE_INSTANT_INVITE; role_ids: MANAGE_ROLES, to stand above each")
def create_invite(world: World, rng: Random) -> Attempt:
    channel = rng.choice(world.of_type(ChannelType.TEXT, ChannelType.VOICE))
    may = world.may(channel, Permission.CREATE_INSTANT_INVITE)
    body: dict[str, Any] = {}
    if rng.random() < 0.5:
        role_id = any_role(world, rng)
        body["role_ids"] = [str(role_id)]
        may = may and world.holds(Permission.MANAGE_ROLES) and world.outranks_role(role_id)
    return Attempt("POST", f"/channels/{channel.id}/invites", body, may)


@needs("DELETE /invites/{code}", "MANAGE_CHANNELS in the invite's channel, or MANAGE_GUILD")
def delete_invite(world: World, rng: Random) -> Attempt:
    [invite] = world.invites.values()
    may = world.holds(Permission.MANAGE_GUILD) or world.may(
        world.channels[invite.channel_id], Permission.MANAGE_CHANNELS
    )
    return Attempt("DELETE", f"/invites/{invite.code}", None, may)


# -- reading


@needs("POST /channels/{channel_id}/messages/{message_id}/ack", "to view the channel")
def ack_message(world: World, rng: Random) -> Attempt:
    channel, message_id, _ = any_message(world, rng)
    return Attempt("POST", f"/channels/{channel.id}/messages/{message_id}/ack", {}, world.may(channel))


@needs("POST /channels/{channel_id}/pins/ack", "to view the channel")
def ack_pins(world: World, rng: Random) -> Attempt:
    channel = rng.choice(list(world.channels.values()))
    return Attempt("POST", f"/channels/{channel.id}/pins/ack", {}, world.may(channel))


# -- messages


@needs("POST /channels/{channel_id}/typing", "SEND_MESSAGES; in voice channels CONNECT")
def trigger_typing(world: World, rng: Random) -> Attempt:
    channel = rng.choice(world.of_type(ChannelType.TEXT, ChannelType.VOICE))
    return Attempt("POST", f"/channels/{channel.id}/typing", {}, world.may_read(channel, Permission.SEND_MESSAGES))


@needs("POST /channels/{channel_id}/messages", "SEND_MESSAGES, with what each part needs; in voice channels CONNECT")
def send_message(world: World, rng: Random) -> Attempt:
    channel, message_id, _ = any_message(world, rng)
    parts: tuple[tuple[dict[str, Any], int], ...] = (
        ({"content": "hello"}, 0),
        ({"embeds": [{"title": "hello"}]}, Permission.EMBED_LINKS),
        ({"content": "hello", "tts": True}, Permission.SEND_TTS_MESSAGES),
        ({"content": "hello", "message_reference": {"message_id": str(message_id)}}, Permission.READ_MESSAGE_HISTORY),
    )
    body, part = rng.choice(parts)
    may = world.may_read(channel, Permission.SEND_MESSAGES, *([part] if part else []))
    refused_with = REFUSED | {400} if part == Permission.READ_MESSAGE_HISTORY else REFUSED
    return Attempt("POST", f"/channels/{channel.id}/messages", body, may, refused_with)


_UPLOAD: Final = {"files": [{"filename": "a.txt", "file_size": 1}]}


@needs("POST /channels/{channel_id}/attachments", "SEND_MESSAGES and ATTACH_FILES; in voice channels CONNECT")
def announce_uploads(world: World, rng: Random) -> Attempt:
    channel, _, _ = any_message(world, rng)
    may = world.may_read(channel, Permission.SEND_MESSAGES, Permission.ATTACH_FILES)
    return Attempt("POST", f"/channels/{channel.id}/attachments", _UPLOAD, may)


@needs("POST /files/upload-url", "SEND_MESSAGES and ATTACH_FILES; in voice channels CONNECT")
def announce_uploads_to_channel(world: World, rng: Random) -> Attempt:
    channel, _, _ = any_message(world, rng)
    may = world.may_read(channel, Permission.SEND_MESSAGES, Permission.ATTACH_FILES)
    return Attempt("POST", "/files/upload-url", {"channel_id": str(channel.id), **_UPLOAD}, may)


_OF_OTHERS: Final = (Permission.MANAGE_MESSAGES, Permission.READ_MESSAGE_HISTORY)


@needs(
    "PATCH /channels/{channel_id}/messages/{message_id}",
    "to be the author; embeds: with EMBED_LINKS; flags: or MANAGE_MESSAGES and READ_MESSAGE_HISTORY; CONNECT",
)
def edit_message(world: World, rng: Random) -> Attempt:
    channel, message_id, is_own = any_message(world, rng)
    edits: tuple[tuple[dict[str, Any], bool], ...] = (
        ({"content": "changed"}, is_own),
        ({"embeds": [{"title": "put in"}]}, is_own and world.may(channel, Permission.EMBED_LINKS)),
        ({"flags": 4}, is_own or world.may(channel, *_OF_OTHERS)),
    )
    body, may = rng.choice(edits)
    path = f"/channels/{channel.id}/messages/{message_id}"
    return Attempt("PATCH", path, body, may and world.may_read(channel))


@needs("DELETE /channels/{channel_id}/messages/{message_id}", "to be the author, or MANAGE_MESSAGES; CONNECT")
def delete_message(world: World, rng: Random) -> Attempt:
    channel, message_id, is_own = any_message(world, rng)
    may = world.may_read(channel) and (is_own or world.may(channel, Permission.MANAGE_MESSAGES))
    return Attempt("DELETE", f"/channels/{channel.id}/messages/{message_id}", None, may)


@needs("POST /channels/{channel_id}/messages/bulk-delete", "MANAGE_MESSAGES; in voice channels CONNECT")
def bulk_delete_messages(world: World, rng: Random) -> Attempt:
    channel, _, _ = any_message(world, rng)
    ids = [str(message.id) for message in world.messages.values() if message.channel_id == channel.id]
    may = world.may_read(channel, Permission.MANAGE_MESSAGES)
    return Attempt("POST", f"/channels/{channel.id}/messages/bulk-delete", {"messages": ids}, may)


@needs(
    "POST /channels/{channel_id}/messages/{message_id}/crosspost",
    "an announcement channel; SEND_MESSAGES, and MANAGE_MESSAGES for another's",
)
def crosspost_message(world: World, rng: Random) -> Attempt:
    channel, message_id, is_own = any_message(world, rng)
    may = world.may_read(channel, Permission.SEND_MESSAGES) and (
        is_own or world.may(channel, Permission.MANAGE_MESSAGES)
    )
    is_right = channel.type == ChannelType.ANNOUNCEMENT
    path = f"/channels/{channel.id}/messages/{message_id}/crosspost"
    return Attempt("POST", path, {}, may and is_right, REFUSED | {400})


@needs(
    "POST /channels/{channel_id}/followers", "to view the announcement channel; MANAGE_WEBHOOKS where it is followed"
)
def follow_channel(world: World, rng: Random) -> Attempt:
    source, target = rng.choice(list(world.channels.values())), rng.choice(list(world.channels.values()))
    is_right = source.type == ChannelType.ANNOUNCEMENT and target.type in _FOLLOWING and source.id != target.id
    may = world.may(source) and world.may(target, Permission.MANAGE_WEBHOOKS)
    body = {"webhook_channel_id": str(target.id)}
    return Attempt("POST", f"/channels/{source.id}/followers", body, may and is_right, REFUSED | {400})


@needs("PATCH /webhooks/{webhook_id}", "MANAGE_WEBHOOKS in its channel, and in the one that it moves to")
def update_webhook(world: World, rng: Random) -> Attempt:
    [webhook] = world.webhooks.values()
    path, may = f"/webhooks/{webhook.id}", world.may(world.channels[webhook.channel_id], Permission.MANAGE_WEBHOOKS)
    if rng.random() < 0.5:
        return Attempt("PATCH", path, {"name": "renamed"}, may)
    target = rng.choice(list(world.channels.values()))
    stays = target.id == webhook.channel_id
    may = may and (stays or (target.type in _FOLLOWING and world.may(target, Permission.MANAGE_WEBHOOKS)))
    return Attempt("PATCH", path, {"channel_id": str(target.id)}, may, REFUSED | {400})


@needs("DELETE /webhooks/{webhook_id}", "MANAGE_WEBHOOKS in its channel")
def delete_webhook(world: World, rng: Random) -> Attempt:
    [webhook] = world.webhooks.values()
    may = world.may(world.channels[webhook.channel_id], Permission.MANAGE_WEBHOOKS)
    return Attempt("DELETE", f"/webhooks/{webhook.id}", None, may)


_FOLLOWING: Final = (ChannelType.TEXT, ChannelType.ANNOUNCEMENT)
_EMOJI: Final = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}"


def a_reaction(channel: Channel, message_id: int, *rest: object) -> str:
    """The path of reactions to a message with an emoji that nobody has put there."""
    return "/".join((f"/channels/{channel.id}/messages/{message_id}/reactions/%F0%9F%94%A5", *map(str, rest)))


@needs(f"PUT {_EMOJI}/@me", "READ_MESSAGE_HISTORY, and for the first of an emoji ADD_REACTIONS; no timeout; CONNECT")
def add_reaction(world: World, rng: Random) -> Attempt:
    channel, message_id, _ = any_message(world, rng)
    may = world.may_read(channel, Permission.READ_MESSAGE_HISTORY, Permission.ADD_REACTIONS)
    return Attempt("PUT", a_reaction(channel, message_id, "@me"), None, may)


@needs(f"DELETE {_EMOJI}/@me", "to view the channel; CONNECT")
def remove_own_reaction(world: World, rng: Random) -> Attempt:
    channel, message_id, _ = any_message(world, rng)
    return Attempt("DELETE", a_reaction(channel, message_id, "@me"), None, world.may_read(channel))


@needs(f"DELETE {_EMOJI}/{{kind}}/@me", "to view the channel; CONNECT")
def remove_own_reaction_of_kind(world: World, rng: Random) -> Attempt:
    channel, message_id, _ = any_message(world, rng)
    return Attempt("DELETE", a_reaction(channel, message_id, 1, "@me"), None, world.may_read(channel))


@needs(f"DELETE {_EMOJI}/{{user_id}}", "MANAGE_MESSAGES for another's; CONNECT")
def remove_reaction(world: World, rng: Random) -> Attempt:
    channel, message_id, _ = any_message(world, rng)
    whose = any_member(world, rng)
    may = world.may_read(channel, *([] if whose == world.caller_id else [Permission.MANAGE_MESSAGES]))
    return Attempt("DELETE", a_reaction(channel, message_id, whose), None, may)


@needs(f"DELETE {_EMOJI}/{{kind}}/{{user_id}}", "MANAGE_MESSAGES for another's; CONNECT")
def remove_reaction_of_kind(world: World, rng: Random) -> Attempt:
    channel, message_id, _ = any_message(world, rng)
    whose = any_member(world, rng)
    may = world.may_read(channel, *([] if whose == world.caller_id else [Permission.MANAGE_MESSAGES]))
    return Attempt("DELETE", a_reaction(channel, message_id, 0, whose), None, may)


@needs(f"DELETE {_EMOJI}", "MANAGE_MESSAGES; CONNECT")
def remove_reactions_with_emoji(world: World, rng: Random) -> Attempt:
    channel, message_id, _ = any_message(world, rng)
    may = world.may_read(channel, Permission.MANAGE_MESSAGES)
    return Attempt("DELETE", a_reaction(channel, message_id), None, may)


@needs("DELETE /channels/{channel_id}/messages/{message_id}/reactions", "MANAGE_MESSAGES; CONNECT")
def remove_all_reactions(world: World, rng: Random) -> Attempt:
    channel, message_id, _ = any_message(world, rng)
    may = world.may_read(channel, Permission.MANAGE_MESSAGES)
    return Attempt("DELETE", f"/channels/{channel.id}/messages/{message_id}/reactions", None, may)


def a_pin(world: World, rng: Random, method: str, template: str) -> Attempt:
    """A change of a pin."""
    channel, message_id, _ = any_message(world, rng)
    may = world.may_read(channel, Permission.PIN_MESSAGES)
    return Attempt(method, template.format(channel_id=channel.id, message_id=message_id), None, may)


@needs("PUT /channels/{channel_id}/messages/pins/{message_id}", "PIN_MESSAGES; CONNECT")
def pin_message(world: World, rng: Random) -> Attempt:
    return a_pin(world, rng, "PUT", "/channels/{channel_id}/messages/pins/{message_id}")


@needs("PUT /channels/{channel_id}/pins/{message_id}", "PIN_MESSAGES; CONNECT")
def pin_message_by_older_path(world: World, rng: Random) -> Attempt:
    return a_pin(world, rng, "PUT", "/channels/{channel_id}/pins/{message_id}")


@needs("DELETE /channels/{channel_id}/messages/pins/{message_id}", "PIN_MESSAGES; CONNECT")
def unpin_message(world: World, rng: Random) -> Attempt:
    return a_pin(world, rng, "DELETE", "/channels/{channel_id}/messages/pins/{message_id}")


@needs("DELETE /channels/{channel_id}/pins/{message_id}", "PIN_MESSAGES; CONNECT")
def unpin_message_by_older_path(world: World, rng: Random) -> Attempt:
    return a_pin(world, rng, "DELETE", "/channels/{channel_id}/pins/{message_id}")


# -- roles


@needs("POST /guilds/{guild_id}/roles", "MANAGE_ROLES; only bits held")
def create_role(world: World, rng: Random) -> Attempt:
    bits = draw_bits(rng, (*GUILD_BITS, Permission.ADMINISTRATOR), 0.15)
    may = world.holds(Permission.MANAGE_ROLES) and not bits & ~world.base(world.caller_id)
    return Attempt("POST", f"/guilds/{world.guild.id}/roles", {"permissions": str(bits)}, may)


@needs("PATCH /guilds/{guild_id}/roles/{role_id}", "MANAGE_ROLES, to stand above it; only bits held, given or taken")
def update_role(world: World, rng: Random) -> Attempt:
    role = world.roles[rng.choice(list(world.roles))]
    bits = role.permissions ^ draw_bits(rng, (*GUILD_BITS, Permission.ADMINISTRATOR), 0.08)
    may = world.holds(Permission.MANAGE_ROLES) and world.outranks_role(role.id)
    may = may and not (bits ^ role.permissions) & ~world.base(world.caller_id)
    return Attempt("PATCH", f"/guilds/{world.guild.id}/roles/{role.id}", {"permissions": str(bits)}, may)


@needs("DELETE /guilds/{guild_id}/roles/{role_id}", "MANAGE_ROLES, to stand above it")
def delete_role(world: World, rng: Random) -> Attempt:
    role_id = any_role(world, rng)
    may = world.holds(Permission.MANAGE_ROLES) and world.outranks_role(role_id)
    return Attempt("DELETE", f"/guilds/{world.guild.id}/roles/{role_id}", None, may)


@needs("PATCH /guilds/{guild_id}/roles", "MANAGE_ROLES; the order from one's own highest role upwards stays")
def move_roles(world: World, rng: Random) -> Attempt:
    role_id, place = any_role(world, rng), rng.choice((1, 2, 3))
    before = sorted((role for role in world.roles.values() if role.position), key=lambda role: role.position)
    after = [role for role in before if role.id != role_id]
    after.insert(place - 1, world.roles[role_id])
    held = [number for number, role in enumerate(before) if role.id in world.members[world.caller_id].role_ids]
    top = max(held, default=0)
    stays = before[top:] == after[top:]
    may = world.holds(Permission.MANAGE_ROLES) and (stays or world.caller_id == world.guild.owner_id)
    return Attempt("PATCH", f"/guilds/{world.guild.id}/roles", [{"id": str(role_id), "position": place}], may)


# -- members


@needs(
    "PATCH /guilds/{guild_id}/members/{user_id}",
    "nick: MANAGE_NICKNAMES, to stand above; roles: MANAGE_ROLES, above each; timeout: MODERATE_MEMBERS, above, no administrator;"
    " flags: MANAGE_GUILD, MANAGE_ROLES, or MODERATE_MEMBERS with KICK_MEMBERS and BAN_MEMBERS",
)
def update_member(world: World, rng: Random) -> Attempt:
    user_id = any_member(world, rng)
    is_self = user_id == world.caller_id
    match rng.randrange(4):
        case 0:
            body: dict[str, Any] = {"nick": "called"}
            may = world.holds(Permission.MANAGE_NICKNAMES) and (is_self or world.outranks(user_id))
            may = may or (is_self and world.holds(Permission.CHANGE_NICKNAME))
        case 1:
            roles = {role_id for role_id in world.roles if role_id != world.guild.id and rng.random() < 0.5}
            body = {"roles": [str(role_id) for role_id in roles]}
            changed = roles ^ set(world.members[user_id].role_ids)
            may = world.holds(Permission.MANAGE_ROLES) and all(world.outranks_role(role_id) for role_id in changed)
        case 2:
            body = {"communication_disabled_until": None}
            may = world.holds(Permission.MODERATE_MEMBERS) and world.outranks(user_id)
            is_administrator = any(
                world.roles[role_id].permissions & Permission.ADMINISTRATOR
                for role_id in (world.guild.id, *world.members[user_id].role_ids)
            )
            may = may and not is_administrator
        case _:
            body = {"flags": 4}
            may = world.holds(Permission.MANAGE_GUILD) or world.holds(Permission.MANAGE_ROLES)
            may = may or world.holds(Permission.MODERATE_MEMBERS, Permission.KICK_MEMBERS, Permission.BAN_MEMBERS)
    return Attempt("PATCH", f"/guilds/{world.guild.id}/members/{user_id}", body, may)


@needs("PATCH /guilds/{guild_id}/members/@me", "nick: CHANGE_NICKNAME or MANAGE_NICKNAMES")
def update_own_member(world: World, rng: Random) -> Attempt:
    may = world.holds(Permission.CHANGE_NICKNAME) or world.holds(Permission.MANAGE_NICKNAMES)
    return Attempt("PATCH", f"/guilds/{world.guild.id}/members/@me", {"nick": "called"}, may)


@needs("PATCH /guilds/{guild_id}/profile/@me", "nick: CHANGE_NICKNAME or MANAGE_NICKNAMES")
def update_member_profile(world: World, rng: Random) -> Attempt:
    may = world.holds(Permission.CHANGE_NICKNAME) or world.holds(Permission.MANAGE_NICKNAMES)
    return Attempt("PATCH", f"/guilds/{world.guild.id}/profile/@me", {"nick": "called", "pronouns": "they"}, may)


@needs("PATCH /guilds/{guild_id}/members/@me/nick", "CHANGE_NICKNAME or MANAGE_NICKNAMES")
def update_own_nick(world: World, rng: Random) -> Attempt:
    may = world.holds(Permission.CHANGE_NICKNAME) or world.holds(Permission.MANAGE_NICKNAMES)
    return Attempt("PATCH", f"/guilds/{world.guild.id}/members/@me/nick", {"nick": "called"}, may)


@needs("PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}", "MANAGE_ROLES, to stand above the role")
def add_member_role(world: World, rng: Random) -> Attempt:
    user_id, role_id = any_member(world, rng), any_role(world, rng)
    may = world.holds(Permission.MANAGE_ROLES) and world.outranks_role(role_id)
    return Attempt("PUT", f"/guilds/{world.guild.id}/members/{user_id}/roles/{role_id}", None, may)


@needs("DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}", "MANAGE_ROLES, to stand above the role")
def remove_member_role(world: World, rng: Random) -> Attempt:
    attempt = add_member_role(world, rng)
    return Attempt("DELETE", attempt.path, None, attempt.is_allowed)


@needs("PATCH /guilds/{guild_id}/voice-states/{user_id}", "MUTE_MEMBERS in the stage channel, and to view it")
def update_voice_state(world: World, rng: Random) -> Attempt:
    user_id = world.people.other
    may = world.may(world.channels[world.voice[user_id].channel_id], Permission.MUTE_MEMBERS)
    path = f"/guilds/{world.guild.id}/voice-states/{user_id}"
    return Attempt("PATCH", path, {"suppress": False}, may, frozenset({403, 404}))


@needs("PATCH /guilds/{guild_id}/voice-states/@me", "to speak: MUTE_MEMBERS; to ask for it: REQUEST_TO_SPEAK")
def update_own_voice_state(world: World, rng: Random) -> Attempt:
    stage = world.channels[world.voice[world.caller_id].channel_id]
    if rng.random() < 0.5:
        body: dict[str, Any] = {"suppress": False}
        may = world.may(stage, Permission.MUTE_MEMBERS)
    else:
        body = {"request_to_speak_timestamp": "2026-01-01T00:00:00Z"}
        may = world.may(stage, Permission.REQUEST_TO_SPEAK)
    return Attempt("PATCH", f"/guilds/{world.guild.id}/voice-states/@me", body, may)


def moderates_stage(world: World) -> bool:
    """Whether the caller moderates the stage."""
    needed = (Permission.MANAGE_CHANNELS, Permission.MUTE_MEMBERS, Permission.MOVE_MEMBERS)
    return world.may(stage_of(world), *needed)


def stage_of(world: World) -> Channel:
    """The stage channel."""
    return next(channel for channel in world.channels.values() if channel.type == ChannelType.STAGE)


@needs("PUT /channels/{channel_id}/voice-status", "SET_VOICE_CHANNEL_STATUS, and MANAGE_CHANNELS for who is not there")
def set_voice_status(world: World, rng: Random) -> Attempt:
    voice = next(channel for channel in world.channels.values() if channel.type == ChannelType.VOICE)
    may = world.may(voice, Permission.SET_VOICE_CHANNEL_STATUS, Permission.MANAGE_CHANNELS)
    return Attempt("PUT", f"/channels/{voice.id}/voice-status", {"status": "x"}, may)


@needs("POST /voice/{channel_id}/join", "VIEW_CHANNEL and CONNECT")
def join_voice(world: World, rng: Random) -> Attempt:
    voice = next(channel for channel in world.channels.values() if channel.type == ChannelType.VOICE)
    may = world.may(voice, Permission.CONNECT)
    return Attempt("POST", f"/voice/{voice.id}/join", {"session_id": "s"}, may)


@needs("POST /stage-instances", "to moderate the stage; to notify: MENTION_EVERYONE")
def open_stage(world: World, rng: Random) -> Attempt:
    notifies = rng.random() < 0.5
    may = world.live is None and moderates_stage(world)
    if notifies:
        may = may and world.may(stage_of(world), Permission.MENTION_EVERYONE)
    body = {"channel_id": str(stage_of(world).id), "topic": "bees", "send_start_notification": notifies}
    return Attempt("POST", "/stage-instances", body, may, REFUSED | {400})


@needs("PATCH /stage-instances/{channel_id}", "to moderate the stage")
def change_stage(world: World, rng: Random) -> Attempt:
    may = world.live is not None and moderates_stage(world)
    return Attempt("PATCH", f"/stage-instances/{stage_of(world).id}", {"topic": "bees"}, may)


@needs("DELETE /stage-instances/{channel_id}", "to moderate the stage")
def close_stage(world: World, rng: Random) -> Attempt:
    may = world.live is not None and moderates_stage(world)
    return Attempt("DELETE", f"/stage-instances/{stage_of(world).id}", None, may)


@needs("DELETE /guilds/{guild_id}/members/{user_id}", "KICK_MEMBERS, to stand above")
def kick_member(world: World, rng: Random) -> Attempt:
    user_id = any_member(world, rng)
    may = world.holds(Permission.KICK_MEMBERS) and world.outranks(user_id)
    return Attempt("DELETE", f"/guilds/{world.guild.id}/members/{user_id}", None, may)


@needs("PUT /guilds/{guild_id}/bans/{user_id}", "BAN_MEMBERS, to stand above a member")
def ban_user(world: World, rng: Random) -> Attempt:
    user_id = rng.choice((any_member(world, rng), world.people.stranger))
    may = world.holds(Permission.BAN_MEMBERS) and (user_id not in world.members or world.outranks(user_id))
    return Attempt("PUT", f"/guilds/{world.guild.id}/bans/{user_id}", {}, may)


@needs("DELETE /guilds/{guild_id}/bans/{user_id}", "BAN_MEMBERS")
def unban_user(world: World, rng: Random) -> Attempt:
    user_id = world.people.stranger
    may = world.holds(Permission.BAN_MEMBERS) and user_id in world.banned
    return Attempt("DELETE", f"/guilds/{world.guild.id}/bans/{user_id}", None, may)


@needs("POST /guilds/{guild_id}/bulk-ban", "BAN_MEMBERS and MANAGE_GUILD, to stand above at least one")
def ban_users(world: World, rng: Random) -> Attempt:
    user_id = rng.choice((any_member(world, rng), world.people.stranger))
    can_be_banned = world.outranks(user_id) if user_id in world.members else user_id not in world.banned
    may = world.holds(Permission.BAN_MEMBERS, Permission.MANAGE_GUILD) and can_be_banned
    body = {"user_ids": [str(user_id)]}
    return Attempt("POST", f"/guilds/{world.guild.id}/bulk-ban", body, may, REFUSED | {400})


@needs("POST /guilds/{guild_id}/prune", "KICK_MEMBERS and MANAGE_GUILD; who stands above stays")
def prune_members(world: World, rng: Random) -> Attempt:
    body: dict[str, Any] = {"days": 1}
    if rng.random() < 0.7:
        body["include_roles"] = [str(any_role(world, rng))]
    return Attempt(
        "POST", f"/guilds/{world.guild.id}/prune", body, world.holds(Permission.KICK_MEMBERS, Permission.MANAGE_GUILD)
    )
