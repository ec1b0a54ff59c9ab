"""Presences that friends are told: the newest of each user, in batches."""

from collections.abc import Collection

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.bus.interfaces import Delivery
from gateway.users.friend_presences import BATCH, GAP_S, MAX_TOLD, FriendPresences
from gateway.users.presence import MergedPresence
from tests.fakes.clock import FakeClock
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.timers import FakeTimers


class House:
    """Friends, of whom those in `here` have sessions."""

    def __init__(self, here: Collection[int]) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.told: list[tuple[int, int, str]] = []
        """Receiver, whose presence it is, and the status."""
        bus = MemoryBus(num_shards=1)
        bus.subscribe(self._on_delivery)
        self.presences = FriendPresences(bus=bus, call_later=self.timers.call_later, is_here=here.__contains__)

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        status = msgspec.json.decode(envelope.payload)["status"]
        self.told.append((envelope.user_id, envelope.author_id, status))

    def put(self, user_id: int, status: str, friend_ids: Collection[int]) -> None:
        self.presences.put(user_id, MergedPresence(status=status), friend_ids)


def test_change_in_a_quiet_moment_is_told_at_once_to_friends_with_sessions() -> None:
    house = House(here={2, 3})
    house.put(1, "online", {2, 3, 4})
    assert house.told == [(2, 1, "online"), (3, 1, "online")]


def test_changes_of_one_user_within_the_gap_are_one() -> None:
    house = House(here={2})
    for status in ("online", "idle", "dnd"):
        house.put(1, status, {2})
    assert [status for _, _, status in house.told] == ["online"]
    house.timers.advance(GAP_S)
    assert [status for _, _, status in house.told] == ["online", "dnd"]
    house.timers.advance(GAP_S)
    assert len(house.timers) == 0


def test_nobody_is_told_more_than_a_batch_in_a_gap() -> None:
    house = House(here={0})
    for user_id in range(1, 3 * BATCH + 2):
        house.put(user_id, "online", {0})
    assert len(house.told) == 1
    for batch in (1, 2, 3):
        house.timers.advance(GAP_S)
        assert len(house.told) == 1 + batch * BATCH


def test_batch_for_many_friends_has_fewer_users() -> None:
    friends = range(1000, 1000 + MAX_TOLD)
    house = House(here=friends)
    for user_id in range(3):
        house.put(user_id, "online", friends)
    for batch in (1, 2, 3):
        assert len(house.told) == batch * MAX_TOLD
        house.timers.advance(GAP_S)


def test_friendship_that_ends_meanwhile_is_respected() -> None:
    house = House(here={2, 3})
    house.put(9, "online", {2})
    friends = {2, 3}
    house.put(1, "online", friends)
    friends.discard(3)
    house.timers.advance(GAP_S)
    assert (3, 1, "online") not in house.told


def test_waiting_users_without_friends_here_do_not_stop_the_batches() -> None:
    house = House(here={2})
    house.put(9, "online", {2})
    for user_id in range(100, 100 + BATCH):
        house.put(user_id, "online", {77})
    house.put(1, "idle", {2})
    house.timers.advance(2 * GAP_S)
    assert (2, 1, "idle") in house.told


def test_closed_presences_have_no_timer() -> None:
    house = House(here={2})
    house.put(1, "online", {2})
    house.presences.close()
    assert len(house.timers) == 0


changes = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["online", "idle", "dnd", "offline"]), st.floats(0, 0.15))
)


@given(changes=changes)
def test_friends_end_with_the_newest_presence_of_each(changes: list[tuple[int, str, float]]) -> None:
    house = House(here={50, 51})
    newest: dict[int, str] = {}
    for user_id, status, pause_s in changes:
        house.put(user_id, status, {50, 51})
        newest[user_id] = status
        house.timers.advance(pause_s)
    house.timers.run()
    for friend_id in (50, 51):
        seen = {user_id: status for receiver, user_id, status in house.told if receiver == friend_id}
        assert seen == newest
