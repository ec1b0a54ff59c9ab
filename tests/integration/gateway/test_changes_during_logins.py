"""Random changes from several sides while clients log in, lose their sockets and resume: in the end everybody is right.

Each client is a model of a library: it keeps what its dispatches tell and nothing else. When the changes have ended, it must
know the channels that its user may view, the newest message of each, and the number of members that the store has; and over
all its connections it must have had each sequence number once and each channel's messages in rising order.
"""

import asyncio
import random
from typing import Any

import pytest

from core.domain.channel import Overwrite
from core.domain.permissions import DEFAULT_EVERYONE, Permission, compute_member_permissions
from tests.integration.gateway.client import Client
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.place import END, Login, Place

VIEW = int(Permission.VIEW_CHANNEL)


class Library:
    """What a client knows, over connections."""

    def __init__(self, login: Login) -> None:
        self.login = login
        self.session_id = ""
        self.seq = 0
        self.channels: dict[int, set[int]] = {}
        self.counts: dict[int, int] = {}
        self.newest: dict[int, int] = {}
        """The newest message that came, or that must not come because it was there at the login."""
        self.last: dict[int, int] = {}
        """The newest message known of, by channel."""
        self.ended = False

    def take(self, payload: dict[str, Any]) -> None:  # noqa: C901 - one case an event
        """Take one dispatch in."""
        assert payload["s"] == self.seq + 1
        self.seq = payload["s"]
        event, d = payload["t"], payload["d"]
        match event:
            case "GUILD_CREATE":
                assert int(d["id"]) not in self.channels
                self.channels[int(d["id"])] = {int(channel["id"]) for channel in d["channels"]}
                self.counts[int(d["id"])] = d["member_count"]
                for channel in d["channels"]:
                    self.note_last(channel, is_login="unavailable" in d)
            case "GUILD_DELETE":
                del self.channels[int(d["id"])], self.counts[int(d["id"])]
            case "CHANNEL_CREATE":
                assert int(d["id"]) not in self.channels[int(d["guild_id"])]
                self.channels[int(d["guild_id"])].add(int(d["id"]))
                self.note_last(d, is_login=True)
            case "CHANNEL_UPDATE":
                assert int(d["id"]) in self.channels[int(d["guild_id"])]
            case "CHANNEL_DELETE":
                self.channels[int(d["guild_id"])].remove(int(d["id"]))
            case "GUILD_MEMBER_ADD":
                self.counts[int(d["guild_id"])] += 1
            case "GUILD_MEMBER_REMOVE":
                self.counts[int(d["guild_id"])] -= 1
            case "MESSAGE_CREATE":
                channel_id = int(d["channel_id"])
                assert channel_id in self.channels[int(d["guild_id"])]
                assert int(d["id"]) > self.newest.get(channel_id, 0)
                self.newest[channel_id] = int(d["id"])
                self.last[channel_id] = max(int(d["id"]), self.last.get(channel_id, 0))
            case event if event == END:
                self.ended = True

    def note_last(self, channel: dict[str, Any], *, is_login: bool) -> None:
        """A channel says which its newest message is; after a join those since the join follow though."""
        last = int(channel["last_message_id"] or 0)
        self.last[int(channel["id"])] = last
        if is_login:
            self.newest[int(channel["id"])] = last


class Changer:
    """Changes a guild at random; nothing that it does may fail."""

    def __init__(self, place: Place, guild_id: int, owner: Login, others: list[Login], dice: random.Random) -> None:
        self.place = place
        self.guild_id = guild_id
        self.owner = owner
        self.inside = list(others)
        self.outside: list[Login] = []
        self.channels: list[int] = []
        self.roles: list[int] = []
        self.dice = dice

    async def run(self, steps: int) -> None:
        """A number of changes."""
        place, dice = self.place, self.dice
        for _ in range(2):
            self.channels.append(await place.channel(self.guild_id))
            self.roles.append(await place.role(self.guild_id))
        for _ in range(steps):
            await dice.choice([self.talk, self.talk, self.hide, self.come_or_go, self.give, self.grant, self.make])()
            await asyncio.sleep(dice.random() / 500)

    async def talk(self) -> None:
        """A message."""
        await self.place.say(self.dice.choice(self.channels), self.owner, "x", guild_id=self.guild_id)

    async def hide(self) -> None:
        """An overwrite."""
        login = self.dice.choice([*self.inside, self.owner])
        target, kind = self.dice.choice([(self.guild_id, 0), (self.dice.choice(self.roles), 0), (login.id, 1)])
        allow, deny = self.dice.choice([(VIEW, 0), (0, VIEW), (0, 0)])
        await self.place.put_overwrite(self.dice.choice(self.channels), Overwrite(target, kind, allow, deny))

    async def come_or_go(self) -> None:
        """A member joins or is thrown out."""
        if self.outside and self.dice.random() < 0.6:
            login = self.outside.pop()
            await self.place.join(self.guild_id, login, role_ids=(self.dice.choice(self.roles),))
            self.inside.append(login)
        elif self.inside:
            login = self.inside.pop(self.dice.randrange(len(self.inside)))
            await self.place.remove(self.guild_id, login)
            self.outside.append(login)

    async def give(self) -> None:
        """Roles of a member."""
        if self.inside:
            held = tuple(role_id for role_id in self.roles if self.dice.random() < 0.5)
            await self.place.update_member(self.guild_id, self.dice.choice(self.inside), role_ids=held)

    async def grant(self) -> None:
        """Permissions of a role."""
        role_id = self.dice.choice([self.guild_id, *self.roles])
        permissions = self.dice.choice([0, VIEW, DEFAULT_EVERYONE])
        await self.place.update_role(self.guild_id, role_id, permissions=permissions)

    async def make(self) -> None:
        """A channel or a role comes, or goes."""
        if len(self.channels) > 3:
            await self.place.delete_channel(self.channels.pop(self.dice.randrange(len(self.channels))))
        elif len(self.roles) > 3:
            await self.place.delete_role(self.guild_id, self.roles.pop(self.dice.randrange(len(self.roles))))
        elif self.dice.random() < 0.5:
            self.channels.append(await self.place.channel(self.guild_id, Overwrite(self.roles[0], 0, VIEW, 0)))
        else:
            self.roles.append(await self.place.role(self.guild_id, permissions=self.dice.choice([0, VIEW])))


async def live(connect: Connect, library: Library, dice: random.Random, over: asyncio.Event) -> None:
    """Log in; lose the socket and resume, or begin anew, until the changes are over; then stay to the end."""
    while not library.ended:
        async with connect() as client:
            if library.session_id and dice.random() < 0.7:
                await client.resume(library.login.token, library.session_id, library.seq)
                await client.wait_for("RESUMED")
            else:
                library.__init__(library.login)  # type: ignore[misc] # a new session knows nothing
                library.session_id = (await client.identify(library.login.token))["session_id"]
            if over.is_set():
                await client.wait_for(END)
            else:
                await asyncio.sleep(dice.random() / 10)
                client.cut()
                await client.wait_closed()
            take_all(library, client)


def take_all(library: Library, client: Client) -> None:
    """Everything that came over a connection."""
    for payload in client.dispatches:
        library.take(payload)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_everybody_is_right_after_changes_during_logins(place: Place, connect: Connect, seed: int) -> None:
    dice = random.Random(seed)
    owner = await place.person("owner")
    logins = [await place.person(f"user{number}") for number in range(4)]
    guild_ids = [await place.guild(owner, *logins) for _ in range(2)]
    libraries = [Library(login) for login in (owner, *logins)]
    over = asyncio.Event()
    living = [asyncio.create_task(live(connect, library, dice, over)) for library in libraries]
    await asyncio.gather(*(Changer(place, guild_id, owner, logins, dice).run(120) for guild_id in guild_ids))
    over.set()
    # Everybody is in this guild, which is made last, so who has heard of its end has heard of all.
    last_id = await place.guild(owner, *logins)
    ending = asyncio.create_task(keep_ending(place, last_id))
    try:
        await asyncio.gather(*living)
    finally:
        ending.cancel()
    for library in libraries:
        await check(place, library, guild_ids)


async def keep_ending(place: Place, guild_id: int) -> None:
    """Say that it is over, until everybody who was about to log in has heard it."""
    while True:
        await place.announce(END, {}, guild_id=guild_id)
        await asyncio.sleep(0.05)


async def check(place: Place, library: Library, guild_ids: list[int]) -> None:
    """Compare what a client knows with the store."""
    for guild_id in guild_ids:
        snapshot = await place.store.guilds.load_snapshot(guild_id)
        member = await place.store.members.find(guild_id, library.login.id)
        assert snapshot is not None
        if member is None:
            assert guild_id not in library.channels
            continue
        viewable = {
            channel.id
            for channel in snapshot.channels
            if compute_member_permissions(snapshot, member, now_ms=0, channel=channel) & VIEW
        }
        assert library.channels[guild_id] == viewable
        assert library.counts[guild_id] == snapshot.member_count
        last_ids = await place.store.messages.last_ids(viewable)
        assert {channel_id: library.last[channel_id] for channel_id in viewable} == dict.fromkeys(
            viewable, 0
        ) | last_ids
