"""A crowd asks a home a few at a time, in its order."""

import asyncio

from gateway.far.doorways import Doorways


class Crowd:
    """Sessions that ask homes, and who is at a home now."""

    def __init__(self, doors: Doorways) -> None:
        self._doors = doors
        self.inside: list[int] = []
        self.most = 0
        self._answered: dict[int, asyncio.Event] = {}

    async def ask(self, number: int, home: str) -> None:
        """Stand in line, and wait for the home's answer."""
        self._answered[number] = asyncio.Event()
        async with self._doors.to(home):
            self.inside.append(number)
            self.most = max(self.most, len(self.inside))
            await self._answered[number].wait()
            self.inside.remove(number)

    def answer(self, number: int) -> None:
        """Let the home answer a session."""
        self._answered[number].set()


async def _pass_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_crowd_asks_a_few_at_a_time_and_in_its_order() -> None:
    crowd = Crowd(Doorways(at_once=3))
    order = []
    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(crowd.ask(number, "home"))
        await _pass_turns()
        while crowd.inside:
            first = crowd.inside[0]
            order.append(first)
            crowd.answer(first)
            await _pass_turns()
    assert order == list(range(20))
    assert crowd.most == 3


async def test_home_that_is_silent_keeps_nobody_from_another() -> None:
    crowd = Crowd(Doorways(at_once=1))
    async with asyncio.TaskGroup() as tasks:
        for number, home in enumerate(["silent", "silent", "home"]):
            tasks.create_task(crowd.ask(number, home))
        await _pass_turns()
        assert crowd.inside == [0, 2]
        for number in (0, 1, 2):
            crowd.answer(number)
            await _pass_turns()


async def test_line_of_a_home_that_is_gone_goes_on() -> None:
    doors = Doorways(at_once=1)
    crowd = Crowd(doors)
    async with asyncio.TaskGroup() as tasks:
        for number in (0, 1):
            tasks.create_task(crowd.ask(number, "home"))
        await _pass_turns()
        doors.forget("home")
        tasks.create_task(crowd.ask(2, "home"))
        await _pass_turns()
        assert crowd.inside == [0, 2]
        for number in (0, 1, 2):
            crowd.answer(number)
            await _pass_turns()
    assert crowd.inside == []
