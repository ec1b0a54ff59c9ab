"""GUILD_CREATE of shared parts is always as if made anew, and parts are made only after a change."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bus.interfaces import Delivery
from core.domain.channels.channel import Channel, Overwrite
from core.domain.events import Audience
from core.domain.guilds.guild import Guild, GuildSnapshot
from core.domain.guilds.member import Member
from core.domain.guilds.permissions import Permission
from core.domain.guilds.role import Role
from core.domain.guilds.stage_instance import StageInstance
from core.domain.intents import ALL_INTENTS, Intent
from core.domain.people.user import User
from core.wire.envelope import Envelope
from core.wire.objects.channels.channel import render_channel
from core.wire.objects.guilds.guild import render_guild
from core.wire.objects.guilds.member import render_member
from core.wire.objects.guilds.role import render_role
from core.wire.objects.guilds.stage_instance import render_stage_instance
from core.wire.objects.people.user import render_user
from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.state.guild_state import GuildState
from gateway.payloads.spliced_body import SplicedBody
from tests.fakes.clock import FakeClock
from tests.fakes.timers import FakeTimers
from tests.support.gateway.made_anew import make_anew
from tests.support.gateway.sessions import make_session

GUILD, ROLE, OPEN, HIDDEN = 1, 11, 51, 52
VIEW = int(Permission.VIEW_CHANNEL)
USERS = range(101, 161)
"""The number of members from which the guild is large for sessions with the least threshold."""


def member(user_id: int, *role_ids: int, nick: str | None = None) -> Member:
    user = User(id=user_id, username=f"user{user_id}")
    return Member(guild_id=GUILD, user=user, joined_ms=user_id, role_ids=role_ids, nick=nick)


def channel(channel_id: int, name: str = "channel") -> Channel:
    overwrites = (Overwrite(GUILD, 0, 0, VIEW), Overwrite(ROLE, 0, VIEW, 0)) if channel_id == HIDDEN else ()
    return Channel(id=channel_id, type=0, guild_id=GUILD, name=name, overwrites=overwrites)


def role(role_id: int, name: str = "role") -> Role:
    return Role(id=role_id, guild_id=GUILD, name=name, permissions=VIEW)


LIVE = StageInstance(id=5, guild_id=GUILD, channel_id=HIDDEN, topic="live")


def make_actor(user_ids: Iterable[int]) -> GuildActor:
    members = [member(user_id, *((ROLE,) if user_id % 2 else ())) for user_id in user_ids]
    snapshot = GuildSnapshot(
        guild=Guild(id=GUILD, name="guild", owner_id=1),
        roles=(role(GUILD), role(ROLE)),
        channels=(channel(OPEN), channel(HIDDEN)),
        member_count=len(members),
        revision=0,
        stages=(LIVE,),
    )
    return GuildActor(
        GuildState(snapshot, members=members),
        revision=0,
        clock=(clock := FakeClock()),
        call_later=FakeTimers(clock).call_later,
    )


def tell(actor: GuildActor, number: int, event: str, payload: Any, **header: Any) -> None:
    envelope = Envelope(
        **{
            "id": number,
            "event": event,
            "audience": Audience.GUILD,
            "payload": msgspec.Raw(msgspec.json.encode(payload)),
            "guild_id": GUILD,
            **header,
        }
    )
    actor.apply(Delivery(number if event != "PRESENCE_UPDATE" else 0, 0, envelope))


def presence(user_id: int, status: str) -> dict[str, Any]:
    return {"user": {"id": str(user_id)}, "status": status, "activities": [], "client_status": {}}


def show(actor: GuildActor, user_id: int, *, intents: int, threshold: int) -> tuple[dict[str, Any], SplicedBody]:
    """GUILD_CREATE of a session that comes and goes."""
    session, connection = make_session(user_id, session_id="new", intents=intents, large_threshold=threshold)
    actor.state.members.hold(user_id)
    assert actor.attendance.attach(session, presence=actor.presence_of(user_id), is_new=False)
    ((event, d),) = connection.take()
    assert event == "GUILD_CREATE"
    for key in ("members", "presences"):
        d[key].sort(key=lambda each: each["user"]["id"])
    (_, body) = session.track.after(0)[0]
    actor.attendance.detach(session)
    return d, body


def change(actor: GuildActor, number: int, what: int, whom: int) -> None:
    """Apply one of the possible changes."""
    members = actor.state.members
    match what:
        case 0:
            tell(actor, number, "MESSAGE_CREATE", {"id": str(number)}, audience=Audience.CHANNEL, channel_id=OPEN)
        case 1:
            tell(actor, number, "PRESENCE_UPDATE", presence(whom, "idle" if number % 3 else "offline"), user_id=whom)
        case 2:
            tell(actor, number, "GUILD_UPDATE", render_guild(Guild(id=GUILD, name=f"n{number}", owner_id=whom), ()))
        case 3:
            tell(actor, number, "CHANNEL_UPDATE", render_channel(channel(HIDDEN, f"n{number}")), channel_id=HIDDEN)
        case 4:
            payload = {"guild_id": str(GUILD), "role": render_role(role(ROLE, f"n{number}"))}
            tell(actor, number, "GUILD_ROLE_UPDATE", payload)
        case 5:
            tell(actor, number, "GUILD_ROLE_DELETE", {"guild_id": str(GUILD), "role_id": str(ROLE)})
        case 6:
            payload = render_member(member(whom, nick=f"n{number}"), with_guild_id=True)
            event = "GUILD_MEMBER_ADD" if members.find(whom) is None else "GUILD_MEMBER_UPDATE"
            tell(actor, number, event, payload, user_id=whom)
        case 8 | 9:
            live = StageInstance(id=number, guild_id=GUILD, channel_id=HIDDEN, topic=f"n{number}")
            event = "STAGE_INSTANCE_CREATE" if what == 8 else "STAGE_INSTANCE_DELETE"
            tell(actor, number, event, render_stage_instance(live), audience=Audience.CHANNEL, channel_id=HIDDEN)
        case _ if members.find(whom) is not None:
            gone = {"guild_id": str(GUILD), "user": render_user(member(whom).user)}
            tell(actor, number, "GUILD_MEMBER_REMOVE", gone, user_id=whom)


@settings(max_examples=150)
@given(
    present=st.lists(st.sampled_from(USERS), min_size=1, max_size=6, unique=True),
    changes=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(USERS)), max_size=8),
    whom=st.sampled_from(USERS[:6]),
)
def test_what_is_shown_is_what_would_be_made_anew(present: list[int], changes: Any, whom: int) -> None:
    actor = make_actor(USERS)
    for user_id in present:
        session, _ = make_session(user_id, session_id=f"of {user_id}")
        actor.state.members.hold(user_id)
        shown = msgspec.Raw(msgspec.json.encode(presence(user_id, "online"))) if user_id % 3 else None
        actor.attendance.attach(session, presence=shown, is_new=False)
    for number, (what, about) in enumerate([(-1, whom), *changes], 1):
        if what >= 0:
            change(actor, number, what, about)
        for user_id in {whom, about}:
            if actor.state.members.find(user_id) is None:
                continue
            for intents in (ALL_INTENTS, ALL_INTENTS & ~Intent.GUILD_PRESENCES):
                for threshold in (50, 250):
                    d, _ = show(actor, user_id, intents=intents, threshold=threshold)
                    expected, _ = show(make_anew(actor), user_id, intents=intents, threshold=threshold)
                    assert d == expected
                    live = actor.state.channels[HIDDEN].stage
                    sees = any(each["id"] == str(HIDDEN) for each in d["channels"])
                    assert len(d["stage_instances"]) == (live is not None and sees)
                    assert d["members"].count(render_own(actor, user_id)) == 1


def render_own(actor: GuildActor, user_id: int) -> Any:
    found = actor.state.members.find(user_id)
    assert found is not None
    return msgspec.json.decode(found.raw)


def shared(actor: GuildActor, user_id: int) -> tuple[object, ...]:
    return show(actor, user_id, intents=ALL_INTENTS, threshold=250)[1].parts


def test_sessions_with_the_same_sight_share_all_parts() -> None:
    actor = make_actor(USERS)
    first = shared(actor, USERS[0])
    assert len(first) == 4
    assert all(one is other for one, other in zip(first, shared(actor, USERS[2]), strict=True))
    other_view = shared(actor, USERS[1])
    assert [one is other for one, other in zip(first, other_view, strict=True)] == [True, False, True, True]


Change = Callable[[GuildActor], None]


@pytest.mark.parametrize(
    ("what", "kept"),
    [
        (0, [True, False, True, True]),
        (1, [True, True, False, False]),
        (2, [False, False, False, False]),
        (6, [True, True, False, False]),
    ],
    ids=["message", "presence", "guild", "member"],
)
def test_change_costs_the_parts_that_it_touches(what: int, kept: list[bool]) -> None:
    actor = make_actor(USERS)
    session, _ = make_session(USERS[4], session_id="stays")
    actor.state.members.hold(USERS[4])
    actor.attendance.attach(session, presence=None, is_new=False)
    before = shared(actor, USERS[0])
    change(actor, 1, what, USERS[4])
    assert [one is other for one, other in zip(before, shared(actor, USERS[0]), strict=True)] == kept


def test_typing_costs_nothing() -> None:
    actor = make_actor(USERS)
    before = shared(actor, USERS[0])
    tell(actor, 1, "TYPING_START", {}, audience=Audience.CHANNEL, channel_id=OPEN)
    assert shared(actor, USERS[0]) == before
