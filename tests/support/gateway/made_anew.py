"""An oracle for the data that a guild's actor derives from its state: an actor made anew over the same state."""

import copy
from collections.abc import Iterable

from gateway.guilds.guild_actor import GuildActor
from gateway.sessions.session import Session
from tests.fakes.clock import FakeClock
from tests.fakes.timers import FakeTimers
from tests.support.gateway.sessions import make_session


def make_anew(actor: GuildActor) -> GuildActor:
    """Make an actor without caches and sessions over the same state. Members are shared, presences are copied."""
    state = copy.copy(actor.state)
    state.presences = dict(actor.state.presences)
    return GuildActor(state, revision=0, clock=FakeClock(), call_later=FakeTimers().call_later)


def check_kept(actor: GuildActor) -> None:
    """Check the view index and GUILD_CREATEs against an actor that is made anew with the same sessions."""
    anew = make_anew(actor)
    twins: dict[str, Session] = {}
    for session in actor.sessions.all():
        profile = session.profile
        twin, _ = make_session(
            profile.user_id, session_id=profile.session_id, intents=profile.intents, is_bot=profile.is_bot
        )
        actor.state.members.hold(profile.user_id)
        assert anew.attendance.attach(twin, presence=actor.presence_of(profile.user_id), is_new=False)
        twins[profile.session_id] = twin
    try:
        _check_views(actor, anew)
        for session in actor.sessions.all():
            assert _create_of(actor, session) == _create_of(anew, twins[session.profile.session_id])
    finally:
        for session in actor.sessions.all():
            actor.state.members.release(session.user_id)


def _check_views(actor: GuildActor, anew: GuildActor) -> None:
    for channel_id in actor.state.channels:
        viewers = actor.sessions.viewers(channel_id)
        expected = anew.sessions.viewers(channel_id)
        assert _ids(actor, viewers) == _ids(anew, expected)
        readers = actor._views.readers(channel_id, viewers)
        assert _ids(actor, readers) == _ids(anew, anew._views.readers(channel_id, expected))
    for user_id in actor.sessions.users():
        member = actor.state.members.find(user_id)
        assert member is not None
        assert actor._views.viewable(member) == anew._views.viewable(member)


def _ids(actor: GuildActor, slots: Iterable[int]) -> set[str]:
    return {actor.sessions.at(slot).profile.session_id for slot in slots}


def _create_of(actor: GuildActor, session: Session) -> bytes:
    member = actor.state.members.find(session.user_id)
    assert member is not None
    return actor.attendance._creates.build(
        session, member, channel_ids=actor._views.viewable(member), is_new=False
    ).payload
