"""Events on their way to the actors."""

from collections.abc import Callable

import msgspec
import pytest

from core.bus.interfaces import Delivery
from core.domain.events import Audience
from core.wire.envelope import Envelope
from gateway.events.inbox import SLICE_S, Inbox
from tests.fakes.clock import FakeClock


class Loop:
    """Callbacks that wait for the next turn of the loop."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Wait for the next turn."""
        self.waiting.append(callback)

    def turn(self) -> None:
        """Run one turn of the loop."""
        waiting, self.waiting = self.waiting, []
        for callback in waiting:
            callback()


def delivery(number: int) -> Delivery:
    """A delivery with a number."""
    envelope = Envelope(id=number, event="X", audience=Audience.GUILD, payload=msgspec.Raw(b"{}"), guild_id=1)
    return Delivery(number, 0, envelope)


def test_events_are_applied_in_order_in_the_next_turn() -> None:
    loop, applied = Loop(), list[int]()
    inbox = Inbox(call_soon=loop.call_soon, clock=FakeClock())
    inbox.hand_to(lambda each: applied.append(each.position))
    for number in range(3):
        inbox.put(delivery(number))
    assert applied == []
    loop.turn()
    assert applied == [0, 1, 2]
    assert loop.waiting == []


def test_events_that_take_long_are_spread_over_turns() -> None:
    loop, applied, clock = Loop(), list[int](), FakeClock()

    def apply(each: Delivery) -> None:
        applied.append(each.position)
        clock.advance(SLICE_S / 2)

    inbox = Inbox(call_soon=loop.call_soon, clock=clock)
    inbox.hand_to(apply)
    for number in range(5):
        inbox.put(delivery(number))
    loop.turn()
    assert applied == [0, 1]
    inbox.put(delivery(5))
    loop.turn()
    assert applied == [0, 1, 2, 3]
    inbox.flush()
    assert applied == [0, 1, 2, 3, 4, 5]
    loop.turn()
    assert loop.waiting == []


def test_event_that_fails_is_logged_and_the_next_ones_are_applied(caplog: pytest.LogCaptureFixture) -> None:
    loop, applied = Loop(), list[int]()

    def apply(each: Delivery) -> None:
        if each.position == 1:
            raise KeyError(each.position)
        applied.append(each.position)

    inbox = Inbox(call_soon=loop.call_soon, clock=FakeClock())
    inbox.hand_to(apply)
    for number in range(3):
        inbox.put(delivery(number))
    loop.turn()
    assert applied == [0, 2]
    assert "could not be applied" in caplog.text


def volatile(
    event: str, *, guild_id: int = 1, channel_id: int = 0, user_id: int = 0, n: int = 0, author_id: int = 0
) -> Delivery:
    """A presence or a typing event."""
    envelope = Envelope(
        id=n,
        event=event,
        audience=Audience.GUILD,
        payload=msgspec.Raw(b"{}"),
        guild_id=guild_id,
        channel_id=channel_id,
        user_id=user_id,
        author_id=author_id or (user_id if event == "TYPING_START" else 0),
    )
    return Delivery(0, 0, envelope)


def message(author_id: int, channel_id: int) -> Delivery:
    """A message."""
    envelope = Envelope(
        id=9,
        event="MESSAGE_CREATE",
        audience=Audience.CHANNEL,
        payload=msgspec.Raw(b"{}"),
        guild_id=1,
        channel_id=channel_id,
        author_id=author_id,
    )
    return Delivery(9, 0, envelope)


class Applied:
    """An inbox, and the applied deliveries as event, user and number."""

    def __init__(self) -> None:
        self.loop, self.clock = Loop(), FakeClock()
        self.came: list[tuple[str, int, int]] = []
        self.inbox = Inbox(call_soon=self.loop.call_soon, clock=self.clock)
        self.inbox.hand_to(self._apply)

    def _apply(self, each: Delivery) -> None:
        self.came.append((each.envelope.event, each.envelope.user_id, each.envelope.id))
        self.clock.advance(SLICE_S)

    def run(self) -> list[tuple[str, int, int]]:
        """Run turns of the loop until nothing waits."""
        while self.loop.waiting:
            self.loop.turn()
        return self.came


def test_typing_and_presence_wait_until_nothing_else_does() -> None:
    applied = Applied()
    applied.inbox.put(volatile("PRESENCE_UPDATE", user_id=5))
    applied.inbox.put(volatile("TYPING_START", user_id=6, channel_id=2))
    applied.inbox.put(delivery(1))
    applied.inbox.put(delivery(2))
    applied.loop.turn()
    applied.inbox.put(delivery(3))
    assert [event for event, _, _ in applied.run()] == ["X", "X", "X", "TYPING_START", "PRESENCE_UPDATE"]


def test_of_each_users_presence_in_a_guild_the_newest_is_applied() -> None:
    applied = Applied()
    for number, (guild_id, user_id) in enumerate([(1, 5), (2, 5), (1, 6), (1, 5)]):
        applied.inbox.put(volatile("PRESENCE_UPDATE", guild_id=guild_id, user_id=user_id, n=number))
    assert applied.run() == [("PRESENCE_UPDATE", 5, 3), ("PRESENCE_UPDATE", 5, 1), ("PRESENCE_UPDATE", 6, 2)]


def test_message_takes_back_what_was_said_of_its_typing() -> None:
    applied = Applied()
    for user_id, channel_id in ((5, 2), (5, 3), (6, 2), (5, 2)):
        applied.inbox.put(volatile("TYPING_START", user_id=user_id, channel_id=channel_id, n=channel_id))
    applied.inbox.put(message(author_id=5, channel_id=2))
    assert applied.run()[1:] == [("TYPING_START", 5, 3), ("TYPING_START", 6, 2)]


def test_direct_message_takes_back_its_typing_for_each_who_is_told() -> None:
    applied = Applied()
    typing = volatile("TYPING_START", guild_id=0, channel_id=2)
    for user_id in (5, 6):
        envelope = msgspec.structs.replace(typing.envelope, user_id=user_id, author_id=5)
        applied.inbox.put(Delivery(0, 0, envelope))
    direct = msgspec.structs.replace(message(author_id=5, channel_id=2).envelope, guild_id=0, user_id=6)
    applied.inbox.put(Delivery(9, 0, direct))
    assert [(event, user_id) for event, user_id, _ in applied.run()] == [("MESSAGE_CREATE", 6), ("TYPING_START", 5)]


def test_too_much_typing_loses_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.events.inbox.MAX_TYPING", 2)
    applied = Applied()
    for user_id in (5, 6, 7):
        applied.inbox.put(volatile("TYPING_START", user_id=user_id, channel_id=2))
    assert [user_id for _, user_id, _ in applied.run()] == [6, 7]


def test_flush_leaves_what_is_volatile() -> None:
    applied = Applied()
    applied.inbox.put(volatile("PRESENCE_UPDATE", user_id=5))
    applied.inbox.put(delivery(1))
    applied.inbox.flush()
    assert [event for event, _, _ in applied.came] == ["X"]
    assert [event for event, _, _ in applied.run()] == ["X", "PRESENCE_UPDATE"]


def test_durable_and_internal_events_keep_their_order() -> None:
    applied = Applied()
    offline = volatile("_USER_OFFLINE", guild_id=0, user_id=5)
    kept = Delivery(4, 0, volatile("PRESENCE_UPDATE", user_id=7).envelope)
    for each in (delivery(1), offline, kept, delivery(2)):
        applied.inbox.put(each)
    assert [event for event, _, _ in applied.run()] == ["X", "_USER_OFFLINE", "PRESENCE_UPDATE", "X"]


def test_presences_of_two_friends_of_one_receiver_both_come() -> None:
    applied = Applied()
    for author_id, number in ((5, 1), (6, 2), (5, 3)):
        applied.inbox.put(volatile("PRESENCE_UPDATE", user_id=9, author_id=author_id, n=number))
    assert [number for _, _, number in applied.run()] == [3, 2]
