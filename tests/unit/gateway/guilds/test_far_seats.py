"""Sessions spread over workers get what they would get if all were in one process."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.intents import ALL_INTENTS, Intent
from gateway.guilds.guild_sessions import GuildSessions
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.fanout import MessageVariants
from gateway.sessions.seat import Seat
from gateway.sessions.session import Session
from tests.fakes.gateway.far_host import FakeFarHost, FarSeat
from tests.support.gateway.sessions import make_session

GUILD, CHANNELS, USERS = 1, (10, 11), range(1, 12)
INTENTS = (ALL_INTENTS, ALL_INTENTS & ~Intent.MESSAGE_CONTENT, Intent.GUILDS, Intent.GUILD_MESSAGES, 0)


def make_sessions() -> GuildSessions:
    return GuildSessions(guild_id=GUILD, channel_ids=CHANNELS)


def history(session: Session) -> list[tuple[str, bytes]]:
    return [(body.event, bytes(body.payload)) for _, body in session.track.after(0)]


class Pair:
    """One session where all are in one process, and the same where they are spread."""

    def __init__(self, number: int, user_id: int, intents: int, host: FakeFarHost | None) -> None:
        self.together, self.apart = (
            make_session(user_id, session_id=str(number), intents=intents)[0] for _ in range(2)
        )
        self.host = host
        self.seat: Seat = self.apart if host is None else FarSeat(self.apart, host)


class Spread:
    """The sessions of one guild in one process, and the same sessions over three workers and this process."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.together, self.apart = make_sessions(), make_sessions()
        self.hosts = [FakeFarHost(owner) for owner in (1, 2, 900)]
        self.made: list[Pair] = []
        self.here: list[Pair] = []
        self.leaving: list[Pair] = []
        """Those that their hosts have let go, of which the home has not heard."""
        self.left_early: set[Pair] = set()
        self.views: dict[int, set[int]] = {user_id: {10} for user_id in USERS}

    def attach(self) -> None:
        """Some sessions come."""
        for _ in range(self.chance.choice([1, 2, 30, 80])):
            user_id = self.chance.choice(USERS)
            host = self.chance.choice([None, *self.hosts])
            pair = Pair(len(self.made), user_id, int(self.chance.choice(INTENTS)), host)
            self.made.append(pair)
            self.here.append(pair)
            self.together.add(pair.together, self.views[user_id])
            self.apart.add(pair.seat, self.views[user_id])

    def take_some(self) -> list[Pair]:
        self.chance.shuffle(self.here)
        count = self.chance.choice([0, 1, 2, len(self.here) // 2, len(self.here)])
        taken, self.here = self.here[:count], self.here[count:]
        return taken

    def remove(self) -> None:
        """The home lets some sessions go."""
        for pair in self.take_some():
            self.together.remove(pair.together)
            self.apart.remove(pair.seat)

    def leave(self) -> None:
        """Some sessions end at their hosts. The home hears of it later."""
        for pair in self.take_some():
            self.together.remove(pair.together)
            if pair.host is None:
                self.apart.remove(pair.seat)
            else:
                pair.apart.is_ended = True
                pair.host.guild(GUILD).let_go(pair.apart)
                self.left_early.add(pair)
                self.leaving.append(pair)

    def hear(self) -> None:
        """The home hears of sessions that have ended."""
        for pair in self.leaving:
            self.apart.remove(pair.seat)
        self.leaving.clear()

    def show(self) -> None:
        """A user's views change."""
        user_id, channel_id = self.chance.choice(USERS), self.chance.choice(CHANNELS)
        self.views[user_id] ^= {channel_id}
        for sessions in (self.together, self.apart):
            sessions.set_viewable(user_id, [channel_id], visible=channel_id in self.views[user_id])

    def send(self) -> None:
        """An event for those who view a channel, or for all."""
        event, channel_id = self.chance.choice(["CHANNEL_UPDATE", "TYPING_START"]), self.chance.choice([0, *CHANNELS])
        payload = b'{"n":%d}' % self.chance.randrange(1000)
        for sessions in (self.together, self.apart):
            sessions.send(DispatchBody(event, payload), sessions.select(event, channel_id))

    def send_message(self) -> None:
        """A message, of which not everybody sees the nonce and the content."""
        message: dict[str, Any] = {"content": "text", "embeds": [], "attachments": [], "components": []}
        if self.chance.random() < 0.7:
            message["nonce"] = "n"
        if self.chance.random() < 0.5:
            quoted = {"author": {"id": str(self.chance.choice(USERS))}, "mentions": [], "content": "quoted"}
            message["referenced_message"] = quoted
        author_id, mentioned = self.chance.choice([0, *USERS]), self.chance.sample(USERS, self.chance.randrange(3))
        channel_id = self.chance.choice(CHANNELS)
        body = DispatchBody("MESSAGE_CREATE", msgspec.json.encode(message))
        for sessions in (self.together, self.apart):
            variants = MessageVariants(body, author_id=author_id, mention_ids=mentioned)
            sessions.send_message(body.event, variants, sessions.select(body.event, channel_id))

    def arrive(self) -> None:
        """Some of what is under way arrives."""
        for host in self.hosts:
            host.arrive(self.chance.randrange(len(host.on_the_way) + 1))

    def check(self) -> None:
        """Every session has got exactly what it has got in one process, those that ended at their hosts up to then."""
        for host in self.hosts:
            host.arrive()
        for pair in self.made:
            got, expected = history(pair.apart), history(pair.together)
            assert got == (expected[: len(got)] if pair in self.left_early else expected)
        for host in self.hosts:
            assert len(host.guild(GUILD)) == sum(pair.host is host for pair in self.here)


STEPS = (
    Spread.attach, Spread.attach, Spread.remove, Spread.leave, Spread.hear, Spread.show,
    Spread.send, Spread.send_message, Spread.arrive, Spread.arrive,
)  # fmt: skip


@given(seed=st.integers(0, 1 << 32), taken=st.lists(st.sampled_from(STEPS), min_size=8, max_size=25))
def test_sessions_over_workers_get_what_they_would_get_in_one_process(seed: int, taken: list[object]) -> None:
    spread = Spread(random.Random(seed))
    spread.attach()
    for step in taken:
        step(spread)  # type: ignore[operator] # one of the methods
    spread.check()


def seat_many(sessions: GuildSessions, host: FakeFarHost, count: int) -> list[FarSeat]:
    seats = [FarSeat(make_session(number)[0], host) for number in range(1, count + 1)]
    for seat in seats:
        sessions.add(seat, CHANNELS)
    return seats


def test_event_crosses_once_with_the_words_of_the_worker_and_not_at_all_where_nobody_gets_it() -> None:
    sessions, hosts = make_sessions(), [FakeFarHost(owner) for owner in (1, 2)]
    for _ in range(1000):
        for host in hosts:
            seat_many(sessions, host, 1)
    host = hosts[0]
    sessions.send(DispatchBody("CHANNEL_UPDATE", b"{}"), sessions.select("CHANNEL_UPDATE", 10))
    assert [each.crossed for each in hosts] == [[("CHANNEL_UPDATE", 128)]] * 2
    (seat,) = seat_many(sessions, host, 1)
    sessions.send(DispatchBody("CHANNEL_UPDATE", b"{}"), sessions.with_intent("CHANNEL_UPDATE", [seat.slots[GUILD]]))
    assert [len(each.crossed) for each in hosts] == [2, 1]


def test_sessions_here_are_counted_here_and_others_where_they_are() -> None:
    counts: list[tuple[str, int]] = []
    sessions = GuildSessions(guild_id=GUILD, channel_ids=CHANNELS, on_dispatch=lambda *count: counts.append(count))
    host = FakeFarHost(1)
    seat_many(sessions, host, 3)
    sessions.add(make_session(50)[0], CHANNELS)
    sessions.send(DispatchBody("CHANNEL_UPDATE", b"{}"), sessions.select("CHANNEL_UPDATE", 10))
    assert counts == [("CHANNEL_UPDATE", 1)]


def test_slot_that_is_given_to_another_session_at_once_gets_nothing_of_the_one_before() -> None:
    sessions, host = make_sessions(), FakeFarHost(1)
    (first,) = seat_many(sessions, host, 1)
    sessions.send(DispatchBody("CHANNEL_UPDATE", b"1"), sessions.select("CHANNEL_UPDATE"))
    sessions.remove(first)
    (second,) = seat_many(sessions, host, 1)
    sessions.send(DispatchBody("CHANNEL_UPDATE", b"2"), sessions.select("CHANNEL_UPDATE"))
    host.arrive()
    assert [history(first.session), history(second.session)] == [[("CHANNEL_UPDATE", b"1")], [("CHANNEL_UPDATE", b"2")]]


def test_word_that_a_worker_has_given_back_is_anothers_alone() -> None:
    sessions, host, other = make_sessions(), FakeFarHost(1), FakeFarHost(2)
    seats = seat_many(sessions, host, 65)
    for seat in seats[:64]:
        sessions.remove(seat)
    here, connection = make_session(70)
    sessions.add(here, CHANNELS)
    for expected in ([("A", 16)], []):
        sessions.send(DispatchBody("A", b"{}"), sessions.select("CHANNEL_UPDATE"))
        assert host.crossed == expected
        host.crossed.clear()
        if expected:
            sessions.remove(seats[64])
            seat_many(sessions, other, 1)
    host.arrive()
    assert (connection.names(), other.crossed, len(host.guild(GUILD))) == (["A", "A"], [("A", 8)], 0)


def test_words_that_nobody_is_in_any_more_do_not_cross_though_others_have_them() -> None:
    sessions, host, other = make_sessions(), FakeFarHost(1), FakeFarHost(2)
    seats = seat_many(sessions, host, 128)
    for seat in seats[64:]:
        sessions.remove(seat)
    (seat,) = seat_many(sessions, other, 1)
    sessions.send(DispatchBody("A", b"{}"), sessions.with_intent("CHANNEL_UPDATE", [seat.slots[GUILD]]))
    assert (host.crossed, other.crossed) == ([], [("A", 8)])


def test_number_of_this_process_or_of_another_worker_is_refused_and_changes_nothing() -> None:
    sessions, host = make_sessions(), FakeFarHost(1)
    seat_many(sessions, host, 1)
    for wrong in (FakeFarHost(0), FakeFarHost(1), FakeFarHost(1 << 16)):
        with pytest.raises(ValueError, match=r"not the worker's|owner must be"):
            seat_many(sessions, wrong, 1)
    assert (len(sessions), len(sessions.all()), list(sessions.users())) == (1, 1, [1])


def test_number_is_free_for_another_worker_when_all_seats_are_left() -> None:
    sessions, host, other = make_sessions(), FakeFarHost(1), FakeFarHost(1)
    (seat,) = seat_many(sessions, host, 1)
    sessions.remove(seat)
    seat_many(sessions, other, 1)
    sessions.send(DispatchBody("CHANNEL_UPDATE", b"{}"), sessions.select("CHANNEL_UPDATE"))
    assert [len(host.crossed), len(other.crossed)] == [0, 1]
