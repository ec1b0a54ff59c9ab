"""People, bots and guilds written straight into a store, changed and announced as the API does it, without an API."""

from typing import Any, Final, Protocol

import msgspec

from api.services.accounts.tokens import make_token
from api.services.roles.role_deletion import delete_role
from core.domain.application import PRIVILEGED_FLAGS, Application
from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.events import GUILD_JOINED, SESSION_REVOKED, Audience
from core.domain.guilds.guild import Guild
from core.domain.guilds.permissions import DEFAULT_EVERYONE
from core.domain.guilds.role import Role
from core.domain.messages.message import Message, ResolvedMessage
from core.domain.people.user import Account, AuthSession, User
from core.domain.tokens import hash_token
from core.runtime.clock import Clock
from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.store.sql.store import SqlStore
from core.wire.before import GuildBefore, RoleBefore, before_channel, before_member
from core.wire.envelope import Envelope
from core.wire.objects.channels.channel import render_channel
from core.wire.objects.guilds.guild import render_guild
from core.wire.objects.guilds.member import render_member
from core.wire.objects.guilds.role import render_role
from core.wire.objects.messages.message import render_message_dispatch
from core.wire.objects.people.user import render_user
from core_ext.ids import SnowflakeGenerator

END: Final = "APPLICATION_COMMAND_PERMISSIONS_UPDATE"
"""An event that is announced after the tested ones: it needs no intent, and changes nothing."""


class Login(msgspec.Struct, kw_only=True, frozen=True):
    """A user who can identify."""

    user: User
    token: str
    auth_session_id: int

    @property
    def id(self) -> int:
        """The user's id."""
        return self.user.id


class HasId(Protocol):
    """The user of a membership."""

    @property
    def id(self) -> int: ...


class StoreWriter:
    """A writer that changes the store beside the tested part."""

    def __init__(self, store: SqlStore, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.ids = SnowflakeGenerator(1, 1, clock.now_ms)

    # -- announcing

    def event(self, name: str, payload: Any, **header: Any) -> Envelope:
        """Make an envelope with a new id."""
        raw = payload if isinstance(payload, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(payload))
        return Envelope(**{"id": self.ids.next(), "event": name, "payload": raw, "audience": Audience.GUILD, **header})

    async def announce(self, name: str, payload: Any, **header: Any) -> Envelope:
        """Announce an event that changes nothing in the store."""
        envelope = self.event(name, payload, **header)
        await self.store.bus.publish([envelope])
        return envelope

    # -- people

    async def person(self, name: str = "person", *, bot: bool = False) -> Login:
        """Make an account with a login."""
        user_id = self.ids.next()
        user = User(id=user_id, username=f"{name}{user_id}", bot=bot)
        async with self.store.write(users=[user_id]) as tx:
            await tx.users.create(Account(user=user, email=None if bot else f"{user_id}@example.org"))
        return await self._log_in(user)

    async def another_login(self, login: Login) -> Login:
        """Log the same user in once more."""
        return await self._log_in(login.user)

    async def _log_in(self, user: User) -> Login:
        token = make_token(user.id, self.clock.now_ms(), SYSTEM_RANDOMNESS)
        auth = AuthSession(
            id=self.ids.next(),
            user_id=user.id,
            token_hash=hash_token(token),
            created_ms=self.clock.now_ms(),
            last_used_ms=self.clock.now_ms(),
        )
        async with self.store.write(users=[user.id]) as tx:
            await tx.users.add_auth_session(auth)
        return Login(user=user, token=token, auth_session_id=auth.id)

    async def bot(self, owner: Login, *, flags: int = PRIVILEGED_FLAGS) -> Login:
        """Make a bot with an application."""
        login = await self.person("bot", bot=True)
        application = Application(id=login.id, owner_id=owner.id, name="app", bot_id=login.id, flags=flags)
        async with self.store.write(users=[owner.id, login.id]) as tx:
            await tx.applications.create(application)
        return login

    async def log_out(self, login: Login) -> None:
        """End a login."""
        async with self.store.write(users=[login.id]) as tx:
            await tx.users.delete_auth_session(login.auth_session_id, login.id)
            payload = {"auth_session_id": str(login.auth_session_id)}
            tx.announce(self.event(SESSION_REVOKED, payload, audience=Audience.USER, user_id=login.id))

    # -- guilds

    async def guild(
        self,
        owner: HasId,
        *members: HasId,
        name: str = "guild",
        everyone: int = DEFAULT_EVERYONE,
        joined_ms: int | None = None,
    ) -> int:
        """Make a guild with its owner and members, and no channel."""
        guild_id = self.ids.next()
        async with self.store.write(users=[owner.id], guilds=[guild_id]) as tx:
            await tx.guilds.create(Guild(id=guild_id, name=name, owner_id=owner.id))
            await tx.roles.create(Role(id=guild_id, guild_id=guild_id, name="@everyone", permissions=everyone))
        for member in (owner, *members):
            await self.join(guild_id, member, joined_ms=joined_ms)
        return guild_id

    async def update_guild(self, guild_id: int, **changes: Any) -> None:
        """Change a guild."""
        async with self.store.write(guilds=[guild_id]) as tx:
            snapshot = await tx.guilds.load_snapshot(guild_id)
            assert snapshot is not None
            guild = await tx.guilds.update(guild_id, changes)
            roles = await tx.roles.list_of_guild(guild_id)
            before = GuildBefore(snapshot.guild.owner_id)
            tx.announce(self.event("GUILD_UPDATE", render_guild(guild, roles), guild_id=guild_id, before=before))

    async def delete_guild(self, guild_id: int) -> None:
        """Delete a guild."""
        async with self.store.write(guilds=[guild_id]) as tx:
            await tx.guilds.delete(guild_id)
            tx.announce(self.event("GUILD_DELETE", {"id": str(guild_id)}, guild_id=guild_id))

    async def join(
        self, guild_id: int, member: HasId, *, role_ids: tuple[int, ...] = (), joined_ms: int | None = None
    ) -> None:
        """Make a user a member, by default since now."""
        user_id, joined_ms = member.id, self.clock.now_ms() if joined_ms is None else joined_ms
        async with self.store.write(users=[user_id], guilds=[guild_id]) as tx:
            stored = await tx.members.add(guild_id, user_id, joined_ms=joined_ms, role_ids=role_ids)
            assert stored is not None
            payload = render_member(stored, with_guild_id=True)
            tx.announce(
                self.event("GUILD_MEMBER_ADD", payload, guild_id=guild_id, user_id=user_id),
                self.event(GUILD_JOINED, {"guild_id": str(guild_id)}, audience=Audience.USER, user_id=user_id),
            )

    async def update_member(self, guild_id: int, member: HasId, **changes: Any) -> None:
        """Change a member."""
        user_id = member.id
        async with self.store.write(guilds=[guild_id]) as tx:
            former = await tx.members.find(guild_id, user_id)
            assert former is not None
            stored = await tx.members.update(guild_id, user_id, changes)
            payload, before = render_member(stored, with_guild_id=True), before_member(former)
            tx.announce(self.event("GUILD_MEMBER_UPDATE", payload, guild_id=guild_id, user_id=user_id, before=before))

    async def remove(self, guild_id: int, login: Login) -> None:
        """Remove a member."""
        async with self.store.write(users=[login.id], guilds=[guild_id]) as tx:
            await tx.members.remove(guild_id, login.id)
            payload = {"guild_id": str(guild_id), "user": render_user(login.user)}
            tx.announce(self.event("GUILD_MEMBER_REMOVE", payload, guild_id=guild_id, user_id=login.id))

    # -- roles

    async def role(self, guild_id: int, **fields: Any) -> int:
        """Make a role."""
        role = Role(id=self.ids.next(), guild_id=guild_id, **{"name": "role", **fields})
        async with self.store.write(guilds=[guild_id]) as tx:
            await tx.roles.create(role)
            payload = {"guild_id": str(guild_id), "role": render_role(role)}
            tx.announce(self.event("GUILD_ROLE_CREATE", payload, guild_id=guild_id))
        return role.id

    async def update_role(self, guild_id: int, role_id: int, **changes: Any) -> None:
        """Change a role."""
        async with self.store.write(guilds=[guild_id]) as tx:
            former = await tx.roles.find(role_id)
            assert former is not None
            role = await tx.roles.update(role_id, changes)
            payload = {"guild_id": str(guild_id), "role": render_role(role)}
            before = RoleBefore(former.permissions)
            tx.announce(self.event("GUILD_ROLE_UPDATE", payload, guild_id=guild_id, before=before))

    async def delete_role(self, guild_id: int, role_id: int) -> None:
        """Delete a role."""
        async with self.store.write(guilds=[guild_id]) as tx:
            role, snapshot = await tx.roles.find(role_id), await tx.guilds.load_snapshot(guild_id)
            assert role is not None
            assert snapshot is not None
            tx.announce(await delete_role(tx, self.ids, role, snapshot.channels))

    # -- channels

    async def channel(self, guild_id: int, *overwrites: Overwrite, **fields: Any) -> int:
        """Make a channel, by default a text channel."""
        given = {"type": ChannelType.TEXT, "name": "channel", "overwrites": overwrites, **fields}
        channel = Channel(id=self.ids.next(), guild_id=guild_id, **given)
        async with self.store.write(guilds=[guild_id]) as tx:
            await tx.channels.create(channel)
            tx.announce(self.channel_event("CHANNEL_CREATE", channel))
        return channel.id

    async def put_overwrite(self, channel_id: int, overwrite: Overwrite) -> None:
        """Set an overwrite."""
        async with self.store.write(guilds=await self._guild_of(channel_id)) as tx:
            former = await tx.channels.find(channel_id)
            channel = await tx.channels.put_overwrite(channel_id, overwrite)
            tx.announce(self.channel_event("CHANNEL_UPDATE", channel, former))

    async def update_channel(self, channel_id: int, **changes: Any) -> None:
        """Change a channel."""
        async with self.store.write(guilds=await self._guild_of(channel_id)) as tx:
            former = await tx.channels.find(channel_id)
            channel = await tx.channels.update(channel_id, changes)
            tx.announce(self.channel_event("CHANNEL_UPDATE", channel, former))

    async def delete_channel(self, channel_id: int) -> None:
        """Delete a channel."""
        async with self.store.write(guilds=await self._guild_of(channel_id)) as tx:
            channel = await tx.channels.find(channel_id)
            assert channel is not None
            await tx.channels.delete(channel_id)
            tx.announce(self.channel_event("CHANNEL_DELETE", channel))

    async def _guild_of(self, channel_id: int) -> list[int]:
        channel = await self.store.channels.find(channel_id)
        return [] if channel is None else [channel.guild_id]

    def channel_event(self, name: str, channel: Channel, former: Channel | None = None) -> Envelope:
        """Make a CHANNEL_CREATE, _UPDATE (of the former channel) or _DELETE."""
        return self.event(
            name,
            render_channel(channel),
            audience=Audience.CHANNEL,
            guild_id=channel.guild_id,
            channel_id=channel.id,
            before=None if former is None else before_channel(former),
        )

    async def direct_channel(self, one: Login, other: Login) -> int:
        """Make a direct-message channel."""
        channel = Channel(id=self.ids.next(), type=1, recipient_ids=(one.id, other.id))
        async with self.store.write(users=channel.recipient_ids) as tx:
            await tx.channels.create(channel)
        return channel.id

    # -- messages

    async def say(
        self,
        channel_id: int,
        author: Login,
        content: str,
        *,
        guild_id: int = 0,
        to: tuple[Login, ...] = (),
        mentions: tuple[Login, ...] = (),
        nonce: str | None = None,
    ) -> int:
        """Store a message in a guild's channel, or in the direct messages of `to`."""
        message = Message(
            id=self.ids.next(),
            channel_id=channel_id,
            guild_id=guild_id,
            author_id=author.id,
            content=content,
            nonce=nonce,
            mention_ids=tuple(login.id for login in mentions),
        )
        await self.store.messages.add(message, self.message_events(message, author, to=to, mentions=mentions))
        return message.id

    def message_events(
        self, message: Message, author: Login, *, to: tuple[Login, ...] = (), mentions: tuple[Login, ...] = ()
    ) -> list[Envelope]:
        """Make the MESSAGE_CREATE of a stored message."""
        resolved = ResolvedMessage(
            message=message, author=author.user, mentions=tuple(login.user for login in mentions)
        )
        payload = msgspec.Raw(msgspec.json.encode(render_message_dispatch(resolved, None)))
        header = {
            "id": message.id,
            "channel_id": message.channel_id,
            "author_id": author.id,
            "mention_ids": message.mention_ids,
        }
        if message.guild_id:
            audience = {"audience": Audience.CHANNEL, "guild_id": message.guild_id}
            return [self.event("MESSAGE_CREATE", payload, **audience, **header)]
        return [
            self.event("MESSAGE_CREATE", payload, audience=Audience.USER, user_id=login.id, **header) for login in to
        ]
