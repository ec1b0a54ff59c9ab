"""A large guild: bots get all events, active sessions their subscriptions, others mentions and unread channels."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from core.bus.interfaces import Delivery
from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.events import Audience
from core.domain.guilds.guild import Guild, GuildSnapshot
from core.domain.guilds.member import Member
from core.domain.guilds.role import Role
from core.domain.people.user import User
from core.wire.envelope import Envelope
from core.wire.objects.channels.channel import render_channel
from core.wire.objects.guilds.member import render_member
from gateway.commands.commands import GuildSubscription
from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.passive_sessions import MAX_FOLLOWED, LargeGuilds
from gateway.guilds.state.guild_state import GuildState
from gateway.sessions.session import Session
from tests.fakes.clock import FakeClock
from tests.fakes.gateway.gateway_connection import FakeConnection
from tests.fakes.timers import FakeTimers
from tests.support.gateway.sessions import make_session
from tests.support.gateway.stays import make_stay

GUILD, ROLE = 1, 11
LOUNGE, HIDDEN = 51, 52
VIEW, CONNECT = 1 << 10, 1 << 20
LARGE = 1000
PINNED = {
    "guild_id": str(GUILD), "channel_id": str(LOUNGE), "last_pin_timestamp": "2026-01-02T03:04:05.678000+00:00",
}  # fmt: skip


class LargeGuild:
    """A guild of 5,000 members, a few of whom have a session."""

    def __init__(self, members: int = 5000) -> None:
        everyone = Role(id=GUILD, guild_id=GUILD, name="@everyone", permissions=VIEW | CONNECT)
        role = Role(id=ROLE, guild_id=GUILD, name="role")
        hidden = (Overwrite(GUILD, 0, 0, VIEW), Overwrite(ROLE, 0, VIEW, 0))
        channels = (
            Channel(id=LOUNGE, type=0, guild_id=GUILD, name="lounge"),
            Channel(id=HIDDEN, type=0, guild_id=GUILD, name="hidden", overwrites=hidden),
        )
        guild = Guild(id=GUILD, name="guild", owner_id=999)
        snapshot = GuildSnapshot(
            guild=guild, roles=(everyone, role), channels=channels, member_count=members, revision=0
        )
        self.timers = FakeTimers()
        self.actor = GuildActor(
            GuildState(snapshot),
            revision=0,
            clock=FakeClock(),
            large=LargeGuilds(members=LARGE),
            call_later=self.timers.call_later,
        )
        self._id = 0
        self.told: Envelope | None = None
        """The newest envelope."""

    def enter(
        self, user_id: int, *, is_bot: bool = False, roles: Iterable[int] = (), capabilities: int = 0
    ) -> tuple[Session, FakeConnection]:
        """Attach a session, and drop the dispatches of that."""
        self._id += 1
        session, connection = make_session(user_id, session_id=f"s{self._id}", is_bot=is_bot, capabilities=capabilities)
        if mark := self.actor.state.members.hold(user_id):
            self.actor.state.members.settle(mark, member(user_id, roles))
        assert self.actor.attendance.attach(session, presence=presence(user_id), is_new=False)
        connection.take()
        return session, connection

    def tell(self, event: str, payload: Any, *, durable: bool = True, **header: Any) -> int:
        """Apply an event, and return its envelope's id."""
        self._id += 1
        raw = msgspec.Raw(msgspec.json.encode(payload))
        fields = {"id": self._id, "event": event, "audience": Audience.GUILD, "payload": raw, "guild_id": GUILD}
        self.told = Envelope(**{**fields, **header})
        self.actor.apply(Delivery(self._id if durable else 0, 0, self.told))
        return self._id

    def say(self, channel_id: int = LOUNGE, author_id: int = 500, mentions: tuple[int, ...] = (), **more: Any) -> int:
        """Apply a message."""
        payload = {
            "channel_id": str(channel_id),
            "content": "x",
            "mention_everyone": False,
            "mention_roles": [],
            **more,
        }
        header = {"channel_id": channel_id, "author_id": author_id, "mention_ids": mentions}
        return self.tell("MESSAGE_CREATE", payload, audience=Audience.CHANNEL, **header)


def member(user_id: int, roles: Iterable[int] = ()) -> Member:
    return Member(guild_id=GUILD, user=User(id=user_id, username=f"user{user_id}"), joined_ms=0, role_ids=tuple(roles))


def presence(user_id: int) -> msgspec.Raw:
    return msgspec.Raw(b'{"user":{"id":"%d"},"status":"online","activities":[],"client_status":{}}' % user_id)


def names(connection: FakeConnection) -> list[str]:
    return [event for event, _ in connection.take()]


def test_passive_session_gets_no_message_of_others_but_the_unread_channels_it_views() -> None:
    place = LargeGuild()
    _, person = place.enter(101)
    _, insider = place.enter(102, roles=[ROLE])
    _, bot = place.enter(103, is_bot=True)
    place.say(LOUNGE)
    last = place.say(LOUNGE)
    hidden = place.say(HIDDEN)
    assert (names(person), names(insider)) == ([], [])
    assert names(bot) == ["MESSAGE_CREATE"] * 2
    place.timers.run()
    [(event, update)] = person.take()
    lounge = {"id": str(LOUNGE), "last_message_id": str(last)}
    assert event == "CHANNEL_UNREAD_UPDATE"
    assert update == {"guild_id": str(GUILD), "channel_unread_updates": [lounge]}
    [(_, update)] = insider.take()
    assert update["channel_unread_updates"] == [lounge, {"id": str(HIDDEN), "last_message_id": str(hidden)}]
    assert names(bot) == []
    place.timers.run()
    assert names(person) == []


def test_unread_channels_come_in_the_form_that_the_client_reads() -> None:
    place = LargeGuild()
    capabilities = {101: 0, 102: 1 << 11, 103: 1 << 14, 104: 1 << 11 | 1 << 14}
    connections = {user_id: place.enter(user_id, capabilities=bits)[1] for user_id, bits in capabilities.items()}
    place.tell("CHANNEL_PINS_UPDATE", PINNED, audience=Audience.CHANNEL, channel_id=LOUNGE)
    last = place.say(LOUNGE)
    for connection in connections.values():
        connection.take()
    place.timers.run()
    told = {user_id: connection.take() for user_id, connection in connections.items()}
    channels = [{"id": str(LOUNGE), "last_message_id": str(last), "last_pin_timestamp": PINNED["last_pin_timestamp"]}]
    guild_id = str(GUILD)
    second = {
        "guild_id": guild_id,
        "updated_channels": channels,
        "updated_voice_states": [],
        "removed_voice_states": [],
        "updated_members": [],
    }
    first = {"guild_id": guild_id, "channels": channels, "voice_states": [], "members": []}
    assert told == {
        101: [("CHANNEL_UNREAD_UPDATE", {"guild_id": guild_id, "channel_unread_updates": channels})],
        102: [("PASSIVE_UPDATE_V1", first)],
        103: [("PASSIVE_UPDATE_V2", second)],
        104: [("PASSIVE_UPDATE_V2", second)],
    }


@pytest.mark.parametrize(
    ("mentioning", "expected"),
    [
        ({"mentions": (101,)}, (True, False)),
        ({"mention_everyone": True}, (True, True)),
        ({"mention_roles": [str(ROLE)]}, (False, True)),
        ({"author_id": 101}, (True, False)),
        ({"mention_roles": ["77"]}, (False, False)),
    ],
)
def test_passive_session_gets_at_once_what_mentions_it_and_what_it_wrote(
    mentioning: dict[str, Any], expected: tuple[bool, bool]
) -> None:
    place = LargeGuild()
    _, person = place.enter(101)
    _, holder = place.enter(102, roles=[ROLE])
    place.say(**mentioning)
    assert (names(person), names(holder)) == tuple(["MESSAGE_CREATE"] * told for told in expected)


@pytest.mark.parametrize(
    ("channel_id", "mentioning", "is_told"),
    [
        (LOUNGE, {"mentions": (101,)}, True),
        (LOUNGE, {"mention_everyone": True}, True),
        (LOUNGE, {"mention_roles": [str(ROLE)]}, False),
        (LOUNGE, {"author_id": 101}, True),
        (LOUNGE, {"mentions": (102,)}, False),
        (LOUNGE, {}, False),
        (HIDDEN, {"mentions": (101,)}, False),
    ],
)
def test_message_that_comes_during_a_join_follows_guild_create_when_it_mentions_the_user(
    channel_id: int, mentioning: dict[str, Any], is_told: bool
) -> None:
    place = LargeGuild()
    _, other = place.enter(102)
    stay = make_stay(place.actor, 101, is_new=True)
    stay.settle(member(101))
    place.say(channel_id, **mentioning)
    assert place.told is not None
    stay.collected.append(Delivery(1, 0, place.told))
    session, person = make_session(101, session_id="joins", is_bot=False)
    heard_by_others = len(other.dispatched)
    assert stay.enter(session, presence=presence(101))
    create, *messages = person.take()
    assert create[0] == "GUILD_CREATE"
    assert [event for event, _ in messages] == ["MESSAGE_CREATE"] * is_told
    assert len(other.dispatched) == heard_by_others
    if channel_id == LOUNGE:
        assert create[1]["channels"][0]["last_message_id"] == str(place.told.id)


def test_message_without_a_channel_reaches_nobody() -> None:
    place = LargeGuild()
    _, person = place.enter(101)
    place.say(0, mention_everyone=True)
    place.say(0, mentions=(101,))
    place.timers.run()
    assert names(person) == []


def test_channel_that_is_lost_before_the_batch_is_not_told_as_unread() -> None:
    place = LargeGuild()
    _, person = place.enter(101)
    _, insider = place.enter(102, roles=[ROLE])
    place.say(HIDDEN)
    last = place.say(LOUNGE)
    place.tell("GUILD_MEMBER_UPDATE", render_member(member(102), with_guild_id=True), user_id=102)
    assert names(insider) == ["GUILD_MEMBER_UPDATE", "CHANNEL_DELETE"]
    place.timers.run()
    unread = {"guild_id": str(GUILD), "channel_unread_updates": [{"id": str(LOUNGE), "last_message_id": str(last)}]}
    for connection in (person, insider):
        [(event, update)] = connection.take()
        assert event == "CHANNEL_UNREAD_UPDATE"
        assert {key: update[key] for key in unread} == unread


def test_voice_channel_is_unread_only_for_sessions_that_may_connect() -> None:
    place = LargeGuild()
    _, person = place.enter(101)
    _, holder = place.enter(102, roles=[ROLE])
    overwrites = (Overwrite(GUILD, 0, 0, CONNECT), Overwrite(ROLE, 0, CONNECT, 0))
    voice = Channel(id=LOUNGE, type=ChannelType.VOICE, guild_id=GUILD, name="voice", overwrites=overwrites)
    place.tell("CHANNEL_UPDATE", render_channel(voice), audience=Audience.CHANNEL, channel_id=LOUNGE)
    assert (names(person), names(holder)) == (["CHANNEL_UPDATE"], ["CHANNEL_UPDATE"])
    place.say(LOUNGE, mention_everyone=True)
    place.timers.run()
    assert (names(person), names(holder)) == ([], ["MESSAGE_CREATE", "CHANNEL_UNREAD_UPDATE"])


def test_presence_that_waits_is_not_told_to_a_session_that_follows_the_member_no_more() -> None:
    place = LargeGuild()
    session, person = place.enter(101)
    other, follower = place.enter(103)
    place.enter(102)
    for each in (session, other):
        place.actor.attention.subscribe(each, GuildSubscription(members=[102]))
    shown = {**msgspec.json.decode(presence(102)), "guild_id": str(GUILD)}
    place.tell("PRESENCE_UPDATE", shown, user_id=102, durable=False)  # told at once, and the next one waits
    place.tell("PRESENCE_UPDATE", shown, user_id=102, durable=False)
    assert names(person) == names(follower) == ["PRESENCE_UPDATE", "PRESENCE_UPDATE"]
    place.actor.attention.subscribe(session, GuildSubscription(members=[]))
    place.timers.run()
    assert (names(person), names(follower)) == ([], ["PRESENCE_UPDATE"])


def test_mention_in_a_channel_that_is_not_viewed_is_not_told() -> None:
    place = LargeGuild()
    _, person = place.enter(101)
    place.say(HIDDEN, mentions=(101,))
    place.say(HIDDEN, mention_everyone=True)
    place.timers.run()
    assert names(person) == []


def test_subscribing_makes_a_session_active_and_typing_is_asked_for() -> None:
    place = LargeGuild()
    session, person = place.enter(101)
    place.actor.attention.subscribe(session, GuildSubscription())
    place.say()
    place.tell("TYPING_START", {}, audience=Audience.CHANNEL, channel_id=LOUNGE, durable=False)
    assert names(person) == ["MESSAGE_CREATE"]
    place.actor.attention.subscribe(session, GuildSubscription(typing=True))
    place.tell("TYPING_START", {}, audience=Audience.CHANNEL, channel_id=LOUNGE, durable=False)
    assert names(person) == ["TYPING_START"]
    place.actor.attention.subscribe(session, GuildSubscription(typing=False))
    place.tell("TYPING_START", {}, audience=Audience.CHANNEL, channel_id=LOUNGE, durable=False)
    place.timers.run()
    assert names(person) == []


def test_limited_session_hears_of_its_own_member_and_of_those_it_names() -> None:
    place = LargeGuild()
    session, person = place.enter(101)
    place.enter(102)
    place.enter(103)

    def change(user_id: int) -> None:
        place.tell("GUILD_MEMBER_UPDATE", render_member(member(user_id), with_guild_id=True), user_id=user_id)
        shown = {**msgspec.json.decode(presence(user_id)), "guild_id": str(GUILD)}
        place.tell("PRESENCE_UPDATE", shown, user_id=user_id, durable=False)
        place.timers.run()  # presences come in batches

    change(102)
    assert names(person) == []
    change(101)
    assert names(person) == ["GUILD_MEMBER_UPDATE"]
    place.actor.attention.subscribe(session, GuildSubscription(members=[102, 101, 102, 400]))
    shown = person.take()
    assert [(event, d["user"]["id"], d["guild_id"]) for event, d in shown] == [
        ("PRESENCE_UPDATE", "102", str(GUILD)),
        ("PRESENCE_UPDATE", "101", str(GUILD)),
    ]
    change(102)
    change(103)
    assert names(person) == ["GUILD_MEMBER_UPDATE", "PRESENCE_UPDATE"]
    place.tell("GUILD_MEMBER_REMOVE", {"guild_id": str(GUILD), "user": {"id": "102"}}, user_id=102)
    assert names(person) == ["GUILD_MEMBER_REMOVE"]
    place.actor.attention.subscribe(session, GuildSubscription(members=[103]))
    person.take()
    change(101)
    assert names(person) == ["GUILD_MEMBER_UPDATE"]


def test_only_so_many_members_are_followed() -> None:
    place = LargeGuild()
    session, person = place.enter(101)
    place.enter(5000)
    place.actor.attention.subscribe(session, GuildSubscription(members=[*range(2000, 2000 + MAX_FOLLOWED), 5000]))
    assert names(person) == []


def test_changes_of_the_guild_reach_passive_sessions_at_once() -> None:
    place = LargeGuild()
    _, person = place.enter(101)
    place.tell("GUILD_ROLE_DELETE", {"guild_id": str(GUILD), "role_id": str(ROLE)})
    place.tell("CHANNEL_DELETE", {"id": str(LOUNGE)}, audience=Audience.CHANNEL, channel_id=LOUNGE)
    assert names(person) == ["GUILD_ROLE_DELETE", "CHANNEL_DELETE"]


def test_small_guild_has_no_passive_sessions() -> None:
    place = LargeGuild(members=LARGE)
    session, person = place.enter(101)
    place.say()
    place.tell("TYPING_START", {}, audience=Audience.CHANNEL, channel_id=LOUNGE, durable=False)
    place.enter(102)
    place.actor.attention.subscribe(session, GuildSubscription(typing=False, members=[102]))
    place.tell("TYPING_START", {}, audience=Audience.CHANNEL, channel_id=LOUNGE, durable=False)
    assert names(person) == ["MESSAGE_CREATE", "TYPING_START", "TYPING_START"]
    assert len(place.timers) == 0


def test_slot_that_is_given_back_keeps_nothing_of_its_session() -> None:
    place = LargeGuild()
    session, _ = place.enter(101)
    place.actor.attention.subscribe(session, GuildSubscription(typing=True, members=[102]))
    place.actor.attendance.detach(session)
    _, person = place.enter(103)
    place.say()
    place.enter(102)
    place.tell("GUILD_MEMBER_UPDATE", render_member(member(102), with_guild_id=True), user_id=102)
    assert names(person) == []


def test_guild_create_of_a_limited_session_shows_only_itself() -> None:
    place = LargeGuild()
    place.enter(102)
    session, connection = make_session(101, is_bot=False)
    mark = place.actor.state.members.hold(101)
    assert mark is not None
    place.actor.state.members.settle(mark, member(101))
    assert place.actor.attendance.attach(session, presence=presence(101), is_new=False)
    [(event, d)] = connection.take()
    assert (event, [shown["user"]["id"] for shown in d["members"]]) == ("GUILD_CREATE", ["101"])
    assert d["member_count"] == 5000


def test_guild_create_of_a_person_shows_no_crowd_but_a_bots_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.guilds.attention.MAX_ONLINE_SHOWN", 2)
    place = LargeGuild(members=LARGE)
    shown = {}
    for user_id, is_bot in ((101, False), (102, False), (103, False), (104, True)):
        session, connection = make_session(user_id, session_id=f"s{user_id}", is_bot=is_bot)
        mark = place.actor.state.members.hold(user_id)
        assert mark is not None
        place.actor.state.members.settle(mark, member(user_id))
        assert place.actor.attendance.attach(session, presence=presence(user_id), is_new=False)
        [(_, d)] = connection.take()
        shown[user_id] = (len(d["members"]), len(d["presences"]))
    assert shown == {101: (1, 1), 102: (2, 2), 103: (1, 0), 104: (4, 4)}
