"""A machine that makes a random guild with sessions and random changes, and checks what every session gets.

No session gets an event of a channel that it may not view, and every session gets all events that it may. Beside the actor stands a model without indexes and caches, which
computes each view anew by the text of Discord's documentation. After each change every session's client must know
exactly the channels that the model lets it view, and get exactly the messages.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from core.bus.interfaces import Delivery
from core.domain.events import Audience
from core.domain.guilds.guild import GuildSnapshot
from core.domain.guilds.member import Member
from core.domain.intents import ALL_INTENTS, Intent
from core.wire.envelope import Envelope
from core.wire.objects.channels.channel import render_channel
from core.wire.objects.guilds.guild import render_guild
from core.wire.objects.guilds.member import render_member
from core.wire.objects.guilds.role import render_role
from core.wire.objects.guilds.voice_state import render_voice_state
from core.wire.objects.people.user import render_user
from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.passive_sessions import LargeGuilds
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.member_table import KEEP_ALL_BELOW
from gateway.sessions.session import Session
from tests.fakes.clock import FakeClock
from tests.fakes.gateway.gateway_connection import FakeConnection
from tests.fakes.timers import FakeTimers
from tests.support.gateway.guild_model import (
    ADMINISTRATOR,
    CHANNELS,
    CONNECT,
    GUILD,
    MANAGE_CHANNELS,
    ROLES,
    SEND,
    USERS,
    VIEW,
    Model,
)
from tests.support.gateway.made_anew import check_kept
from tests.support.gateway.sessions import make_session
from tests.support.gateway.stays import make_stay

bits = st.integers(0, 15).map(
    lambda n: (n & 1 and VIEW) | (n & 2 and CONNECT) | (n & 4 and MANAGE_CHANNELS) | (ADMINISTRATOR if n == 15 else 0)
)
pairs = st.sampled_from(
    [(VIEW, 0), (0, VIEW), (SEND, 0), (VIEW | CONNECT, 0), (0, VIEW | CONNECT), (CONNECT, 0), (0, CONNECT),
     (MANAGE_CHANNELS, 0), (0, MANAGE_CHANNELS), (0, 0)]
)  # fmt: skip
targets = st.one_of(
    st.just((GUILD, 0)), st.sampled_from(ROLES).map(lambda n: (n, 0)), st.sampled_from(USERS).map(lambda n: (n, 1))
)
users, roles, channels = st.sampled_from(USERS), st.sampled_from(ROLES), st.sampled_from(CHANNELS)
intent_sets = st.sampled_from(
    [
        ALL_INTENTS,
        ALL_INTENTS,
        Intent.GUILDS | Intent.GUILD_MESSAGES,
        Intent.GUILDS,
        Intent.GUILD_MESSAGES,
        Intent.GUILD_MESSAGE_REACTIONS,
        0,
    ]
)
OF_MESSAGES = {
    "MESSAGE_REACTION_ADD": Intent.GUILD_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE": Intent.GUILD_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE_ALL": Intent.GUILD_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE_EMOJI": Intent.GUILD_MESSAGE_REACTIONS,
    "CHANNEL_PINS_UPDATE": Intent.GUILDS,
}
"""Events about messages that are there, with their intents."""


class Watcher:
    """A client, with its knowledge of the guild from dispatches alone."""

    def __init__(self, session: Session, connection: FakeConnection) -> None:
        self.session = session
        self.connection = connection
        self.known: set[int] | None = None
        """The channels, None while the client knows no guild."""
        self.is_passive = False
        """Whether messages of others come to it only when they mention its user, and else as unread channels."""
        self.messages: list[int] = []
        self.unread: list[int] = []
        self.invites: list[int] = []
        self.changes: list[tuple[str, int]] = []
        """The events about messages that are there, each with its channel."""
        self.voice: dict[int, int] = {}
        """The channel in which the client takes each other user to be in voice."""

    def read(self) -> None:  # noqa: C901 - a row an event
        """Apply the new dispatches."""
        dispatches = self.connection.take()
        self.changes += [(event, int(d["channel_id"])) for event, d in dispatches if event in OF_MESSAGES]
        for event, d in dispatches:
            match event:
                case "GUILD_CREATE":
                    assert self.known is None
                    self.known = {int(channel["id"]) for channel in d["channels"]}
                    members = {member["user"]["id"] for member in d["members"]}
                    for state in d["voice_states"]:
                        assert state["user_id"] in members
                        self.note_voice(state)
                case "GUILD_DELETE":
                    self.known = None
                    self.voice.clear()
                case "VOICE_STATE_UPDATE":
                    self.note_voice(d)
                case "CHANNEL_CREATE":
                    assert self.known is not None
                    assert int(d["id"]) not in self.known
                    self.known.add(int(d["id"]))
                case "CHANNEL_UPDATE":
                    assert self.known is not None
                    assert int(d["id"]) in self.known
                case "CHANNEL_DELETE":
                    assert self.known is not None
                    self.known.remove(int(d["id"]))
                case "MESSAGE_CREATE":
                    self.messages.append(int(d["channel_id"]))
                case "CHANNEL_UNREAD_UPDATE":
                    assert self.is_passive
                    self.unread += [int(channel["id"]) for channel in d["channel_unread_updates"]]
                case "INVITE_CREATE":
                    self.invites.append(int(d["channel_id"]))

    def note_voice(self, state: dict[str, Any]) -> None:
        """Note where a user is. Of its own user a client hears everything."""
        user_id = int(state["user_id"])
        if user_id == self.session.user_id:
            return
        if state["channel_id"] is None:
            assert self.voice.pop(user_id, None) is not None, "a leave is told to those who knew"
        else:
            self.voice[user_id] = int(state["channel_id"])


class ViewMachine(RuleBasedStateMachine):
    """The actor and the model, changed side by side."""

    watchers: Bundle[Watcher] = Bundle("watchers")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.actor: GuildActor
        self.here: list[Watcher] = []
        self.position = 0
        self.sessions_made = 0
        self.timers = FakeTimers()
        self.large = LargeGuilds()
        self.others = 0
        """The members that are counted, but that no rule touches."""
        self.unread: set[int] = set()
        """The channels that had messages since the last batch of unread channels."""

    @initialize(
        target=watchers,
        everyone=bits,
        absent=st.sets(users, max_size=2),
        held=st.fixed_dictionaries({user_id: st.sets(roles, max_size=2) for user_id in USERS}),
        given=st.fixed_dictionaries(dict.fromkeys(ROLES, bits)),
        made=st.dictionaries(channels, st.dictionaries(targets, pairs, min_size=1, max_size=4), min_size=2),
        spoken=st.dictionaries(users, channels, max_size=3),
        attached=st.lists(st.tuples(users, intent_sets, st.booleans()), min_size=2, max_size=7),
        keeps_all=st.booleans(),
        room=st.sampled_from([1, 2, KEEP_ALL_BELOW]),
        large=st.sampled_from([2, KEEP_ALL_BELOW - 1, LargeGuilds().members]),
    )
    def load(self, everyone: int, absent: Any, held: Any, given: Any, made: Any, spoken: Any, attached: Any, *, keeps_all: bool, room: int, large: int) -> Any:  # fmt: skip
        """Make a random guild with some sessions. With `room` more members it is not kept whole any more."""
        model = self.model
        model.roles |= {**given, GUILD: everyone}
        model.members |= {user_id: ids for user_id, ids in held.items() if user_id not in absent}
        model.channels = made
        model.voice = {who: at for who, at in spoken.items() if who in model.members and at in made}
        rows = [model.member(user_id) for user_id in model.members] if keeps_all else None
        self.others = max(KEEP_ALL_BELOW - room - len(model.members), 0)
        self.large = LargeGuilds(members=large)
        count = len(model.members) + self.others
        self.actor = self.make_actor(msgspec.structs.replace(model.snapshot(), member_count=count), rows)
        came = [self.enter(user_id, intents, is_bot=is_bot) for user_id, intents, is_bot in attached]
        return multiple(*(watcher for watcher in came if watcher is not None))

    def make_actor(self, snapshot: GuildSnapshot, rows: list[Member] | None) -> GuildActor:
        """Make an actor of the guild."""
        return GuildActor(
            GuildState(snapshot, members=rows),
            revision=0,
            clock=FakeClock(),
            call_later=self.timers.call_later,
            large=self.large,
        )

    def apply(self, delivery: Delivery) -> None:
        """The actor applies a delivery. One that comes twice changes nothing."""
        self.actor.apply(delivery)
        self.actor.apply(delivery)

    def tell(self, event: str, payload: Any, **header: Any) -> Envelope:
        """The actor applies an event. Return its envelope."""
        self.position += 1
        envelope = Envelope(
            **{
                "id": self.position,
                "event": event,
                "audience": Audience.GUILD,
                "payload": msgspec.Raw(msgspec.json.encode(payload)),
                "guild_id": GUILD,
                **header,
            }
        )
        self.apply(Delivery(self.position, 0, envelope))
        return envelope

    def tell_channel(self, event: str, channel_id: int) -> None:
        """Make the event of a channel."""
        payload = render_channel(self.model.channel(channel_id))
        self.tell(event, payload, audience=Audience.CHANNEL, channel_id=channel_id)

    # -- sessions

    @rule(target=watchers, user_id=users, intents=intent_sets, is_bot=st.booleans())
    def attach(self, user_id: int, intents: int, is_bot: bool) -> Any:
        """Make one more session."""
        watcher = self.enter(user_id, intents, is_bot=is_bot)
        return multiple() if watcher is None else watcher

    def enter(self, user_id: int, intents: int, *, is_bot: bool, messages: Iterable[Envelope] = ()) -> Watcher | None:
        """A member's session attaches, and a stranger's does not. These messages have come during its join."""
        self.sessions_made += 1
        session, connection = make_session(
            user_id, session_id=str(self.sessions_made), intents=intents if is_bot else ALL_INTENTS, is_bot=is_bot
        )
        watcher = Watcher(session, connection)
        watcher.is_passive = not is_bot and len(self.model.members) + self.others > self.large.members
        stay = make_stay(self.actor, user_id)
        stay.settle(self.model.member(user_id) if user_id in self.model.members else None)
        stay.collected += [Delivery(self.position, 0, message) for message in messages]
        is_in = stay.enter(session, presence=None)
        stay.close()
        assert is_in == (user_id in self.model.members)
        if not is_in:
            return None
        self.here.append(watcher)
        return watcher

    @rule(
        target=watchers,
        user_id=users,
        intents=intent_sets,
        is_bot=st.booleans(),
        channel_id=channels,
        mentioned=st.sets(users, max_size=2),
    )
    def join_during_a_message(self, user_id: int, intents: int, is_bot: bool, channel_id: int, mentioned: Any) -> Any:
        """A message between a join and GUILD_CREATE follows GUILD_CREATE."""
        if user_id in self.model.members:
            return multiple()
        self.join(user_id, set())
        message = self.send_message(channel_id, mentioned)
        watcher = self.enter(user_id, intents, is_bot=is_bot, messages=[message])
        assert watcher is not None
        self.check_message(watcher, message)
        return watcher

    @rule(watcher=consumes(watchers))
    def detach(self, watcher: Watcher) -> None:
        """A session goes."""
        self.let_go(watcher)
        self.here = [each for each in self.here if each is not watcher]

    def let_go(self, watcher: Watcher) -> None:
        """The actor lets a session go."""
        self.actor.attendance.detach(watcher.session)

    # -- changes

    @rule(user_id=users, held=st.sets(roles, max_size=3))
    def join(self, user_id: int, held: set[int]) -> None:
        """A user becomes a member."""
        if user_id in self.model.members:
            return
        self.model.members[user_id] = held & self.model.roles.keys()
        self.tell("GUILD_MEMBER_ADD", render_member(self.model.member(user_id), with_guild_id=True), user_id=user_id)

    @rule(user_id=users)
    def leave(self, user_id: int) -> None:
        """A member goes, and its sessions with it."""
        if user_id not in self.model.members or user_id == self.model.owner_id:
            return
        self.end_voice(user_id)
        user = render_user(self.model.member(user_id).user)
        del self.model.members[user_id]
        self.tell("GUILD_MEMBER_REMOVE", {"guild_id": str(GUILD), "user": user}, user_id=user_id)

    @rule(user_id=users, held=st.sets(roles, max_size=3), timeout_until_ms=st.sampled_from([0, 1 << 42]))
    def change_member(self, user_id: int, held: set[int], timeout_until_ms: int) -> None:
        """Roles and timeout of a member change."""
        if user_id not in self.model.members:
            return
        self.model.members[user_id] = held & self.model.roles.keys()
        self.model.timeouts[user_id] = timeout_until_ms
        member = render_member(self.model.member(user_id), with_guild_id=True)
        self.tell("GUILD_MEMBER_UPDATE", member, user_id=user_id)

    @rule(role_id=st.one_of(st.just(GUILD), roles), permissions=bits)
    def put_role(self, role_id: int, permissions: int) -> None:
        """A role is made or changed."""
        event = "GUILD_ROLE_UPDATE" if role_id in self.model.roles else "GUILD_ROLE_CREATE"
        self.model.roles[role_id] = permissions
        self.tell(event, {"guild_id": str(GUILD), "role": render_role(self.model.role(role_id))})

    @rule(role_id=roles)
    def delete_role(self, role_id: int) -> None:
        """A role goes, from members and overwrites too. Its id may come back here, which never happens in a server."""
        if self.model.roles.pop(role_id, None) is None:
            return
        for held in self.model.members.values():
            held.discard(role_id)
        for overwrites in self.model.channels.values():
            overwrites.pop((role_id, 0), None)
        self.tell("GUILD_ROLE_DELETE", {"guild_id": str(GUILD), "role_id": str(role_id)})

    @rule(channel_id=channels, overwrites=st.dictionaries(targets, pairs, max_size=4))
    def put_channel(self, channel_id: int, overwrites: Any) -> None:
        """A channel is made or changed."""
        event = "CHANNEL_UPDATE" if channel_id in self.model.channels else "CHANNEL_CREATE"
        self.model.channels[channel_id] = overwrites
        self.tell_channel(event, channel_id)

    @rule(channel_id=channels)
    def delete_channel(self, channel_id: int) -> None:
        """A channel goes."""
        if channel_id not in self.model.channels:
            return
        for user_id in [user_id for user_id, place in self.model.voice.items() if place == channel_id]:
            self.end_voice(user_id)
        payload = render_channel(self.model.channel(channel_id))
        del self.model.channels[channel_id]
        self.tell("CHANNEL_DELETE", payload, audience=Audience.CHANNEL, channel_id=channel_id)

    @rule(user_id=users)
    def give_away(self, user_id: int) -> None:
        """The guild gets another owner."""
        if user_id in self.model.members:
            self.model.owner_id = user_id
            self.tell("GUILD_UPDATE", render_guild(self.model.guild(), ()))

    @rule(user_id=users, channel_id=channels)
    def speak(self, user_id: int, channel_id: int) -> None:
        """A member comes into a voice channel, from another one or from none."""
        if user_id not in self.model.members or channel_id not in self.model.channels:
            return
        before = self.model.voice.get(user_id, 0)
        self.model.voice[user_id] = channel_id
        state = render_voice_state(self.model.voice_state(user_id, channel_id), self.model.member(user_id))
        self.tell_voice(user_id, state, channel_id=channel_id, former_channel_id=before)

    @rule(user_id=users)
    def end_voice(self, user_id: int) -> None:
        """A member leaves voice."""
        before = self.model.voice.pop(user_id, 0)
        if before:
            state = self.model.voice_state(user_id, before)
            shown = render_voice_state(state, self.model.member(user_id), is_over=True)
            self.tell_voice(user_id, shown, channel_id=0, former_channel_id=before)

    def tell_voice(self, user_id: int, state: Any, **header: int) -> None:
        """Make the event of a voice state."""
        self.tell("VOICE_STATE_UPDATE", state, audience=Audience.CHANNEL, user_id=user_id, **header)

    @rule(channel_id=channels, mentioned=st.sets(users, max_size=2))
    def say(self, channel_id: int, mentioned: set[int]) -> None:
        """Somebody writes."""
        self.send_message(channel_id, mentioned)

    def send_message(self, channel_id: int, mentioned: set[int]) -> Envelope:
        """A message reaches exactly the sessions that may read its channel, once. Passive ones it must mention."""
        payload = {"id": "1", "channel_id": str(channel_id), "content": "x"}
        header = {"audience": Audience.CHANNEL, "channel_id": channel_id, "mention_ids": tuple(mentioned)}
        message = self.tell("MESSAGE_CREATE", payload, **header)
        self.unread.add(channel_id)
        for watcher in self.here:
            self.check_message(watcher, message)
        return message

    def check_message(self, watcher: Watcher, message: Envelope) -> None:
        session = watcher.session
        watcher.read()
        if watcher.is_passive:
            wants = session.user_id in message.mention_ids
        else:
            wants = bool(session.intents & Intent.GUILD_MESSAGES)
        expected = wants and self.model.may_read(session.user_id, message.channel_id)
        assert watcher.messages == [message.channel_id] * expected
        watcher.messages.clear()

    @rule(event=st.sampled_from(sorted(OF_MESSAGES)), channel_id=channels)
    def change_messages(self, event: str, channel_id: int) -> None:
        """A reaction or a pin reaches exactly those who may read the channel; reactions no passive session."""
        payload = {"channel_id": str(channel_id), "message_id": "1"}
        self.tell(event, payload, audience=Audience.CHANNEL, channel_id=channel_id)
        for watcher in self.here:
            session = watcher.session
            watcher.read()
            wants = bool(session.intents & OF_MESSAGES[event]) and not (
                watcher.is_passive and event != "CHANNEL_PINS_UPDATE"
            )
            expected = wants and self.model.may_read(session.user_id, channel_id)
            assert watcher.changes == [(event, channel_id)] * expected
            watcher.changes.clear()

    @rule(
        said=st.sets(channels, min_size=1),
        channel_id=channels,
        overwrites=st.dictionaries(targets, pairs, max_size=4),
    )
    def change_before_a_batch(self, said: set[int], channel_id: int, overwrites: Any) -> None:
        """A channel changes between messages and the batch that tells passive sessions of them."""
        for each in said:
            self.send_message(each, set())
        self.put_channel(channel_id, overwrites)
        self.let_time_pass()

    @rule()
    def let_time_pass(self) -> None:
        """Passive sessions are told the unread channels that they may read now, and no others."""
        self.timers.advance(self.large.gap_s)
        for watcher in self.here:
            watcher.read()
            readable = {each for each in self.unread if self.model.may_read(watcher.session.user_id, each)}
            assert len(watcher.unread) == len(set(watcher.unread))
            assert readable.issuperset(watcher.unread)
            watcher.unread.clear()
        self.unread.clear()

    @rule(channel_id=channels)
    def make_invite(self, channel_id: int) -> None:
        """An invite reaches exactly the sessions that manage its channel."""
        if channel_id not in self.model.channels:
            return
        payload = {"code": "x", "channel_id": str(channel_id)}
        self.tell(
            "INVITE_CREATE",
            payload,
            audience=Audience.GUILD_PERMISSION,
            channel_id=channel_id,
            permissions=MANAGE_CHANNELS,
        )
        for watcher in self.here:
            session = watcher.session
            watcher.read()
            held = self.model.permissions(session.user_id, channel_id)
            is_timed_out = self.model.timeouts.get(session.user_id, 0) and held != -1
            wants = bool(session.intents & Intent.GUILD_INVITES)
            expected = wants and bool(held & VIEW and held & MANAGE_CHANNELS) and not is_timed_out
            assert watcher.invites == [channel_id] * expected
            watcher.invites.clear()

    # -- invariants

    @invariant()
    def clients_know_what_they_may_view(self) -> None:
        """Sessions of former members were let go, and the others know exactly their channels."""
        for watcher in list(self.here):
            watcher.read()
            session = watcher.session
            if session.user_id not in self.model.members:
                assert not session.slots
                self.here.remove(watcher)
            if session.user_id not in self.model.members or not session.intents & Intent.GUILDS:
                assert watcher.known is None
            else:
                assert watcher.known == self.model.viewable(session.user_id)

    @invariant()
    def clients_know_who_is_in_voice_where_they_view(self) -> None:
        """Nobody hears of voice in a channel that it may not view."""
        for watcher in self.here:
            watcher.read()
            intents = watcher.session.intents
            if intents & Intent.GUILD_VOICE_STATES and intents & Intent.GUILDS:
                assert watcher.voice == self.model.shown_voice(watcher.session.user_id)

    @invariant()
    def all_that_is_kept_is_as_if_made_anew(self) -> None:
        """Every observer has followed the state, whatever has happened."""
        if hasattr(self, "actor"):
            check_kept(self.actor)
