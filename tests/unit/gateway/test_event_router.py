"""The routing of events, and their consequences outside the actors."""

from collections.abc import Collection
from typing import Any

import msgspec
import pytest

from core.bus.interfaces import Delivery
from core.domain.events import GUILD_JOINED, SESSION_REVOKED, Audience, UnknownEvent
from core.runtime.metrics.metrics import Metrics
from core.wire.envelope import Envelope
from gateway.event_router import EventRouter
from gateway.events.event_meter import EventMeter
from gateway.events.log_progress import LogProgress
from gateway.events.login_windows import LoginWindows
from gateway.homes.call_watch import CallWatch
from gateway.scheduling.tasks import Tasks
from gateway.sessions.session import Session
from gateway.sessions.session_table import SessionTable
from gateway.users.relations import Relations
from gateway.users.user_directory import UserDirectory
from tests.fakes.clock import FakeClock
from tests.fakes.gateway.gateway_connection import FakeConnection
from tests.fakes.gateway.voice_port import FakeVoicePort
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.timers import FakeTimers
from tests.support.gateway.sessions import make_session

USER = 5


class RouterUnderTest:
    """A router with users and sessions. This class itself stands for the guilds and their entrance."""

    def __init__(self) -> None:
        clock, metrics = FakeClock(), Metrics()
        timers = FakeTimers(clock)
        meter = EventMeter(metrics=metrics, clock=clock)
        self.delivered: list[str] = []
        self.joined: list[tuple[str, int]] = []
        self.gone: list[tuple[str, int]] = []
        self.revoked: list[tuple[int, str, Collection[int]]] = []
        self.windows = LoginWindows()
        self.users = UserDirectory(
            bus=MemoryBus(num_shards=4),
            clock=clock,
            call_later=timers.call_later,
            metrics=metrics,
            meter=meter,
            relations=Relations(),
            on_block=lambda *_: None,
            grace_s=10.0,
        )
        self.table = SessionTable(
            resume_window_s=60.0,
            linger_s=10.0,
            call_later=timers.call_later,
            on_added=lambda _: None,
            on_lost=self.users.lose,
            on_parted=(self.users.part,),
            on_ended=[self.users.leave],
        )
        self.router = EventRouter(
            guilds=self,  # type: ignore[arg-type]
            users=self.users,
            windows=self.windows,
            homes=self,  # type: ignore[arg-type]
            table=self.table,
            meter=meter,
            progress=LogProgress(),
            calls=CallWatch(port=FakeVoicePort(), tasks=Tasks()),
            on_revoked=lambda *told: self.revoked.append(told),
        )

    def deliver(self, delivery: Delivery) -> None:
        """An event of a guild."""
        self.delivered.append(delivery.envelope.event)

    def join(self, session: Session, guild_id: int, *, is_news: bool) -> None:
        """Note a session that is to enter a guild of which the event tells."""
        assert is_news
        self.joined.append((session.id, guild_id))

    def note_gone(self, envelope: Envelope) -> None:
        """Note a member or a guild that is gone, which the guild must know already."""
        assert self.delivered[-1] == envelope.event
        self.gone.append((envelope.event, envelope.user_id))

    def session(self, session_id: str, *, is_ready: bool = True, **profile: Any) -> tuple[Session, FakeConnection]:
        """A session of the user."""
        session, connection = make_session(USER, session_id=session_id, **profile)
        connection.session = session
        self.table.reserve(session)
        self.users.enter(session)
        if is_ready:
            self.users.set_presence(session, None)
            self.users.start(session)
            self.table.add(session)
        return session, connection

    def tell(self, event: str, payload: Any, **header: Any) -> None:
        """An event, by default for the user."""
        raw = msgspec.Raw(msgspec.json.encode(payload))
        header = {"audience": Audience.USER, "user_id": USER} | header
        self.router.route(Delivery(shard=0, position=0, envelope=Envelope(id=1, event=event, payload=raw, **header)))


def test_revoked_auth_session_ends_its_sessions_ready_or_not() -> None:
    place = RouterUnderTest()
    sessions = [
        place.session("a", auth_session_id=1),
        place.session("b", auth_session_id=2),
        place.session("c", auth_session_id=1, is_ready=False),
    ]
    sessions[0][0].slots[7] = 0
    place.tell(SESSION_REVOKED, {"auth_session_id": "1"})
    assert place.revoked == [(USER, "a", [7]), (USER, "c", [])]
    assert [session.is_ended for session, _ in sessions] == [True, False, True]
    assert [connection.is_open for _, connection in sessions] == [False, True, False]
    assert list(place.table.sessions_of(USER)) == [sessions[1][0]]


def test_joined_guild_is_entered_by_the_sessions_that_are_ready() -> None:
    place = RouterUnderTest()
    place.session("a")
    place.session("b", is_ready=False)
    place.tell(GUILD_JOINED, {"guild_id": "7"})
    assert place.joined == [("a", 7)]


@pytest.mark.parametrize(
    ("event", "is_current"),
    [
        ("GUILD_MEMBER_ADD", False),
        ("GUILD_MEMBER_UPDATE", False),
        ("GUILD_MEMBER_REMOVE", False),
        ("GUILD_UPDATE", True),
    ],
)
def test_changes_of_members_are_noted_for_logins_that_are_read(event: str, is_current: bool) -> None:
    place = RouterUnderTest()
    window = place.windows.open(1)
    place.tell(event, {}, audience=Audience.GUILD, guild_id=7)
    assert window.is_current(7, USER) is is_current
    assert place.delivered == [event]


def test_events_for_a_user_are_noted_for_logins_that_are_read() -> None:
    place = RouterUnderTest()
    window = place.windows.open(1)
    place.tell("USER_UPDATE", {})
    assert [envelope.event for envelope in window.events_of(USER)] == ["USER_UPDATE"]


def test_event_that_nobody_knows_is_refused() -> None:
    place = RouterUnderTest()
    with pytest.raises(UnknownEvent):
        place.tell("USER_UPDAET", {})
    assert place.delivered == []


def test_entrance_hears_of_members_and_guilds_that_are_gone_after_the_guild() -> None:
    router = RouterUnderTest()
    for event in ("GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE", "GUILD_UPDATE"):
        router.tell(event, {}, audience=Audience.GUILD, guild_id=3)
    router.tell("GUILD_DELETE", {}, audience=Audience.GUILD, guild_id=3, user_id=0)
    assert router.gone == [("GUILD_MEMBER_REMOVE", USER), ("GUILD_DELETE", 0)]
