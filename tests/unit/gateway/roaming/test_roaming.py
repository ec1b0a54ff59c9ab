"""Workers with sessions of one user, over links that are cut and a home that moves: in the end all agree."""

import itertools
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.bus.interfaces import Delivery
from core.domain.events import PRESENCE_UPDATE, USER_OFFLINE
from core.links.interfaces import LinkListener, Links, PeerAddress
from core.runtime.metrics.metrics import Metrics
from gateway.commands.presence_command import PresenceUpdate
from gateway.events.event_meter import EventMeter
from gateway.roaming.building import build_roaming
from gateway.roaming.hosted_sessions import ANSWER_S, GONE_S
from gateway.roaming.visitors import Visitors
from gateway.scheduling.slices import Slices
from gateway.sessions.session import Session
from gateway.users.presence import OFFLINE, from_command, merge_presences
from gateway.users.relations import Relations
from gateway.users.user_directory import UserDirectory
from tests.fakes.clock import FakeClock
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.timers import FakeTimers
from tests.support.gateway.sessions import make_session

USER, GUILD = 1 << 22, 2 << 22
GRACE_S = 10.0
WORKERS = "abc"


class Nothing(LinkListener):
    """The listener of what is not about users."""

    def on_begun(self, peer: str) -> None: ...

    def on_frame(self, peer: str, frame: bytes) -> None: ...

    def on_broken(self, peer: str) -> None: ...


class Network:
    """The links of all workers. Frames arrive when the test says so."""

    def __init__(self) -> None:
        self.listeners: dict[str, LinkListener] = {}
        self.joined: set[frozenset[str]] = set()
        self.under_way: deque[tuple[str, str, bytes]] = deque()

    def join(self, one: str, other: str) -> None:
        """Begin a conversation."""
        self.joined.add(frozenset((one, other)))
        self.listeners[one].on_begun(other)
        self.listeners[other].on_begun(one)

    def cut(self, one: str, other: str) -> None:
        """End a conversation. What is under way is lost."""
        pair = frozenset((one, other))
        self.joined.discard(pair)
        self.under_way = deque(each for each in self.under_way if frozenset(each[:2]) != pair)
        self.listeners[one].on_broken(other)
        self.listeners[other].on_broken(one)

    def arrive(self) -> bool:
        """Let the next frame arrive. Return whether there was one."""
        if not self.under_way:
            return False
        sender, receiver, frame = self.under_way.popleft()
        self.listeners[receiver].on_frame(sender, frame)
        return True


class OwnLinks(Links):
    """The links of one worker."""

    def __init__(self, own: str, network: Network) -> None:
        self._own = own
        self._network = network

    def send(self, peer: str, frame: bytes) -> bool:
        """Send a frame, if there is a conversation."""
        if frozenset((self._own, peer)) not in self._network.joined:
            return False
        self._network.under_way.append((self._own, peer, frame))
        return True

    def know(self, peers: Mapping[str, PeerAddress]) -> None: ...


class Place:
    """Three workers, and what guilds and the other tiers are told of one bot."""

    def __init__(self, home: str = "a") -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.network = Network()
        self.home = home
        self.told: list[str] = []
        self.offline = 0
        self.bus = MemoryBus(num_shards=4)
        self.bus.subscribe(self._note)
        self.sessions: list[tuple[str, Session]] = []
        self.ended: list[str] = []
        self._numbers = itertools.count()
        self.users: dict[str, UserDirectory] = {}
        self.follow: dict[str, Any] = {}
        for own in WORKERS:
            self._add(own)
        for one, other in itertools.combinations(WORKERS, 2):
            self.network.join(one, other)
        self.settle()

    def _add(self, own: str) -> None:
        metrics = Metrics()
        users = self.users[own] = UserDirectory(
            bus=self.bus,
            clock=self.clock,
            call_later=self.timers.call_later,
            metrics=metrics,
            meter=EventMeter(metrics=metrics, clock=self.clock),
            relations=Relations(),
            on_block=lambda *_: None,
            grace_s=GRACE_S,
        )
        built = build_roaming(
            own=own,
            links=OwnLinks(own, self.network),
            home_of=lambda _id: self.home,
            owner_of=lambda shard: self.home if shard == 1 else "a",  # the guild stays where it is
            num_shards=self.bus.num_shards,
            users=users,
            store=None,  # type: ignore[arg-type] # bots have no relationships
            tasks=None,  # type: ignore[arg-type]
            clock=self.clock,
            call_later=self.timers.call_later,
            grace_s=GRACE_S,
            limit=lambda: 3,
            end=self.ended.append,
            then=Nothing(),
        )
        self.network.listeners[own] = built.frames
        self.follow[own] = built.follow_homes

    def _note(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event == PRESENCE_UPDATE:
            self.told.append(msgspec.json.decode(envelope.payload)["status"])
        self.offline += envelope.event == USER_OFFLINE

    def log_in(self, worker: str, status: str = "online") -> Session:
        """Let a session begin and be in the guild."""
        session, _ = make_session(USER, session_id=str(next(self._numbers)), platform="desktop")
        users = self.users[worker]
        users.enter(session)
        users.set_presence(session, PresenceUpdate(status=status))
        session.slots[GUILD] = 0
        users.note_entered(session, [GUILD], is_first=True)
        users.start(session)
        self.sessions.append((worker, session))
        self.clock.advance(1)
        return session

    def log_out(self, session: Session) -> None:
        """Let a session end."""
        worker = next(worker for worker, each in self.sessions if each is session)
        self.users[worker].leave(session)
        session.slots.clear()
        self.sessions.remove((worker, session))

    def move_home(self, worker: str) -> None:
        """Let the user have another home."""
        self.home = worker
        for follow in self.follow.values():
            follow()

    def settle(self, seconds: float = 0.0) -> None:
        """Let everything arrive that is under way, now and after some time."""
        for wait_s in (0.0, seconds):
            self.timers.advance(wait_s)
            while self.network.arrive():
                self.timers.advance(0)

    @property
    def merged(self) -> str:
        """The status as it should be seen."""
        said = [(each, self.users[worker].presence_set_by(each)) for worker, each in self.sessions]
        return merge_presences([(each.profile.platform, presence) for each, presence in said]).status

    def check(self) -> None:
        """Check that all workers with sessions know the same, and that others were told it."""
        listed = [each.id for _, each in self.sessions]
        for worker in {worker for worker, _ in self.sessions}:
            actor = self.users[worker].actors.find(USER)
            assert actor is not None
            assert actor.presence.status == self.merged
            assert [each.session_id for each in actor.list_sessions()] == listed
        assert (self.told or ["offline"])[-1] == self.merged
        if not self.sessions:
            assert all(users.actors.find(USER) is None for users in self.users.values())


STATUSES = st.sampled_from(["online", "idle", "dnd", "invisible"])
OPERATIONS = (
    st.tuples(st.just("log in"), st.sampled_from(WORKERS), STATUSES),
    st.tuples(st.just("say"), st.integers(0, 5), STATUSES),
    st.tuples(st.just("log out"), st.integers(0, 5), st.none()),
    st.tuples(st.just("move"), st.sampled_from(WORKERS), st.none()),
    st.tuples(st.just("settle"), st.none(), st.none()),
)
SETTLE = ("settle", None, None)


def log_out(at: int) -> tuple[str, Any, Any]:
    """Return the operation that ends a session."""
    return "log out", at, None


def move(worker: str) -> tuple[str, Any, Any]:
    """Return the operation that gives the user another home."""
    return "move", worker, None


CUTS = st.tuples(st.just("cut"), st.sampled_from(["ab", "ac", "bc"]), st.floats(0, 2 * GRACE_S))


def play(operations: list[tuple[str, Any, Any]], *, slack_s: float = 0.0) -> None:
    """Let things happen, also while much is under way, and check what all know in the end.

    `slack_s` is the time more that it takes until all is settled.
    """
    place = Place()
    for operation, at, what in operations:
        if operation == "log in" and len(place.sessions) < 3:
            place.log_in(at, what)
        elif operation == "cut":
            place.network.cut(*at)
            place.settle(what)
            place.network.join(*at)
        elif operation == "move":
            place.move_home(at)
        elif operation == "settle":
            place.settle(ANSWER_S)
            place.settle(slack_s)
            place.check()
        elif operation in ("say", "log out") and at < len(place.sessions):
            worker, session = place.sessions[at]
            if operation == "say":
                place.users[worker].set_presence(session, PresenceUpdate(status=what))
            else:
                place.log_out(session)
        place.timers.advance(0)  # a turn of the loop; what is under way arrives later
    place.settle(GRACE_S)
    place.settle(slack_s)
    place.check()


@settings(derandomize=True, max_examples=200)
@given(operations=st.lists(st.one_of(*OPERATIONS, CUTS), max_size=25))
def test_all_workers_agree_in_the_end(operations: list[tuple[str, Any, Any]]) -> None:
    play(operations)


@settings(derandomize=True, max_examples=50)
@example(operations=[("log in", "b", "online"), SETTLE, move("b"), move("a")])
@given(operations=st.lists(st.one_of(*OPERATIONS, CUTS), max_size=25))
def test_all_workers_agree_though_a_crowd_is_followed_before_the_user(operations: list[tuple[str, Any, Any]]) -> None:
    """Each work waits for others, and is done when the timers go on. Much may happen before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Slices, "add", _add_behind_others)
        patch.setattr(Slices, "_go_on", _go_on_later)
        play(operations, slack_s=2 * GRACE_S)


_add = Slices.add


def _add_behind_others(slices: Slices, work: Iterator[object]) -> None:
    _add(slices, itertools.chain(range(2 * slices._steps_a_turn), work))


def _go_on_later(slices: Slices) -> None:
    slices._do_some()
    if not slices.is_idle:
        slices._call_later(0.01, lambda: _go_on_later(slices))


@pytest.mark.parametrize(
    "operations",
    [
        [
            ("log in", "b", "online"),
            SETTLE,
            ("log in", "a", "online"),
            log_out(0),
            ("log in", "a", "idle"),
            log_out(0),
            move("b"),
        ],
        [("log in", "a", "dnd"), ("log in", "b", "online"), move("c"), move("b"), move("c")],
        [("log in", "a", "idle"), move("c"), log_out(0), ("log in", "b", "invisible"), move("a")],
        [("log in", "a", "idle"), move("c"), ("say", 0, "invisible"), move("b")],
        [("log in", "a", "dnd"), move("b"), log_out(0), move("c"), ("log in", "c", "invisible")],
        [
            ("log in", "a", "dnd"),
            *[("log in", "c", "invisible")] * 2,
            SETTLE,
            log_out(1),
            log_out(0),
            move("c"),
            log_out(0),
        ],
        [
            ("log in", "b", "invisible"),
            move("c"),
            ("log in", "c", "idle"),
            ("log in", "a", "idle"),
            log_out(0),
            move("a"),
            log_out(1),
        ],
        [
            ("log in", "c", "online"),
            ("log in", "a", "dnd"),
            SETTLE,
            SETTLE,
            SETTLE,
            ("log in", "b", "idle"),
            move("b"),
            move("a"),
        ],
        [
            ("log in", "b", "online"),
            ("log in", "c", "idle"),
            SETTLE,
            move("c"),
            log_out(1),
            move("b"),
            log_out(0),
        ],
    ],
)
def test_all_workers_agree_though_the_home_moves_while_much_is_under_way(
    operations: list[tuple[str, Any, Any]],
) -> None:
    play(operations)


def test_each_change_is_told_once_wherever_the_home_is() -> None:
    for home in WORKERS:
        place = Place(home)
        one = place.log_in("a", "idle")
        place.settle()
        other = place.log_in("b", "dnd")
        place.settle()
        third = place.log_in("a", "online")
        place.settle()
        for session in (other, third, one):
            place.log_out(session)
            place.settle()
        assert place.told == ["idle", "dnd", "online", "idle", "offline"]
        assert place.offline == 1


def test_one_session_too_many_is_refused_and_a_lost_one_makes_room() -> None:
    place = Place("c")
    first, *_ = [place.log_in(worker) for worker in "aab"]
    place.settle()
    newest, _ = make_session(USER, session_id="newest")
    place.users["b"].enter(newest)
    place.settle()
    assert not place.users["b"].knows_all(newest)  # its login hears of it when it waits
    place.users["b"].leave(newest)
    place.users["a"].lose(first)
    place.settle()
    last, _ = make_session(USER, session_id="last")
    place.users["b"].enter(last)
    place.settle()
    assert place.ended == [first.id]
    assert place.users["b"].knows_all(last)


def test_home_with_its_own_sessions_has_a_lost_one_elsewhere_end() -> None:
    place = Place("a")
    lost = place.log_in("b")
    place.settle()
    assert place.users["a"].count_elsewhere(USER) == 1
    assert not place.users["a"].end_lost_elsewhere(USER)
    place.users["b"].lose(lost)
    place.settle()
    assert place.users["a"].end_lost_elsewhere(USER)
    place.settle()
    assert place.ended == [lost.id]
    assert place.users["a"].count_elsewhere(USER) == 0


def test_sessions_of_a_lost_worker_count_until_the_grace_is_over() -> None:
    place = Place("c")
    place.log_in("a", "dnd")
    place.settle()
    place.network.cut("a", "c")
    place.settle(GRACE_S - 1)
    assert place.told == ["dnd"]
    place.settle(1)
    assert place.told == ["dnd", "offline"]
    assert place.offline == 1


def test_sessions_that_a_home_has_given_up_are_told_of_by_the_next_home() -> None:
    place = Place("a")
    place.log_in("c", "online")
    place.settle()
    place.network.cut("a", "c")
    place.settle(GRACE_S)
    place.network.join("a", "c")
    place.move_home("b")  # what is said anew is under way to the former home
    place.settle(GRACE_S)
    assert place.told == ["online", "offline", "online"]


def test_home_of_a_moment_does_not_know_for_ever_what_it_was_told_too_late() -> None:
    place = Place("a")
    session = place.log_in("b")
    place.settle()
    place.move_home("c")
    place.move_home("b")  # what was said to c arrives now
    place.settle(GRACE_S)
    place.log_out(session)
    place.settle(GONE_S)
    assert place.told.pop() == "offline"
    place.told.clear()
    place.move_home("c")
    place.settle(GRACE_S)
    assert not place.told
    assert place.users["c"].actors.find(USER) is None


def test_session_that_goes_on_at_another_worker_is_counted_there() -> None:
    place = Place("c")
    session = place.log_in("a", "dnd")
    place.settle()
    place.network.cut("a", "c")
    again, _ = make_session(USER, session_id=session.id)
    place.users["b"].enter(again)
    place.users["b"].take_back(again, from_command(PresenceUpdate(status="dnd"), now_ms=0))
    again.slots[GUILD] = 0
    place.users["b"].go_on(again)
    place.settle(2 * GRACE_S)
    assert place.told == ["dnd"]
    actor = place.users["c"].actors.find(USER)
    assert actor is not None
    assert actor.presence != OFFLINE
    assert [each.session_id for each in actor.list_sessions()] == [session.id]


def test_users_of_a_shard_that_has_moved_are_followed_and_no_others() -> None:
    eras = Visitors(num_shards=4)
    users = {user_id: eras.make(user_id) for user_id in range(1 << 22, 9 << 22, 1 << 22)}
    eras.begin_eras([1])
    assert eras.list_of(1) == [1 << 22, 5 << 22]
    behind = [user_id for user_id, user in users.items() if not eras.is_followed(user_id, user)]
    assert behind == [1 << 22, 5 << 22]
    assert all(eras.is_followed(user_id, user) for user_id, user in users.items())
    eras.forget(1 << 22)
    assert eras.list_of(1) == [5 << 22]
