"""Sessions at other workers get all that sessions here get: of every event, through every change of views.

Beside the actor of the machine, which has all sessions, an actor whose sessions are spread over workers applies the same.
"""

from collections.abc import Iterable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from core.bus.interfaces import Delivery
from core.domain.guilds.guild import GuildSnapshot
from core.domain.guilds.member import Member
from core.wire.envelope import Envelope
from gateway.commands.commands import LazyGuilds
from gateway.guilds.guild_actor import GuildActor
from gateway.sessions.seat import Seat
from gateway.sessions.session import Session
from tests.fakes.gateway.far_host import FakeFarHost, FarSeat
from tests.support.gateway.guild_model import CHANNELS, GUILD, USERS
from tests.support.gateway.sessions import make_session
from tests.support.gateway.stays import make_stay
from tests.support.gateway.view_machine import ViewMachine, Watcher


class Twin:
    """A session where all are here, and the same where they are spread."""

    def __init__(self, here: Session, there: Session, seat: Seat) -> None:
        self.here, self.there, self.seat = here, there, seat

    def check(self) -> None:
        """Both have got the same, byte for byte."""
        histories = [
            [(number, body.event, bytes(body.payload)) for number, body in session.track.after(0)]
            for session in (self.here, self.there)
        ]
        assert histories[0] == histories[1]


class SpreadMachine(ViewMachine):
    """Each session is at one of three workers or here, by turns."""

    def __init__(self) -> None:
        super().__init__()
        self.spread: GuildActor
        self.hosts = [FakeFarHost(owner) for owner in (1, 2, 3)]
        self.twins: dict[str, Twin] = {}

    def make_actor(self, snapshot: GuildSnapshot, rows: list[Member] | None) -> GuildActor:
        """Make both actors."""
        self.spread = super().make_actor(snapshot, rows)
        return super().make_actor(snapshot, rows)

    def apply(self, delivery: Delivery) -> None:
        """Both actors apply a delivery."""
        super().apply(delivery)
        self.spread.apply(delivery)

    def enter(self, user_id: int, intents: int, *, is_bot: bool, messages: Iterable[Envelope] = ()) -> Watcher | None:
        """A session enters at both actors."""
        came = list(messages)
        watcher = super().enter(user_id, intents, is_bot=is_bot, messages=came)
        stay = make_stay(self.spread, user_id)
        stay.settle(self.model.member(user_id) if user_id in self.model.members else None)
        stay.collected += [Delivery(self.position, 0, message) for message in came]
        if watcher is not None:
            twin = self.make_twin(watcher.session)
            assert stay.enter(twin.seat, presence=None)
        stay.close()
        return watcher

    def make_twin(self, session: Session) -> Twin:
        """Make the same session at a worker."""
        profile = session.profile
        there, _ = make_session(
            profile.user_id, session_id=profile.session_id, intents=profile.intents, is_bot=profile.is_bot
        )
        host = [None, *self.hosts][self.sessions_made % (len(self.hosts) + 1)]
        twin = self.twins[profile.session_id] = Twin(session, there, there if host is None else FarSeat(there, host))
        return twin

    def let_go(self, watcher: Watcher) -> None:
        """Both actors let a session go."""
        super().let_go(watcher)
        self.spread.attendance.detach(self.twins[watcher.session.id].seat)

    @rule(watcher=ViewMachine.watchers, channel_id=st.sampled_from(CHANNELS))
    def look(self, watcher: Watcher, channel_id: int) -> None:
        """A client looks at a channel's member list. A passive one would become active."""
        if watcher in self.here and not watcher.is_passive:
            asked = LazyGuilds(guild_id=GUILD, typing=True, channels={str(channel_id): [[0, 99]]})
            self.actor.attention.subscribe(watcher.session, asked)
            self.spread.attention.subscribe(self.twins[watcher.session.id].seat, asked)

    @rule(user_id=st.sampled_from(USERS), status=st.sampled_from(["online", "idle", "offline"]))
    def show(self, user_id: int, status: str) -> None:
        """A user has another presence."""
        payload: dict[str, Any] = {
            "user": {"id": str(user_id)},
            "status": status,
            "activities": [],
            "client_status": {},
        }
        self.tell("PRESENCE_UPDATE", payload | {"guild_id": str(GUILD)}, user_id=user_id)

    def all_that_is_kept_is_as_if_made_anew(self) -> None:
        """What the machine checks of one actor for itself is no invariant of two: it is most of the time of a run."""

    @invariant()
    def all_get_the_same(self) -> None:
        """Every session has got the same in both, those that are gone too, and each is here or there alike."""
        for host in self.hosts:
            host.arrive()
        for twin in self.twins.values():
            twin.check()
            assert (GUILD in twin.here.slots) == (GUILD in twin.there.slots) == (GUILD in twin.seat.slots)


SpreadMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25)
TestSessionsAtOtherWorkersGetWhatSessionsHereGet = SpreadMachine.TestCase
