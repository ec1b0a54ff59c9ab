"""Sessions whose process has ended: what they are sent when they come back, and when they are refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest

from core.domain.channels.channel import Overwrite
from core.domain.errors import OutcomeUnknown, Unavailable
from core.domain.events import Audience
from core.domain.guilds.permissions import Permission
from core.domain.ids import shard_of
from core.domain.intents import ALL_INTENTS, Intent
from core.store.interfaces import Store
from core.store.sql.store import SqlStore
from gateway.commands.commands import LazyGuilds
from gateway.homes.session_state import RestoreRefusal
from tests.fakes.gated_store import GatedStore
from tests.integration.gateway.conftest import LOOPBACK, RunGateway
from tests.support.gateway.host import Host, Hosted, Left, undated
from tests.support.stores.store_writer import Login, StoreWriter
from tests.support.stores.stored_friends import befriend

VIEW = int(Permission.VIEW_CHANNEL)


@pytest.fixture
def gateway_store(store: SqlStore) -> Store:
    """A store whose reads can be held up."""
    gated: Store = GatedStore(store)  # type: ignore[assignment]
    return gated


class World:
    """A guild with a channel that all may read and one that nobody may, and sessions that come back to it."""

    def __init__(self, writer: StoreWriter, before: Host, run: RunGateway, store: Store, *, is_elsewhere: bool) -> None:
        self.is_elsewhere = is_elsewhere
        self.writer = writer
        self.before = before
        self.num_shards = writer.store.bus.num_shards
        self.store = store
        self._run = run
        self.owner: Login
        self.member: Login
        self.guild_id = self.open_id = self.hidden_id = self.doomed_id = self.role_id = 0
        self.hides: Overwrite
        self.shows: Overwrite

    def as_told(self, refusal: RestoreRefusal) -> RestoreRefusal:
        """Return what is told of a refusal: a home elsewhere does not say why."""
        return RestoreRefusal.ELSEWHERE if self.is_elsewhere else refusal

    async def fill(self) -> None:
        """Make the guild."""
        self.owner = await self.writer.person("owner")
        self.member = await self.writer.person("member")
        self.guild_id = await self.writer.guild(self.owner, self.member)
        self.role_id = await self.writer.role(self.guild_id, name="r", permissions=VIEW)
        self.open_id = await self.writer.channel(self.guild_id)
        self.doomed_id = await self.writer.channel(self.guild_id)
        self.hides = Overwrite(id=self.guild_id, type=0, allow=0, deny=VIEW)
        self.shows = Overwrite(id=self.guild_id, type=0, allow=VIEW, deny=0)
        for_role = Overwrite(id=self.role_id, type=0, allow=VIEW, deny=0)
        self.hidden_id = await self.writer.channel(self.guild_id, self.hides, for_role)

    async def say(self, content: str, *, channel_id: int = 0, **more: Any) -> int:
        """Say something in the guild, as its owner."""
        return await self.writer.say(channel_id or self.open_id, self.owner, content, guild_id=self.guild_id, **more)

    async def come_back(
        self,
        login: Login,
        left: Left,
        meanwhile: Callable[[Host], Awaitable[None]] | None = None,
        *,
        until: Callable[[Hosted], bool] = lambda _: True,
        **profile: Any,
    ) -> tuple[Hosted, RestoreRefusal | None]:
        """Restore a session at another gateway, which ends afterwards, when `until` holds for who is back."""
        async with self._run(LOOPBACK) as gateway:
            host = Host(gateway.homes, self.store)
            if meanwhile is None:
                return await host.restore(login, left, **profile)
            restoring = asyncio.create_task(host.restore(login, left, **profile))
            await meanwhile(host)
            hosted, refusal = await restoring
            host.homes.guilds.catch_up()
            await wait_until(lambda: refusal is not None or until(hosted))
            return hosted, refusal


@pytest.fixture
async def world(
    writer: StoreWriter, run_gateway: RunGateway, gateway_store: Store, guilds_are: str
) -> AsyncIterator[World]:
    """The world, with the gateway that sessions leave."""
    async with run_gateway(LOOPBACK) as gateway:
        before = Host(gateway.homes, gateway_store)
        place = World(writer, before, run_gateway, gateway_store, is_elsewhere=guilds_are == "elsewhere")
        await place.fill()
        yield place


async def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what comes over a link, where the guilds are elsewhere."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - every turn matters
            await asyncio.sleep(0)


def contents(hosted: Hosted) -> list[str]:
    return [d["content"] for event, d in hosted.durable() if event == "MESSAGE_CREATE"]


async def test_session_gets_what_it_missed_and_goes_on_live(world: World) -> None:
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    await world.say("missed")
    await world.say("secret", channel_id=world.hidden_id)

    async with world._run(LOOPBACK) as gateway:
        host = Host(gateway.homes, world.store)
        back, refusal = await host.restore(world.member, left)
        assert refusal is None
        await world.say("live")
        host.homes.guilds.catch_up()
        await wait_until(lambda: contents(back) == ["missed", "live"])
        assert "GUILD_CREATE" not in [event for event, _ in back.told]
        assert host.homes.sessions.describe(back.session) == left.state


async def test_message_that_comes_while_a_session_is_restored_is_sent_once(world: World) -> None:
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    await world.say("missed")
    gated: Any = world.store
    reading = gated.hold("logins.find_many")

    async def meanwhile(_: Host) -> None:
        await reading.reached.wait()
        await world.say("during")
        reading.open()

    back, refusal = await world.come_back(world.member, left, meanwhile)

    assert refusal is None
    assert contents(back) == ["missed", "during"]


async def kick_and_invite(world: World) -> None:
    """Throw the member out and let it in again."""
    await world.writer.remove(world.guild_id, world.member)
    await world.writer.join(world.guild_id, world.member)


CHANGES: dict[str, Callable[[World], Awaitable[Any]]] = {
    "a role loses a right": lambda at: at.writer.update_role(at.guild_id, at.guild_id, permissions=0),
    "a role that is not held is deleted": lambda at: at.writer.delete_role(at.guild_id, at.role_id),
    "a channel is hidden": lambda at: at.writer.put_overwrite(at.open_id, at.hides),
    "a channel is shown": lambda at: at.writer.put_overwrite(at.hidden_id, at.shows),
    "a channel is renamed": lambda at: at.writer.update_channel(at.open_id, name="another"),
    "a channel is deleted": lambda at: at.writer.delete_channel(at.doomed_id),
    "the guild has another owner": lambda at: at.writer.update_guild(at.guild_id, owner_id=at.member.id),
    "the member gets a role": lambda at: at.writer.update_member(at.guild_id, at.member, role_ids=[at.role_id]),
    "somebody changes": lambda at: at.writer.update_member(at.guild_id, at.owner, nick="nick"),
}


async def hide_and_show(world: World) -> None:
    """Hide a channel for a while, and say something in it meanwhile."""
    await world.writer.put_overwrite(world.open_id, world.hides)
    await world.say("while hidden")
    await world.writer.delete_role(world.guild_id, world.role_id)
    await world.writer.put_overwrite(world.open_id, Overwrite(id=world.guild_id, type=0, allow=0, deny=0))


CHANGES["a channel is hidden for a while"] = hide_and_show


async def expect_the_same(world: World, back: Hosted, stayed: Hosted, at: int) -> None:
    """Wait until the session that stayed has been sent what the other one was, and compare them."""
    world.before.homes.guilds.catch_up()
    await wait_until(lambda: len(stayed.durable(at)) == len(back.durable()))
    assert undated(back.durable()) == undated(stayed.durable(at))


@pytest.mark.parametrize("name", CHANGES)
async def test_session_is_told_across_a_change_of_views_what_one_that_stayed_was_told(world: World, name: str) -> None:
    stayed, session = [await world.before.log_in(world.member) for _ in range(2)]
    left = world.before.leave(session)
    await world.say("before the change")
    await world.say("before the change", channel_id=world.hidden_id)
    await CHANGES[name](world)
    await world.say("after the change")
    await world.say("after the change", channel_id=world.hidden_id)

    back, refusal = await world.come_back(world.member, left)

    assert refusal is None
    await expect_the_same(world, back, stayed, left.told)


@pytest.mark.parametrize("name", CHANGES)
async def test_views_may_change_while_a_session_is_restored(world: World, name: str) -> None:
    stayed, session = [await world.before.log_in(world.member) for _ in range(2)]
    left = world.before.leave(session)
    await world.say("before the change")
    gated: Any = world.store
    reading = gated.hold("logins.find_many")

    async def meanwhile(_: Host) -> None:
        await reading.reached.wait()
        await CHANGES[name](world)
        await world.say("after the change", channel_id=world.hidden_id)
        reading.open()

    def has_all(back: Hosted) -> bool:
        world.before.homes.guilds.catch_up()
        return len(back.durable()) == len(stayed.durable(left.told))

    back, refusal = await world.come_back(world.member, left, meanwhile, until=has_all)

    assert refusal is None
    await expect_the_same(world, back, stayed, left.told)


async def test_newer_messages_of_a_channel_that_was_hidden_are_not_told_of(world: World) -> None:
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    await world.writer.put_overwrite(world.hidden_id, world.shows)
    await world.writer.put_overwrite(world.hidden_id, world.hides)
    secret = await world.say("secret", channel_id=world.hidden_id)

    back, refusal = await world.come_back(world.member, left)

    assert refusal is None
    told = dict(back.durable())
    assert told.keys() == {"CHANNEL_CREATE", "CHANNEL_DELETE"}
    assert all(int(told[event]["last_message_id"]) < secret for event in told)


async def show_without_a_past(world: World) -> None:
    """Show a channel by an event that does not say what it has replaced."""
    async with world.writer.store.write(guilds=[world.guild_id]) as tx:
        channel = await tx.channels.put_overwrite(world.hidden_id, world.shows)
        tx.announce(world.writer.channel_event("CHANNEL_UPDATE", channel))


async def show_in_secret(world: World) -> None:
    """Show a channel without an event, and then rename it."""
    async with world.writer.store.write(guilds=[world.guild_id]) as tx:
        former = await tx.channels.find(world.hidden_id)
        assert former is not None
        tx.announce(world.writer.channel_event("CHANNEL_UPDATE", former, former))
        await tx.channels.put_overwrite(world.hidden_id, world.shows)


async def hide_somebody_in_voice(world: World) -> None:
    """Show a voice channel with somebody in it."""
    channel_id = await world.writer.channel(world.guild_id, world.hides, type=2)
    await world.writer.announce(
        "VOICE_STATE_UPDATE",
        {"user_id": str(world.owner.id), "session_id": "s", "channel_id": None},
        audience=Audience.CHANNEL,
        guild_id=world.guild_id,
        channel_id=0,
        former_channel_id=channel_id,
        user_id=world.owner.id,
    )
    await world.writer.put_overwrite(channel_id, world.shows)


REFUSED: dict[str, tuple[Callable[[World], Awaitable[Any]], RestoreRefusal]] = {
    "the member is kicked": (lambda at: at.writer.remove(at.guild_id, at.member), RestoreRefusal.LEFT),
    "the member is kicked and back": (kick_and_invite, RestoreRefusal.LEFT),
    "the guild is deleted": (lambda at: at.writer.delete_guild(at.guild_id), RestoreRefusal.LEFT),
    "an event does not say what it has replaced": (show_without_a_past, RestoreRefusal.VIEWS),
    "somebody in voice came into view": (hide_somebody_in_voice, RestoreRefusal.VIEWS),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_session_whose_past_is_not_known_is_refused_and_sent_nothing(world: World, name: str) -> None:
    change, expected = REFUSED[name]
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    await world.say("before the change")
    await change(world)

    back, refusal = await world.come_back(world.member, left)

    # A user who is back has joined as well.
    assert refusal is (RestoreRefusal.JOINED if change is kick_and_invite else world.as_told(expected))
    assert back.told == []
    assert not back.session.slots


async def test_session_whose_views_have_changed_without_an_event_is_refused(world: World) -> None:
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    await show_in_secret(world)

    back, refusal = await world.come_back(world.member, left)

    assert refusal is world.as_told(RestoreRefusal.VIEWS)
    assert back.told == []


@pytest.mark.parametrize("name", REFUSED)
async def test_session_whose_past_is_lost_while_it_is_restored_is_refused(world: World, name: str) -> None:
    change, expected = REFUSED[name]
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    await world.say("before the change")
    gated: Any = world.store
    reading = gated.hold("logins.find_many")

    async def meanwhile(_: Host) -> None:
        await reading.reached.wait()
        await change(world)
        reading.open()

    back, refusal = await world.come_back(world.member, left, meanwhile)

    assert refusal is world.as_told(expected)
    assert back.told == []
    assert not back.session.slots


async def test_events_of_others_change_nothing_for_the_session(world: World) -> None:
    writer = world.writer
    stranger = await writer.person("stranger")
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    await writer.join(world.guild_id, stranger)
    new_role = await writer.role(world.guild_id, name="new")
    await writer.update_member(world.guild_id, stranger, role_ids=[new_role])
    new_channel = await writer.channel(world.guild_id)
    await world.say("in the new one", channel_id=new_channel)
    await writer.remove(world.guild_id, stranger)
    await world.say("last")
    world.before.homes.guilds.catch_up()

    back, refusal = await world.come_back(world.member, left)

    assert refusal is None
    await wait_until(lambda: session.durable(left.told) == back.durable())
    assert [event for event, _ in back.durable()] == [
        "GUILD_MEMBER_ADD",
        "GUILD_ROLE_CREATE",
        "GUILD_MEMBER_UPDATE",
        "CHANNEL_CREATE",
        "MESSAGE_CREATE",
        "GUILD_MEMBER_REMOVE",
        "MESSAGE_CREATE",
    ]


@pytest.mark.parametrize("intents", [ALL_INTENTS, ALL_INTENTS & ~Intent.MESSAGE_CONTENT, int(Intent.GUILDS)])
async def test_message_has_the_form_that_the_session_may_see(world: World, intents: int) -> None:
    bot = await world.writer.bot(world.owner)
    await world.writer.join(world.guild_id, bot)
    session = await world.before.log_in(bot, intents=intents)
    left = world.before.leave(session)
    await world.say("plain")
    await world.say("named", mentions=(bot,))
    await world.writer.say(world.open_id, bot, "own", guild_id=world.guild_id, nonce="n")
    world.before.homes.guilds.catch_up()

    back, refusal = await world.come_back(bot, left, intents=intents)

    assert refusal is None
    await wait_until(lambda: session.durable(left.told) == back.durable())


async def test_direct_messages_and_own_events_are_told_again(world: World) -> None:
    writer = world.writer
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    channel_id = await writer.direct_channel(world.owner, world.member)
    await writer.say(channel_id, world.owner, "hello", to=(world.owner, world.member))
    await writer.announce("USER_UPDATE", {"id": str(world.member.id)}, audience=Audience.USER, user_id=world.member.id)
    await writer.announce("USER_UPDATE", {"id": str(world.owner.id)}, audience=Audience.USER, user_id=world.owner.id)
    world.before.homes.guilds.catch_up()

    back, refusal = await world.come_back(world.member, left)

    assert refusal is None
    assert [event for event, _ in back.durable()] == ["MESSAGE_CREATE", "USER_UPDATE"]
    await wait_until(lambda: session.durable(left.told) == back.durable())


async def test_session_that_is_back_hears_of_its_friends(world: World) -> None:
    stranger = await world.writer.person("stranger")
    await befriend(world.writer, world.member, stranger)
    left = world.before.leave(await world.before.log_in(world.member))

    async with world._run(LOOPBACK) as gateway:
        host = Host(gateway.homes, world.store)
        back, refusal = await host.restore(world.member, left)
        assert refusal is None
        await host.log_in(stranger)
        await back.wait_for("PRESENCE_UPDATE")
        if not world.is_elsewhere:  # what another worker knows is asked for by READY alone
            known = host.homes.users.list_friends_presences(world.member.id)
            assert [each.user_id for each in known] == [str(stranger.id)]


async def test_session_whose_token_was_revoked_is_refused(world: World) -> None:
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    await world.writer.log_out(world.member)

    _, refusal = await world.come_back(world.member, left)

    assert refusal is RestoreRefusal.REVOKED


async def test_session_survives_the_end_of_another_login_of_its_user(world: World) -> None:
    another = await world.writer.another_login(world.member)
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    await world.writer.log_out(another)
    await world.say("missed")

    back, refusal = await world.come_back(world.member, left)

    assert refusal is None
    assert contents(back) == ["missed"]


async def test_session_whose_user_has_joined_a_guild_is_refused(world: World) -> None:
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    await world.writer.guild(world.owner, world.member)

    _, refusal = await world.come_back(world.member, left)

    assert refusal is RestoreRefusal.JOINED


async def test_guild_that_is_joined_while_the_session_is_restored_is_entered(world: World) -> None:
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    gated: Any = world.store
    reading = gated.hold("logins.find_many")

    async with world._run(LOOPBACK) as gateway:
        host = Host(gateway.homes, world.store)
        restoring = asyncio.create_task(host.restore(world.member, left))
        await reading.reached.wait()
        guild_id = await world.writer.guild(world.owner, world.member)
        reading.open()
        back, refusal = await restoring
        assert refusal is None
        await back.wait_for("GUILD_CREATE")
        assert guild_id in back.session.slots
        assert [event for event, _ in back.durable()] == ["GUILD_CREATE"]


async def test_session_behind_the_trimmed_log_is_refused(world: World, store: SqlStore) -> None:
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    await world.say("missed")
    store._options = msgspec.structs.replace(store._options, log_lifetime_ms=-1000)
    await store.trim_log()

    _, refusal = await world.come_back(world.member, left)

    # The log of the guild may be that of the user, which is read here in any case.
    shards = {shard_of(each, world.num_shards) for each in (world.guild_id, world.member.id)}
    told_here = len(shards) == 1
    assert refusal is (RestoreRefusal.TRIMMED if told_here else world.as_told(RestoreRefusal.TRIMMED))


async def test_positions_beyond_the_log_are_refused(world: World) -> None:
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    ahead = Left(left.state, {shard: position + 1 for shard, position in left.positions.items()}, 0)

    _, refusal = await world.come_back(world.member, ahead)

    assert refusal is RestoreRefusal.AHEAD


async def test_subscription_is_given_again(world: World) -> None:
    session = await world.before.log_in(world.member)
    asked = LazyGuilds(guild_id=world.guild_id, channels={str(world.open_id): [[0, 99]]})
    world.before.homes.guilds.subscribe(session.session, world.guild_id, asked)
    left = world.before.leave(session)

    back, refusal = await world.come_back(world.member, left)

    assert refusal is None
    assert "GUILD_MEMBER_LIST_UPDATE" in [event for event, _ in back.told]


@pytest.mark.parametrize("error", [Unavailable(), OutcomeUnknown()])
async def test_store_that_does_not_answer_refuses_the_session(world: World, error: Unavailable) -> None:
    session = await world.before.log_in(world.member)
    left = world.before.leave(session)
    gated: Any = world.store
    reading = gated.hold("logins.find_many")

    async def meanwhile(_: Host) -> None:
        await reading.reached.wait()
        reading.open(error=error)

    back, refusal = await world.come_back(world.member, left, meanwhile)

    assert refusal is RestoreRefusal.UNAVAILABLE
    assert back.told == []
