"""DAVE in a room, with the MLS of stock libraries as clients: who is in the group after what happens."""

import random
import secrets
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.timers import FakeTimers
from tests.support.voice.dave_client import DaveClient
from voice.dave.happenings import Happening
from voice.dave.negotiation import MOST_PEOPLE, Negotiation, Phase
from voice.mls.commit import parse_commit
from voice.mls.external_sender import ExternalSender
from voice.mls.presentation import BadMessage
from voice.protocol.payloads import Payload

CHANNEL = 42
SENDER = ExternalSender()


class House:
    """A room, its clients, and messages on their way."""

    def __init__(self, seed: int = 0) -> None:
        self.timers = FakeTimers()
        self.counted: Counter[str] = Counter()
        self.room = Negotiation(
            channel_id=CHANNEL,
            sender=SENDER,
            call_later=self.timers.call_later,
            transition_s=2.0,
            answer_s=10.0,
            count=lambda happening: self.counted.update([happening]),
        )
        self.people: dict[int, DaveClient] = {}
        self._random = random.Random(seed)

    def join(self, user_id: int, **options: int) -> DaveClient:
        """Have somebody come in, without waiting for anything."""
        client = DaveClient(user_id, self.room, channel_id=CHANNEL, **options)
        self.people[user_id] = client
        client.join()
        return client

    def leave(self, user_id: int) -> None:
        """Have somebody leave."""
        self.people.pop(user_id).leave()

    def step(self) -> bool:
        """Have one client read or say one thing; return False when there is nothing."""
        steps: list[Callable[[], bool]] = []
        for client in self.people.values():
            steps += [client.read] * bool(client.inbox) + [client.say] * bool(client.outbox)
        return self._random.choice(steps)() if steps else False

    def settle(self) -> None:
        """Have everything that is on its way arrive, and all that follows; then let clients be too late."""
        self.arrive()
        while len(self.timers):
            self.timers.advance(20)
            self.arrive()

    def arrive(self) -> None:
        """Have everything that is on its way arrive, in no time."""
        for _ in range(2000):
            if not self.step():
                return
        raise AssertionError("they never end")

    def assert_one_group(self) -> None:
        """Assert that all are in one group, and each reads each."""
        people = list(self.people.values())
        assert self.room.phase is Phase.ENCRYPTED
        assert len({client.code for client in people}) == 1
        for sender in people:
            assert sender.version == 1
            assert sender.session is not None
            assert sorted(map(int, sender.session.get_user_ids() or [])) == sorted(self.people)
            frame = sender.encrypt(b"hello")
            assert b"hello" not in frame
            for hearer in people:
                if hearer is not sender:
                    assert hearer.decrypt(sender, frame) == b"hello"


@pytest.fixture
def house() -> House:
    """An empty room."""
    return House()


def test_two_make_a_group(house: House) -> None:
    house.join(1)
    house.arrive()
    house.join(2)
    house.arrive()
    house.assert_one_group()
    assert [client.executed for client in house.people.values()] == [[1], [1]]
    assert len(house.timers) == 0


def test_room_of_five_with_late_join_and_leave(house: House) -> None:
    for user_id in (1, 2, 3, 4):
        house.join(user_id)
    house.settle()
    house.assert_one_group()
    before = house.people[1].code

    late = house.join(5)
    house.settle()
    house.assert_one_group()
    assert late.code != before

    left = house.people[2]
    house.leave(2)
    house.settle()
    house.assert_one_group()
    assert left.code != late.code
    with pytest.raises(ValueError, match="decrypt"):
        left.decrypt(late, late.encrypt(b"not for him"))


def test_somebody_comes_back_before_it_is_removed(house: House) -> None:
    for user_id in (1, 2, 3):
        house.join(user_id)
    house.settle()
    house.leave(2)
    house.join(2)
    house.settle()
    house.assert_one_group()


def test_who_joins_and_leaves_at_once_is_never_in_the_group(house: House) -> None:
    house.join(1)
    house.join(2)
    house.settle()
    house.join(3)
    house.people[3].say()  # its key package; it is proposed
    house.leave(3)
    house.settle()
    house.assert_one_group()


def test_last_one_has_no_group_any_more(house: House) -> None:
    house.join(1)
    house.join(2)
    house.settle()
    code = house.people[1].code
    house.leave(2)
    house.settle()
    ada = house.people[1]
    assert ada.session is not None
    assert ada.session.epoch == 0
    assert ada.executed[-1] == 0
    house.join(3)
    house.settle()
    house.assert_one_group()
    assert ada.code != code
    assert house.counted == {Happening.COMMIT: 2, Happening.RESET: 1}


def test_client_without_dave_takes_the_room_down_and_up_again(house: House) -> None:
    house.join(1)
    house.join(2)
    house.settle()
    guest = house.join(3, dave_version=0)
    assert guest.version == 0
    house.arrive()
    assert house.room.phase is Phase.PLAIN
    assert [client.version for client in house.people.values()] == [0, 0, 0]
    assert not guest.inbox
    assert house.join(4).version == 0
    house.leave(4)

    house.leave(3)
    house.settle()
    house.assert_one_group()
    assert house.counted == {Happening.COMMIT: 2, Happening.LOWERED: 1, Happening.RAISED: 1}


def test_room_does_not_take_it_up_while_somebody_does_not_answer(house: House) -> None:
    guest = house.join(9, dave_version=0)
    house.join(1)
    deaf = DaveClient(2, house.room, channel_id=CHANNEL)
    deaf.is_deaf = True
    house.people[2] = deaf
    deaf.join()
    house.leave(guest.user_id)
    house.arrive()
    assert house.room.phase is Phase.RISING
    house.settle()
    assert house.room.phase is Phase.PLAIN
    assert house.people[1].version == 0
    assert house.join(3).version == 0
    house.leave(2)
    house.settle()
    house.assert_one_group()


def test_guest_who_leaves_while_the_room_goes_down(house: House) -> None:
    house.join(1)
    house.join(2)
    house.settle()
    house.join(3, dave_version=0)
    house.leave(3)
    assert house.room.phase is Phase.FALLING
    house.join(4)
    house.settle()
    house.assert_one_group()


def test_who_comes_beside_a_guest_of_a_moment_is_taken_along(house: House) -> None:
    house.join(1)
    house.join(2)
    house.arrive()
    house.people[2].is_slow = True
    house.join(3)
    house.arrive()  # a transition waits for the slow one
    guest = house.join(4, dave_version=0)
    assert house.join(5).version == 0
    house.leave(guest.user_id)
    assert house.room.phase is Phase.ENCRYPTED
    while len(house.timers):
        house.timers.advance(2)
        house.arrive()
    house.assert_one_group()


def test_transition_does_not_wait_for_ever(house: House) -> None:
    house.join(1)
    slow = house.join(2)
    slow.is_slow = True
    house.arrive()
    assert house.people[1].executed == []
    house.settle()
    assert house.people[1].executed == [1]
    house.assert_one_group()


def test_client_that_cannot_read_is_removed_and_added_again(house: House) -> None:
    for user_id in (1, 2, 3):
        house.join(user_id)
    house.settle()
    bob = house.people[2]
    bob.lose_keys()
    house.settle()
    house.assert_one_group()
    assert house.counted[Happening.UNREADABLE] == 1


def test_commit_that_only_looks_right_does_not_last(house: House) -> None:
    for user_id in (1, 2, 3):
        house.join(user_id)
    house.settle()
    house.join(4)
    house.people[4].say()
    eve = house.people[3]
    while eve.read():
        pass
    house.people[1].inbox, kept = type(eve.inbox)(), house.people[1].inbox
    forged = _forge(eve)
    house.room.take_commit(eve, forged)
    house.people[1].inbox.extendleft(reversed(kept))
    eve.outbox.clear()
    house.settle()
    assert [bool(house.people[user_id].refused) for user_id in (1, 2)] == [True, True]
    house.assert_one_group()


def _forge(client: DaveClient) -> bytes:
    """Return the commit that waits in a client's hand, with another confirmation."""
    taken: list[bytes] = []
    room, client.room = client.room, _Taker(taken)  # type: ignore[assignment]
    while client.say():
        pass
    client.room = room
    commit, welcome = parse_commit(taken[0])
    forged = bytearray(commit.message)
    forged[-40] ^= 1  # in the confirmation, behind which is the tag of membership: 33 bytes
    return bytes(forged) + welcome


class _Taker:
    def __init__(self, taken: list[bytes]) -> None:
        self._taken = taken

    def take_commit(self, _client: DaveClient, data: bytes) -> None:
        self._taken.append(data)


def test_key_package_of_another_user_is_refused(house: House) -> None:
    ada = house.join(1)
    eve = house.join(3)
    assert ada.session is not None
    with pytest.raises(BadMessage, match="another user"):
        house.room.take_key_package(eve, bytes(ada.session.get_serialized_key_package()))


def test_commit_of_who_is_not_in_the_group_is_passed_over(house: House) -> None:
    house.join(1)
    house.join(2)
    house.settle()
    eve = DaveClient(3, house.room, channel_id=CHANNEL)
    house.room.take_commit(eve, b"")
    house.room.take_ready(eve, 1)
    house.room.take_invalid(eve)
    house.assert_one_group()


def test_large_rooms_do_without(house: House) -> None:
    class Silent(DaveClient):
        def send(self, payload: Payload) -> None:  # type: ignore[override]
            """Take no notice."""

    for user_id in range(MOST_PEOPLE):
        client = Silent(user_id, house.room, channel_id=CHANNEL)
        assert house.room.version_for(client) == 1
        house.room.enter(client)
    last = Silent(MOST_PEOPLE, house.room, channel_id=CHANNEL)
    assert house.room.version_for(last) == 0
    house.room.enter(last)
    assert house.room.phase is Phase.FALLING
    house.room.close()
    assert len(house.timers) == 0


def _change(house: House, kind: str, number: int, data: st.DataObject) -> None:
    """Have something happen."""
    speakers = [user_id for user_id, client in house.people.items() if client.version]
    match kind:
        case "join" | "guest":
            house.join(number, dave_version=int(kind == "join"))
        case "leave" if house.people:
            house.leave(data.draw(st.sampled_from(sorted(house.people))))
        case "lose" if speakers:
            house.people[data.draw(st.sampled_from(speakers))].lose_keys()
        case "time":
            house.timers.advance(3)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1 << 32), data=st.data())
def test_whatever_happens_those_who_stay_end_in_one_group(seed: int, data: st.DataObject) -> None:
    house = House(seed)
    kinds = st.sampled_from(["join", "join", "guest", "leave", "lose", "time"])
    for number, kind in enumerate(data.draw(st.lists(kinds, min_size=4, max_size=14), "changes")):
        _change(house, kind, number + 1, data)
        for _ in range(data.draw(st.integers(0, 12), "steps")):
            house.step()
    for guest in [each for each in house.people.values() if not each.dave_version]:
        house.leave(guest.user_id)
    house.settle()
    if len(house.people) > 1:
        house.assert_one_group()
    for user_id in list(house.people):
        house.leave(user_id)
    assert len(house.timers) == 0


def test_bytes_of_anybody_raise_bad_message_or_nothing(house: House) -> None:
    ada = house.join(1)
    house.join(2)
    house.arrive()
    for size in range(200):
        for take in (house.room.take_key_package, house.room.take_commit):
            try:
                take(ada, secrets.token_bytes(size))
            except BadMessage:
                continue
