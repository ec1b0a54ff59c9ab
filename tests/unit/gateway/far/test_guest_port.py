"""The way to another worker: behind what a turn of the loop has sent goes how far that is in the logs."""

from collections import deque
from collections.abc import Callable, Iterable

from gateway.far.frames import Reached, Spread, SpreadMessage, ToHost
from gateway.far.guest_port import GuestPort


class Way:
    """A port, what it has sent, and the calls that it has planned."""

    def __init__(self) -> None:
        self.sent: list[ToHost] = []
        self.planned: deque[Callable[[], None]] = deque()
        self.port = GuestPort(
            owner=1, send_frame=self.sent.append, find_positions=self.find_positions, call_soon=self.planned.append
        )

    @staticmethod
    def find_positions(guild_ids: Iterable[int]) -> dict[int, int]:
        """Each guild has a shard of its own, and is as far as its id."""
        return {guild_id: guild_id for guild_id in guild_ids}


def test_positions_follow_everything_of_a_turn_once() -> None:
    way = Way()
    way.port.send(5, "TYPING_START", b"{}", b"\x01")
    way.port.send_message(6, "MESSAGE_CREATE", b"{}", b"\x01", author_id=1, mention_ids=())
    way.port.send(5, "TYPING_START", b"{}", b"\x01")
    assert len(way.planned) == 1
    way.planned.popleft()()
    assert [type(frame) for frame in way.sent] == [Spread, SpreadMessage, Spread, Reached]
    assert way.sent[-1] == Reached({5: 5, 6: 6})


def test_next_turn_has_positions_of_its_own() -> None:
    way = Way()
    for guild_id in (5, 6):
        way.port.send(guild_id, "TYPING_START", b"{}", b"\x01")
        way.planned.popleft()()
    assert way.sent[1::2] == [Reached({5: 5}), Reached({6: 6})]
