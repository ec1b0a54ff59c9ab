"""The replay ring: numbers without gaps, bounded memory."""

from gateway.dispatch_body import DispatchBody
from gateway.replay_ring import ReplayRing


def body(size_bytes: int = 1) -> DispatchBody:
    """An event of that size."""
    return DispatchBody("X", b"1" * size_bytes)


def test_ring_gives_what_came_after_a_number_in_order() -> None:
    ring = ReplayRing(max_events=10, max_bytes=1000)
    bodies = [body() for _ in range(5)]
    assert [ring.push(each) for each in bodies] == [1, 2, 3, 4, 5]
    assert list(ring.after(3)) == [(4, bodies[3]), (5, bodies[4])]
    assert list(ring.after(5)) == []
    assert list(ring.after(0)) == list(enumerate(bodies, 1))


def test_ring_forgets_the_oldest_past_its_number_of_events() -> None:
    ring = ReplayRing(max_events=3, max_bytes=1000)
    for _ in range(5):
        ring.push(body())
    assert [number for number, _ in ring.after(0)] == [3, 4, 5]
    assert [ring.has_all_after(seq) for seq in range(7)] == [False, False, True, True, True, True, False]


def test_ring_forgets_the_oldest_past_its_bytes_but_keeps_the_newest() -> None:
    ring = ReplayRing(max_events=100, max_bytes=10)
    ring.push(body(6))
    ring.push(body(4))
    assert ring.has_all_after(0)
    ring.push(body(1))
    assert not ring.has_all_after(0)
    assert [number for number, _ in ring.after(0)] == [2, 3]
    ring.push(body(50))
    assert [number for number, _ in ring.after(0)] == [4]
    ring.push(body(1))
    assert [number for number, _ in ring.after(0)] == [5]


def test_empty_ring_has_all_after_nothing() -> None:
    ring = ReplayRing(max_events=3, max_bytes=10)
    assert ring.has_all_after(0)
    assert not ring.has_all_after(1)
