"""The ring: what it holds, what it drops, and that it never answers with a gap."""

import msgspec

from core.bus.interfaces import Delivery
from core.bus.ring import Ring
from core.domain.events import Audience
from core.wire.envelope import Envelope

BUDGET_BYTES = 1024 * 1024


def delivery(position: int, shard: int = 0, payload_bytes: int = 2) -> Delivery:
    payload = msgspec.Raw(b'"' + b"x" * (payload_bytes - 2) + b'"')
    return Delivery(
        position, shard, Envelope(id=position, event="X", audience=Audience.GUILD, payload=payload, guild_id=1)
    )


def positions(deliveries: list[Delivery] | None) -> list[int] | None:
    return None if deliveries is None else [one.position for one in deliveries]


def test_read_before_the_start_is_not_the_rings() -> None:
    ring = Ring(num_shards=2, start=10, budget_bytes=BUDGET_BYTES)
    ring.push(delivery(11))
    assert ring.read(0, 9, 100) is None
    assert positions(ring.read(0, 10, 100)) == [11]
    assert positions(ring.read(1, 10, 100)) == []


def test_read_gives_what_follows_up_to_the_limit() -> None:
    ring = Ring(num_shards=2, start=0, budget_bytes=BUDGET_BYTES)
    for position in range(1, 9):
        ring.push(delivery(position, shard=position % 2))
    assert positions(ring.read(0, 0, 100)) == [2, 4, 6, 8]
    assert positions(ring.read(0, 3, 2)) == [4, 6]
    assert positions(ring.read(0, 4, 2)) == [6, 8]
    assert positions(ring.read(0, 8, 2)) == []


def test_oldest_of_all_shards_leaves_first_and_only_its_shard_forgets() -> None:
    ring = Ring(num_shards=2, start=0, budget_bytes=10_000)
    ring.push(delivery(1, shard=0, payload_bytes=3_000))
    ring.push(delivery(2, shard=1, payload_bytes=3_000))
    ring.push(delivery(3, shard=1, payload_bytes=3_000))
    assert ring.read(0, 0, 10) is None
    assert positions(ring.read(0, 1, 10)) == []
    assert positions(ring.read(1, 0, 10)) == [2, 3]
    ring.push(delivery(4, shard=0, payload_bytes=6_000))
    assert ring.read(1, 1, 10) is None
    assert positions(ring.read(1, 3, 10)) == []
    assert positions(ring.read(0, 1, 10)) == [4]


def test_delivery_bigger_than_the_budget_is_not_kept() -> None:
    ring = Ring(num_shards=1, start=0, budget_bytes=1_000)
    ring.push(delivery(1, payload_bytes=5_000))
    assert ring.read(0, 0, 10) is None
    assert positions(ring.read(0, 1, 10)) == []
    ring.push(delivery(2))
    assert positions(ring.read(0, 1, 10)) == [2]


def test_shard_that_begins_anew_has_only_what_comes_then() -> None:
    ring = Ring(num_shards=2, start=0, budget_bytes=BUDGET_BYTES)
    for position in range(1, 5):
        ring.push(delivery(position, shard=position % 2))
    ring.begin(0, 9)
    ring.push(delivery(10))
    assert ring.read(0, 4, 100) is None
    assert positions(ring.read(0, 9, 100)) == [10]
    assert positions(ring.read(1, 0, 100)) == [1, 3]
    assert (ring.floor(0), ring.floor(1)) == (9, 0)


def test_budget_counts_nothing_of_a_shard_that_began_anew() -> None:
    ring = Ring(num_shards=2, start=0, budget_bytes=3000)
    for position in range(1, 5):
        ring.push(delivery(position, payload_bytes=200))
    ring.begin(0, 4)
    for position in range(5, 10):
        ring.push(delivery(position, shard=1, payload_bytes=200))
    assert positions(ring.read(1, 4, 100)) == [5, 6, 7, 8, 9]
