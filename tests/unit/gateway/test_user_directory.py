"""Presence on its way to the guilds, and the grace of a lost socket."""

import asyncio

import msgspec

from core.bus.interfaces import Delivery
from core.bus.memory import MemoryBus
from core.runtime.metrics import Metrics
from core.wire.envelope import USER_OFFLINE
from core_ext import SnowflakeGenerator
from gateway.commands import PresenceUpdate
from gateway.event_meter import EventMeter
from gateway.user_actor import UserEvents
from gateway.user_directory import UserDirectory
from tests.fakes.clock import FakeClock
from tests.unit.gateway.sessions import make_session


class Place:
    """A directory on a bus, and what was published."""

    def __init__(self, *, grace_s: float = 60.0) -> None:
        self.published: list[tuple[int, str]] = []
        self.offline: list[int] = []
        self.some_published = asyncio.Event()
        bus, clock, metrics = MemoryBus(num_shards=4), FakeClock(), Metrics()
        bus.subscribe(self._on_delivery)
        self.users = UserDirectory(
            bus=bus,
            clock=clock,
            ids=SnowflakeGenerator(0, 0, clock.now_ms),
            metrics=metrics,
            meter=EventMeter(metrics=metrics, clock=clock),
            events=UserEvents(join_guild=lambda *_: None, revoke=lambda _: None),
            grace_s=grace_s,
        )

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event == USER_OFFLINE:
            self.offline.append(envelope.user_id)
            return
        status = msgspec.json.decode(envelope.payload)["status"]
        self.published.append((envelope.guild_id, status))
        self.some_published.set()


async def test_presence_is_published_to_every_guild_of_the_users_sessions() -> None:
    place = Place()
    session, _ = make_session(5)
    place.users.enter(session)
    session.slots = {7: 0, 9: 0}
    place.users.start(session, PresenceUpdate(status="idle"))
    place.users.set_presence(session, PresenceUpdate(status="dnd"))
    place.users.leave(session)
    expected = [(guild_id, status) for status in ("idle", "dnd", "offline") for guild_id in (7, 9)]
    assert place.published == expected
    assert place.users.find_presence(5) is None


async def test_lost_socket_makes_its_user_offline_after_the_grace() -> None:
    place = Place(grace_s=0.01)
    session, _ = make_session(5)
    place.users.enter(session)
    session.slots = {7: 0}
    place.users.start(session, None)
    place.some_published.clear()
    place.users.lose(session)
    assert place.published == [(7, "online")]
    await asyncio.wait_for(place.some_published.wait(), 5)
    assert place.published == [(7, "online"), (7, "offline")]
    assert place.offline == [5]
    place.users.regain(session)
    assert place.published[2:] == [(7, "online")]
    assert place.users.find_presence(5) is not None


async def test_socket_that_is_back_within_the_grace_changes_nothing() -> None:
    place = Place(grace_s=0.01)
    session, _ = make_session(5)
    other, _ = make_session(6, session_id="other")
    for each in (session, other):
        place.users.enter(each)
        each.slots = {7: 0}
        place.users.start(each, None)
    place.users.lose(session)
    place.users.regain(session)
    place.some_published.clear()
    place.users.lose(other)
    await asyncio.wait_for(place.some_published.wait(), 5)
    assert place.published == [(7, "online"), (7, "online"), (7, "offline")]
    assert place.offline == [6]
    assert place.users.find_presence(5) is not None
    place.users.close()
