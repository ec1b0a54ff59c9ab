"""Views kept up to date against views computed anew: many users, many kinds, many channels, thousands of changes."""

import random
from typing import Any

import msgspec
import pytest

from core.domain.channels.channel import Channel, Overwrite
from core.domain.events import Audience
from core.domain.guilds.guild import Guild, GuildSnapshot
from core.domain.guilds.member import Member
from core.domain.guilds.permissions import Permission
from core.domain.guilds.role import Role
from core.domain.people.user import User
from core.wire.envelope import Envelope
from core.wire.objects.channels.channel import render_channel
from core.wire.objects.guilds.member import render_member
from core.wire.objects.guilds.role import render_role
from core_ext.guild import compute_base, compute_channel
from gateway.guilds import guild_views
from gateway.guilds.guild_sessions import GuildSessions
from gateway.guilds.guild_views import REACTIONS, GuildViews
from gateway.guilds.state.guild_changes import GuildChanged, MemberChanged, RolePut
from gateway.guilds.state.guild_state import GuildState
from gateway.sessions.session import Session
from tests.support.gateway.sessions import make_session

GUILD, OWNER = 1, 1000
VIEW, ADMINISTRATOR = int(Permission.VIEW_CHANNEL), int(Permission.ADMINISTRATOR)
ROLES = range(11, 19)
CHANNELS = range(100, 220)
USERS = range(OWNER, OWNER + 150)


def raw_of(value: object) -> msgspec.Raw:
    """The object as it comes in an envelope."""
    return msgspec.Raw(msgspec.json.encode(value))


class ViewedGuild:
    """A guild's state with its sessions and views, which learn of changes as from the guild's actor."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        everyone = Role(id=GUILD, guild_id=GUILD, name="everyone", permissions=VIEW)
        snapshot = GuildSnapshot(
            guild=Guild(id=GUILD, name="guild", owner_id=OWNER),
            roles=(everyone, *(Role(id=each, guild_id=GUILD, name="role", permissions=0) for each in ROLES)),
            channels=tuple(self.make_channel(each) for each in CHANNELS),
            member_count=len(USERS),
            revision=0,
        )
        self.state = GuildState(snapshot)
        self.sessions = GuildSessions(guild_id=GUILD, channel_ids=self.state.channels)
        self.views = GuildViews(self.state, self.sessions)
        self.here: list[Session] = []

    def make_channel(self, channel_id: int) -> Channel:
        targets = [(GUILD, 0), *((each, 0) for each in ROLES), *((each, 1) for each in USERS[:20])]
        overwrites = tuple(
            Overwrite(target, kind, *self.chance.choice([(VIEW, 0), (0, VIEW), (0, 0)]))
            for target, kind in self.chance.sample(targets, self.chance.randrange(4))
        )
        return Channel(id=channel_id, type=0, guild_id=GUILD, name="channel", overwrites=overwrites)

    def make_member(self, user_id: int) -> Member:
        roles = tuple(sorted(self.chance.sample([*self.state.roles.keys() - {GUILD}], self.chance.randrange(4))))
        return Member(guild_id=GUILD, user=User(id=user_id, username="user"), joined_ms=0, role_ids=roles)

    # -- changes

    def attach(self) -> None:
        user_id = self.chance.choice(USERS)
        if mark := self.state.members.hold(user_id):
            self.state.members.settle(mark, self.make_member(user_id))
        member = self.state.members.find(user_id)
        assert member is not None
        session, _ = make_session(user_id)
        self.sessions.add(session, self.views.viewable(member))
        self.views.place(member)
        self.here.append(session)

    def detach(self) -> None:
        if self.here:
            session = self.here.pop(self.chance.randrange(len(self.here)))
            self.sessions.remove(session)
            self.state.members.release(session.user_id)

    def change_member(self) -> None:
        member = render_member(self.make_member(self.chance.choice(USERS)), with_guild_id=True)
        self.tell("GUILD_MEMBER_UPDATE", member)

    def change_role(self) -> None:
        role_id = self.chance.choice([GUILD, *ROLES])
        permissions = self.chance.choices([0, VIEW, ADMINISTRATOR], (3, 3, 1))[0]
        role = render_role(Role(id=role_id, guild_id=GUILD, name="role", permissions=permissions))
        self.tell("GUILD_ROLE_UPDATE", {"guild_id": str(GUILD), "role": role})

    def delete_role(self) -> None:
        role_id = self.chance.choice(ROLES)
        if role_id in self.state.roles:
            self.tell("GUILD_ROLE_DELETE", {"guild_id": str(GUILD), "role_id": str(role_id)})

    def put_channel(self) -> None:
        self.tell("CHANNEL_UPDATE", render_channel(self.make_channel(self.chance.choice(CHANNELS))))

    def delete_channel(self) -> None:
        self.tell("CHANNEL_DELETE", {"id": str(self.chance.choice(CHANNELS))})

    def tell(self, event: str, payload: Any) -> None:
        envelope = Envelope(id=1, event=event, audience=Audience.GUILD, payload=raw_of(payload), guild_id=GUILD)
        change = self.state.apply(envelope)
        assert change is not None
        follow = REACTIONS[type(change)]
        assert follow is not None
        follow(self.views, change)

    # -- invariants

    def may_view(self, user_id: int, channel_id: int) -> bool:
        """Compute the views anew, from the state alone."""
        member, channel, roles = self.state.members.find(user_id), self.state.channels[channel_id], self.state.roles
        assert member is not None
        held = [roles[each].permissions for each in member.role_ids if each in roles]
        base = compute_base(user_id == OWNER, roles[GUILD].permissions, held)
        return bool(compute_channel(base, GUILD, member.role_ids, user_id, channel.overwrites) & VIEW)

    def check(self) -> None:
        for channel_id in self.state.channels:
            expected = {each.slots[GUILD] for each in self.here if self.may_view(each.user_id, channel_id)}
            assert set(self.sessions.viewers(channel_id)) == expected
        for session in self.here[:5]:
            member = self.state.members.find(session.user_id)
            assert member is not None
            assert self.views.viewable(member) == self.sessions.viewable(session.user_id)


@pytest.mark.parametrize(("seed", "spare_kinds", "many_users"), [(0, 64, 64), (1, -50, 64), (2, 64, 3), (3, -50, 3)])
def test_views_after_many_changes_are_those_computed_anew(
    seed: int, spare_kinds: int, many_users: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guild_views, "_SPARE_KINDS", spare_kinds)
    monkeypatch.setattr(guild_views, "_MANY_USERS", many_users)
    scene = ViewedGuild(random.Random(seed))
    for _ in range(200):
        scene.attach()
    scene.check()
    changes = {
        scene.attach: 12,
        scene.detach: 12,
        scene.change_member: 12,
        scene.put_channel: 8,
        scene.delete_channel: 2,
        scene.change_role: 1,
        scene.delete_role: 0.1,
    }
    for count in range(1200):
        scene.chance.choices([*changes], [*changes.values()])[0]()
        if count % 60 == 0:
            scene.check()
    scene.check()


def test_changes_tell_what_was_lost_and_gained() -> None:
    scene = ViewedGuild(random.Random(1))
    for _ in range(200):
        scene.attach()
    before = {channel_id: scene.sessions.viewers(channel_id) for channel_id in scene.state.channels}
    role = render_role(Role(id=GUILD, guild_id=GUILD, name="everyone", permissions=0))
    scene.tell("GUILD_ROLE_UPDATE", {"guild_id": str(GUILD), "role": role})
    changes = scene.views.take_changes()
    assert [change.channel_id for change in changes] == sorted(change.channel_id for change in changes)
    told = {change.channel_id: change for change in changes}
    for channel_id, viewed in before.items():
        now = scene.sessions.viewers(channel_id)
        assert (channel_id in told) == (now != viewed)
        if channel_id in told:
            assert (told[channel_id].lost, told[channel_id].gained) == (viewed - now, now - viewed)
    assert told


def test_nobody_affected_changes_nothing() -> None:
    scene = ViewedGuild(random.Random(1))
    scene.attach()
    scene.views.follow_guild(GuildChanged(owner_ids=()))
    scene.views.follow_role(RolePut(ROLES[0], decides_views=False))
    scene.views.follow_member(MemberChanged(5))
    assert scene.views.take_changes() == []
