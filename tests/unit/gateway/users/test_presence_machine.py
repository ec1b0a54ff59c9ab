"""Presences of people who come, go, lose their sockets and change their minds, against a plain model of what others see.

The model has a list of sessions for each person, each with its status, its platform and the time at which it counts no
more. What others were told last is what the model says, once nothing waits. Nobody is ever told to be offline who is
within the grace.
"""

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.bus.interfaces import Delivery
from core.domain.events import PRESENCE_UPDATE
from core.domain.people.relationship import Relationship
from core.runtime.metrics.metrics import Metrics
from gateway.commands.presence_command import PresenceUpdate
from gateway.events.event_meter import EventMeter
from gateway.sessions.session import Session
from gateway.sessions.session_table import SessionTable
from gateway.users.account_presences import WINDOW_S
from gateway.users.relations import Relations
from gateway.users.user_directory import UserDirectory
from tests.fakes.clock import FakeClock
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.timers import FakeTimers
from tests.support.gateway.sessions import make_session

GUILD, OBSERVER = 7, 1
PEOPLE = (2, 3)
GRACE_S, RESUME_S = 10.0, 30.0
NEVER = float("inf")

statuses = st.sampled_from(["online", "idle", "dnd", "invisible"])
people = st.sampled_from(PEOPLE)


class Said:
    """A session as the model has it. `until_s` is the time at which it counts no more."""

    def __init__(self, session: Session, platform: str, status: str) -> None:
        self.session = session
        self.platform = platform
        self.status = status
        self.until_s = NEVER
        self.is_parted = False


class Presences(RuleBasedStateMachine):
    """The observer is everybody's friend, and hears of the guild as well."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        bus, metrics = MemoryBus(num_shards=4), Metrics()
        bus.subscribe(self._on_delivery)
        self.users = UserDirectory(
            bus=bus,
            clock=self.clock,
            call_later=self.timers.call_later,
            metrics=metrics,
            meter=EventMeter(metrics=metrics, clock=self.clock),
            relations=Relations(),
            on_block=lambda *_: None,
            grace_s=GRACE_S,
        )
        self.table = SessionTable(
            resume_window_s=RESUME_S,
            linger_s=GRACE_S,
            call_later=self.timers.call_later,
            on_added=lambda _: None,
            on_lost=self.users.lose,
            on_parted=(self.users.part,),
            on_ended=[self.users.leave],
        )
        self.said: dict[int, list[Said]] = {user_id: [] for user_id in PEOPLE}
        self.told: dict[int, dict[str, Any]] = {}
        self.told_friend: dict[int, dict[str, Any]] = {}
        self.count = 0

    @initialize()
    def observe(self) -> None:
        self._log_in(OBSERVER, PEOPLE, "desktop", "online")
        self.told.clear()

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event != PRESENCE_UPDATE:
            return
        shown = msgspec.json.decode(envelope.payload)
        user_id = int(shown["user"]["id"])
        (self.told if envelope.guild_id else self.told_friend)[user_id] = shown

    def _log_in(self, user_id: int, friend_ids: Any, platform: str, status: str) -> Session:
        self.count += 1
        session, _ = make_session(user_id, session_id=str(self.count), is_bot=False, platform=platform)
        self.table.reserve(session)
        self.users.enter(session)
        rows = [Relationship(user_id=user_id, other_id=each, type=1) for each in friend_ids]
        self.users.know_relationships(session, rows)
        session.slots = {GUILD: 0}
        self.users.set_presence(session, PresenceUpdate(status=status))
        self.table.add(session)
        self.users.start(session)
        return session

    def _connected(self, user_id: int) -> list[Said]:
        return [each for each in self.said[user_id] if each.session.connection is not None]

    @rule(user_id=people, platform=st.sampled_from(["desktop", "mobile", "web"]), status=statuses)
    def log_in(self, user_id: int, platform: str, status: str) -> None:
        """Another session begins: one that was closed counts no more."""
        session = self._log_in(user_id, [OBSERVER], platform, status)
        self.said[user_id] = [each for each in self.said[user_id] if not each.is_parted]
        self.said[user_id].append(Said(session, platform, status))

    @rule(user_id=people, which=st.integers(0, 5), status=statuses)
    def say(self, user_id: int, which: int, status: str) -> None:
        connected = self._connected(user_id)
        if connected:
            said = connected[which % len(connected)]
            said.status = status
            self.users.set_presence(said.session, PresenceUpdate(status=status))

    @rule(user_id=people, which=st.integers(0, 5))
    def close(self, user_id: int, which: int) -> None:
        """A client closes its session: the last one counts for the grace."""
        connected = self._connected(user_id)
        if not connected:
            return
        said = connected[which % len(connected)]
        if len(self.table.sessions_of(user_id)) == 1:
            said.is_parted, said.until_s = True, self.clock.monotonic_s() + GRACE_S
        else:
            self.said[user_id].remove(said)
        self.table.part(said.session)

    @rule(user_id=people, which=st.integers(0, 5))
    def lose(self, user_id: int, which: int) -> None:
        connected = self._connected(user_id)
        if connected:
            said = connected[which % len(connected)]
            said.until_s = self.clock.monotonic_s() + GRACE_S
            self.table.lose(said.session)

    @rule(user_id=people)
    def resume(self, user_id: int) -> None:
        for said in self.said[user_id]:
            if self.table.find(said.session.id) is said.session and said.session.connection is None:
                _, connection = make_session(user_id)
                self.table.take(said.session, connection)  # type: ignore[arg-type]
                self.users.regain(said.session)
                said.until_s = NEVER
                return

    @rule(seconds=st.sampled_from([0.05, 1.0, 9.0, 11.0]))
    def wait(self, seconds: float) -> None:
        self.timers.advance(seconds)

    @rule()
    def settle(self) -> None:
        """Wait until nothing waits: then everybody was told what is true."""
        self.timers.advance(WINDOW_S + 1)
        for user_id in PEOPLE:
            expected = self._expect(user_id)
            for told in (self.told, self.told_friend):
                shown = told.get(user_id, {"status": "offline", "client_status": {}})
                assert (shown["status"], shown["client_status"]) == expected

    @invariant()
    def nobody_is_offline_within_the_grace(self) -> None:
        for user_id, shown in self.told.items():
            if user_id in PEOPLE and shown["status"] == "offline":
                assert self._expect(user_id)[0] == "offline"

    def _expect(self, user_id: int) -> tuple[str, dict[str, str]]:
        now_s = self.clock.monotonic_s()
        by_platform: dict[str, str] = {}
        for status in ("idle", "online", "dnd"):
            for said in self.said[user_id]:
                if said.until_s > now_s and said.status == status:
                    by_platform[said.platform] = status
        found = by_platform.values()
        return next((each for each in ("dnd", "online", "idle") if each in found), "offline"), by_platform

    def teardown(self) -> None:
        self.settle()


TestPresences = Presences.TestCase
TestPresences.settings = settings(stateful_step_count=25, deadline=None)
