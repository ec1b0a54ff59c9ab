"""What happens to a guild while it is being loaded, and to a membership while it is being read."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest

from core.domain.errors import Unavailable
from core.runtime.clock import SystemClock
from core.store.sql.store import SqlStore
from gateway.guild_directory import GuildDirectory, GuildVisit
from gateway.tasks import Tasks
from tests.fakes.gated_store import GatedStore
from tests.integration.gateway.place import END, Login, Place
from tests.unit.gateway.sessions import make_session

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def gated(store: SqlStore) -> GatedStore:
    """The store that the gateway sees."""
    return GatedStore(store)


@pytest.fixture
async def directory(store: SqlStore, gated: GatedStore) -> AsyncIterator[GuildDirectory]:
    """A directory that gets its events at once."""
    tasks = Tasks()
    call_later = asyncio.get_running_loop().call_later
    guilds = GuildDirectory(
        store=gated,  # type: ignore[arg-type]
        clock=SystemClock(),
        call_later=call_later,
        tasks=tasks,
        idle_s=60.0,
    )
    subscription = store.bus.subscribe(guilds.deliver)
    running = asyncio.create_task(tasks.run())
    yield guilds
    subscription.close()
    guilds.close()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def created(visit: GuildVisit | None, login: Login) -> dict[str, object]:
    """GUILD_CREATE as the user gets it now."""
    assert visit is not None
    session, connection = make_session(login.id)
    assert visit.attach(session, presence=None, is_new=False)
    visit.close()
    ((event, d),) = connection.take()
    assert event == "GUILD_CREATE"
    return d  # type: ignore[no-any-return]


async def test_event_after_the_snapshot_was_read_is_applied(
    place: Place, gated: GatedStore, directory: GuildDirectory
) -> None:
    alice, bob = await place.person("alice"), await place.person("bob")
    guild_id = await place.guild(alice)
    gate = gated.hold("guilds.load_snapshot", after_reading=True)
    visiting = asyncio.create_task(directory.visit(guild_id, alice.id))
    await gate.reached.wait()
    channel_id = await place.channel(guild_id)
    await place.join(guild_id, bob)
    message_id = await place.say(channel_id, alice, "x", guild_id=guild_id)
    gate.open()
    d = created(await visiting, alice)
    assert d["member_count"] == 2
    assert len(d["members"]) == 2  # type: ignore[arg-type]
    (channel,) = d["channels"]  # type: ignore[misc]
    assert (channel["id"], channel["last_message_id"]) == (str(channel_id), str(message_id))  # type: ignore[index]


async def test_event_before_the_snapshot_was_read_is_not_applied_again(
    place: Place, gated: GatedStore, directory: GuildDirectory
) -> None:
    alice, bob, carol = await place.person("alice"), await place.person("bob"), await place.person("carol")
    guild_id = await place.guild(alice, bob)
    gate = gated.hold("guilds.load_snapshot")
    visiting = asyncio.create_task(directory.visit(guild_id, alice.id))
    await gate.reached.wait()
    await place.join(guild_id, carol)
    await place.remove(guild_id, bob)
    channel_id = await place.channel(guild_id)
    await place.delete_channel(channel_id)
    gate.open()
    d = created(await visiting, alice)
    assert d["member_count"] == 2
    assert d["channels"] == []


async def test_members_read_after_the_snapshot_and_events_in_between_agree(
    place: Place, gated: GatedStore, directory: GuildDirectory
) -> None:
    alice, bob, carol = await place.person("alice"), await place.person("bob"), await place.person("carol")
    guild_id = await place.guild(alice, bob)
    gate = gated.hold("members.list_page")
    visiting = asyncio.create_task(directory.visit(guild_id, alice.id))
    await gate.reached.wait()
    await place.remove(guild_id, bob)
    await place.join(guild_id, carol)
    await place.update_member(guild_id, carol, nick="Caz")
    gate.open()
    d = created(await visiting, alice)
    nicks = {member["user"]["id"]: member["nick"] for member in d["members"]}  # type: ignore[attr-defined]
    assert nicks == {str(alice.id): None, str(carol.id): "Caz"}
    assert d["member_count"] == 2


async def test_membership_that_ends_while_it_is_read_is_none(
    place: Place, gated: GatedStore, directory: GuildDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.guild_directory.KEEP_ALL_BELOW", 1)
    alice, bob = await place.person("alice"), await place.person("bob")
    guild_id = await place.guild(alice, bob)
    gate = gated.hold("members.find", after_reading=True)
    visiting = asyncio.create_task(directory.visit(guild_id, bob.id))
    await gate.reached.wait()
    await place.remove(guild_id, bob)
    gate.open()
    visit = await visiting
    assert visit is not None
    assert not visit.is_member
    session, connection = make_session(bob.id)
    assert not visit.attach(session, presence=None, is_new=False)
    visit.close()
    assert connection.dispatched == []


async def test_guild_that_does_not_exist_has_no_visit(directory: GuildDirectory) -> None:
    assert await directory.visit(12345, 1) is None


async def test_guild_that_is_deleted_after_it_was_read_lets_nobody_in(
    place: Place, gated: GatedStore, directory: GuildDirectory
) -> None:
    alice = await place.person()
    guild_id = await place.guild(alice)
    gate = gated.hold("guilds.load_snapshot", after_reading=True)
    visiting = asyncio.create_task(directory.visit(guild_id, alice.id))
    await gate.reached.wait()
    await place.delete_guild(guild_id)
    gate.open()
    visit = await visiting
    assert visit is not None
    session, _ = make_session(alice.id)
    assert not visit.attach(session, presence=None, is_new=False)
    visit.close()
    assert directory.find(guild_id) is None
    assert await directory.visit(guild_id, alice.id) is None


async def test_failed_load_fails_its_visits_and_the_next_one_loads_anew(
    place: Place, gated: GatedStore, directory: GuildDirectory
) -> None:
    alice = await place.person()
    guild_id = await place.guild(alice)
    gate = gated.hold("guilds.load_snapshot")
    visits = [asyncio.create_task(directory.visit(guild_id, alice.id)) for _ in range(2)]
    await gate.reached.wait()
    gate.open(fails=True)
    for outcome in await asyncio.gather(*visits, return_exceptions=True):
        assert isinstance(outcome, Unavailable)
    assert created(await directory.visit(guild_id, alice.id), alice)["id"] == str(guild_id)


async def test_guild_that_takes_too_long_to_load_fails_and_can_be_loaded_later(
    place: Place, gated: GatedStore, directory: GuildDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.guild_directory.MAX_HELD", 3)
    alice = await place.person()
    guild_id = await place.guild(alice)
    gate = gated.hold("guilds.load_snapshot")
    visiting = asyncio.create_task(directory.visit(guild_id, alice.id))
    await gate.reached.wait()
    for _ in range(4):
        await place.announce(END, {}, guild_id=guild_id)
    with pytest.raises(Unavailable):
        await visiting
    again = asyncio.create_task(directory.visit(guild_id, alice.id))
    gate.open()
    assert created(await again, alice)["id"] == str(guild_id)


async def test_visit_that_is_cancelled_leaves_nothing_held(
    place: Place, gated: GatedStore, directory: GuildDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.guild_directory.KEEP_ALL_BELOW", 1)
    alice = await place.person()
    guild_id = await place.guild(alice)
    gate = gated.hold("members.find")
    visiting = asyncio.create_task(directory.visit(guild_id, alice.id))
    await gate.reached.wait()
    actor = directory.find(guild_id)
    assert actor is not None
    visiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await visiting
    await place.update_member(guild_id, alice, nick="x")
    assert actor.state.members.find(alice.id) is None


async def test_event_with_an_unreadable_payload_is_skipped(
    place: Place, directory: GuildDirectory, caplog: pytest.LogCaptureFixture
) -> None:
    alice = await place.person()
    guild_id = await place.guild(alice)
    visit = await directory.visit(guild_id, alice.id)
    await place.announce("CHANNEL_CREATE", msgspec.Raw(b'{"id":"x"}'), guild_id=guild_id)
    await place.announce("GUILD_ROLE_UPDATE", msgspec.Raw(b'{"role":{"id":"5"}}'), guild_id=guild_id)
    channel_id = await place.channel(guild_id)
    (channel,) = created(visit, alice)["channels"]  # type: ignore[misc]
    assert channel["id"] == str(channel_id)  # type: ignore[index]
    assert caplog.text.count("unreadable payload") == 2
