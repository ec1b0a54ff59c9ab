"""Random changes while clients log in, lose their sockets and resume: in the end every client is right.

Each client is a model of a library, which knows its dispatches and nothing else. When the changes have ended, it must
know the channels that its user may view, the newest message of each, and the store's number of members. Over all its
connections it must have had each sequence number once, and each channel's messages in ascending order.

Time is counted in events. A client keeps its socket for a number of them, and each read of the gateway waits for a
number of them before or after it. So changes fall into logins, resumes and joins at each await, however fast the
machine is.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from core.bus.interfaces import Delivery
from core.domain.channels.channel import Overwrite
from core.domain.guilds.permissions import DEFAULT_EVERYONE, Permission
from core.store.sql.store import SqlStore
from tests.integration.gateway.conftest import Connect
from tests.support.gateway.gateway_client import GatewayClient
from tests.support.member_permissions import compute_member_permissions
from tests.support.stores.store_writer import END, Login, StoreWriter

pytestmark = pytest.mark.guilds_are("here", "elsewhere", "both")

VIEW = int(Permission.VIEW_CHANNEL)
CHANGES = 50
"""The number of changes in each of the two guilds."""
MOST_EVENTS_A_READ = 4
MOST_EVENTS_A_SOCKET = 8


class Pace:
    """A clock that events drive. When it is stopped, no wait lasts."""

    def __init__(self) -> None:
        self._now = 0
        self._waiting: list[tuple[int, asyncio.Event]] = []
        self._is_awaited = asyncio.Event()
        self.has_stopped = False

    def tick(self, _delivery: Delivery) -> None:
        """Count a committed event."""
        self._now += 1
        self._wake(lambda until: until <= self._now)

    def stop(self) -> None:
        """Stop the clock: no more changes come."""
        self.has_stopped = True
        self._wake(lambda _: True)

    async def wait(self, events: int) -> None:
        """Wait for so many events."""
        if events and not self.has_stopped:
            come = asyncio.Event()
            self._waiting.append((self._now + events, come))
            self._is_awaited.set()
            await come.wait()

    async def wait_until_awaited(self) -> None:
        """Wait until a client or a read waits for events, so that changes do not run away from the clients."""
        while not self._waiting:
            self._is_awaited.clear()
            await self._is_awaited.wait()

    def _wake(self, is_due: Callable[[int], bool]) -> None:
        for until, come in self._waiting:
            if is_due(until):
                come.set()
        self._waiting = [each for each in self._waiting if not each[1].is_set()]


class PacedStore:
    """A store whose reads each wait for some events, before or after them."""

    def __init__(self, store: Any, pace: Pace, dice: random.Random) -> None:
        self._store = store
        self._pace = pace
        self._dice = dice

    def __getattr__(self, aggregate: str) -> "PacedAggregate":
        return PacedAggregate(getattr(self._store, aggregate), self._pace, self._dice)


class PacedAggregate:
    """An aggregate of a paced store."""

    def __init__(self, target: Any, pace: Pace, dice: random.Random) -> None:
        self._target = target
        self._pace = pace
        self._dice = dice

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._target, method)

        async def paced(*args: Any, **kwargs: Any) -> Any:
            before, after = (self._dice.randrange(MOST_EVENTS_A_READ) for _ in range(2))
            await self._pace.wait(before)
            result = await call(*args, **kwargs)
            await self._pace.wait(after)
            return result

        return paced


@pytest.fixture
def pace(store: SqlStore) -> Pace:
    """The clock. It counts an event before the gateway gets it, so a wait may end before the event is applied."""
    made = Pace()
    store.bus.subscribe(made.tick)
    return made


@pytest.fixture(params=range(6))
def dice(request: pytest.FixtureRequest) -> random.Random:
    """The random source of all choices."""
    return random.Random(request.param)


@pytest.fixture(params=["small and fast", "large and slow"])
def guild_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guild's size. A large guild keeps only present members, so that reads of members matter; and it is slower."""
    if request.param == "large and slow":
        monkeypatch.setattr("gateway.guilds.guild_loader.KEEP_ALL_BELOW", 1)
        monkeypatch.setattr("gateway.events.inbox.SLICE_S", -1.0)  # an event a turn of the loop


@pytest.fixture
def gateway_store(store: SqlStore, pace: Pace, dice: random.Random) -> PacedStore:
    """The gateway's store."""
    return PacedStore(store, pace, dice)


class Library:
    """A client's knowledge, over all its connections."""

    def __init__(self, login: Login) -> None:
        self.login = login
        self.begin("")

    def begin(self, session_id: str) -> None:
        """Begin a new session, which knows nothing."""
        self.session_id = session_id
        self.seq = 0
        self.channels: dict[int, set[int]] = {}
        self.counts: dict[int, int] = {}
        self.newest: dict[int, int] = {}
        """The newest message that came, or that need not come because it was there at the login."""
        self.last: dict[int, int] = {}
        """The newest known message, keyed by channel."""
        self.ended = False
        self.begin_connection()

    def begin_connection(self) -> None:
        """Begin a new connection, over which nothing has come yet."""
        self.taken = 0

    def follow(self, client: GatewayClient) -> None:
        """Take in the dispatches since the last call."""
        dispatches = client.dispatches
        for payload in dispatches[self.taken :]:
            self.take(payload)
        self.taken = len(dispatches)

    def take(self, payload: dict[str, Any]) -> None:  # noqa: C901 - one case an event
        """Take in one dispatch."""
        assert payload["s"] == self.seq + 1
        self.seq = payload["s"]
        event, d = payload["t"], payload["d"]
        match event:
            case "READY":
                for guild in d["guilds"]:
                    if "unavailable" not in guild:
                        self.enter(guild, is_login=True)
            case "GUILD_CREATE":
                self.enter(d, is_login="unavailable" in d)
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

    def enter(self, guild: dict[str, Any], *, is_login: bool) -> None:
        """Take in a whole guild."""
        assert int(guild["id"]) not in self.channels
        self.channels[int(guild["id"])] = {int(channel["id"]) for channel in guild["channels"]}
        self.counts[int(guild["id"])] = guild["member_count"]
        for channel in guild["channels"]:
            self.note_last(channel, is_login=is_login)

    def note_last(self, channel: dict[str, Any], *, is_login: bool) -> None:
        """Note a channel's newest message. After a join, the messages since the join still come."""
        last = int(channel["last_message_id"] or 0)
        self.last[int(channel["id"])] = last
        if is_login:
            self.newest[int(channel["id"])] = last


class Changer:
    """A source of random changes of a guild. None of them may fail."""

    def __init__(
        self, writer: StoreWriter, guild_id: int, owner: Login, others: list[Login], *, dice: random.Random, pace: Pace
    ) -> None:
        self.pace = pace
        self.writer = writer
        self.guild_id = guild_id
        self.owner = owner
        self.inside = list(others)
        self.outside: list[Login] = []
        self.channels: list[int] = []
        self.roles: list[int] = []
        self.dice = dice

    async def run(self, steps: int) -> None:
        """Make a number of changes."""
        writer, dice = self.writer, self.dice
        for _ in range(2):
            self.channels.append(await writer.channel(self.guild_id))
            self.roles.append(await writer.role(self.guild_id))
        for _ in range(steps):
            await self.pace.wait_until_awaited()
            await dice.choice(
                [self.talk, self.hide, self.come_or_go, self.come_or_go, self.give, self.grant, self.make]
            )()

    async def talk(self) -> None:
        """Send a message."""
        await self.writer.say(self.dice.choice(self.channels), self.owner, "x", guild_id=self.guild_id)

    async def hide(self) -> None:
        """Set an overwrite."""
        login = self.dice.choice([*self.inside, self.owner])
        target, kind = self.dice.choice([(self.guild_id, 0), (self.dice.choice(self.roles), 0), (login.id, 1)])
        allow, deny = self.dice.choice([(VIEW, 0), (0, VIEW), (0, 0)])
        await self.writer.put_overwrite(self.dice.choice(self.channels), Overwrite(target, kind, allow, deny))

    async def come_or_go(self) -> None:
        """Let a member join, or remove one."""
        if self.outside and self.dice.random() < 0.6:
            login = self.outside.pop()
            await self.writer.join(self.guild_id, login, role_ids=(self.dice.choice(self.roles),))
            self.inside.append(login)
        elif self.inside:
            login = self.inside.pop(self.dice.randrange(len(self.inside)))
            await self.writer.remove(self.guild_id, login)
            self.outside.append(login)

    async def give(self) -> None:
        """Change the roles of a member."""
        if self.inside:
            held = tuple(role_id for role_id in self.roles if self.dice.random() < 0.5)
            await self.writer.update_member(self.guild_id, self.dice.choice(self.inside), role_ids=held)

    async def grant(self) -> None:
        """Change the permissions of a role."""
        role_id = self.dice.choice([self.guild_id, *self.roles])
        permissions = self.dice.choice([0, VIEW, DEFAULT_EVERYONE])
        await self.writer.update_role(self.guild_id, role_id, permissions=permissions)

    async def make(self) -> None:
        """Create or delete a channel or a role."""
        if len(self.channels) > 3:
            await self.writer.delete_channel(self.channels.pop(self.dice.randrange(len(self.channels))))
        elif len(self.roles) > 3:
            await self.writer.delete_role(self.guild_id, self.roles.pop(self.dice.randrange(len(self.roles))))
        elif self.dice.random() < 0.5:
            self.channels.append(await self.writer.channel(self.guild_id, Overwrite(self.roles[0], 0, VIEW, 0)))
        else:
            self.roles.append(await self.writer.role(self.guild_id, permissions=self.dice.choice([0, VIEW])))


class Ending:
    """The end of the test, which is announced when all clients have entered the guilds of their users."""

    def __init__(self, writer: StoreWriter, libraries: list[Library], guild_ids: list[int]) -> None:
        self._guild_ids = guild_ids
        self._left = len(libraries)
        self._writer = writer

    async def meet(self, library: Library, client: GatewayClient) -> None:
        """Wait for the guilds and for all other clients; then for the end."""
        found = [await self._writer.store.members.find(guild_id, library.login.id) for guild_id in self._guild_ids]
        wanted = {member.guild_id for member in found if member is not None}

        def has_entered() -> bool:
            library.follow(client)
            return library.channels.keys() == wanted

        await client.wait_until(has_entered)
        self._left -= 1
        if not self._left:
            await self._writer.announce(END, {}, guild_id=self._guild_ids[-1])
        await client.wait_for(END)
        library.follow(client)


async def live(connect: Connect, library: Library, dice: random.Random, pace: Pace, ending: Ending) -> None:
    """Log in; lose the socket and resume, or begin anew, until the changes are over; then stay to the end."""
    while not library.ended:
        async with connect() as client:
            if library.session_id and dice.random() < 0.5:
                library.begin_connection()
                await client.resume(library.login.token, library.session_id, library.seq)
                await client.wait_for("RESUMED")
            else:
                library.begin((await client.identify(library.login.token))["session_id"])
            if pace.has_stopped:
                await ending.meet(library, client)
            else:
                await pace.wait(dice.randrange(MOST_EVENTS_A_SOCKET))
                client.cut()
                await client.wait_closed()
            library.follow(client)


@pytest.mark.usefixtures("guild_size")
async def test_everybody_is_right_after_changes_during_logins(
    writer: StoreWriter, connect: Connect, dice: random.Random, pace: Pace
) -> None:
    owner = await writer.person("owner")
    logins = [await writer.person("person1"), await writer.person("person2")]
    logins += [await writer.bot(owner), await writer.bot(owner)]
    guild_ids = [await writer.guild(owner, *logins) for _ in range(2)]
    # Everybody is in this guild, in which nothing happens before the end.
    last_id = await writer.guild(owner, *logins)
    libraries = [Library(login) for login in (owner, *logins)]
    ending = Ending(writer, libraries, [*guild_ids, last_id])
    changers = [Changer(writer, guild_id, owner, logins, dice=dice, pace=pace) for guild_id in guild_ids]
    async with asyncio.TaskGroup() as tasks:
        for library in libraries:
            tasks.create_task(live(connect, library, dice, pace, ending))
        await asyncio.gather(*(changer.run(CHANGES) for changer in changers))
        pace.stop()
    for library in libraries:
        await check(writer, library, guild_ids)


async def check(writer: StoreWriter, library: Library, guild_ids: list[int]) -> None:
    """Compare a client's knowledge with the store."""
    for guild_id in guild_ids:
        snapshot = await writer.store.guilds.load_snapshot(guild_id)
        member = await writer.store.members.find(guild_id, library.login.id)
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
        last_ids = await writer.store.messages.last_ids(viewable)
        assert {channel_id: library.last[channel_id] for channel_id in viewable} == dict.fromkeys(
            viewable, 0
        ) | last_ids
