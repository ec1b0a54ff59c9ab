"""Messages, edits, deletions, acks and blocks at random, one by one and at once, against a plain model.

The model is the list of messages with those whom each one pings, and each person's place. What the store tells a login
and the inbox lists must be what the model says, and each person's MESSAGE_ACKs must lead to it.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.integration.api.conftest import open_api_in
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import Scene
from tests.support.stores.databases import MigratedDatabase

OWNER, BOB, CAROL = range(3)
PEOPLE = (OWNER, BOB, CAROL)
GENERAL, SECOND, DIRECT = range(3)
"""Two channels of a guild, and the direct channel of the owner and Bob."""

WAYS = ("nothing", "bob", "carol", "role", "everyone", "bob and everyone")
"""What a message may name. Bob has the role."""
NAMED: dict[str, frozenset[int]] = {
    "nothing": frozenset(),
    "bob": frozenset({BOB}),
    "carol": frozenset({CAROL}),
    "role": frozenset({BOB}),
    "everyone": frozenset(PEOPLE),
    "bob and everyone": frozenset(PEOPLE),
}
TARGETS = {
    "nothing": frozenset[str](),
    "bob": frozenset({"bob"}),
    "carol": frozenset({"carol"}),
    "role": frozenset({"role"}),
    "everyone": frozenset({"everyone"}),
    "bob and everyone": frozenset({"bob", "everyone"}),
}

channels = st.sampled_from((GENERAL, SECOND, DIRECT))
ways = st.sampled_from(WAYS)
readers = st.sampled_from((BOB, CAROL))
picks = st.integers(0, 1000)


class Said(msgspec.Struct):
    """A message of the model: what it names now, and which of that has pinged."""

    id: int
    channel: int
    author: int
    targets: frozenset[str]
    pings: frozenset[str]


def concerned(targets: frozenset[str], channel: int) -> frozenset[int]:
    """Return the people whom targets concern. In a direct channel roles and everyone name nobody."""
    if channel == DIRECT:
        return frozenset({BOB} if "bob" in targets else ())
    return frozenset[int]().union(*(NAMED[target] for target in targets))


class Model:
    """What is said and read."""

    def __init__(self) -> None:
        self.said: dict[int, Said] = {}
        self.places: dict[tuple[int, int], tuple[int, int, int]] = {}
        """By person and channel: the last message read, up to where a count was given, and that count."""
        self.blocked: set[int] = set()
        """Those who have blocked the owner."""

    def say(self, message_id: int, channel: int, author: int, way: str) -> None:
        self.said[message_id] = Said(message_id, channel, author, TARGETS[way], TARGETS[way])
        self.read(author, channel, message_id)

    def edit(self, message_id: int, way: str) -> None:
        said = self.said[message_id]
        said.targets, said.pings = TARGETS[way], said.pings & TARGETS[way]

    def read(self, person: int, channel: int, message_id: int) -> None:
        if message_id > self.places.get((person, channel), (0, 0, 0))[0]:
            self.places[person, channel] = (message_id, message_id, 0)

    def count(self, person: int, channel: int) -> int:
        _, counted_id, given = self.places.get((person, channel), (0, 0, 0))
        waiting = [each for each in self._others(person, channel) if each.id > counted_id]
        return given + sum(channel == DIRECT or person in concerned(each.pings, channel) for each in waiting)

    def inbox(self, person: int) -> list[int]:
        listed = [
            each.id
            for channel in (GENERAL, SECOND, DIRECT)
            for each in self._others(person, channel)
            if person in concerned(each.targets, channel)
        ]
        return sorted(listed, reverse=True)

    def states(self, person: int) -> dict[int, tuple[int, int]]:
        """Return place and count of each channel that has one or the other."""
        seen = (GENERAL, SECOND) if person == CAROL else (GENERAL, SECOND, DIRECT)
        states = {
            channel: (self.places.get((person, channel), (0,))[0], self.count(person, channel)) for channel in seen
        }
        return {channel: state for channel, state in states.items() if state != (0, 0)}

    def _others(self, person: int, channel: int) -> list[Said]:
        hidden = {person} | ({OWNER} if person in self.blocked else set())
        return [each for each in self.said.values() if each.channel == channel and each.author not in hidden]


class Unread(RuleBasedStateMachine):
    """The API and the model, with a new guild and new people in each run."""

    api: ClassVar[ApiUnderTest]
    runner: ClassVar[asyncio.Runner]

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        self.runner.run(self._begin())
        self.number = {channel_id: number for number, channel_id in enumerate(self.channels)}
        self.told: dict[tuple[int, int], int] = {}
        """The message of the last MESSAGE_ACK, by person and channel."""
        self.sent: dict[int, int] = {}
        """All messages that were ever sent, with their channels."""
        self.own: dict[tuple[int, int], list[int]] = {}
        """Those of each person in each channel, which move the place without an event."""
        self.api.deliveries.clear()

    async def _begin(self) -> None:
        scene = await Scene.build(self.api)
        self.people = [scene.owner, await scene.join(), await scene.join()]
        self.role = await scene.add_role(self.people[BOB], mentionable=True)
        second = (await scene.owner.post(f"{scene.path}/channels", {"name": "second"})).json()["id"]
        opened = await scene.owner.post("/users/@me/channels", {"recipient_id": self.people[BOB].id})
        self.channels = [scene.general, second, opened.json()["id"]]
        await self.api.built.own_places.write()
        for person in (BOB, CAROL):  # whose arrival is announced in the first channel
            (arrival,) = await self.api.store.read_states.list_of_user(int(self.people[person].id))
            assert str(arrival.channel_id) == scene.general
            self.model.read(person, GENERAL, arrival.last_read_id)

    # -- steps

    @rule(channel=channels, way=ways, author=st.sampled_from((OWNER, BOB)))
    def send(self, channel: int, way: str, author: int) -> None:
        if channel == DIRECT and self.model.blocked:
            return
        way = way if author == OWNER or "everyone" not in way else "bob"
        message_id = self.runner.run(self._send(channel, way, author))
        self.model.say(message_id, channel, author, way)

    @rule(way=ways, pick=picks)
    def edit(self, way: str, pick: int) -> None:
        said = self._pick(pick)
        if said is not None and not (said.channel == DIRECT and self.model.blocked):
            way = way if said.author == OWNER or "everyone" not in way else "bob"
            self.runner.run(self._edit(said, way))
            self.model.edit(said.id, way)

    @rule(pick=picks)
    def delete(self, pick: int) -> None:
        said = self._pick(pick)
        if said is not None:
            self.runner.run(self._delete(said))
            del self.model.said[said.id]

    @rule(reader=readers, pick=picks)
    def ack(self, reader: int, pick: int) -> None:
        said = self._pick(pick)
        if said is not None and (reader, said.channel) != (CAROL, DIRECT):
            self.runner.run(self._ack(reader, said))
            self.model.read(reader, said.channel, said.id)

    @rule(reader=readers, pick=picks, given=st.none() | st.integers(0, 9))
    def mark_unread(self, reader: int, pick: int, given: int | None) -> None:
        said = self._pick(pick)
        if said is None or (reader, said.channel) == (CAROL, DIRECT):
            return
        fields = {"manual": True} if given is None else {"manual": True, "mention_count": given}
        self.runner.run(self._ack(reader, said, fields))
        newest = max(each for each in self.sent if self.sent[each] == said.channel)
        self.model.places[reader, said.channel] = (said.id, said.id, 0) if given is None else (said.id, newest, given)

    @rule()
    def block_or_unblock(self) -> None:
        bob, owner = self.people[BOB], self.people[OWNER]
        path = f"/users/@me/relationships/{owner.id}"
        request = bob.delete(path) if self.model.blocked else bob.put(path, {"type": 2})
        assert self.runner.run(_answer(request)) == 204
        self.model.blocked ^= {BOB}

    @rule(channel=st.sampled_from((GENERAL, SECOND)), picked=st.lists(st.tuples(ways, picks), min_size=2, max_size=4))
    def much_at_once(self, channel: int, picked: list[tuple[str, int]]) -> None:
        """New messages, acks of old ones and a deletion cross each other; the end does not depend on their order."""
        old = [each for each in self.model.said.values() if each.channel == channel]
        gone = old[picked[0][1] % len(old)] if old else None
        read = [old[pick % len(old)] for _, pick in picked] if old else []

        async def run() -> list[int]:
            sends = [self._send(channel, way, OWNER) for way, _ in picked]
            acks = [self._ack(BOB, said) for said in read]
            ids, *_ = await asyncio.gather(
                asyncio.gather(*sends), asyncio.gather(*acks), *([self._delete(gone)] if gone else [])
            )
            return list(ids)

        for message_id, (way, _) in zip(self.runner.run(run()), picked, strict=True):
            self.model.say(message_id, channel, OWNER, way)
        for said in read:
            self.model.read(BOB, channel, said.id)
        if gone is not None:
            del self.model.said[gone.id]

    # -- what must hold

    @invariant()
    def logins_are_told_the_model(self) -> None:
        self.runner.run(self.api.built.own_places.write())
        for person in PEOPLE:
            found = self.runner.run(self.api.store.read_states.list_of_user(int(self.people[person].id)))
            shown = {self.number[str(each.channel_id)]: (each.last_read_id, each.mention_count) for each in found}
            assert shown == self.model.states(person), person

    @invariant()
    def inbox_lists_the_model(self) -> None:
        for person in (BOB, CAROL):
            listed = self.runner.run(_json(self.people[person].get("/users/@me/mentions?limit=100")))
            assert [int(message["id"]) for message in listed] == self.model.inbox(person)

    @invariant()
    def acks_that_are_told_are_the_places(self) -> None:
        numbers = {actor.id: number for number, actor in enumerate(self.people)}
        names = ("MESSAGE_ACK",)
        for envelope, payload in zip(self.api.events(*names), self.api.payloads(*names), strict=True):
            place = (numbers[str(envelope.user_id)], self.number[payload["channel_id"]])
            self.told[place] = int(payload["message_id"])
        self.api.deliveries.clear()
        for place, message_id in self.told.items():
            assert self.model.places[place][0] in (message_id, *self.own.get(place, ()))

    # -- requests

    def _pick(self, pick: int) -> Said | None:
        said = list(self.model.said.values())
        return said[pick % len(said)] if said else None

    def _text(self, way: str) -> str:
        bob, carol = (self.people[number].id for number in (BOB, CAROL))
        texts = {"bob": f"<@{bob}>", "carol": f"<@{carol}>", "role": f"<@&{self.role}>", "everyone": "@everyone"}
        return " ".join(["x", *(texts[target] for target in sorted(TARGETS[way]))])

    async def _send(self, channel: int, way: str, author: int) -> int:
        path = f"/channels/{self.channels[channel]}/messages"
        answer = await self.people[author].post(path, {"content": self._text(way)})
        assert answer.status_code == 200, answer.text
        message_id = int(answer.json()["id"])
        self.sent[message_id] = channel
        self.own.setdefault((author, channel), []).append(message_id)
        return message_id

    def _path(self, said: Said) -> str:
        return f"/channels/{self.channels[said.channel]}/messages/{said.id}"

    async def _edit(self, said: Said, way: str) -> None:
        answer = await self.people[said.author].patch(self._path(said), {"content": self._text(way)})
        assert answer.status_code == 200, answer.text

    async def _delete(self, said: Said) -> None:
        assert (await self.people[said.author].delete(self._path(said))).status_code == 204

    async def _ack(self, reader: int, said: Said, fields: Any = None) -> None:
        answer = await self.people[reader].post(f"{self._path(said)}/ack", fields or {})
        assert answer.status_code == 200, answer.text


async def _answer(request: Any) -> int:
    return int((await request).status_code)


async def _json(request: Any) -> Any:
    return (await request).json()


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory, migrated_database: MigratedDatabase) -> Iterator[None]:
    """An API for all runs of the machine."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        opening = open_api_in(tmp_path_factory.mktemp("unread"), migrated_database)
        Unread.runner = runner
        Unread.api = runner.run(stack.enter_async_context(opening))
        try:
            yield
        finally:
            runner.run(stack.aclose())


@pytest.mark.usefixtures("running")
def test_counts_are_those_of_the_model() -> None:
    run_state_machine_as_test(Unread, settings=settings(max_examples=15, stateful_step_count=25, deadline=None))
