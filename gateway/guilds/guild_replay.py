"""The replay of a guild's events to one session that was away, or not there yet: what it would have got, or why nobody
can tell.

```
 entries of the guild's log that the session has not seen, in their order
   ─→ do all leave this session's views alone?
        yes ─→ once it is seated, each by the views of now, which are those of then (`GuildActor.replay_to`)
        no  ─→ the guild of now, taken back to the first of them (`state.past_state`)
               ─→ an actor of that guild, with the session's shade in it ─→ the entries ─→ what the shade got
                   └ the same views as now at the end? else nobody can tell
```

`gateway.events.replay_rules` has the rule of each event. So a right that was revoked shows nothing that came later, one
that was granted nothing that came earlier, and the channels that came and went are told as they were then: an actor of
the past is the one of now in all it does. Nothing is sent here, and the actor of now is left alone.
"""

import enum
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
from typing_extensions import override

from core.bus.interfaces import Delivery
from core.domain.events import CHANNEL_CREATE, CHANNEL_DELETE, GUILD_MEMBER_UPDATE, VOICE_STATE_UPDATE
from core.domain.ids import created_ms
from core.runtime.clock import Clock
from core.wire.envelope import Envelope
from gateway.events.replay_rules import GUILD_RULES, ReplayRule
from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.shade import Shade
from gateway.guilds.state.past_state import UNDONE_EVENTS, UntoldPastError, rewind
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.seat import Seat
from gateway.sessions.session_guild import SessionGuild

_TOLD_AGAIN: Final = frozenset({ReplayRule.EXACT, ReplayRule.MEMBER, ReplayRule.VIEWS})
_OWN_PLACES: Final = frozenset({CHANNEL_CREATE, CHANNEL_DELETE})
"""The events by which a channel begins or ends, with nobody in voice in it."""


class Way(enum.StrEnum):
    """The way that a replay went; the value is a metric's label."""

    PRESENT = "present"
    """By the views of now."""
    PAST = "past"
    """In the guild as it was."""
    LEFT = "left"
    """None: the user has left the guild, or come to it."""
    UNTOLD = "untold"
    """None: an event does not say what it has replaced."""
    VOICE = "voice"
    """None: a channel with somebody in voice came into view or went out of it."""
    ASTRAY = "astray"
    """None: the past did not lead to the views of now."""


class InexactReplayError(Exception):
    """What a session has missed cannot be told exactly."""

    def __init__(self, way: Way, event: str) -> None:
        super().__init__(way.value, event)
        self.way = way
        self.event = event


class Step(NamedTuple):
    """One missed event."""

    delivery: Delivery
    bodies: Sequence[DispatchBody] | None
    """What the session is sent. None: what `GuildActor.replay_to` finds."""


class Plan(NamedTuple):
    """A replay that is exact."""

    way: Way
    steps: Sequence[Step]


def plan_replay(actor: GuildActor, session: Seat, known: SessionGuild, missed: Sequence[Delivery]) -> Plan:
    """Plan the replay to a session of all events that the actor has applied since it was here, as `known` says.

    Its user is a member. It has no seat yet, and must get it, and what is planned, in this turn of the loop.

    Raises:
        InexactReplayError: when it is not exact. The session must begin anew.
    """
    told = list(_list_told(missed))
    if not any(_may_change_views(each.envelope, session.user_id) for each in told):
        return Plan(Way.PRESENT, [Step(delivery, None) for delivery in told])
    for delivery in told:
        _check_told(delivery.envelope, session.user_id)
    try:
        return Plan(Way.PAST, _replay_past(actor, session, known, told))
    except msgspec.MsgspecError as error:
        raise InexactReplayError(Way.UNTOLD, "") from error


def list_seen_then(actor: GuildActor, session: Seat, since: Sequence[Delivery]) -> list[Envelope]:
    """Return what a session that enters would have got since its user has joined, by the views of then.

    Its user is a member, and it has no seat yet. What it may see by the views of now is asked when it has one, by
    `GuildActor.replay_to`. Where nobody can tell the views of then, it is what came after the last change of them.
    """
    known = SessionGuild(guild_id=actor.state.guild_id, is_limited=actor.attention.limits(session))
    try:
        steps = plan_replay(actor, session, known, since).steps
    except InexactReplayError:
        changes = [at for at, each in enumerate(since) if _may_change_views(each.envelope, session.user_id)]
        steps = plan_replay(actor, session, known, since[changes[-1] + 1 :]).steps
    return [step.delivery.envelope for step in steps if step.bodies is None or step.bodies]


def _list_told(missed: Sequence[Delivery]) -> Iterator[Delivery]:
    """Return the events that a session which was away is sent, each once: one may be in the log twice."""
    seen: set[int] = set()
    for delivery in missed:
        envelope = delivery.envelope
        if envelope.id not in seen and _rule_of(envelope) in _TOLD_AGAIN:
            seen.add(envelope.id)
            yield delivery


def _rule_of(envelope: Envelope) -> ReplayRule:
    return GUILD_RULES.get(envelope.event, ReplayRule.VIEWS)


def _may_change_views(envelope: Envelope, user_id: int) -> bool:
    rule = _rule_of(envelope)
    return rule is ReplayRule.VIEWS or (rule is ReplayRule.MEMBER and envelope.user_id == user_id)


def _check_told(envelope: Envelope, user_id: int) -> None:
    if not _may_change_views(envelope, user_id):
        return
    if _rule_of(envelope) is ReplayRule.MEMBER and envelope.event != GUILD_MEMBER_UPDATE:
        raise InexactReplayError(Way.LEFT, envelope.event)
    if envelope.event not in UNDONE_EVENTS:
        raise InexactReplayError(Way.UNTOLD, envelope.event)


class _PastClock(Clock):
    """The time of the event that is replayed."""

    def __init__(self) -> None:
        self.at_ms = 0

    @override
    def now_ms(self) -> int:
        return self.at_ms

    @override
    def monotonic_s(self) -> float:
        return 0.0


class _Never:
    """A call that never comes: the past has no timers."""

    def cancel(self) -> None:
        """Do nothing."""


def _never(_delay_s: float, _call: Callable[[], None]) -> _Never:
    return _Never()


def _replay_past(actor: GuildActor, session: Seat, known: SessionGuild, told: Sequence[Delivery]) -> list[Step]:
    """Let an actor of the guild as it was apply the events, and return what the session would have been sent."""
    user_id, envelopes = session.user_id, [delivery.envelope for delivery in told]
    clock, shade = _PastClock(), Shade(session.profile)
    try:
        state = rewind(actor.state, envelopes, user_id)
    except UntoldPastError as error:
        raise InexactReplayError(Way.UNTOLD, error.event) from error
    past = GuildActor(state, revision=0, clock=clock, call_later=_never)
    if not past.attendance.take_back(shade, _without_lists(known), presence=None):
        raise InexactReplayError(Way.LEFT, "")
    shade.take()
    in_voice = _list_occupied(actor, envelopes)
    steps = []
    for delivery in told:
        envelope = delivery.envelope
        before = past.sessions.viewable(user_id)
        clock.at_ms = created_ms(envelope.id)
        past.apply(Delivery(0, delivery.shard, envelope))
        changed = before ^ past.sessions.viewable(user_id)
        if envelope.event in _OWN_PLACES:
            changed.discard(envelope.channel_id)
        if changed & in_voice:
            raise InexactReplayError(Way.VOICE, envelope.event)
        steps.append(Step(delivery, shade.take()))
    if past.viewable_by(user_id) != actor.viewable_by(user_id):
        raise InexactReplayError(Way.ASTRAY, "")
    return steps


def _without_lists(known: SessionGuild) -> SessionGuild:
    """Leave the member lists out, which are sent anew."""
    if known.subscription is None:
        return known
    return msgspec.structs.replace(known, subscription=msgspec.structs.replace(known.subscription, channels=None))


def _list_occupied(actor: GuildActor, envelopes: Sequence[Envelope]) -> set[int]:
    """Return the channels in which somebody is in voice, or was: how they were in it then, nobody knows."""
    occupied = {entry.channel_id for entry in actor.state.voice}
    for envelope in envelopes:
        if envelope.event == VOICE_STATE_UPDATE:
            occupied |= {envelope.channel_id, envelope.former_channel_id}
    return occupied
