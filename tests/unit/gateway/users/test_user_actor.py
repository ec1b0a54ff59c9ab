"""A user's sessions: events before and after READY, and presences."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.domain.events import GUILD_JOINED, Audience
from core.domain.intents import Intent
from core.wire.envelope import NO_ID, Envelope
from gateway.sessions.session import Session
from gateway.users.presence import OFFLINE, Presence, merge_presences
from gateway.users.settled_presence import SettledPresence
from gateway.users.user_actor import MAX_SESSIONS_TOLD, UserActor
from tests.fakes.gateway.gateway_connection import FakeConnection
from tests.support.gateway.sessions import make_session

USER = 5


class RecordedActor:
    """A user's actor that records its calls."""

    def __init__(self, *, is_bot: bool = False) -> None:
        self.joined: list[tuple[str, int]] = []
        self.presences: list[str] = []
        self.times_offline = 0
        self.times_news = 0
        self.counted: list[tuple[str, int]] = []
        self.last_id = 0
        self.actor = UserActor(
            USER,
            is_bot=is_bot,
            on_presence=lambda actor: self.presences.append(actor.presence.status),
            on_offline=self._on_offline,
            on_sessions=self._on_sessions,
            count=lambda event, sessions: self.counted.append((event, sessions)),
        )

    def _on_offline(self, actor: UserActor) -> None:
        assert actor is self.actor
        self.times_offline += 1

    def _on_sessions(self, actor: UserActor) -> None:
        assert actor is self.actor
        self.times_news += 1

    def session(self, session_id: str, *, start: bool = True, **profile: Any) -> tuple[Session, FakeConnection]:
        """A session with a seat."""
        session, connection = make_session(USER, session_id=session_id, **profile)
        self.actor.enter(session)
        if start:
            self.start(session)
        return session, connection

    def start(self, session: Session) -> None:
        """Start a session, as READY does."""
        self.joined += [(join.session.id, join.guild_id) for join in self.actor.start(session)]

    def tell(self, event: str, payload: Any = None, *, envelope_id: int | None = None, **header: Any) -> None:
        """An event for the user."""
        self.last_id += 1
        envelope = Envelope(
            id=self.last_id if envelope_id is None else envelope_id,
            event=event,
            audience=Audience.USER,
            payload=msgspec.Raw(msgspec.json.encode(payload or {})),
            user_id=USER,
            **header,
        )
        self.joined += [(join.session.id, join.guild_id) for join in self.actor.deliver(envelope)]


def test_events_before_ready_follow_it_in_order() -> None:
    place = RecordedActor()
    session, connection = place.session("s", start=False)
    place.tell("USER_UPDATE")
    place.tell(GUILD_JOINED, {"guild_id": "7"})
    place.tell("CHANNEL_CREATE")
    assert connection.names() == []
    assert place.joined == []
    place.start(session)
    place.tell("CHANNEL_DELETE")
    assert connection.names() == ["USER_UPDATE", "CHANNEL_CREATE", "CHANNEL_DELETE"]
    assert place.joined == [("s", 7)]


def test_volatile_events_without_an_id_are_all_told() -> None:
    place = RecordedActor()
    _, connection = place.session("a")
    for status in ("idle", "dnd"):
        place.tell("PRESENCE_UPDATE", {"status": status}, envelope_id=NO_ID)
    assert [body["status"] for _, body in connection.take()] == ["idle", "dnd"]


def test_event_for_one_session_is_told_to_that_one_alone_also_after_its_login() -> None:
    place = RecordedActor()
    _, others = place.session("a")
    session, connection = place.session("b", start=False)
    place.tell("CALL_PEERS_UPDATE", session_id="b")
    place.tell("CALL_PEERS_UPDATE", session_id="gone")
    place.start(session)
    place.tell("CALL_PEER_SIGNAL", session_id="b")
    assert others.names() == []
    assert connection.names() == ["CALL_PEERS_UPDATE", "CALL_PEER_SIGNAL"]


def test_event_that_comes_again_is_ignored() -> None:
    place = RecordedActor()
    _, connection = place.session("s")
    place.tell("USER_UPDATE", envelope_id=1000)
    place.tell("USER_UPDATE", envelope_id=1000)
    assert connection.names() == ["USER_UPDATE"]


def test_direct_channels_are_announced_to_people_and_not_to_bots() -> None:
    for is_bot, events in ((False, ["CHANNEL_CREATE", "USER_UPDATE"]), (True, ["USER_UPDATE"])):
        place = RecordedActor(is_bot=is_bot)
        _, connection = place.session("s")
        place.tell("CHANNEL_CREATE", {"id": "9", "type": 1})
        place.tell("USER_UPDATE")
        assert connection.names() == events


def test_direct_messages_need_their_intent_and_the_first_client_shard() -> None:
    place = RecordedActor(is_bot=True)
    _, first = place.session("0", intents=int(Intent.DIRECT_MESSAGES), shard=(0, 2))
    _, second = place.session("1", intents=int(Intent.DIRECT_MESSAGES), shard=(1, 2))
    _, deaf = place.session("2", intents=int(Intent.GUILD_MESSAGES))
    place.tell("MESSAGE_CREATE", {"content": "x", "nonce": "n"}, author_id=6)
    assert [event for event, _, _ in first.dispatched] == ["MESSAGE_CREATE"]
    assert first.dispatched[0][1] == {"content": "x"}
    assert second.names() == deaf.names() == []


def test_author_of_a_direct_message_sees_its_nonce() -> None:
    place = RecordedActor()
    _, connection = place.session("s")
    place.tell("MESSAGE_CREATE", {"content": "x", "nonce": "n"}, author_id=USER)
    assert connection.dispatched[0][1] == {"content": "x", "nonce": "n"}


def test_joined_guild_is_for_the_sessions_of_its_client_shard() -> None:
    place = RecordedActor(is_bot=True)
    for shard_id in range(2):
        place.session(str(shard_id), shard=(shard_id, 2))
    place.tell(GUILD_JOINED, {"guild_id": str(1 << 22)})
    assert place.joined == [("1", 1 << 22)]


def test_joined_guild_is_for_those_that_are_ready_at_once_and_for_others_when_they_are() -> None:
    place = RecordedActor()
    place.session("a")
    session, _ = place.session("b", start=False)
    place.tell(GUILD_JOINED, {"guild_id": "7"})
    assert place.joined == [("a", 7)]
    place.start(session)
    assert place.joined == [("a", 7), ("b", 7)]


def test_presence_is_told_when_what_others_see_changes() -> None:
    place = RecordedActor()
    first, _ = place.session("a")
    second, _ = place.session("b", start=False)
    place.actor.set_presence(first, Presence(status="idle"))
    place.actor.set_presence(first, Presence(status="idle"))
    place.actor.set_presence(second, Presence(status="invisible"))
    assert place.presences == ["idle"]
    place.actor.set_presence(second, Presence(status="online"))
    place.actor.set_present(second, is_present=False)
    place.actor.set_present(second, is_present=True)
    place.actor.leave(second)
    place.actor.leave(first)
    assert place.presences == ["idle", "online", "idle", "online", "idle", "offline"]
    assert len(place.actor) == 0


def test_sessions_of_a_person_have_news_for_each_other_and_a_bots_have_not() -> None:
    for is_bot, times in ((False, 3), (True, 0)):
        place = RecordedActor(is_bot=is_bot)
        first, _ = place.session("a")
        second, _ = place.session("b")
        place.actor.set_presence(first, Presence(status="idle"))
        assert place.times_news == 0
        place.actor.set_presence(second, Presence(status="online"))
        place.actor.set_present(first, is_present=False)
        place.actor.set_present(first, is_present=True)
        place.actor.set_present(first, is_present=True)
        assert place.times_news == times


def test_sessions_are_told_of_those_that_are_present_as_they_are_now() -> None:
    place = RecordedActor()
    first, connection = place.session("a")
    second, other = place.session("b")
    _, waiting = place.session("c", start=False)
    place.actor.set_presence(first, Presence(status="idle"))
    place.actor.set_presence(second, Presence(status="dnd"))
    place.actor.tell_sessions()
    place.actor.set_present(first, is_present=False)
    place.actor.tell_sessions()
    for each in (connection, other):
        assert [[shown["status"] for shown in d] for _, d, _ in each.dispatched] == [["idle", "dnd"], ["dnd"]]
    assert waiting.names() == []
    assert place.counted == [("SESSIONS_REPLACE", 2)] * 2


def test_sessions_are_told_of_the_newest_when_they_are_many() -> None:
    place = RecordedActor()
    connections = []
    for number in range(MAX_SESSIONS_TOLD + 3):
        session, connection = place.session(str(number))
        place.actor.set_presence(session, Presence())
        connections.append(connection)
    place.actor.tell_sessions()
    for connection in connections:
        ((_, told, _),) = connection.dispatched
        assert [each["session_id"] for each in told] == [str(number) for number in range(3, MAX_SESSIONS_TOLD + 3)]


def test_sessions_follow_the_settings_of_their_user() -> None:
    place = RecordedActor()
    first, _ = place.session("a")
    second, _ = place.session("b")
    place.actor.set_presence(first, Presence(status="online", activities=[{"name": "chess", "type": 0}]))
    place.actor.set_presence(second, Presence(status="idle"))
    settled = SettledPresence(status="invisible", custom_status={"text": "away"})
    place.actor.follow_settings(settled, now_ms=9)
    assert place.actor.presence == OFFLINE
    shown = place.actor.list_sessions()
    assert [each.status for each in shown] == ["invisible", "invisible"]
    assert [[one.get("state", one["name"]) for one in each.activities] for each in shown] == [
        ["chess", "away"],
        ["away"],
    ]
    place.actor.follow_settings(SettledPresence(status="dnd"), now_ms=9)
    assert place.actor.presence.status == "dnd"
    place.actor.follow_settings(SettledPresence(custom_status=None), now_ms=9)
    assert [one["name"] for one in place.actor.presence.activities] == ["chess"]


def test_sessions_see_which_of_them_is_left_alone() -> None:
    place = RecordedActor()
    session, _ = place.session("a")
    place.actor.set_presence(session, Presence(status="idle", afk=True))
    assert [(each.status, each.active) for each in place.actor.list_sessions()] == [("idle", False)]


def test_user_is_offline_once_the_last_session_is_gone() -> None:
    place = RecordedActor()
    first, _ = place.session("first")
    second, _ = place.session("second")
    for session in (first, second):
        place.actor.set_presence(session, Presence(status="online"))
    place.actor.leave(first)
    assert place.times_offline == 0
    place.actor.set_present(second, is_present=False)
    assert place.times_offline == 1
    place.actor.leave(second)
    assert place.times_offline == 1


def test_invisible_user_is_not_offline_until_gone() -> None:
    place = RecordedActor()
    session, _ = place.session("s")
    place.actor.set_presence(session, Presence(status="online"))
    place.actor.set_presence(session, Presence(status="invisible"))
    assert (place.presences, place.times_offline) == (["online", "offline"], 0)
    place.actor.leave(session)
    assert place.times_offline == 1


def test_resumed_user_goes_offline_again() -> None:
    place = RecordedActor()
    session, _ = place.session("s")
    place.actor.set_presence(session, Presence(status="online"))
    for times in (1, 2):
        place.actor.set_present(session, is_present=False)
        assert place.times_offline == times
        place.actor.set_present(session, is_present=True)


def test_user_with_a_login_under_way_is_not_offline_unless_it_fails() -> None:
    place = RecordedActor()
    before, _ = place.session("before")
    place.actor.set_presence(before, Presence(status="online"))
    after, _ = place.session("after", start=False)
    place.actor.leave(before)
    assert place.times_offline == 0
    place.actor.leave(after)
    assert place.times_offline == 1


def test_failed_login_of_an_absent_user_is_not_going_offline() -> None:
    place = RecordedActor()
    session, _ = place.session("s", start=False)
    place.actor.leave(session)
    assert place.times_offline == 0


presences = st.builds(
    Presence,
    status=st.sampled_from(["online", "idle", "dnd", "invisible"]),
    activities=st.sampled_from([[], [{"name": "a"}], [{"name": "b"}]]),
)
steps = st.one_of(
    st.tuples(st.just("come"), st.sampled_from(["desktop", "mobile", "web"]), presences),
    st.tuples(st.just("say"), st.integers(0, 99), presences),
    st.tuples(st.just("lose"), st.integers(0, 99), st.none()),
    st.tuples(st.just("leave"), st.integers(0, 99), st.none()),
)


@given(early=st.lists(steps, max_size=5), come=st.lists(presences, max_size=30), late=st.lists(steps, max_size=30))
def test_presence_of_few_and_of_many_sessions_is_that_of_all(
    early: list[Any], come: list[Presence], late: list[Any]
) -> None:
    place = RecordedActor()
    seats: list[tuple[Session, str, Presence | None]] = []
    for number, (step, which, said) in enumerate([*early, *[("come", "web", each) for each in come], *late]):
        if step == "come":
            session, _ = place.session(str(number), platform=which)
            place.actor.set_presence(session, said)
            seats.append((session, which, said))
        elif seats:
            at = which % len(seats)
            session, platform, before = seats[at]
            if step == "leave":
                place.actor.leave(session)
                del seats[at]
            elif step == "say":
                place.actor.set_presence(session, said)
                seats[at] = (session, platform, said)
            elif before is not None:
                place.actor.set_present(session, is_present=False)
                seats[at] = (session, platform, None)
        shown = [(platform, said) for _, platform, said in seats if said is not None]
        assert place.actor.presence == merge_presences(shown)
        assert place.actor.present == len(shown)
