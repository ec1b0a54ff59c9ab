"""Random guilds and the rights of their members: Discord's rules in their plainest form, computed again each time.

The code shares nothing with the product's own computation, so that the two can be compared.
Source: Discord's documentation, topic "Permissions".
"""

from collections.abc import Iterable
from random import Random

import msgspec

from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.guilds.guild import Guild
from core.domain.guilds.member import Invite, Member
from core.domain.guilds.permissions import Permission
from core.domain.guilds.role import Role
from core.domain.guilds.stage_instance import StageInstance
from core.domain.guilds.voice_state import VoiceState
from core.domain.guilds.webhook import Webhook
from core.domain.messages.message import Message
from core.domain.people.user import User
from core.store.interfaces import Store
from core_ext.ids import SnowflakeGenerator

FAR_AWAY_MS = 1 << 42

GUILD_BITS = (
    Permission.CREATE_INSTANT_INVITE, Permission.KICK_MEMBERS, Permission.BAN_MEMBERS, Permission.MANAGE_CHANNELS, Permission.MANAGE_GUILD, Permission.SEND_MESSAGES,
    Permission.SEND_TTS_MESSAGES, Permission.MANAGE_MESSAGES, Permission.EMBED_LINKS, Permission.READ_MESSAGE_HISTORY, Permission.CONNECT, Permission.CHANGE_NICKNAME,
    Permission.MANAGE_NICKNAMES, Permission.MANAGE_ROLES, Permission.MODERATE_MEMBERS, Permission.MANAGE_WEBHOOKS,
    Permission.MUTE_MEMBERS, Permission.REQUEST_TO_SPEAK,
)  # fmt: skip
CHANNEL_BITS = (
    Permission.VIEW_CHANNEL, Permission.VIEW_CHANNEL, Permission.VIEW_CHANNEL, Permission.MANAGE_CHANNELS, Permission.MANAGE_CHANNELS, Permission.MANAGE_ROLES, Permission.MANAGE_ROLES,
    Permission.SEND_MESSAGES, Permission.CONNECT, Permission.MANAGE_MESSAGES, Permission.CREATE_INSTANT_INVITE, Permission.MANAGE_WEBHOOKS,
)  # fmt: skip
VOCAL = (ChannelType.VOICE, ChannelType.STAGE)
NEEDS_SEND = (
    Permission.MENTION_EVERYONE | Permission.SEND_TTS_MESSAGES | Permission.ATTACH_FILES | Permission.EMBED_LINKS
)
NEEDS_CONNECT = (
    Permission.MANAGE_CHANNELS | Permission.MANAGE_ROLES | Permission.MUTE_MEMBERS | Permission.REQUEST_TO_SPEAK
)
"""The bits of routes that a voice channel takes away without CONNECT."""
EVERYTHING = sum(Permission)


class People(msgspec.Struct, frozen=True):
    """The accounts that all guilds of a test share, as a registration is slow."""

    caller: int
    owner: int
    friend: int
    other: int
    stranger: int
    bot: int


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One guild as it is stored, and the caller of a request."""

    people: People
    caller_id: int
    guild: Guild
    roles: dict[int, Role]
    channels: dict[int, Channel]
    members: dict[int, Member]
    messages: dict[int, Message] = {}
    invites: dict[str, Invite] = {}
    webhooks: dict[int, Webhook] = {}
    voice: dict[int, VoiceState] = {}
    """Who is on the stage."""
    live: StageInstance | None = None
    """The stage, while it is live."""
    banned: frozenset[int] = frozenset()

    # -- the guild

    def base(self, user_id: int) -> int:
        """Compute the permissions of a member in the guild."""
        if user_id == self.guild.owner_id:
            return EVERYTHING
        bits = self.roles[self.guild.id].permissions
        for role_id in self.members[user_id].role_ids:
            bits |= self.roles[role_id].permissions
        if bits & Permission.ADMINISTRATOR:
            return EVERYTHING
        return (
            bits & (Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY) if self.is_timed_out(user_id) else bits
        )

    def is_timed_out(self, user_id: int) -> bool:
        """Tell whether the member is in a timeout."""
        return self.members[user_id].timeout_until_ms == FAR_AWAY_MS

    def holds(self, *permissions: int) -> bool:
        """Tell whether the caller has all of these permissions in the guild."""
        return all(self.base(self.caller_id) & permission for permission in permissions)

    @property
    def is_administrator(self) -> bool:
        """Tell whether the caller is an administrator; the owner is."""
        return bool(self.base(self.caller_id) & Permission.ADMINISTRATOR)

    # -- the hierarchy

    def rank(self, user_id: int) -> tuple[int, int]:
        """Return the place of a member's highest role."""
        held = [self.roles[role_id] for role_id in self.members[user_id].role_ids]
        return max(((role.position, -role.id) for role in held), default=(0, -self.guild.id))

    def outranks_role(self, role_id: int) -> bool:
        """Tell whether the caller stands above a role."""
        role = self.roles[role_id]
        return self.caller_id == self.guild.owner_id or self.rank(self.caller_id) > (role.position, -role.id)

    def outranks(self, user_id: int) -> bool:
        """Tell whether the caller stands above a member."""
        if user_id == self.guild.owner_id:
            return False
        return self.caller_id == self.guild.owner_id or self.rank(self.caller_id) > self.rank(user_id)

    # -- channels

    def overwritten(self, user_id: int, channel: Channel) -> int:
        """Apply a channel's overwrites to a member's permissions."""
        bits = self.base(user_id)
        if bits & Permission.ADMINISTRATOR:
            return EVERYTHING
        by_target = {(item.id, item.type): item for item in channel.overwrites}
        nothing = Overwrite(0, 0, 0, 0)
        everyone = by_target.get((self.guild.id, 0), nothing)
        bits = bits & ~everyone.deny | everyone.allow
        of_roles = [by_target.get((role_id, 0), nothing) for role_id in self.members[user_id].role_ids]
        for item in of_roles:
            bits &= ~item.deny
        for item in of_roles:
            bits |= item.allow
        own = by_target.get((user_id, 1), nothing)
        bits = bits & ~own.deny | own.allow
        return (
            bits & (Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY) if self.is_timed_out(user_id) else bits
        )

    def in_channel(self, channel: Channel) -> int:
        """Compute the caller's permissions in a channel."""
        bits = self.overwritten(self.caller_id, channel)
        if not bits & Permission.VIEW_CHANNEL:
            return 0
        if channel.type in VOCAL and not bits & Permission.CONNECT:
            bits &= ~NEEDS_CONNECT
        if channel.type != ChannelType.CATEGORY and not bits & Permission.SEND_MESSAGES:
            bits &= ~NEEDS_SEND
        return bits

    def may(self, channel: Channel, *permissions: int) -> bool:
        """Tell whether the caller may view a channel and has all of these permissions there."""
        bits = self.in_channel(channel)
        return bool(bits & Permission.VIEW_CHANNEL) and all(bits & permission for permission in permissions)

    def may_read(self, channel: Channel, *permissions: int) -> bool:
        """Tell the same as `may` for messages: a voice channel needs CONNECT, too."""
        if not self.may(channel, *permissions):
            return False
        if channel.type not in VOCAL:
            return True
        free = msgspec.structs.replace(self.members[self.caller_id], timeout_until_ms=0)
        untimed = msgspec.structs.replace(self, members={**self.members, self.caller_id: free})
        return bool(untimed.in_channel(channel) & Permission.CONNECT)

    def may_put_into(self, parent_id: int | None) -> bool:
        """Tell whether the caller may put channels into a category, or into none."""
        if parent_id is None:
            return self.holds(Permission.MANAGE_CHANNELS)
        return self.may(self.channels[parent_id], Permission.MANAGE_CHANNELS)

    def may_set(self, channel: Channel, after: Iterable[Overwrite]) -> bool:
        """Tell whether the caller may bring a channel's overwrites into this state."""
        if not self.may(channel, Permission.MANAGE_ROLES):
            return False
        if self.is_administrator or self.is_free_in(channel):
            return True
        held = self.base(self.caller_id) | self.in_channel(channel)
        return not changed_bits(channel.overwrites, after) & (Permission.MANAGE_ROLES | ~held)

    def is_free_in(self, channel: Channel) -> bool:
        """Tell whether an overwrite of the channel lets the caller manage its permissions."""
        role_ids = {self.guild.id, *self.members[self.caller_id].role_ids}
        targets = {(self.caller_id, 1), *((role_id, 0) for role_id in role_ids)}
        return any(
            item.allow & Permission.MANAGE_ROLES and (item.id, item.type) in targets for item in channel.overwrites
        )

    def of_type(self, *types: int) -> list[Channel]:
        """Return the channels of these types."""
        return [channel for channel in self.channels.values() if channel.type in types]


def changed_bits(before: Iterable[Overwrite], after: Iterable[Overwrite]) -> int:
    """Return the bits that differ between two states of overwrites."""
    bits = 0
    old, new = ({(item.id, item.type): (item.allow, item.deny) for item in state} for state in (before, after))
    for target in {*old, *new}:
        for one, other in zip(old.get(target, (0, 0)), new.get(target, (0, 0)), strict=True):
            bits |= one ^ other
    return bits


def is_synced(channel: Channel, category: Channel) -> bool:
    """Tell whether a channel has its category's overwrites."""
    return set(channel.overwrites) == set(category.overwrites)


# -- making one


def draw_bits(rng: Random, bits: tuple[int, ...], share: float) -> int:
    """Draw each of the bits with this probability."""
    drawn = 0
    for bit in bits:
        drawn |= bit if rng.random() < share else 0
    return drawn


def draw_overwrite(rng: Random, targets: list[tuple[int, int]]) -> Overwrite:
    """Draw an overwrite that is not empty."""
    target, kind = rng.choice(targets)
    bits = rng.choice(CHANNEL_BITS) | (rng.choice(CHANNEL_BITS) if rng.random() < 0.3 else 0)
    return Overwrite(target, kind, bits, 0) if rng.random() < 0.5 else Overwrite(target, kind, 0, bits)


def draw_world(rng: Random, people: People, ids: SnowflakeGenerator) -> World:
    """Draw a guild with three roles, two categories, some channels and messages, and four members."""
    guild_id = ids.next()
    everyone = Permission.VIEW_CHANNEL | draw_bits(rng, GUILD_BITS, 0.35)
    roles = {guild_id: Role(id=guild_id, guild_id=guild_id, name="@everyone", permissions=everyone)}
    for position in (1, 2, 3):
        bits = draw_bits(rng, GUILD_BITS, 0.3) | (Permission.ADMINISTRATOR if rng.random() < 0.04 else 0)
        role = Role(id=ids.next(), guild_id=guild_id, name="role", permissions=bits, position=position)
        roles[role.id] = role
    members = {
        user_id: _draw_member(rng, user_id, guild_id, [role_id for role_id in roles if role_id != guild_id])
        for user_id in (people.caller, people.owner, people.friend, people.other)
    }
    if rng.random() < 0.5:
        members[people.bot] = _draw_member(rng, people.bot, guild_id, [])
    channels = _draw_channels(rng, guild_id, [*((role_id, 0) for role_id in roles), (people.caller, 1)], ids)
    texts = [channel for channel in channels.values() if channel.type != ChannelType.CATEGORY]
    caller_id = people.owner if rng.random() < 0.04 else people.caller
    messages = [
        Message(id=ids.next(), channel_id=channel.id, guild_id=guild_id, author_id=author_id, content="hello")
        for channel in texts
        for author_id in (caller_id, people.other)
    ]
    channel_id = rng.choice(texts).id
    code = f"code{ids.next()}"
    invite = Invite(code=code, guild_id=guild_id, channel_id=channel_id, inviter_id=people.owner, max_age_s=0)
    followed = next(channel.id for channel in texts if channel.type == ChannelType.ANNOUNCEMENT)
    webhook = Webhook(
        id=ids.next(),
        guild_id=guild_id,
        channel_id=rng.choice([channel.id for channel in texts if channel.type == ChannelType.TEXT]),
        user_id=people.owner,
        name="webhook",
        source_guild_id=guild_id,
        source_channel_id=followed,
    )
    return World(
        people=people,
        caller_id=caller_id,
        guild=Guild(
            id=guild_id,
            name="guild",
            owner_id=people.owner,
            features=("COMMUNITY",) if rng.random() < 0.3 else (),
        ),
        roles=roles,
        channels=channels,
        members=members,
        messages={message.id: message for message in messages},
        invites={code: invite},
        webhooks={webhook.id: webhook},
        voice=_draw_voice(guild_id, channels, (caller_id, people.other)),
        live=_draw_live(rng, guild_id, channels),
        banned=frozenset({people.stranger} if rng.random() < 0.5 else ()),
    )


def _draw_voice(guild_id: int, channels: dict[int, Channel], user_ids: Iterable[int]) -> dict[int, VoiceState]:
    stage = next(channel.id for channel in channels.values() if channel.type == ChannelType.STAGE)
    return {
        user_id: VoiceState(guild_id=guild_id, user_id=user_id, channel_id=stage, session_id="stage", suppress=True)
        for user_id in user_ids
    }


def _draw_live(rng: Random, guild_id: int, channels: dict[int, Channel]) -> StageInstance | None:
    stage = next(channel.id for channel in channels.values() if channel.type == ChannelType.STAGE)
    live = StageInstance(id=guild_id, guild_id=guild_id, channel_id=stage, topic="gardens")
    return live if rng.random() < 0.6 else None


def _draw_member(rng: Random, user_id: int, guild_id: int, role_ids: list[int]) -> Member:
    return Member(
        guild_id=guild_id,
        user=User(id=user_id, username="somebody"),
        joined_ms=1,
        role_ids=tuple(sorted(role_id for role_id in role_ids if rng.random() < 0.45)),
        timeout_until_ms=FAR_AWAY_MS if rng.random() < 0.05 else 0,
    )


def _draw_channels(
    rng: Random, guild_id: int, targets: list[tuple[int, int]], ids: SnowflakeGenerator
) -> dict[int, Channel]:
    channels: dict[int, Channel] = {}

    def add(kind: int, parent_id: int | None) -> Channel:
        overwrites = {item.id: item for item in (draw_overwrite(rng, targets) for _ in range(rng.choice((0, 0, 1, 2))))}
        kept = tuple(overwrites.values())
        if parent_id is not None and rng.random() < 0.5:
            kept = channels[parent_id].overwrites
        channel = Channel(
            id=ids.next(),
            type=kind,
            guild_id=guild_id,
            name="place",
            position=len(channels),
            parent_id=parent_id,
            overwrites=kept,
        )
        channels[channel.id] = channel
        return channel

    categories = [add(ChannelType.CATEGORY, None).id for _ in range(2)]
    for kind in (ChannelType.TEXT, ChannelType.TEXT, ChannelType.VOICE, ChannelType.ANNOUNCEMENT, ChannelType.STAGE):
        add(kind, rng.choice((None, *categories)))
    return channels


# -- in the store


async def save(world: World, store: Store) -> None:
    """Store the guild."""
    guild_id = world.guild.id
    async with store.write() as tx:
        await tx.guilds.create(world.guild)
        for role in world.roles.values():
            await tx.roles.create(role)
        for channel in world.channels.values():
            await tx.channels.create(channel)
        await tx.members.add_many(list(world.members.values()))
        for user_id in world.banned:
            await tx.bans.put(guild_id, user_id, None)
        for invite in world.invites.values():
            await tx.invites.create(invite)
        for webhook in world.webhooks.values():
            await tx.webhooks.create(webhook)
        for state in world.voice.values():
            await tx.voice_states.put(state)
        if world.live is not None:
            await tx.stage_instances.put(world.live)
    for message in world.messages.values():
        await store.messages.add(message, [])


async def load(before: World, store: Store) -> World | None:
    """Read the guild again; None when it was deleted."""
    snapshot = await store.guilds.load_snapshot(before.guild.id)
    if snapshot is None:
        return None
    people = before.people
    members = [await store.members.find(before.guild.id, user_id) for user_id in before.members]
    messages = [await store.messages.find(message.channel_id, message.id) for message in before.messages.values()]
    invites = [await store.invites.find(code) for code in before.invites]
    voice = [await store.voice_states.find(before.guild.id, user_id) for user_id in before.voice]
    stage = next((channel.id for channel in before.channels.values() if channel.type == ChannelType.STAGE), 0)
    webhooks = [await store.webhooks.find(webhook_id) for webhook_id in before.webhooks]
    return World(
        people=people,
        caller_id=before.caller_id,
        guild=snapshot.guild,
        roles={role.id: role for role in snapshot.roles},
        channels={channel.id: channel for channel in snapshot.channels},
        members={member.user.id: member for member in members if member is not None},
        messages={message.id: message for message in messages if message is not None},
        invites={invite.code: invite for invite in invites if invite is not None},
        webhooks={webhook.id: webhook for webhook in webhooks if webhook is not None},
        voice={state.user_id: state for state in voice if state is not None},
        live=await store.stage_instances.find(stage),
        banned=frozenset({people.stranger} if await store.bans.find(before.guild.id, people.stranger) else ()),
    )
