"""A plain model of a guild and its permissions: the oracle of the tests of views and member lists."""

from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.guilds.guild import Guild, GuildSnapshot
from core.domain.guilds.member import Member
from core.domain.guilds.role import Role
from core.domain.guilds.voice_state import InVoice, VoiceState
from core.domain.people.user import User

GUILD = 1
VIEW, ADMINISTRATOR, SEND, CONNECT, MANAGE_CHANNELS = 1 << 10, 1 << 3, 1 << 11, 1 << 20, 1 << 4
VOICE = 55
USERS = range(101, 107)
ROLES = range(11, 15)
CHANNELS = range(51, 56)
"""The last is a voice channel."""


class Model:
    """The guild and its permissions, computed without indexes and caches."""

    def __init__(self) -> None:
        self.owner_id = USERS[0]
        self.roles: dict[int, int] = {GUILD: VIEW}
        self.members: dict[int, set[int]] = {self.owner_id: set()}
        self.timeouts: dict[int, int] = {}
        self.channels: dict[int, dict[tuple[int, int], tuple[int, int]]] = {}
        self.voice: dict[int, int] = {}
        """The channel that each user in voice is in."""

    def may_view(self, user_id: int, channel_id: int) -> bool:
        """Return whether the user may view the channel."""
        return bool(self.permissions(user_id, channel_id) & VIEW)

    def may_read(self, user_id: int, channel_id: int) -> bool:
        """Return whether the user gets the channel's messages: in a voice channel only with CONNECT."""
        needed = VIEW | CONNECT if channel_id == VOICE else VIEW
        return self.permissions(user_id, channel_id) & needed == needed

    def permissions(self, user_id: int, channel_id: int) -> int:
        """Compute permissions step by step as in Discord's documentation, "Permission Overwrites", without timeouts."""
        if user_id not in self.members or channel_id not in self.channels:
            return 0
        if user_id == self.owner_id:
            return -1
        held = self.members[user_id] & self.roles.keys()
        permissions = self.roles[GUILD]
        for role_id in held:
            permissions |= self.roles[role_id]
        if permissions & ADMINISTRATOR:
            return -1
        overwrites = self.channels[channel_id]
        for allow, deny in [overwrites.get((GUILD, 0), (0, 0))]:
            permissions = permissions & ~deny | allow
        allows = denies = 0
        for role_id in held:
            allow, deny = overwrites.get((role_id, 0), (0, 0))
            allows, denies = allows | allow, denies | deny
        permissions = permissions & ~denies | allows
        for allow, deny in [overwrites.get((user_id, 1), (0, 0))]:
            permissions = permissions & ~deny | allow
        return permissions

    def viewable(self, user_id: int) -> set[int]:
        """Return the channels that a user may view."""
        return {channel_id for channel_id in self.channels if self.may_view(user_id, channel_id)}

    def voice_state(self, user_id: int, channel_id: int) -> VoiceState:
        """As the store has it."""
        return VoiceState(guild_id=GUILD, user_id=user_id, channel_id=channel_id, session_id="voice")

    def shown_voice(self, viewer_id: int) -> dict[int, int]:
        """Return where all others are in voice, as far as a user may know it."""
        return {
            user_id: channel_id
            for user_id, channel_id in self.voice.items()
            if user_id != viewer_id and self.may_view(viewer_id, channel_id)
        }

    def guild(self) -> Guild:
        """As the store has it."""
        return Guild(id=GUILD, name="guild", owner_id=self.owner_id)

    def role(self, role_id: int) -> Role:
        """As the store has it."""
        return Role(id=role_id, guild_id=GUILD, name="role", permissions=self.roles[role_id])

    def channel(self, channel_id: int) -> Channel:
        """As the store has it."""
        overwrites = tuple(
            Overwrite(target, kind, allow, deny) for (target, kind), (allow, deny) in self.channels[channel_id].items()
        )
        kind = ChannelType.VOICE if channel_id == VOICE else ChannelType.TEXT
        return Channel(id=channel_id, type=kind, guild_id=GUILD, name="channel", overwrites=overwrites)

    def member(self, user_id: int) -> Member:
        """As the store has it."""
        return Member(
            guild_id=GUILD,
            user=User(id=user_id, username=f"user{user_id}"),
            joined_ms=0,
            role_ids=tuple(sorted(self.members[user_id])),
            timeout_until_ms=self.timeouts.get(user_id, 0),
        )

    def snapshot(self) -> GuildSnapshot:
        """As the store has it."""
        return GuildSnapshot(
            guild=self.guild(),
            roles=tuple(self.role(role_id) for role_id in self.roles),
            channels=tuple(self.channel(channel_id) for channel_id in self.channels),
            member_count=len(self.members),
            revision=0,
            in_voice=tuple(
                InVoice(self.voice_state(user_id, channel_id), self.member(user_id))
                for user_id, channel_id in self.voice.items()
            ),
        )
