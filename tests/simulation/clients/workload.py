"""What people do, by the seed: they talk, edit, delete, moderate, come and go.

Each user is a task that does one thing after the other, so many things happen at once and each user's own happen in
order. What is refused is fine: the next thing comes. Weights say how often a thing is done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from tests.simulation.clients.ledger import Edit, Ledger, Send
from tests.simulation.clients.person import Person
from tests.simulation.clients.scene import Scene, SceneGuild

_PAUSE_S: Final = (0.02, 1.6)
_RIGHTS: Final = (0, 1 << 10, 1 << 11, (1 << 10) | (1 << 11), 1 << 13, 1 << 3)
"""Values of a role's permissions and of overwrites: view, send, both, manage messages, administrator."""
_IMPATIENT_SHARE: Final = 0.1
"""The share of messages whose client sends them twice at the same time."""
_MOST_CHANNELS: Final = 6
_MOST_ROLES: Final = 4

Action = Callable[[Person], Awaitable[None]]


class Workload:
    """The acts of all people of a scene."""

    def __init__(self, *, scene: Scene, ledger: Ledger, looks: int = 0) -> None:
        """With `looks`, people look what a guild's channels and roles are, and some at once after each change."""
        self._looks_after = 3 if looks else 0
        self._scene = scene
        self._ledger = ledger
        self._nonces = 0
        self._actions: list[Action] = []
        self._weights: list[int] = []
        self._changes: tuple[Action, ...] = (
            self._change_role,
            self._give_role,
            self._change_overwrite,
            self._make_or_drop_channel,
            self._make_or_drop_role,
            self._remove_member,
            self._join,
            self._rename,
        )
        for action, weight in (
            (self._send, 40),
            (self._send_direct, 6),
            (self._edit, 8),
            (self._delete, 5),
            (self._purge, 1),
            (self._read, 6),
            (self._type, 2),
            (self._change_role, 3),
            (self._give_role, 4),
            (self._change_overwrite, 5),
            (self._make_or_drop_channel, 2),
            (self._make_or_drop_role, 1),
            (self._remove_member, 3),
            (self._join, 6),
            (self._rename, 2),
            (self._lose_network, 2),
            (self._restart_client, 1),
            (self._show_presence, 1),
            (self._look, looks),
        ):
            self._actions.append(action)
            self._weights.append(weight)

    async def run(self, person: Person, *, actions: int) -> None:
        """Do so many things."""
        for _ in range(actions):
            await asyncio.sleep(person.chance.uniform(*_PAUSE_S))
            (action,) = person.chance.choices(self._actions, self._weights)
            await action(person)
            if action in self._changes:
                await asyncio.gather(*(self._witness(person) for _ in range(self._looks_after)))

    async def _witness(self, person: Person) -> None:
        """Have somebody look or read, who is in a guild of the person."""
        guild = self._guild_of(person)
        other = person.chance.choice(guild.members)
        if person.chance.random() < 0.5:
            await other.ask("GET", f"/guilds/{guild.id}/{person.chance.choice(('roles', 'channels'))}")
        else:
            await other.ask("GET", f"/channels/{person.chance.choice(guild.channels)}/messages?limit=100")

    # ---- messages

    async def talk(self, person: Person, *, messages: int) -> None:
        """Send some messages, and do nothing else."""
        for _ in range(messages):
            await asyncio.sleep(person.chance.uniform(*_PAUSE_S))
            await self._send(person)

    async def _send(self, person: Person) -> None:
        guild = self._guild_of(person)
        channel_id = person.chance.choice(guild.channels)
        burst = [self._send_to(person, channel_id) for _ in range(person.chance.choice((1, 1, 1, 4)))]
        await asyncio.gather(*burst)

    async def _send_to(self, person: Person, channel_id: int) -> None:
        self._nonces += 1
        send = Send(
            user_id=person.id,
            channel_id=channel_id,
            nonce=f"n{self._nonces}",
            content=f"text {self._nonces}",
            attempts=[],
        )
        self._ledger.sends.append(send)
        is_impatient = person.chance.random() < _IMPATIENT_SHARE
        await asyncio.gather(*(person.send(send) for _ in range(2 if is_impatient else 1)))
        for message_id in send.ids:
            self._scene.messages.append((channel_id, message_id, person))

    async def _send_direct(self, person: Person) -> None:
        mine = [channel_id for channel_id, owner in self._scene.direct_channels if owner is person]
        if mine and person.chance.random() < 0.7:
            await self._send_to(person, person.chance.choice(mine))
            return
        other = person.chance.choice(self._scene.people)
        if other is person:
            return
        deed = await person.ask("POST", "/users/@me/channels", {"recipient_id": str(other.id)})
        if deed.answer is not None and deed.is_acknowledged:
            channel_id = int(deed.answer.json()["id"])
            self._scene.direct_channels += [(channel_id, person), (channel_id, other)]

    async def _edit(self, person: Person) -> None:
        mine = [(channel_id, message_id) for channel_id, message_id, author in self._scene.messages if author is person]
        if not mine:
            return
        channel_id, message_id = person.chance.choice(mine[-10:])
        self._nonces += 1
        content = f"edited {self._nonces}"
        deed = await person.ask("PATCH", f"/channels/{channel_id}/messages/{message_id}", {"content": content})
        self._ledger.edits.append(Edit(message_id=message_id, channel_id=channel_id, content=content, deed=deed))

    async def _delete(self, person: Person) -> None:
        if not self._scene.messages:
            return
        channel_id, message_id, author = person.chance.choice(self._scene.messages[-20:])
        if author is not person and person.chance.random() < 0.6:
            return
        deed = await person.ask("DELETE", f"/channels/{channel_id}/messages/{message_id}")
        self._ledger.edits.append(Edit(message_id=message_id, channel_id=channel_id, content=None, deed=deed))

    async def _purge(self, person: Person) -> None:
        guild = self._guild_of(person)
        channel_id = person.chance.choice(guild.channels)
        ids = [message_id for each, message_id, _ in self._scene.messages if each == channel_id][-5:]
        if len(ids) < 2:
            return
        body = {"messages": [str(message_id) for message_id in ids]}
        deed = await guild.owner.ask("POST", f"/channels/{channel_id}/messages/bulk-delete", body)
        for message_id in ids:
            self._ledger.edits.append(Edit(message_id=message_id, channel_id=channel_id, content=None, deed=deed))

    async def _read(self, person: Person) -> None:
        channel_id = person.chance.choice(self._guild_of(person).channels)
        await person.ask("GET", f"/channels/{channel_id}/messages?limit=100")

    async def _look(self, person: Person) -> None:
        guild = self._guild_of(person)
        await person.ask("GET", f"/guilds/{guild.id}/{person.chance.choice(('roles', 'channels'))}")

    async def _type(self, person: Person) -> None:
        channel_id = person.chance.choice(self._guild_of(person).channels)
        await person.ask("POST", f"/channels/{channel_id}/typing")

    # ---- rights

    async def _change_role(self, person: Person) -> None:
        guild = self._guild_of(person)
        role_id = person.chance.choice([*guild.roles, guild.id])
        permissions = person.chance.choice(_RIGHTS if role_id != guild.id else (_RIGHTS[3], _RIGHTS[1], _RIGHTS[3] | 1))
        await guild.owner.ask("PATCH", f"/guilds/{guild.id}/roles/{role_id}", {"permissions": str(permissions)})

    async def _give_role(self, person: Person) -> None:
        guild = self._guild_of(person)
        member = person.chance.choice(guild.members)
        method = person.chance.choice(("PUT", "PUT", "DELETE"))
        await guild.owner.ask(
            method, f"/guilds/{guild.id}/members/{member.id}/roles/{person.chance.choice(guild.roles)}"
        )

    async def _change_overwrite(self, person: Person) -> None:
        guild = self._guild_of(person)
        path = f"/channels/{person.chance.choice(guild.channels)}/permissions"
        if person.chance.random() < 0.5:
            member = person.chance.choice(guild.members)
            path, kind = f"{path}/{member.id}", 1
        else:
            path, kind = f"{path}/{person.chance.choice([*guild.roles, guild.id])}", 0
        if person.chance.random() < 0.3:
            await guild.owner.ask("DELETE", path)
            return
        allow, deny = person.chance.choice(_RIGHTS[:4]), person.chance.choice(_RIGHTS[:4])
        await guild.owner.ask("PUT", path, {"type": kind, "allow": str(allow & ~deny), "deny": str(deny)})

    # ---- guilds and who is in them

    async def _make_or_drop_channel(self, person: Person) -> None:
        guild = self._guild_of(person)
        if len(guild.channels) < _MOST_CHANNELS and person.chance.random() < 0.6:
            deed = await guild.owner.ask("POST", f"/guilds/{guild.id}/channels", {"name": "more", "type": 0})
            if deed.answer is not None and deed.is_acknowledged:
                guild.channels.append(int(deed.answer.json()["id"]))
        elif len(guild.channels) > 3:
            await guild.owner.ask("DELETE", f"/channels/{guild.channels.pop()}")

    async def _make_or_drop_role(self, person: Person) -> None:
        guild = self._guild_of(person)
        if len(guild.roles) < _MOST_ROLES:
            body = {"name": "more", "permissions": str(person.chance.choice(_RIGHTS[:4]))}
            deed = await guild.owner.ask("POST", f"/guilds/{guild.id}/roles", body)
            if deed.answer is not None and deed.is_acknowledged:
                guild.roles.append(int(deed.answer.json()["id"]))
        else:
            await guild.owner.ask("DELETE", f"/guilds/{guild.id}/roles/{guild.roles.pop()}")

    async def _remove_member(self, person: Person) -> None:
        guild = self._guild_of(person)
        member = person.chance.choice(guild.members)
        if member is guild.owner:
            return
        match person.chance.randrange(3):
            case 0:
                await guild.owner.ask("DELETE", f"/guilds/{guild.id}/members/{member.id}")
            case 1:
                await guild.owner.ask("PUT", f"/guilds/{guild.id}/bans/{member.id}", {})
                await asyncio.sleep(person.chance.random())
                await guild.owner.ask("DELETE", f"/guilds/{guild.id}/bans/{member.id}")
            case _:
                await person.ask("DELETE", f"/users/@me/guilds/{guild.id}")

    async def _join(self, person: Person) -> None:
        guild = person.chance.choice(self._scene.guilds)
        await person.ask("POST", f"/invites/{guild.invite}", {})

    async def _rename(self, person: Person) -> None:
        guild = self._guild_of(person)
        self._nonces += 1
        match person.chance.randrange(3):
            case 0:
                await guild.owner.ask("PATCH", f"/guilds/{guild.id}", {"name": f"name {self._nonces}"})
            case 1:
                path = f"/channels/{person.chance.choice(guild.channels)}"
                await guild.owner.ask("PATCH", path, {"name": f"name-{self._nonces}"})
            case _:
                await person.ask("PATCH", f"/guilds/{guild.id}/members/@me", {"nick": f"nick {self._nonces}"})

    # ---- sessions

    async def _lose_network(self, person: Person) -> None:
        person.client.lose_network()

    async def _restart_client(self, person: Person) -> None:
        person.client.go_offline(person.chance.choice((1000, 4000)))
        await asyncio.sleep(person.chance.random() * 4)
        person.client.come_online()

    async def _show_presence(self, person: Person) -> None:
        status = person.chance.choice(("online", "idle", "invisible", "dnd"))
        person.client.tell(3, {"since": None, "activities": [], "status": status, "afk": False})

    def _guild_of(self, person: Person) -> SceneGuild:
        mine = [guild for guild in self._scene.guilds if person in guild.members]
        return person.chance.choice(mine or self._scene.guilds)
