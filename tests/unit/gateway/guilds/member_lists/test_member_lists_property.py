"""A session that watches a member list has the right rows, whatever happens in the guild.

A machine makes random changes to a guild. Beside the actor stands a model that computes each list anew by sorting all
members. Each client applies its updates as Discord's own clients do. When a batch has been sent, the rows that a client
asked for must be the model's. A client is never told the list of a channel that it may not view.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.bus.interfaces import Delivery
from core.domain.events import Audience
from core.domain.guilds.member import Member
from core.domain.guilds.role import Role
from core.wire.envelope import Envelope
from core.wire.objects.channels.channel import render_channel
from core.wire.objects.guilds.guild import render_guild
from core.wire.objects.guilds.member import render_member
from core.wire.objects.guilds.role import render_role
from core.wire.objects.people.user import render_user
from gateway.commands.commands import GuildSubscription
from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.member_lists.member_list_ids import key_of as key_of_channel
from gateway.guilds.member_lists.member_lists import COUNTS_GAP_S, LIST_GAP_S
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.member_table import KEEP_ALL_BELOW
from gateway.sessions.session import Session
from tests.fakes.clock import FakeClock
from tests.fakes.gateway.gateway_connection import FakeConnection
from tests.fakes.gateway.member_list_copy import Lists, key_of
from tests.fakes.timers import FakeTimers
from tests.support.gateway.guild_model import CHANNELS, GUILD, ROLES, VIEW, Model
from tests.support.gateway.made_anew import check_kept
from tests.support.gateway.sessions import make_session
from tests.support.gateway.stays import make_stay

USERS = range(101, 113)
NAMES = ("Anna", "ben", "Ärmel", "anna", "Zoë")
users, roles, channels = st.sampled_from(USERS), st.sampled_from(ROLES), st.sampled_from(CHANNELS)
statuses = st.sampled_from(["online", "idle", "offline"])
bits = st.sampled_from([0, VIEW])
targets = st.one_of(st.just((GUILD, 0)), roles.map(lambda n: (n, 0)), users.map(lambda n: (n, 1)))
overwrite_sets = st.dictionaries(targets, st.sampled_from([(VIEW, 0), (0, VIEW), (0, 0)]), max_size=3)
range_sets = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 6)).map(lambda pair: [pair[0], sum(pair)]), min_size=1, max_size=3
)
subscriptions = st.dictionaries(channels, range_sets, max_size=3)


class Looker:
    """A person's client: the ranges that it asked for, and the rows that it has."""

    def __init__(self, session: Session, connection: FakeConnection) -> None:
        self.session = session
        self.connection = connection
        self.wanted: dict[int, list[list[int]]] = {}
        self.lists = Lists()

    def read(self, list_ids: set[str]) -> None:
        """Apply the new dispatches. Updates may only be about these lists."""
        for event, d in self.connection.take():
            if event == "GUILD_MEMBER_LIST_UPDATE":
                assert d["id"] in list_ids
                self.lists.apply(d)


class ListMachine(RuleBasedStateMachine):
    """The actor and the model, changed side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.online_count = 0
        self.model = Model()
        self.model.owner_id = 999  # no user of the tests is the owner, who sees more
        self.model.members = {}
        self.nicks: dict[int, str] = {}
        self.hoisted: dict[int, tuple[bool, int]] = {}
        self.statuses: dict[int, str] = {}
        self.lookers: list[Looker] = []
        self.sessions_made = 0
        self.timers = FakeTimers()
        self.actor: GuildActor
        self.position = 0
        self.keeps_all = False
        self.others = 0
        """The members that are counted, but that no rule touches."""

    @initialize(
        everyone=st.sampled_from([VIEW, VIEW, 0]),
        held=st.fixed_dictionaries({user_id: st.sets(roles, max_size=2) for user_id in USERS}),
        absent=st.sets(users, max_size=3),
        hoisted=st.fixed_dictionaries(dict.fromkeys(ROLES, st.tuples(st.booleans(), st.integers(0, 3)))),
        given=st.fixed_dictionaries(dict.fromkeys(ROLES, bits)),
        made=st.dictionaries(channels, overwrite_sets, min_size=2),
        keeps_all=st.booleans(),
        room=st.sampled_from([1, KEEP_ALL_BELOW]),
        first=st.lists(st.tuples(users, statuses, subscriptions), min_size=3, max_size=8),
    )
    def load(self, everyone: int, held: Any, absent: Any, hoisted: Any, given: Any, made: Any, keeps_all: bool, first: Any, *, room: int = KEEP_ALL_BELOW) -> None:  # fmt: skip
        """Make a random guild in which somebody watches lists. With `room` more members it is a large one."""
        model = self.model
        model.roles |= {**given, GUILD: everyone}
        model.members |= {user_id: ids for user_id, ids in held.items() if user_id not in absent}
        model.channels = made
        self.hoisted = hoisted
        self.keeps_all = keeps_all
        self.others = max(KEEP_ALL_BELOW - room - len(model.members), 0)
        snapshot = model.snapshot()
        roles_now = tuple(self.role(role.id) for role in snapshot.roles)
        count = len(model.members) + self.others
        rows = [self.member(user_id) for user_id in model.members] if keeps_all else None
        state = GuildState(msgspec.structs.replace(snapshot, roles=roles_now, member_count=count), members=rows)
        self.actor = GuildActor(
            state, revision=0, clock=FakeClock(), call_later=self.timers.call_later, on_online=self.note_online
        )
        for user_id, status, wanted in first:
            self.attach(user_id, status)
            if self.lookers:
                self.look(len(self.lookers) - 1, wanted)

    def note_online(self, guild_id: int, count: int) -> None:
        self.online_count = count

    # -- the model

    def role(self, role_id: int) -> Role:
        hoist, position = self.hoisted.get(role_id, (False, 0))
        return msgspec.structs.replace(self.model.role(role_id), hoist=hoist, position=position)

    def member(self, user_id: int) -> Member:
        return msgspec.structs.replace(self.model.member(user_id), nick=self.nicks.get(user_id))

    def presence_of(self, user_id: int, status: str) -> msgspec.Raw | None:
        """Return a presence as actors take it."""
        return None if status == "offline" else msgspec.Raw(msgspec.json.encode(presence_of(user_id, status)))

    def is_online(self, user_id: int) -> bool:
        return self.statuses.get(user_id, "offline") != "offline"

    def expected(self, channel_id: int) -> list[str]:
        """The rows of a channel's list: group ids, and `u` with a user's."""
        groups: dict[str, list[int]] = {}
        for user_id in self.model.members:
            if self.model.may_view(user_id, channel_id) and (self.keeps_all or self.is_online(user_id)):
                groups.setdefault(self.group(user_id), []).append(user_id)
        hoisted = sorted(self.hoisted, key=lambda role_id: (-self.hoisted[role_id][1], role_id))
        rows = []
        for group in [*map(str, hoisted), "online", "offline"]:
            if group in groups:
                rows.append(group)
                rows += [f"u{user_id}" for user_id in sorted(groups[group], key=self.sorted_by)]
        return rows

    def group(self, user_id: int) -> str:
        if not self.is_online(user_id):
            return "offline"
        held = [
            role_id for role_id in self.model.members[user_id] & self.model.roles.keys() if self.hoisted[role_id][0]
        ]
        return str(min(held, key=lambda role_id: (-self.hoisted[role_id][1], role_id))) if held else "online"

    def sorted_by(self, user_id: int) -> tuple[str, int]:
        return (self.nicks.get(user_id) or f"user{user_id}").casefold(), user_id

    # -- what happens

    def tell(self, event: str, payload: Any, **header: Any) -> None:
        self.position += 1
        raw = msgspec.Raw(msgspec.json.encode(payload))
        fields = {"id": self.position, "event": event, "audience": Audience.GUILD, "payload": raw, "guild_id": GUILD}
        self.actor.apply(Delivery(self.position, 0, Envelope(**{**fields, **header})))

    @rule(user_id=users, status=statuses)
    def attach(self, user_id: int, status: str) -> None:
        """A session comes, with the presence that its user has."""
        self.sessions_made += 1
        session, connection = make_session(user_id, session_id=str(self.sessions_made), is_bot=False)
        table = self.actor.state.members
        if mark := table.hold(user_id):
            table.settle(mark, self.member(user_id) if user_id in self.model.members else None)
        status = self.statuses.get(user_id, status)
        if not self.actor.attendance.attach(session, presence=self.presence_of(user_id, status), is_new=False):
            table.release(user_id)
            return
        self.statuses[user_id] = status
        self.lookers.append(Looker(session, connection))

    @rule(user_id=users, status=statuses)
    def turn_back(self, user_id: int, status: str) -> None:
        """A user is shown before its session enters, and the session does not enter: nothing has changed."""
        if user_id not in self.model.members:
            return
        stay = make_stay(self.actor, user_id)
        stay.settle(self.member(user_id))
        self.actor.attendance.show(user_id, self.presence_of(user_id, self.statuses.get(user_id, status)))
        stay.close()

    @rule(number=st.integers(0, 20))
    def detach(self, number: int) -> None:
        """A session goes; its user is offline when it was the last."""
        if self.lookers:
            self.drop(self.lookers[number % len(self.lookers)])

    def drop(self, looker: Looker) -> None:
        self.actor.attendance.detach(looker.session)
        self.lookers.remove(looker)
        user_id = looker.session.user_id
        if all(each.session.user_id != user_id for each in self.lookers):
            self.statuses.pop(user_id, None)

    @rule(number=st.integers(0, 20), wanted=subscriptions)
    def look(self, number: int, wanted: dict[int, list[list[int]]]) -> None:
        """A client asks for lists."""
        if not self.lookers:
            return
        looker = self.lookers[number % len(self.lookers)]
        asked = {str(channel_id): ranges for channel_id, ranges in wanted.items()}
        self.actor.attention.subscribe(looker.session, GuildSubscription(channels=asked))
        looker.wanted = wanted

    @rule(user_id=users, status=statuses)
    def change_presence(self, user_id: int, status: str) -> None:
        """A connected user changes its presence."""
        if user_id in self.statuses:
            self.statuses[user_id] = status
            payload = {**presence_of(user_id, status), "guild_id": str(GUILD)}
            self.tell("PRESENCE_UPDATE", payload, user_id=user_id)

    @rule(user_id=users, held=st.sets(roles, max_size=2), nick=st.sampled_from([None, *NAMES]))
    def change_member(self, user_id: int, held: set[int], nick: str | None) -> None:
        """Roles and nick of a member change."""
        if user_id not in self.model.members:
            return
        self.model.members[user_id] = held & self.model.roles.keys()
        self.nicks.pop(user_id, None)
        if nick is not None:
            self.nicks[user_id] = nick
        self.tell("GUILD_MEMBER_UPDATE", render_member(self.member(user_id), with_guild_id=True), user_id=user_id)

    @rule(user_id=users)
    def come_or_go(self, user_id: int) -> None:
        """A user becomes a member, or is one no more."""
        if user_id not in self.model.members:
            self.model.members[user_id] = set()
            self.keeps_all &= len(self.model.members) + self.others < KEEP_ALL_BELOW
            self.tell("GUILD_MEMBER_ADD", render_member(self.member(user_id), with_guild_id=True), user_id=user_id)
            return
        user = render_user(self.member(user_id).user)
        del self.model.members[user_id]
        self.lookers = [each for each in self.lookers if each.session.user_id != user_id]
        self.statuses.pop(user_id, None)
        self.tell("GUILD_MEMBER_REMOVE", {"guild_id": str(GUILD), "user": user}, user_id=user_id)

    @rule(role_id=st.one_of(st.just(GUILD), roles), permissions=bits, hoist=st.booleans(), position=st.integers(0, 3))
    def put_role(self, role_id: int, permissions: int, hoist: bool, position: int) -> None:
        """A role is made or changed."""
        event = "GUILD_ROLE_UPDATE" if role_id in self.model.roles else "GUILD_ROLE_CREATE"
        self.model.roles[role_id] = permissions
        if role_id != GUILD:
            self.hoisted[role_id] = (hoist, position)
        self.tell(event, {"guild_id": str(GUILD), "role": render_role(self.role(role_id))})

    @rule(role_id=roles)
    def delete_role(self, role_id: int) -> None:
        """A role goes, from members and overwrites too."""
        if self.model.roles.pop(role_id, None) is None:
            return
        self.hoisted.pop(role_id, None)
        for held in self.model.members.values():
            held.discard(role_id)
        for overwrites in self.model.channels.values():
            overwrites.pop((role_id, 0), None)
        self.tell("GUILD_ROLE_DELETE", {"guild_id": str(GUILD), "role_id": str(role_id)})

    @rule(channel_id=channels, overwrites=overwrite_sets)
    def put_channel(self, channel_id: int, overwrites: Any) -> None:
        """A channel is made or changed."""
        event = "CHANNEL_UPDATE" if channel_id in self.model.channels else "CHANNEL_CREATE"
        self.model.channels[channel_id] = overwrites
        payload = render_channel(self.model.channel(channel_id))
        self.tell(event, payload, audience=Audience.CHANNEL, channel_id=channel_id)

    @rule(channel_id=channels)
    def hide_or_show(self, channel_id: int) -> None:
        """A channel is hidden from everybody, or is there for everybody."""
        self.nobody_is_told_the_list_of_a_channel_that_it_may_not_view()
        hidden = {(GUILD, 0): (0, VIEW)}
        self.put_channel(channel_id, {} if self.model.channels.get(channel_id) == hidden else hidden)

    @rule(channel_id=channels)
    def delete_channel(self, channel_id: int) -> None:
        """A channel goes."""
        if channel_id not in self.model.channels:
            return
        payload = render_channel(self.model.channel(channel_id))
        del self.model.channels[channel_id]
        self.tell("CHANNEL_DELETE", payload, audience=Audience.CHANNEL, channel_id=channel_id)

    @rule()
    def give_away(self) -> None:
        """An event about the guild changes no list."""
        self.tell("GUILD_UPDATE", render_guild(self.model.guild(), ()))

    @rule(channel_id=channels)
    def say(self, channel_id: int) -> None:
        """A message changes no list."""
        payload = {"id": str(self.position + 1), "channel_id": str(channel_id), "content": "x"}
        self.tell("MESSAGE_CREATE", payload, audience=Audience.CHANNEL, channel_id=channel_id)

    # -- what rarely happens by chance

    @rule(user_id=users, number=st.integers(0, 20), wanted=subscriptions)
    def come_while_another_looks(self, user_id: int, number: int, wanted: dict[int, list[list[int]]]) -> None:
        """A client asks for lists between a change and the flush. The change may be the guild's last room."""
        self.come_or_go(user_id)
        self.look(number, wanted)

    @rule(channel_id=channels, number=st.integers(0, 20), wanted=subscriptions)
    def change_while_nobody_looks(self, channel_id: int, number: int, wanted: dict[int, list[list[int]]]) -> None:
        """The guild changes while no list is kept, and is what it was before soon after somebody looks again."""
        self.look_away()
        self.hide_or_show(channel_id)
        self.look(number, wanted)
        self.wait()
        self.hide_or_show(channel_id)

    @rule(user_id=users, channel_id=channels)
    def hide_before_counts_are_told(self, user_id: int, channel_id: int) -> None:
        """The counts of a list are due between the loss of its channel and the flush."""
        self.wait()
        self.come_or_go(user_id)
        self.timers.advance(LIST_GAP_S + COUNTS_GAP_S - LIST_GAP_S / 2)
        self.hide_or_show(channel_id)
        self.timers.advance(LIST_GAP_S / 2)

    # -- what must hold

    @invariant()
    def nobody_is_told_the_list_of_a_channel_that_it_may_not_view(self) -> None:
        """A batch or counts that are told after a change hold for the guild as it is then."""
        for looker in self.lookers:
            user_id, state = looker.session.user_id, self.actor.state
            shown = [channel for channel in state.channels.values() if self.model.may_view(user_id, channel.id)]
            looker.read({key_of_channel(state, channel).id for channel in shown})

    @rule(seconds=st.sampled_from([LIST_GAP_S / 2, LIST_GAP_S, COUNTS_GAP_S - LIST_GAP_S / 2, COUNTS_GAP_S]))
    def let_time_pass(self, seconds: float) -> None:
        """Some timers expire, and others do not."""
        self.timers.advance(seconds)

    @invariant()
    def all_that_is_kept_is_as_if_made_anew(self) -> None:
        """Every observer has followed the state, whatever has happened."""
        if hasattr(self, "actor"):
            check_kept(self.actor)
            assert self.online_count == len(self.actor.state.presences)

    @rule()
    def wait(self) -> None:
        """After a batch all clients have the rows that they asked for. Lists that nobody watches are kept."""
        self.timers.advance(COUNTS_GAP_S + LIST_GAP_S)
        self.check_all()

    @rule()
    def wait_long(self) -> None:
        """Lists that nobody watches are dropped."""
        self.timers.run()
        self.check_all()

    @rule()
    def look_away(self) -> None:
        """Nobody looks any more, so long that no list is left."""
        for number in range(len(self.lookers)):
            self.look(number, {})
        self.wait_long()
        assert not self.actor.attention.keeps_lists

    def check_all(self) -> None:
        self.nobody_is_told_the_list_of_a_channel_that_it_may_not_view()
        for looker in self.lookers:
            self.check(looker)

    def check(self, looker: Looker) -> None:
        """The later one of two lists with the same id is shown."""
        newest: dict[str, int] = {}
        for channel_id in looker.wanted:
            if self.model.may_view(looker.session.user_id, channel_id):
                newest[key_of_channel(self.actor.state, self.actor.state.channels[channel_id]).id] = channel_id
        for list_id, channel_id in newest.items():
            expected = self.expected(channel_id)
            copy = looker.lists.by_id[list_id]
            for first, last in looker.wanted[channel_id]:
                rows = copy.seen((first, last))
                assert [key_of(item) for item in rows] == expected[first : last + 1]
                self.check_items(rows)
            assert copy.member_count == len(self.model.members) + self.others
            assert sum(count + 1 for _, count in copy.groups) == len(expected)

    def check_items(self, rows: list[Any]) -> None:
        for member in (item["member"] for item in rows if "member" in item):
            user_id = int(member["user"]["id"])
            assert member["presence"]["status"] == self.statuses.get(user_id, "offline")
            assert member["nick"] == self.nicks.get(user_id)
            assert set(map(int, member["roles"])) == self.model.members[user_id]

    def teardown(self) -> None:
        """Without watchers nothing is left to be told or kept."""
        if not hasattr(self, "actor"):
            return
        self.wait()
        for looker in list(self.lookers):
            self.drop(looker)
        self.timers.run()
        assert not self.actor.attention.keeps_lists


def presence_of(user_id: int, status: str) -> dict[str, Any]:
    """The presence as in GUILD_CREATE."""
    return {"user": {"id": str(user_id)}, "status": status, "activities": [], "client_status": {}}


ListMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestEverybodyHasTheRowsThatItAskedFor = ListMachine.TestCase


def make_machine(
    *,
    online: Iterable[int] = USERS,
    absent: Iterable[int] = (),
    keeps_all: bool = False,
    room: int = KEEP_ALL_BELOW,
) -> ListMachine:
    """Make a guild whose one channel everybody views, and in which these users have a session each."""
    machine = ListMachine()
    machine.load(
        everyone=VIEW,
        held={user_id: set() for user_id in USERS},
        absent=set(absent),
        hoisted=dict.fromkeys(ROLES, (True, 1)),
        given=dict.fromkeys(ROLES, 0),
        made={51: {}},
        keeps_all=keeps_all,
        first=[(user_id, "online", {}) for user_id in online],
        room=room,
    )
    return machine


def test_list_that_nobody_looks_at_follows_what_happens_until_it_is_dropped() -> None:
    machine = make_machine()
    first, second, third, *_ = USERS
    machine.look(0, {51: [[0, 99]]})
    machine.wait()
    machine.look(0, {})
    machine.change_member(first, {ROLES[0]}, "zoe")
    machine.come_or_go(second)
    machine.change_presence(third, "idle")
    machine.wait()
    assert machine.actor.attention.keeps_lists
    machine.look(1, {51: [[0, 99]]})
    machine.wait()
    machine.look(1, {})
    machine.put_role(ROLES[0], 0, hoist=False, position=2)
    machine.look(2, {51: [[0, 99]]})
    machine.wait()
    machine.look(2, {})
    machine.wait_long()
    assert not machine.actor.attention.keeps_lists


def test_role_that_changes_while_no_list_is_kept_and_changes_back_moves_its_members() -> None:
    machine = make_machine()
    machine.change_member(USERS[1], {ROLES[0]}, None)
    machine.look(0, {51: [[0, 99]]})
    machine.put_role(ROLES[0], 0, hoist=False, position=1)
    machine.wait()
    machine.look_away()
    machine.put_role(ROLES[0], 0, hoist=True, position=1)
    machine.look(0, {51: [[0, 99]]})
    machine.wait()
    machine.put_role(ROLES[0], 0, hoist=False, position=1)
    machine.wait()


def test_channel_that_was_shown_while_no_list_was_kept_and_is_hidden_again_is_not_told() -> None:
    machine = make_machine()
    machine.look(0, {51: [[0, 99]]})
    machine.hide_or_show(51)
    machine.wait()
    machine.look_away()
    machine.hide_or_show(51)
    machine.look(0, {51: [[0, 99]]})
    machine.wait()
    machine.hide_or_show(51)
    machine.change_presence(USERS[1], "offline")
    machine.wait()
    machine.hide_or_show(51)
    machine.wait()


def test_member_that_makes_the_guild_large_takes_offline_members_out_of_the_lists() -> None:
    machine = make_machine(online=USERS[:2], absent={USERS[-1]}, keeps_all=True, room=1)
    machine.look(0, {51: [[0, 2]]})
    machine.wait()
    machine.come_or_go(USERS[-1])
    machine.look(1, {51: [[0, 99]]})
    machine.nobody_is_told_the_list_of_a_channel_that_it_may_not_view()
    copy = machine.lookers[1].lists.by_id["everyone"]
    assert [key_of(row) for row in copy.rows] == ["online", f"u{USERS[0]}", f"u{USERS[1]}"]
    machine.wait()


def test_counts_are_not_told_between_the_loss_of_a_channel_and_the_flush() -> None:
    machine = make_machine()
    machine.look(0, {51: [[0, 0]]})
    machine.wait()
    machine.change_presence(USERS[-1], "offline")
    machine.timers.advance(LIST_GAP_S + COUNTS_GAP_S - LIST_GAP_S / 2)
    machine.hide_or_show(51)
    machine.timers.advance(LIST_GAP_S / 2)
    machine.nobody_is_told_the_list_of_a_channel_that_it_may_not_view()
    machine.hide_or_show(51)
    machine.wait()
