"""The return of sessions whose process has ended: into their guilds and to their user, with what they have missed.

```
 seat at the user, stays at the guilds ─→ from here on all events are held or collected; how far are the logs applied?
   ─→ the logs up to there, after the session's positions ─→ guilds open, memberships read and settled
   ─→ in one turn of the loop:
        events that wait are applied
        can all that it missed be told exactly? ─ no ─→ refused, and nothing was sent
        seated everywhere, quietly ─→ what it missed, by position ─→ what came meanwhile ─→ live
```

So each event of the session's logs is looked at once: it was dispatched before the positions, lies in the part that is
read, or comes while it is held. A session that was refused has to identify anew. That is always right, and so it is
the answer wherever a replay might not be exact (`gateway.guilds.guild_replay`).
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from core.bus.interfaces import Delivery, LogTrimmed
from core.domain.errors import Unavailable
from core.domain.events import GUILD_JOINED, GUILD_MEMBER_ADD
from core.domain.ids import shard_of
from core.store.interfaces import Store
from core.wire.envelope import Envelope
from core.wire.internal_events import parse_joined, parse_revoked
from gateway.events.log_progress import LogProgress, of_users
from gateway.events.replay_rules import USER_RULES, ReplayRule
from gateway.events.row_wait import RowWait
from gateway.guilds.guild_directory import GuildDirectory
from gateway.guilds.guild_replay import InexactReplayError, Plan, Way
from gateway.guilds.guild_stay import GuildStay
from gateway.homes.guild_entrance import GuildEntrance
from gateway.homes.home_port import GuildHomes
from gateway.homes.missed_events import MissedEvents, MissedTooMuch
from gateway.homes.replay_plans import ReplayPlans
from gateway.homes.session_state import RestoreRefusal, SessionState
from gateway.sessions.seat import Seat
from gateway.sessions.session_guild import SessionGuild
from gateway.users.user_directory import UserDirectory

_REFUSALS: Final[Mapping[type[Exception], RestoreRefusal]] = {
    LogTrimmed: RestoreRefusal.TRIMMED,
    MissedTooMuch: RestoreRefusal.BEHIND,
    Unavailable: RestoreRefusal.UNAVAILABLE,
}


class _Return:
    """One session on its way back."""

    __slots__ = ("of_guilds", "of_user", "plans", "session", "state", "stays")

    def __init__(self, session: Seat, state: SessionState, stays: Sequence[GuildStay]) -> None:
        self.session = session
        self.state = state
        self.stays = stays
        """The stays at the guilds of `state`, in the same order."""
        self.of_user: list[Delivery] = []
        """What it missed of its user's events."""
        self.of_guilds: dict[int, list[Delivery]] = {stay.guild_id: [] for stay in stays}
        """What it missed of each guild's events."""
        self.plans: list[Plan] = []
        """The replays of its guilds, in the order of `state`."""

    @property
    def guilds(self) -> Iterable[tuple[SessionGuild, GuildStay, Sequence[Delivery]]]:
        """Each guild with its stay and its events: those that were missed and those that came meanwhile."""
        for known, stay in zip(self.state.guilds, self.stays, strict=True):
            yield known, stay, [*self.of_guilds[stay.guild_id], *stay.collected]

    def note_missed(self, deliveries: Iterable[Delivery], *, user_after: int) -> None:
        """Take what was read of a shard's log, and keep what concerns the session; of its user what is newer."""
        for delivery in deliveries:
            envelope = delivery.envelope
            if envelope.guild_id in self.of_guilds:
                self.of_guilds[envelope.guild_id].append(delivery)
            elif not envelope.guild_id and envelope.user_id == self.session.user_id and delivery.position > user_after:
                self.of_user.append(delivery)


class SessionRestoring:
    """The `SessionHomes` of the guilds and users in this process."""

    __slots__ = ("_entrance", "_guilds", "_missed", "_num_shards", "_plans", "_progress", "_rows", "_store", "_users")

    def __init__(  # noqa: PLR0913 - guilds, users, their rows and their logs
        self,
        *,
        guilds: GuildDirectory,
        users: UserDirectory,
        entrance: GuildEntrance,
        store: Store,
        progress: LogProgress,
        missed: MissedEvents,
        plans: ReplayPlans,
        rows: RowWait,
        num_shards: int,
    ) -> None:
        self._entrance = entrance
        self._guilds = guilds
        self._missed = missed
        self._num_shards = num_shards
        self._plans = plans
        self._progress = progress
        self._rows = rows
        self._store = store
        self._users = users

    def describe(self, session: Seat) -> SessionState:
        """Return what the homes know of a session that is READY. Synchronous, so that a cut can be of one moment."""
        actors = [self._guilds.find(guild_id) for guild_id in session.slots]
        seated = [actor for actor in actors if actor is not None and session in actor.sessions]
        return SessionState(
            guilds=tuple(actor.attendance.describe(session) for actor in seated),
            arriving=tuple(self._entrance.arriving(session)),
            presence=self._users.presence_set_by(session),
        )

    def positions(self) -> Mapping[int, int]:
        """Return the position of each shard up to which everything has been dispatched to the sessions here."""
        return self._progress.positions()

    async def restore(
        self,
        session: Seat,
        state: SessionState,
        positions: Mapping[int, int],
        *,
        into: GuildHomes | None = None,
    ) -> RestoreRefusal | None:
        """Bring a session back, as `gateway.homes.session_state.SessionHomes` says.

        All guilds of `state` are here. `into` are the homes of those that it enters later, None for those here.
        """
        shards = {shard_of(owner, self._num_shards) for owner in (session.user_id, *_list_ids(state))}
        is_behind = any(_find_newest(positions, shard) > self._progress.heard(shard) for shard in shards)
        # The process that the session comes from may have heard more than this one, for a moment.
        if is_behind and not await self._has_caught_up():
            return RestoreRefusal.UNAVAILABLE
        self._users.enter(session)
        stays = [self._guilds.stay(known.guild_id, session.user_id, collects=True) for known in state.guilds]
        until = {shard: self._progress.heard(shard) for shard in shards}
        coming = _Return(session, state, stays)
        try:
            refusal = await self._prepare(coming, positions, until) or self._judge(coming)
            if refusal is None:
                self._let_in(coming, into or self._entrance)
        except tuple(_REFUSALS) as error:
            return next(refusal for kind, refusal in _REFUSALS.items() if isinstance(error, kind))
        finally:
            for stay in stays:
                stay.close()
        return refusal

    async def _prepare(
        self, coming: _Return, positions: Mapping[int, int], until: Mapping[int, int]
    ) -> RestoreRefusal | None:
        """Read everything that the return needs. Afterwards its guilds are open and its memberships known."""
        session = coming.session
        with_guilds = {shard_of(guild_id, self._num_shards) for guild_id in coming.of_guilds}
        for shard, end in until.items():
            after = positions.get(shard, 0)
            user_after = positions.get(of_users(shard), after)
            if max(after, user_after) > end:
                return RestoreRefusal.AHEAD
            first = after if shard in with_guilds else user_after
            coming.note_missed(await self._missed.read(shard, after=first, until=end), user_after=user_after)
        for stay in coming.stays:
            await stay.open()
        token_hash = session.profile.token_hash
        login = (await self._store.logins.find_many([token_hash])).get(token_hash)
        if login is None:
            return RestoreRefusal.REVOKED
        self._users.know_relationships(session, login.relationships)
        await self._rows.wait()
        rows = {member.guild_id: member for member in login.memberships}
        for stay in coming.stays:
            stay.settle(rows.get(stay.guild_id))
        return None

    # -- in one turn of the loop

    def _judge(self, coming: _Return) -> RestoreRefusal | None:
        """Plan the replays, or return why they would not be exact. Events that wait are applied first."""
        self._entrance.catch_up()
        session = coming.session
        if session.is_ended:
            return RestoreRefusal.ENDED
        for delivery in coming.of_user:
            refusal = _judge_user_event(session, delivery.envelope)
            if refusal is not None:
                return refusal
        if _has_missed_a_join(self._users.held_for(session)):
            return RestoreRefusal.JOINED
        try:
            coming.plans = [self._plans.make(stay, session, known, missed) for known, stay, missed in coming.guilds]
        except InexactReplayError as error:
            return RestoreRefusal.LEFT if error.way is Way.LEFT else RestoreRefusal.VIEWS
        return None

    async def _has_caught_up(self) -> bool:
        """Apply all that the logs have now. Return whether that was possible."""
        try:
            await self._missed.wait_for_newest()
        except Unavailable:
            return False
        self._entrance.catch_up()
        return True

    def _let_in(self, coming: _Return, into: GuildHomes) -> None:
        session = coming.session
        self._users.take_back(session, coming.state.presence)
        # An event may be in the log twice, as in `GuildActor.apply`.
        of_user = {delivery.envelope.id: delivery for delivery in reversed(coming.of_user)}.values()
        replays = [(each.position, partial(self._users.replay, session, each.envelope)) for each in of_user]
        for known, stay, plan in zip(coming.state.guilds, coming.stays, coming.plans, strict=True):
            self._entrance.take_back(session, known, stay)
            replays += [(step.delivery.position, partial(stay.replay, session, step)) for step in plan.steps]
        replays.sort(key=lambda each: each[0])
        for _, replay in replays:
            replay()
        for join in self._users.go_on(session):
            into.join(join.session, join.guild_id, is_news=False)
        into.enter_later(session, coming.state.arriving)


def _find_newest(positions: Mapping[int, int], shard: int) -> int:
    """Return how far the shard was applied where the session comes from."""
    return max(positions.get(shard, 0), positions.get(of_users(shard), 0))


def _list_ids(state: SessionState) -> Iterable[int]:
    return (known.guild_id for known in state.guilds)


def _has_missed_a_join(held: Sequence[Envelope]) -> bool:
    """Return whether the user has joined a guild whose own event of it came before the session was seated.

    Then messages may have come there between the two, which nobody has collected.
    """
    joined = {parse_joined(envelope.payload) for envelope in held if envelope.event == GUILD_JOINED}
    return not joined <= {envelope.guild_id for envelope in held if envelope.event == GUILD_MEMBER_ADD}


def _judge_user_event(session: Seat, envelope: Envelope) -> RestoreRefusal | None:
    """Return why the session cannot go on after this event of its user."""
    match USER_RULES.get(envelope.event):
        case ReplayRule.JOINED if session.wants_guild(parse_joined(envelope.payload)):
            return RestoreRefusal.JOINED
        case ReplayRule.REVOKED if parse_revoked(envelope.payload) == session.profile.auth_session_id:
            return RestoreRefusal.REVOKED
    return None
