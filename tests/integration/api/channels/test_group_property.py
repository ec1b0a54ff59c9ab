"""A group whose people come, go, write and hand it on at random, against a plain model.

The model is the list of those who are in it and its owner. Each event of the group must go to those whom it concerns, no
others; and what each person's events lead to must be what the model and the person's own list say.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.integration.api.conftest import open_api_in
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.stores.databases import MigratedDatabase

PEOPLE = 5
MINE = "/users/@me/channels"
numbers = st.integers(0, PEOPLE - 1)


class Groups(RuleBasedStateMachine):
    """The API, with people who are all friends, and one group at a time."""

    api: ClassVar[ApiUnderTest]
    runner: ClassVar[asyncio.Runner]
    people: ClassVar[list[Actor]]

    @initialize()
    def begin(self) -> None:
        self.api.deliveries.clear()
        answer = self._run(self.people[0].post(MINE, {"recipients": [each.id for each in self.people[1:3]]}))
        self.id = answer.json()["id"]
        self.path = f"/channels/{self.id}"
        self.inside, self.owner = [0, 1, 2], 0
        self.shown: list[set[int] | None] = [None] * PEOPLE
        """Whom each person's client shows as the others in the group, None without the group."""
        self.texts: list[list[str]] = [[] for _ in range(PEOPLE)]
        """What each person's client has heard."""
        self.expected: list[list[str]] = [[] for _ in range(PEOPLE)]
        self.count = 0

    def _run(self, request: Any) -> Any:
        return self.runner.run(request)

    @rule(who=numbers)
    def write(self, who: int) -> None:
        self.count += 1
        answer = self._run(self.people[who].post(f"{self.path}/messages", {"content": f"text {self.count}"}))
        assert (answer.status_code == 200) == (who in self.inside)
        if who in self.inside:
            for each in self.inside:
                self.expected[each].append(f"text {self.count}")

    @rule(who=numbers)
    def type(self, who: int) -> None:
        before = len(self.api.events("TYPING_START"))
        answer = self._run(self.people[who].post(f"{self.path}/typing"))
        assert (answer.status_code == 204) == (who in self.inside)
        told = [each.user_id for each in self.api.events("TYPING_START")[before:]]
        assert set(told) in (set(), {int(self.people[each].id) for each in self.inside})

    @rule(who=numbers, whom=numbers)
    def add(self, who: int, whom: int) -> None:
        answer = self._run(self.people[who].put(f"{self.path}/recipients/{self.people[whom].id}"))
        if who not in self.inside:
            assert answer.status_code in (403, 404)
        elif whom == who:
            assert answer.status_code == 400
        else:
            assert answer.status_code == 204
            self.inside += [] if whom in self.inside else [whom]

    @rule(who=numbers, whom=numbers)
    def remove(self, who: int, whom: int) -> None:
        answer = self._run(self.people[who].delete(f"{self.path}/recipients/{self.people[whom].id}"))
        may = who in self.inside and whom in self.inside and who in (whom, self.owner)
        assert (answer.status_code == 204) == may
        if may:
            self._part(whom)

    @rule(who=numbers)
    def leave(self, who: int) -> None:
        answer = self._run(self.people[who].delete(self.path))
        assert (answer.status_code == 200) == (who in self.inside)
        if who in self.inside:
            self._part(who)

    @rule(who=numbers, whom=numbers)
    def hand_on(self, who: int, whom: int) -> None:
        answer = self._run(self.people[who].patch(self.path, {"owner": self.people[whom].id}))
        may = who in self.inside and (whom == self.owner or (who == self.owner and whom in self.inside))
        assert (answer.status_code == 200) == may
        self.owner = whom if may else self.owner

    @rule(pair=st.permutations(range(PEOPLE)))
    def part_at_once(self, pair: list[int]) -> None:
        """Two leave at the same moment."""
        leaving = [each for each in pair[:2] if each in self.inside]

        async def both() -> None:
            await asyncio.gather(*(self.people[each].delete(self.path) for each in leaving))

        self._run(both())
        left = [each for each in self.inside if each not in leaving]
        if self.owner in leaving and left:
            self.owner = left[0]
        self.inside = left

    def _part(self, who: int) -> None:
        self.inside.remove(who)
        if self.owner == who and self.inside:
            self.owner = self.inside[0]

    @invariant()
    def events_went_to_those_whom_they_concern_and_lead_to_the_truth(self) -> None:
        place = {int(person.id): number for number, person in enumerate(self.people)}
        for envelope, payload in zip(self.api.events(), self.api.payloads(), strict=True):
            if str(envelope.channel_id) == self.id:
                self._hear(place[envelope.user_id], envelope.event, payload)
        self.api.deliveries.clear()
        assert self.texts == self.expected
        for number in range(PEOPLE):
            others = set(self.inside) - {number} if number in self.inside else None
            assert self.shown[number] == others, number

    def _hear(self, number: int, event: str, payload: dict[str, Any]) -> None:
        place = {person.id: number for number, person in enumerate(self.people)}
        shown = self.shown[number]
        match event:
            case "CHANNEL_CREATE" | "CHANNEL_UPDATE":
                assert (shown is None) == (event == "CHANNEL_CREATE")
                self.shown[number] = {place[user["id"]] for user in payload["recipients"]}
            case "CHANNEL_DELETE":
                assert shown is not None
                self.shown[number] = None
            case "CHANNEL_RECIPIENT_ADD" | "CHANNEL_RECIPIENT_REMOVE":
                assert shown is not None
                change = shown.add if event == "CHANNEL_RECIPIENT_ADD" else shown.remove
                change(place[payload["user"]["id"]])
            case "MESSAGE_CREATE":
                # Of two who leave at once, one may still be told that the other has left.
                assert shown is not None or payload["type"] != 0
                self.texts[number] += [payload["content"]] if payload["type"] == 0 else []

    @invariant()
    def lists_show_the_group_to_those_who_are_in_it(self) -> None:
        for number, person in enumerate(self.people):
            listed = [each for each in self._run(person.get(MINE)).json() if each["id"] == self.id]
            assert len(listed) == (number in self.inside)
            for each in listed:
                assert each["owner_id"] == self.people[self.owner].id


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory, migrated_database: MigratedDatabase) -> Iterator[None]:
    """An API for all runs of the machine."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        Groups.runner = runner
        Groups.api = api = runner.run(
            stack.enter_async_context(open_api_in(tmp_path_factory.mktemp("groups"), migrated_database))
        )
        try:
            Groups.people = people = [runner.run(api.register()) for _ in range(PEOPLE)]
            for place, person in enumerate(people):
                runner.run(api.befriend(person, *people[place + 1 :]))
            yield
        finally:
            runner.run(stack.aclose())


@pytest.mark.usefixtures("running")
def test_group_is_that_of_the_model() -> None:
    run_state_machine_as_test(Groups, settings=settings(max_examples=15, stateful_step_count=20, deadline=None))
