"""Presence on its way to the guilds, and the grace of a lost socket."""

import msgspec

from core.bus.interfaces import Delivery
from core.domain.events import USER_OFFLINE, USER_UNSEEN
from core.domain.people.relationship import Relationship
from core.runtime.metrics.metrics import Metrics
from core.wire.internal_events import parse_unseen
from gateway.commands.presence_command import PresenceUpdate
from gateway.events.event_meter import EventMeter
from gateway.users.account_presences import CHANGES, WINDOW_S
from gateway.users.friend_presences import GAP_S
from gateway.users.relations import Relations
from gateway.users.user_directory import UserDirectory
from tests.fakes.clock import FakeClock
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.timers import FakeTimers
from tests.support.gateway.sessions import make_session

GRACE_S = 10.0


class RecordedDirectory:
    """A directory of users on a bus that records the published events."""

    def __init__(self) -> None:
        clock = FakeClock()
        self.timers = FakeTimers(clock)
        self.published: list[tuple[int, str]] = []
        self.offline: list[int] = []
        self.unseen: list[tuple[int, int]] = []
        self.clock = clock
        self.bus, metrics = MemoryBus(num_shards=4), Metrics()
        self.bus.subscribe(self._on_delivery)
        self.users = UserDirectory(
            bus=self.bus,
            clock=clock,
            call_later=self.timers.call_later,
            metrics=metrics,
            meter=EventMeter(metrics=metrics, clock=clock),
            relations=Relations(),
            on_block=lambda *_: None,
            grace_s=GRACE_S,
        )

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event == USER_OFFLINE:
            self.offline.append(envelope.user_id)
            return
        if envelope.event == USER_UNSEEN:
            self.unseen.append((envelope.user_id, parse_unseen(envelope.payload)))
            return
        status = msgspec.json.decode(envelope.payload)["status"]
        self.published.append((envelope.guild_id, status))


def test_presence_is_published_to_every_guild_of_the_users_sessions() -> None:
    place = RecordedDirectory()
    session, _ = make_session(5)
    place.users.enter(session)
    session.slots = {7: 0, 9: 0}
    place.users.set_presence(session, PresenceUpdate(status="idle"))
    place.users.start(session)
    place.users.set_presence(session, PresenceUpdate(status="dnd"))
    place.users.leave(session)
    expected = [(guild_id, status) for status in ("idle", "dnd", "offline") for guild_id in (7, 9)]
    assert place.published == expected
    assert place.users.shown.find(5) is None


def test_lost_socket_makes_its_user_offline_after_the_grace() -> None:
    place = RecordedDirectory()
    session, _ = make_session(5)
    place.users.enter(session)
    session.slots = {7: 0}
    place.users.set_presence(session, None)
    place.users.start(session)
    place.users.lose(session)
    place.timers.advance(GRACE_S - 1)
    assert place.published == [(7, "online")]
    place.timers.advance(1)
    assert place.published == [(7, "online"), (7, "offline")]
    assert place.offline == [5]
    place.users.regain(session)
    assert place.published[2:] == [(7, "online")]
    assert place.users.shown.find(5) is not None


def test_socket_that_is_back_within_the_grace_changes_nothing() -> None:
    place = RecordedDirectory()
    session, _ = make_session(5)
    other, _ = make_session(6, session_id="other")
    for each in (session, other):
        place.users.enter(each)
        each.slots = {7: 0}
        place.users.set_presence(each, None)
        place.users.start(each)
    place.users.lose(session)
    place.users.regain(session)
    place.users.lose(other)
    place.timers.advance(GRACE_S)
    assert place.published == [(7, "online"), (7, "online"), (7, "offline")]
    assert place.offline == [6]
    assert place.users.shown.find(5) is not None


def test_directory_that_is_closed_has_no_timers_left() -> None:
    place = RecordedDirectory()
    session, _ = make_session(5)
    place.users.enter(session)
    place.users.lose(session)
    place.users.close()
    assert len(place.timers) == 0


def test_many_logins_of_one_account_tell_each_session_once() -> None:
    place = RecordedDirectory()
    connections = []
    for number in range(300):
        session, connection = make_session(5, session_id=str(number), is_bot=False)
        place.users.enter(session)
        place.users.set_presence(session, None)
        place.users.start(session)
        connections.append(connection)
    assert [connection.names() for connection in connections] == [[]] * 300
    place.timers.run()
    assert [connection.names() for connection in connections] == [["SESSIONS_REPLACE"]] * 300


def test_sessions_that_all_end_before_they_are_told_are_forgotten() -> None:
    place = RecordedDirectory()
    sessions = [make_session(5, session_id=session_id, is_bot=False)[0] for session_id in "ab"]
    for session in sessions:
        place.users.enter(session)
        place.users.set_presence(session, None)
        place.users.start(session)
    for session in sessions:
        place.users.leave(session)
    assert len(place.timers) == 0


def busy_place(statuses: int, sessions: int = 50) -> RecordedDirectory:
    """One account with many sessions, each of which changes the merged presence."""
    place = RecordedDirectory()
    seats = [make_session(5, session_id=str(number), is_bot=False)[0] for number in range(sessions)]
    for session in seats:
        place.users.enter(session)
        session.slots = {7: 0}
        place.users.set_presence(session, PresenceUpdate(status="invisible"))
        place.users.start(session)
    for number in range(statuses):
        status = ("dnd", "invisible")[number // sessions % 2]
        place.users.set_presence(seats[number % sessions], PresenceUpdate(status=status))
        place.users.set_presence(seats[number % sessions], PresenceUpdate(status="idle"))
    return place


def test_presences_of_an_account_with_many_sessions_are_bounded_and_the_newest_is_told() -> None:
    place = busy_place(20)
    assert len(place.published) == CHANGES
    before = place.users.shown.find(5)
    place.timers.advance(WINDOW_S)
    assert len(place.published) == CHANGES + 1
    assert before is not None
    assert place.published[-1] == (7, msgspec.json.decode(before)["status"])


def test_account_that_is_there_no_more_is_told_of_at_once() -> None:
    place = RecordedDirectory()
    seats = [make_session(5, session_id=session_id, is_bot=False)[0] for session_id in "ab"]
    for session in seats:
        place.users.enter(session)
        session.slots = {7: 0}
        place.users.set_presence(session, None)
        place.users.start(session)
    for number in range(2 * CHANGES):
        place.users.set_presence(seats[0], PresenceUpdate(status=("online", "idle")[number % 2]))
        place.users.set_presence(seats[1], PresenceUpdate(status=("online", "idle")[number % 2]))
    told = len(place.published)
    for session in seats:
        place.users.leave(session)
    assert place.published[told:] == [(7, "offline")]
    assert len(place.timers) == 0


def test_single_session_is_told_of_as_often_as_its_connection_lets_it() -> None:
    place = RecordedDirectory()
    session, _ = make_session(5)
    place.users.enter(session)
    session.slots = {7: 0}
    place.users.set_presence(session, None)
    place.users.start(session)
    for number in range(3 * CHANGES):
        place.users.set_presence(session, PresenceUpdate(status=("idle", "online")[number % 2]))
    assert len(place.published) == 3 * CHANGES + 1


def test_presence_is_published_to_those_friends_who_have_sessions() -> None:
    place = RecordedDirectory()
    told: list[tuple[int, int]] = []
    seats = {}
    place.bus.subscribe(lambda each: told.append((each.envelope.user_id, each.envelope.author_id)))
    for user_id, friend_ids in ((5, [6, 7, 8]), (6, [5]), (7, [5])):
        session, _ = make_session(user_id, session_id=str(user_id), is_bot=False)
        seats[user_id] = session
        place.users.enter(session)
        rows = [Relationship(user_id=user_id, other_id=each, type=1) for each in friend_ids]
        place.users.know_relationships(session, rows)
        place.users.set_presence(session, None)
        place.users.start(session)
    place.timers.advance(GAP_S)
    assert told == [(5, 6), (5, 7)]
    assert [presence.user_id for presence in place.users.list_friends_presences(5)] == ["6", "7"]
    told.clear()
    place.timers.advance(GAP_S)
    place.users.set_presence(seats[5], PresenceUpdate(status="dnd"))
    assert told == [(6, 5), (7, 5)]


def test_session_that_was_closed_counts_until_its_user_has_another_one() -> None:
    place = RecordedDirectory()
    before, _ = make_session(5, session_id="before", is_bot=False)
    place.users.enter(before)
    before.slots = {7: 0}
    place.users.set_presence(before, PresenceUpdate(status="online"))
    place.users.start(before)
    place.users.part(before)
    assert place.published == [(7, "online")]
    after, connection = make_session(5, session_id="after", is_bot=False)
    place.users.enter(after)
    place.users.set_presence(after, PresenceUpdate(status="online"))
    place.users.start(after)
    assert [each.session_id for each in place.users.list_sessions(5)] == ["after"]
    place.users.leave(before)
    assert place.published == [(7, "online")]
    assert place.offline == []
    after.slots = {7: 0}
    place.users.set_presence(after, PresenceUpdate(status="idle"))
    assert place.published[1:] == [(7, "idle")]
    place.users.part(after)
    place.users.leave(after)
    assert place.published[2:] == [(7, "offline")]
    assert place.offline == [5]
    place.timers.run()
    assert connection.names() in ([], ["SESSIONS_REPLACE"])


def test_new_session_is_seen_as_it_says_whatever_the_closed_one_was() -> None:
    place = RecordedDirectory()
    before, _ = make_session(5, session_id="before", is_bot=False)
    place.users.enter(before)
    before.slots = {7: 0}
    place.users.set_presence(before, PresenceUpdate(status="dnd"))
    place.users.start(before)
    place.users.part(before)
    after, _ = make_session(5, session_id="after", is_bot=False)
    place.users.enter(after)
    place.users.set_presence(after, PresenceUpdate(status="invisible"))
    assert place.published == [(7, "dnd"), (7, "offline")]
    assert place.offline == []


def test_user_is_unseen_from_the_end_of_the_grace_or_from_being_invisible() -> None:
    place = RecordedDirectory()
    session, _ = make_session(5)
    place.users.enter(session)
    place.users.set_presence(session, PresenceUpdate(status="idle"))
    place.users.start(session)
    place.users.set_presence(session, PresenceUpdate(status="invisible"))
    hidden_ms = place.clock.now_ms()
    assert place.unseen == [(5, hidden_ms)]
    place.timers.advance(60)
    place.users.set_presence(session, PresenceUpdate(status="online"))
    place.users.lose(session)
    place.timers.advance(GRACE_S)
    assert place.unseen == [(5, hidden_ms), (5, place.clock.now_ms())]
    assert place.clock.now_ms() > hidden_ms


def test_sessions_that_nobody_sees_leave_no_trace() -> None:
    place = RecordedDirectory()
    session, _ = make_session(5)
    place.users.enter(session)
    place.users.set_presence(session, PresenceUpdate(status="invisible"))
    place.users.start(session)
    place.timers.advance(60)
    place.users.leave(session)
    assert place.offline == [5]
    assert place.unseen == []
