"""Three people who ask, accept, block and remove at random, one by one and at once, against a plain model.

The model knows who blocks whom, who has asked whom and who are friends, as sets. What each person's list shows, and
what each person's events lead to, must be what the model says.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.domain.events import RELATIONSHIP_EVENTS
from tests.integration.api.conftest import open_api_in
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.stores.databases import MigratedDatabase

FRIEND, BLOCKED, INCOMING, OUTGOING = 1, 2, 3, 4
MINE = "/users/@me/relationships"
PEOPLE = 3

pairs = st.permutations(range(PEOPLE)).map(lambda order: (order[0], order[1]))
wishes = st.sampled_from(["ask", "block", "remove"])


class Model:
    """Sets of ordered pairs (friends in both orders)."""

    def __init__(self) -> None:
        self.friends: set[tuple[int, int]] = set()
        self.asked: set[tuple[int, int]] = set()
        self.blocks: set[tuple[int, int]] = set()

    def ask(self, one: int, other: int) -> int:
        back = (other, one)
        if {(one, other), back} & self.blocks:
            return 80001
        if (one, other) in self.friends:
            return 80007
        if back in self.asked:
            self.asked.discard(back)
            self.friends |= {(one, other), back}
        else:
            self.asked.add((one, other))
        return 204

    def block(self, one: int, other: int) -> int:
        self.part(one, other)
        self.blocks.add((one, other))
        return 204

    def remove(self, one: int, other: int) -> int:
        self.part(one, other)
        self.blocks.discard((one, other))
        return 204

    def part(self, one: int, other: int) -> None:
        for pair in ((one, other), (other, one)):
            self.friends.discard(pair)
            self.asked.discard(pair)

    def seen_by(self, one: int) -> dict[int, int]:
        return {
            **{other: FRIEND for each, other in self.friends if each == one},
            **{other: OUTGOING for each, other in self.asked if each == one},
            **{each: INCOMING for each, other in self.asked if other == one},
            **{other: BLOCKED for each, other in self.blocks if each == one},
        }


async def carry_out(wish: str, actor: Actor, other: Actor) -> int:
    path = f"{MINE}/{other.id}"
    if wish == "remove":
        answer = await actor.delete(path)
    else:
        answer = await actor.put(path, {"type": BLOCKED} if wish == "block" else {})
    return answer.status_code if answer.status_code == 204 else int(answer.json()["code"])


class Relationships(RuleBasedStateMachine):
    """The API and the model, with three new people in each run."""

    api: ClassVar[ApiUnderTest]
    runner: ClassVar[asyncio.Runner]

    @initialize()
    def begin(self) -> None:
        self.people = [self.runner.run(self.api.register()) for _ in range(PEOPLE)]
        self.place = {person.id: number for number, person in enumerate(self.people)}
        self.model = Model()
        self.told: list[dict[int, int]] = [{} for _ in range(PEOPLE)]
        self.api.deliveries.clear()

    @rule(pair=pairs, wish=wishes)
    def wish(self, pair: tuple[int, int], wish: str) -> None:
        one, other = pair
        answer = self.runner.run(carry_out(wish, self.people[one], self.people[other]))
        assert answer == getattr(self.model, wish)(one, other)

    @rule(pair=pairs, wishes=st.tuples(wishes, wishes))
    def wish_at_once(self, pair: tuple[int, int], wishes: tuple[str, str]) -> None:
        """Two people wish at the same moment: the end is that of one of the two orders."""
        one, other = pair
        answers = self.runner.run(self._both(pair, wishes))
        ends = []
        for is_swapped in (False, True):
            model = Model()
            model.friends, model.asked, model.blocks = map(
                set, (self.model.friends, self.model.asked, self.model.blocks)
            )
            steps = [(0, wishes[0], one, other), (1, wishes[1], other, one)]
            expected = [0, 0]
            for place, wish, who, whom in reversed(steps) if is_swapped else steps:
                expected[place] = getattr(model, wish)(who, whom)
            ends.append((expected, model))
        shown = [self._list(number) for number in range(PEOPLE)]
        fitting = [
            model
            for expected, model in ends
            if expected == answers and [model.seen_by(number) for number in range(PEOPLE)] == shown
        ]
        assert fitting, (wishes, answers, shown)
        self.model = fitting[0]

    async def _both(self, pair: tuple[int, int], wishes: tuple[str, str]) -> list[int]:
        one, other = (self.people[number] for number in pair)
        return list(await asyncio.gather(carry_out(wishes[0], one, other), carry_out(wishes[1], other, one)))

    def _list(self, number: int) -> dict[int, int]:
        listed = self.runner.run(self.people[number].get(MINE)).json()
        return {self.place[each["id"]]: each["type"] for each in listed}

    @invariant()
    def lists_show_the_model(self) -> None:
        for number in range(PEOPLE):
            assert self._list(number) == self.model.seen_by(number)

    @invariant()
    def events_lead_to_the_model(self) -> None:
        envelopes = self.api.events(*RELATIONSHIP_EVENTS)
        for envelope, payload in zip(envelopes, self.api.payloads(*RELATIONSHIP_EVENTS), strict=True):
            self._hear(self.place[str(envelope.user_id)], envelope.event, payload)
        self.api.deliveries.clear()
        assert self.told == [self.model.seen_by(number) for number in range(PEOPLE)]

    def _hear(self, number: int, event: str, payload: dict[str, Any]) -> None:
        other = self.place[payload["id"]]
        if event == "RELATIONSHIP_REMOVE":
            assert self.told[number].pop(other) == payload["type"]
        else:
            self.told[number][other] = payload["type"]


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory, migrated_database: MigratedDatabase) -> Iterator[None]:
    """An API for all runs of the machine."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        opening = open_api_in(tmp_path_factory.mktemp("relationships"), migrated_database)
        Relationships.runner = runner
        Relationships.api = runner.run(stack.enter_async_context(opening))
        try:
            yield
        finally:
            runner.run(stack.aclose())


@pytest.mark.usefixtures("running")
def test_relationships_are_those_of_the_model() -> None:
    run_state_machine_as_test(Relationships, settings=settings(max_examples=20, stateful_step_count=20, deadline=None))
