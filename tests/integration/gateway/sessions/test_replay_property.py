"""Random histories: a session that was away has been sent what one that stayed was sent, or is refused.

Each history happens in a guild with sessions that stay at one gateway. In its midst they are also left behind, as by a
process that is killed, and come back at another gateway, which begins later: before the rest of the history, or during
it. The reference is the live way of events, by which the sessions that stayed got theirs.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.channels.channel import Overwrite
from core.domain.events import GUILD_CREATE, GUILD_DELETE, GUILD_UPDATE, Audience
from core.domain.guilds.permissions import Permission
from core.domain.intents import ALL_INTENTS, Intent
from core.live.limits import MemoryRateLimiter
from core.live.memory import MemoryOnlineCounts
from core.live.starts import CountedStarts
from core.runtime.clock import SystemClock
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import Settings
from core.store.sql.store import SqlStore
from gateway.app import Gateway, build_gateway
from gateway.homes.session_state import RestoreRefusal
from gateway.transport.public_address import PublicAddress
from tests.fakes.gateway.message_port import FakeMessagePort
from tests.fakes.gateway.voice_port import FakeVoicePort
from tests.integration.gateway.conftest import LOOPBACK
from tests.support.gateway.host import Host, Hosted, undated
from tests.support.stores.databases import MigratedDatabase
from tests.support.stores.store_writer import Login, StoreWriter

pytestmark = pytest.mark.guilds_are("here")

VIEW = int(Permission.VIEW_CHANNEL)

HARMLESS = ("say", "say_hidden", "mention", "direct", "new_role", "new_channel", "come", "change", "go", "ban", "user")
"""What leaves the views of all sessions alone."""
CHANGING = ("role", "drop_role", "hide", "hide_from", "topic", "drop_channel", "give_role", "time_out", "transfer")
"""What may change them, and can be undone."""
LEAVING = ("kick",)
"""What ends a membership, over which no session comes back."""

OF_GUILDS = (GUILD_CREATE, GUILD_UPDATE, GUILD_DELETE)

Step = tuple[str, int]
steps = st.tuples(st.sampled_from(HARMLESS), st.integers(0, 2))
any_steps = st.tuples(st.sampled_from(HARMLESS + CHANGING + LEAVING), st.integers(0, 2))
staying_steps = st.tuples(st.sampled_from(HARMLESS + CHANGING + CHANGING), st.integers(0, 2))


class Scene:
    """A guild of an owner and three others: a person and two bots, one of them without the content of messages."""

    def __init__(self, writer: StoreWriter) -> None:
        self.writer = writer
        self.logins: list[Login] = []
        self.strangers: list[Login] = []
        self.gone: set[int] = set()
        """The users whose membership has ended."""

    async def fill(self) -> None:
        """Make the guild, with a channel that one role alone may view."""
        writer = self.writer
        self.owner = await writer.person("owner")
        self.logins = [await writer.person(), await writer.bot(self.owner), await writer.bot(self.owner)]
        self.guild_id = await writer.guild(self.owner, *self.logins)
        self.role_id = await writer.role(self.guild_id, name="r", permissions=int(Permission.BAN_MEMBERS))
        self.open_id = await writer.channel(self.guild_id)
        hidden = Overwrite(id=self.guild_id, type=0, allow=0, deny=VIEW)
        shown = Overwrite(id=self.role_id, type=0, allow=VIEW, deny=0)
        self.hidden_id = await writer.channel(self.guild_id, hidden, shown)
        await writer.update_member(self.guild_id, self.logins[1], role_ids=[self.role_id])
        self.direct_id = await writer.direct_channel(self.owner, self.logins[0])
        self.doomed = [await writer.channel(self.guild_id) for _ in range(3)]

    async def do(self, step: Step) -> None:
        """Let one thing happen."""
        name, which = step
        await getattr(self, f"_{name}")(which)

    async def _say(self, which: int, channel_id: int = 0, **more: Any) -> None:
        author = (self.owner, *self.logins)[which]
        await self.writer.say(channel_id or self.open_id, author, name_of(which), guild_id=self.guild_id, **more)

    async def _say_hidden(self, which: int) -> None:
        await self._say(which, self.hidden_id, nonce="n")

    async def _mention(self, which: int) -> None:
        await self._say(0, mentions=(self.logins[which],))

    async def _direct(self, which: int) -> None:
        await self.writer.say(self.direct_id, self.owner, str(which), to=(self.owner, self.logins[0]))

    async def _user(self, which: int) -> None:
        user_id = self.logins[which].id
        await self.writer.announce("USER_UPDATE", {"id": str(user_id)}, audience=Audience.USER, user_id=user_id)

    async def _new_role(self, _: int) -> None:
        await self.writer.role(self.guild_id, name="new")

    async def _new_channel(self, which: int) -> None:
        channel_id = await self.writer.channel(self.guild_id)
        await self._say(which, channel_id)

    async def _come(self, _: int) -> None:
        stranger = await self.writer.person("stranger")
        await self.writer.join(self.guild_id, stranger)
        self.strangers.append(stranger)

    async def _change(self, which: int) -> None:
        for stranger in self.strangers[: which + 1]:
            await self.writer.update_member(self.guild_id, stranger, nick=name_of(which))

    async def _go(self, _: int) -> None:
        if self.strangers:
            await self.writer.remove(self.guild_id, self.strangers.pop())

    async def _ban(self, which: int) -> None:
        await self.writer.announce(
            "GUILD_BAN_ADD",
            {"guild_id": str(self.guild_id), "n": which},
            audience=Audience.GUILD_PERMISSION,
            guild_id=self.guild_id,
            permissions=int(Permission.BAN_MEMBERS),
        )

    # -- changing

    async def _role(self, which: int) -> None:
        await self.writer.update_role(self.guild_id, self.role_id, permissions=VIEW * (which % 2))

    async def _drop_role(self, which: int) -> None:
        """Give the hidden channel and a member a new role, and drop the one before."""
        login, before = self.logins[which], self.role_id
        self.role_id = await self.writer.role(self.guild_id, name="r", permissions=int(Permission.BAN_MEMBERS))
        await self.writer.put_overwrite(self.hidden_id, Overwrite(id=self.role_id, type=0, allow=VIEW, deny=0))
        member = await self.writer.store.members.find(self.guild_id, login.id)
        if member is not None:
            await self.writer.update_member(self.guild_id, login, role_ids=[*member.role_ids, self.role_id])
        await self.writer.delete_role(self.guild_id, before)

    async def _hide_from(self, which: int) -> None:
        """Hide a channel from one member, or show it again."""
        login = self.logins[which]
        channel = await self.writer.store.channels.find(self.open_id)
        assert channel is not None
        deny = 0 if any(item.id == login.id and item.deny for item in channel.overwrites) else VIEW
        await self.writer.put_overwrite(self.open_id, Overwrite(id=login.id, type=1, allow=0, deny=deny))

    async def _topic(self, which: int) -> None:
        await self.writer.update_channel((self.open_id, self.hidden_id)[which % 2], topic=name_of(which))

    async def _time_out(self, which: int) -> None:
        login = self.logins[which]
        if await self.writer.store.members.find(self.guild_id, login.id) is not None:
            until_ms = self.writer.clock.now_ms() + 60_000
            await self.writer.update_member(self.guild_id, login, timeout_until_ms=until_ms)

    async def _hide(self, which: int) -> None:
        deny = VIEW if which else 0
        await self.writer.put_overwrite(self.open_id, Overwrite(id=self.guild_id, type=0, allow=0, deny=deny))

    async def _drop_channel(self, which: int) -> None:
        if self.doomed:
            await self._say(which, self.doomed[-1])
            await self.writer.delete_channel(self.doomed.pop())

    async def _give_role(self, which: int) -> None:
        """Give a member the role, or take it away."""
        login = self.logins[which]
        member = await self.writer.store.members.find(self.guild_id, login.id)
        if member is not None:
            role_ids = [] if member.role_ids else [self.role_id]
            await self.writer.update_member(self.guild_id, login, role_ids=role_ids)

    async def _kick(self, which: int) -> None:
        login = self.logins[which]
        if await self.writer.store.members.find(self.guild_id, login.id) is not None:
            self.gone.add(login.id)
            await self.writer.remove(self.guild_id, login)

    async def _transfer(self, which: int) -> None:
        await self.writer.update_guild(self.guild_id, owner_id=(self.owner, *self.logins)[which].id)


def name_of(which: int) -> str:
    return ("one", "two", "three")[which]


@contextlib.asynccontextmanager
async def run_gateway(store: SqlStore, writer: StoreWriter) -> AsyncIterator[Gateway]:
    """Run a gateway with actors of its own."""
    gateway = build_gateway(
        store=store,
        bus=store.bus,
        clock=SystemClock(),
        call_later=asyncio.get_running_loop().call_later,
        settings=Settings(gateway=LOOPBACK),
        metrics=Metrics(),
        messages=FakeMessagePort(writer.ids),
        voice=FakeVoicePort(),
        online=MemoryOnlineCounts(),
        starts=CountedStarts(limiter=MemoryRateLimiter(clock=SystemClock()), per_day=1000, window_s=0.0),
        session_journal=store.session_journal,
        address=PublicAddress(""),
    )
    await gateway.start()
    running = asyncio.create_task(gateway.run())
    try:
        yield gateway
    finally:
        await gateway.stop()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def split(told: list[tuple[str, Any]]) -> tuple[list[Any], list[Any]]:
    """Part the dispatches of the guild from those of the user: only each of the two has an order."""
    # A guild's own events have its id as theirs.
    of_guild = [each for each in told if isinstance(each[1], dict) and (each[0] in OF_GUILDS or "guild_id" in each[1])]
    return of_guild, [each for each in told if each not in of_guild]


class History:
    """What happens, in parts: before the sessions are left, before the other gateway begins, before they come back,
    while they do, and afterwards."""

    def __init__(self, parts: Sequence[Sequence[Step]], intents: int) -> None:
        self._parts = parts
        self._profiles: list[dict[str, Any]] = [
            {},
            {"intents": intents},
            {"intents": ALL_INTENTS & ~Intent.MESSAGE_CONTENT},
        ]

    async def play(self, store: SqlStore) -> None:
        """Play it, and compare the sessions that stayed with those that came back."""
        writer = StoreWriter(store, SystemClock())
        scene = Scene(writer)
        await scene.fill()
        before, closed, opened, during, after = self._parts
        async with run_gateway(store, writer) as first:
            host = Host(first.homes, store)
            stayed = [
                await host.log_in(login, **profile) for login, profile in zip(scene.logins, self._profiles, strict=True)
            ]
            await self._go(scene, before)
            left = [host.leave(each) for each in stayed]
            scene.gone.clear()
            await self._go(scene, closed)
            async with run_gateway(store, writer) as second:
                other = Host(second.homes, store)
                await self._go(scene, opened)
                going = asyncio.create_task(self._go(scene, during))
                returns = await asyncio.gather(
                    *(
                        other.restore(login, at, **profile)
                        for login, at, profile in zip(scene.logins, left, self._profiles, strict=True)
                    )
                )
                await going
                gone = set(scene.gone)
                await self._go(scene, after)
                for each in (host, other):
                    each.homes.guilds.catch_up()
                for one, at, (back, refusal) in zip(stayed, left, returns, strict=True):
                    self._compare(one, at.told, back, refusal, may_be_refused=one.session.user_id in gone)

    async def _go(self, scene: Scene, part: Sequence[Step]) -> None:
        for step in part:
            await scene.do(step)

    def _compare(
        self, stayed: Hosted, told: int, back: Hosted, refusal: RestoreRefusal | None, *, may_be_refused: bool
    ) -> None:
        if refusal is not None:
            assert may_be_refused, f"refused for {refusal}, though its user has not left"
            assert back.told == []
        else:
            assert split(undated(back.durable())) == split(undated(stayed.durable(told)))


@given(
    before=st.lists(any_steps, max_size=4),
    closed=st.lists(any_steps, max_size=4),
    opened=st.lists(any_steps, max_size=4),
    during=st.lists(any_steps, max_size=4),
    after=st.lists(any_steps, max_size=4),
    intents=st.sampled_from([ALL_INTENTS, int(Intent.GUILDS), int(Intent.GUILD_MESSAGES | Intent.DIRECT_MESSAGES)]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_session_that_was_away_got_what_one_that_stayed_got_or_is_refused(
    migrated_database: MigratedDatabase,
    before: list[Step],
    closed: list[Step],
    opened: list[Step],
    during: list[Step],
    after: list[Step],
    intents: int,
) -> None:
    play([before, closed, opened, during, after], intents, migrated_database)


@given(parts=st.tuples(*[st.lists(steps, max_size=4)] * 5))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_harmless_history_refuses_nobody(migrated_database: MigratedDatabase, parts: tuple[list[Step], ...]) -> None:
    play(parts, ALL_INTENTS, migrated_database)


@given(parts=st.tuples(*[st.lists(staying_steps, max_size=6)] * 5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_history_that_changes_views_refuses_nobody(
    migrated_database: MigratedDatabase, parts: tuple[list[Step], ...]
) -> None:
    play(parts, ALL_INTENTS, migrated_database)


def play(parts: Sequence[Sequence[Step]], intents: int, database: MigratedDatabase) -> None:
    """Play a history in a new store."""

    async def run(path: Path) -> None:
        store = await SqlStore.open(str(path), clock=SystemClock(), num_shards=16)
        try:
            await History(parts, intents).play(store)
        finally:
            await store.close()

    with TemporaryDirectory() as folder:
        path = Path(folder) / "guildway.db"
        database.copy_to(path)
        asyncio.run(run(path))
