"""Changes of a guild during its load, and of a membership during its read."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest

from core.bus.interfaces import Delivery
from core.domain.errors import Unavailable
from core.domain.events import GUILD_UPDATE, Audience
from core.runtime.clock import SystemClock
from core.store.sql.store import SqlStore
from core.wire.envelope import NO_ID, Envelope
from gateway.events.login_windows import LoginWindows
from gateway.guilds.guild_directory import GuildDirectory
from gateway.guilds.guild_loader import GuildLoader, GuildRows
from gateway.guilds.guild_loads import GUILDS_A_READ
from gateway.guilds.guild_stay import GuildStay
from gateway.guilds.state.guild_state import APPLIERS
from gateway.scheduling.tasks import Tasks
from tests.fakes.gated_store import GatedStore
from tests.support.gateway.sessions import make_session
from tests.support.stores.store_writer import END, Login, StoreWriter


@pytest.fixture
def gated(store: SqlStore) -> GatedStore:
    """The store of the gateway, with gates."""
    return GatedStore(store)


@pytest.fixture
async def directory(store: SqlStore, gated: GatedStore) -> AsyncIterator[GuildDirectory]:
    """A directory that gets its events at once."""
    tasks = Tasks()
    call_later = asyncio.get_running_loop().call_later
    loader = GuildLoader(store=gated, bus=store.bus, clock=SystemClock(), call_later=call_later)  # type: ignore[arg-type]
    guilds = GuildDirectory(loader=loader, windows=LoginWindows(), tasks=tasks, call_later=call_later, idle_s=60.0)
    subscription = store.bus.subscribe(guilds.deliver)
    running = asyncio.create_task(tasks.run())
    yield guilds
    subscription.close()
    guilds.close()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def prepare(directory: GuildDirectory, gated: GatedStore, guild_id: int, user_id: int) -> GuildStay:
    """Return a stay with a settled membership."""
    stay = directory.stay(guild_id, user_id)
    try:
        await stay.open()
        if stay.awaits_row:
            stay.settle(await gated.members.find(guild_id, user_id))
    except BaseException:
        stay.close()
        raise
    return stay


def created(stay: GuildStay, login: Login) -> dict[str, object]:
    """Return GUILD_CREATE as the user would get it now."""
    session, connection = make_session(login.id)
    assert stay.enter(session, presence=None)
    stay.close()
    ((event, d),) = connection.take()
    assert event == "GUILD_CREATE"
    return d  # type: ignore[no-any-return]


async def test_event_after_the_snapshot_was_read_is_applied(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice)
    gate = gated.hold("guilds.load_snapshots", after_reading=True)
    preparing = asyncio.create_task(prepare(directory, gated, guild_id, alice.id))
    await gate.reached.wait()
    channel_id = await writer.channel(guild_id)
    await writer.join(guild_id, bob)
    message_id = await writer.say(channel_id, alice, "x", guild_id=guild_id)
    gate.open()
    d = created(await preparing, alice)
    assert d["member_count"] == 2
    assert len(d["members"]) == 2  # type: ignore[arg-type]
    (channel,) = d["channels"]  # type: ignore[misc]
    assert (channel["id"], channel["last_message_id"]) == (str(channel_id), str(message_id))  # type: ignore[index]


async def test_event_before_the_snapshot_was_read_is_not_applied_again(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory
) -> None:
    alice, bob, carol = await writer.person("alice"), await writer.person("bob"), await writer.person("carol")
    guild_id = await writer.guild(alice, bob)
    gate = gated.hold("guilds.load_snapshots")
    preparing = asyncio.create_task(prepare(directory, gated, guild_id, alice.id))
    await gate.reached.wait()
    await writer.join(guild_id, carol)
    await writer.remove(guild_id, bob)
    channel_id = await writer.channel(guild_id)
    await writer.delete_channel(channel_id)
    gate.open()
    d = created(await preparing, alice)
    assert d["member_count"] == 2
    assert d["channels"] == []


async def test_members_read_after_the_snapshot_and_events_in_between_agree(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory
) -> None:
    alice, bob, carol = await writer.person("alice"), await writer.person("bob"), await writer.person("carol")
    guild_id = await writer.guild(alice, bob)
    gate = gated.hold("members.list_all")
    preparing = asyncio.create_task(prepare(directory, gated, guild_id, alice.id))
    await gate.reached.wait()
    await writer.remove(guild_id, bob)
    await writer.join(guild_id, carol)
    await writer.update_member(guild_id, carol, nick="Caz")
    gate.open()
    d = created(await preparing, alice)
    nicks = {member["user"]["id"]: member["nick"] for member in d["members"]}  # type: ignore[attr-defined]
    assert nicks == {str(alice.id): None, str(carol.id): "Caz"}
    assert d["member_count"] == 2


async def test_membership_that_ends_while_it_is_read_is_none(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.guilds.guild_loader.KEEP_ALL_BELOW", 1)
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    gate = gated.hold("members.find", after_reading=True)
    preparing = asyncio.create_task(prepare(directory, gated, guild_id, bob.id))
    await gate.reached.wait()
    await writer.remove(guild_id, bob)
    gate.open()
    stay = await preparing
    assert not stay.is_member
    session, connection = make_session(bob.id)
    assert not stay.enter(session, presence=None)
    stay.close()
    assert connection.dispatched == []


async def test_membership_that_ends_while_it_is_read_is_none_though_another_stay_began_afterwards(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.guilds.guild_loader.KEEP_ALL_BELOW", 1)
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    gate = gated.hold("members.find", after_reading=True)
    preparing = asyncio.create_task(prepare(directory, gated, guild_id, bob.id))
    await gate.reached.wait()
    await writer.remove(guild_id, bob)
    other = directory.stay(guild_id, bob.id)
    await other.open()
    gate.open()
    stay = await preparing
    assert (stay.is_member, other.is_member) == (False, False)
    other.settle(await gated.members.find(guild_id, bob.id))
    assert not other.is_member
    stay.close()
    other.close()


async def test_guild_that_does_not_exist_lets_nobody_in(gated: GatedStore, directory: GuildDirectory) -> None:
    stay = await prepare(directory, gated, 12345, 1)
    assert (stay.is_loaded, stay.actor, stay.is_member) == (True, None, False)
    session, _ = make_session(1)
    assert not stay.enter(session, presence=None)
    stay.close()


async def test_guild_that_is_deleted_after_it_was_read_lets_nobody_in(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory
) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    gate = gated.hold("guilds.load_snapshots", after_reading=True)
    preparing = asyncio.create_task(prepare(directory, gated, guild_id, alice.id))
    await gate.reached.wait()
    await writer.delete_guild(guild_id)
    gate.open()
    stay = await preparing
    assert not stay.is_member
    session, _ = make_session(alice.id)
    assert not stay.enter(session, presence=None)
    stay.close()
    assert directory.find(guild_id) is None
    assert (await prepare(directory, gated, guild_id, alice.id)).actor is None


async def test_failed_load_fails_its_stays_and_the_next_one_loads_anew(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory
) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    gate = gated.hold("guilds.load_snapshots")
    stays = [asyncio.create_task(prepare(directory, gated, guild_id, alice.id)) for _ in range(2)]
    await gate.reached.wait()
    gate.open(fails=True)
    for outcome in await asyncio.gather(*stays, return_exceptions=True):
        assert isinstance(outcome, Unavailable)
    assert created(await prepare(directory, gated, guild_id, alice.id), alice)["id"] == str(guild_id)


async def test_guilds_that_wait_together_are_read_together_and_fail_together(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory
) -> None:
    alice = await writer.person()
    guild_ids = [await writer.guild(alice) for _ in range(GUILDS_A_READ)]
    gate = gated.hold("guilds.load_snapshots")
    stays = [directory.stay(guild_id, alice.id) for guild_id in guild_ids]
    await gate.reached.wait()
    later = directory.stay(await writer.guild(alice), alice.id)
    await later.open()
    assert not any(stay.is_loaded for stay in stays)
    gate.open(fails=True)
    outcomes = await asyncio.gather(*(stay.open() for stay in stays), return_exceptions=True)
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    again = [await prepare(directory, gated, guild_id, alice.id) for guild_id in guild_ids]
    assert [created(stay, alice)["id"] for stay in again] == [str(guild_id) for guild_id in guild_ids]


@pytest.mark.parametrize("step", ["read", "make_actor"])
async def test_guild_that_cannot_be_read_or_made_fails_alone(
    writer: StoreWriter, directory: GuildDirectory, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    alice = await writer.person()
    good, bad = await writer.guild(alice), await writer.guild(alice)
    works = getattr(GuildLoader, step)

    def fail(loader: GuildLoader, asked: int | Sequence[int], *rows: GuildRows) -> Any:
        if asked == bad or (not isinstance(asked, int) and bad in asked):
            raise ValueError("a fault of ours")
        return works(loader, asked, *rows)

    monkeypatch.setattr(GuildLoader, step, fail)
    stays = {guild_id: directory.stay(guild_id, alice.id) for guild_id in (bad, good)}
    with pytest.raises(Unavailable) as raised:
        await stays[bad].open()
    assert isinstance(raised.value.__cause__, ValueError)
    await stays[good].open()
    assert stays[good].actor is not None


async def test_guild_that_takes_too_long_to_load_fails_and_can_be_loaded_later(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.guilds.guild_directory.MAX_HELD", 3)
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    gate = gated.hold("guilds.load_snapshots")
    preparing = asyncio.create_task(prepare(directory, gated, guild_id, alice.id))
    await gate.reached.wait()
    for _ in range(4):
        await writer.announce(END, {}, guild_id=guild_id)
    with pytest.raises(Unavailable):
        await preparing
    again = asyncio.create_task(prepare(directory, gated, guild_id, alice.id))
    gate.open()
    assert created(await again, alice)["id"] == str(guild_id)


async def test_stay_that_is_cancelled_leaves_nothing_held(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.guilds.guild_loader.KEEP_ALL_BELOW", 1)
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    gate = gated.hold("members.find")
    preparing = asyncio.create_task(prepare(directory, gated, guild_id, alice.id))
    await gate.reached.wait()
    actor = directory.find(guild_id)
    assert actor is not None
    preparing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await preparing
    await writer.update_member(guild_id, alice, nick="x")
    assert actor.state.members.find(alice.id) is None


async def test_event_with_an_unreadable_payload_is_skipped(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory, caplog: pytest.LogCaptureFixture
) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    stay = await prepare(directory, gated, guild_id, alice.id)
    await writer.announce("CHANNEL_CREATE", msgspec.Raw(b'{"id":"x"}'), guild_id=guild_id)
    await writer.announce("GUILD_ROLE_UPDATE", msgspec.Raw(b'{"role":{"id":"5"}}'), guild_id=guild_id)
    channel_id = await writer.channel(guild_id)
    (channel,) = created(stay, alice)["channels"]  # type: ignore[misc]
    assert channel["id"] == str(channel_id)  # type: ignore[index]
    assert caplog.text.count("unreadable payload") == 2


@pytest.mark.parametrize("is_held", [True, False])
async def test_event_that_cannot_be_applied_is_skipped_held_as_well_as_live(
    is_held: bool,
    writer: StoreWriter,
    gated: GatedStore,
    directory: GuildDirectory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise KeyError

    monkeypatch.setitem(APPLIERS, GUILD_UPDATE, fail)
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    gate = gated.hold("guilds.load_snapshots", after_reading=True)
    preparing = asyncio.create_task(prepare(directory, gated, guild_id, alice.id))
    await gate.reached.wait()
    if not is_held:
        gate.open()
        await preparing
    await writer.update_guild(guild_id, name="x")
    channel_id = await writer.channel(guild_id)
    gate.open()
    (channel,) = created(await preparing, alice)["channels"]  # type: ignore[misc]
    assert channel["id"] == str(channel_id)  # type: ignore[index]
    assert caplog.text.count("could not be applied") == 1


async def test_fault_in_the_load_of_a_guild_fails_its_stays(
    writer: StoreWriter,
    gated: GatedStore,
    directory: GuildDirectory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    with monkeypatch.context() as broken:
        broken.setattr("gateway.guilds.guild_loader.GuildState", None)
        with pytest.raises(Unavailable):
            await prepare(directory, gated, guild_id, alice.id)
    assert caplog.text.count("the load of a guild failed") == 1
    assert created(await prepare(directory, gated, guild_id, alice.id), alice)["id"] == str(guild_id)


async def test_stay_of_a_user_who_has_just_joined_hears_what_is_said_before_it_enters(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice)
    channel_id = await writer.channel(guild_id)
    await writer.join(guild_id, bob)
    late = await prepare(directory, gated, guild_id, bob.id)
    new = directory.stay(guild_id, bob.id, is_new=True, collects=True)
    await writer.say(channel_id, alice, "welcome", guild_id=guild_id)
    await new.open()
    seen = []
    for stay in (late, new):
        session, connection = make_session(bob.id)
        assert stay.enter(session, presence=None)
        stay.close()
        seen.append(connection.names())
    assert seen == [["GUILD_CREATE"], ["GUILD_CREATE", "MESSAGE_CREATE"]]
    await writer.say(channel_id, alice, "more", guild_id=guild_id)
    assert [delivery.envelope.event for delivery in new.collected] == ["MESSAGE_CREATE"]


async def test_stay_collects_nothing_that_is_volatile(writer: StoreWriter, directory: GuildDirectory) -> None:
    """A crowd that comes back tells as many presences as it has stays."""
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    stays = [directory.stay(guild_id, user.id, collects=True) for user in (alice, bob)]
    await stays[0].open()
    presence = msgspec.Raw(b'{"user":{"id":"%d"},"status":"idle"}' % alice.id)
    envelope = Envelope(
        id=NO_ID,
        event="PRESENCE_UPDATE",
        audience=Audience.GUILD,
        payload=presence,
        guild_id=guild_id,
        user_id=alice.id,
    )
    directory.deliver(Delivery(0, 0, envelope))
    assert [stay.collected for stay in stays] == [[], []]
    for stay in stays:
        stay.close()


async def test_message_that_came_before_the_snapshot_is_applied(
    writer: StoreWriter, gated: GatedStore, directory: GuildDirectory
) -> None:
    """A snapshot has no messages, so none is dropped for being older than it."""
    alice = await writer.person("alice")
    guild_id = await writer.guild(alice)
    channel_id = await writer.channel(guild_id)
    last_ids, snapshot = gated.hold("messages.last_ids"), gated.hold("guilds.load_snapshots")
    preparing = asyncio.create_task(prepare(directory, gated, guild_id, alice.id))
    await snapshot.reached.wait()
    message_id = await writer.say(channel_id, alice, "x", guild_id=guild_id)
    await writer.update_guild(guild_id, name="newer")
    snapshot.open()
    await last_ids.reached.wait()
    stay = directory.stay(guild_id, alice.id)
    last_ids.open()
    await stay.open()
    stay.close()
    actor = directory.find(guild_id)
    assert actor is not None
    assert actor.position > 0, "the message was applied"
    d = created(await preparing, alice)
    assert d["name"] == "newer"
    (channel,) = d["channels"]  # type: ignore[misc]
    assert channel["last_message_id"] == str(message_id)  # type: ignore[index]
