"""The bus: order, positions, volatile events, listeners, reading back."""

import asyncio

import pytest

from core.bus.interfaces import Bus, Delivery, LogTrimmed
from core.bus.positions import n_of
from core.domain.events import Audience
from core.domain.ids import shard_of
from tests.contract.backends import NUM_SHARDS, BusBackend
from tests.contract.builders import flake, new_envelope

GUILD = flake(0)
OTHER_GUILD = GUILD + (1 << 22)
SHARD = shard_of(GUILD, NUM_SHARDS)
OTHER_SHARD = shard_of(OTHER_GUILD, NUM_SHARDS)


@pytest.fixture
def bus(bus_backend: BusBackend) -> Bus:
    return bus_backend.bus


def ids_of(deliveries: list[Delivery]) -> list[int]:
    return [delivery.envelope.id for delivery in deliveries]


async def test_bus_knows_its_shards(bus: Bus) -> None:
    assert bus.num_shards == NUM_SHARDS


async def test_published_envelope_is_delivered_and_read_back_whole(bus: Bus) -> None:
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    envelope = new_envelope(
        7,
        GUILD,
        "MESSAGE_CREATE",
        audience=Audience.CHANNEL,
        channel_id=flake(30),
        user_id=flake(2),
        author_id=flake(3),
        mention_ids=(flake(4), flake(5)),
        permissions=1 << 52,
    )
    await bus.publish([envelope])
    assert [(delivery.shard, delivery.envelope) for delivery in heard] == [(SHARD, envelope)]
    assert heard[0].position > 0
    assert heard[0].revision == 0
    assert await bus.read(SHARD, 0) == heard
    assert await bus.position(SHARD) == heard[0].position


async def test_all_that_was_published_has_been_heard_after_a_wait_for_it(bus: Bus) -> None:
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    await bus.publish([new_envelope(1, GUILD), new_envelope(2, OTHER_GUILD)])
    await bus.wait_for_newest()
    assert sorted(ids_of(heard)) == [1, 2]


async def test_user_events_go_to_the_users_shard(bus: Bus) -> None:
    await bus.publish([new_envelope(1, user_id=OTHER_GUILD)])
    assert ids_of(await bus.read(OTHER_SHARD, 0)) == [1]
    assert await bus.read(SHARD, 0) == []


async def test_empty_shard_has_the_position_before_its_first_delivery(bus: Bus) -> None:
    before = await bus.position(SHARD)
    assert n_of(before) == 0
    assert await bus.read(SHARD, before) == await bus.read(SHARD, 0) == []
    await bus.publish([new_envelope(1, GUILD)])
    assert ids_of(await bus.read(SHARD, before)) == [1]


async def test_publish_of_nothing_does_nothing(bus: Bus) -> None:
    await bus.publish([])
    bus.publish_volatile([])
    assert n_of(await bus.position(SHARD)) == 0


async def test_positions_grow_within_a_shard(bus: Bus) -> None:
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    for number in range(1, 7):
        await bus.publish([new_envelope(number, GUILD if number % 2 else OTHER_GUILD)])
    for shard in (SHARD, OTHER_SHARD):
        positions = [delivery.position for delivery in heard if delivery.shard == shard]
        assert positions == sorted(set(positions))
        assert await bus.position(shard) == positions[-1]


async def test_concurrent_publishes_are_delivered_in_the_order_of_their_positions(bus: Bus) -> None:
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    await asyncio.gather(*(bus.publish([new_envelope(n, GUILD), new_envelope(100 + n, GUILD)]) for n in range(30)))
    assert ids_of(heard) == [place for number in range(30) for place in (number, 100 + number)]
    assert await bus.read(SHARD, 0) == heard


async def test_listener_hears_its_shards_only(bus_backend: BusBackend) -> None:
    bus = bus_backend.bus
    heard: list[Delivery] = []
    bus.subscribe(heard.append, [SHARD])
    bus.subscribe(heard.append, [])
    await bus.publish([new_envelope(1, GUILD), new_envelope(2, OTHER_GUILD)])
    bus.publish_volatile([new_envelope(3, GUILD), new_envelope(4, OTHER_GUILD)])
    await bus_backend.settle()
    assert ids_of(heard) == [1, 3]


async def test_all_listeners_hear_in_the_order_of_subscription(bus: Bus) -> None:
    heard: list[tuple[str, int]] = []
    bus.subscribe(lambda delivery: heard.append(("a", delivery.envelope.id)))
    bus.subscribe(lambda delivery: heard.append(("b", delivery.envelope.id)), [SHARD])
    await bus.publish([new_envelope(1, GUILD), new_envelope(2, GUILD)])
    assert heard == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


async def test_closed_subscription_hears_no_more(bus: Bus) -> None:
    heard: list[Delivery] = []
    first = bus.subscribe(heard.append)
    bus.subscribe(heard.append)
    await bus.publish([new_envelope(1, GUILD)])
    first.close()
    first.close()
    await bus.publish([new_envelope(2, GUILD)])
    assert ids_of(heard) == [1, 1, 2]


async def test_listener_may_close_itself_while_it_is_called(bus: Bus) -> None:
    heard: list[int] = []

    def once(delivery: Delivery) -> None:
        heard.append(delivery.envelope.id)
        subscription.close()

    subscription = bus.subscribe(once)
    bus.subscribe(lambda delivery: heard.append(-delivery.envelope.id))
    await bus.publish([new_envelope(1, GUILD), new_envelope(2, GUILD)])
    assert heard == [1, -1, -2]


async def test_listener_that_raises_keeps_nobody_from_hearing(
    bus_backend: BusBackend, caplog: pytest.LogCaptureFixture
) -> None:
    bus = bus_backend.bus
    caplog.clear()
    heard: list[Delivery] = []

    def fail(delivery: Delivery) -> None:
        raise ValueError

    bus.subscribe(fail)
    bus.subscribe(heard.append)
    await bus.publish([new_envelope(1, GUILD)])
    bus.publish_volatile([new_envelope(2, GUILD)])
    await bus_backend.settle()
    assert ids_of(heard) == [1, 2]
    assert len(caplog.records) == 2


async def test_volatile_is_heard_and_has_no_place(bus_backend: BusBackend) -> None:
    bus = bus_backend.bus
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    bus.publish_volatile([new_envelope(1, GUILD), new_envelope(2, OTHER_GUILD)])
    await bus_backend.settle()
    assert [(delivery.position, delivery.shard, delivery.envelope.id) for delivery in heard] == [
        (0, SHARD, 1),
        (0, OTHER_SHARD, 2),
    ]
    assert await bus.read(SHARD, 0) == []
    assert n_of(await bus.position(SHARD)) == 0


async def test_volatile_keeps_its_order_with_the_durable(bus: Bus) -> None:
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    await bus.publish([new_envelope(1, GUILD)])
    bus.publish_volatile([new_envelope(2, GUILD)])
    await bus.publish([new_envelope(3, GUILD)])
    assert ids_of(heard) == [1, 2, 3]


async def test_read_starts_after_a_position_and_stops_at_the_limit(bus: Bus) -> None:
    await bus.publish([new_envelope(number, GUILD) for number in range(1, 8)])
    everything = await bus.read(SHARD, 0)
    assert ids_of(everything) == [1, 2, 3, 4, 5, 6, 7]
    third = everything[2].position
    assert await bus.read(SHARD, third) == everything[3:]
    assert await bus.read(SHARD, third, limit=2) == everything[3:5]
    assert await bus.read(SHARD, everything[-1].position) == []


async def test_read_behind_a_trim_is_refused(bus_backend: BusBackend) -> None:
    await bus_backend.bus.publish([new_envelope(number, GUILD) for number in range(1, 5)])
    trimmed = await bus_backend.bus.read(SHARD, 0)
    await bus_backend.trim()
    bus = bus_backend.bus
    await bus.publish([new_envelope(5, GUILD)])
    for delivery in trimmed[:3]:
        with pytest.raises(LogTrimmed):
            await bus.read(SHARD, delivery.position)
    with pytest.raises(LogTrimmed):
        await bus.read(SHARD, 0)
    assert ids_of(await bus.read(SHARD, trimmed[3].position)) == [5]


async def test_trim_of_everything_keeps_the_position(bus_backend: BusBackend) -> None:
    await bus_backend.bus.publish([new_envelope(number, GUILD) for number in range(1, 6)])
    before = await bus_backend.bus.position(SHARD)
    await bus_backend.trim()
    assert await bus_backend.bus.position(SHARD) == before
    assert await bus_backend.bus.read(SHARD, before) == []
    await bus_backend.bus.publish([new_envelope(6, GUILD)])
    assert await bus_backend.bus.position(SHARD) > before
    assert ids_of(await bus_backend.bus.read(SHARD, before)) == [6]


async def test_trim_does_not_concern_a_shard_without_deliveries(bus_backend: BusBackend) -> None:
    await bus_backend.bus.publish([new_envelope(1, GUILD)])
    await bus_backend.trim()
    await bus_backend.bus.publish([new_envelope(2, OTHER_GUILD)])
    assert ids_of(await bus_backend.bus.read(OTHER_SHARD, 0)) == [2]
