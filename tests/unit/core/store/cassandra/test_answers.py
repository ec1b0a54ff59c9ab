"""Answers of another thread reach the loop all, in order, and with few wake-ups."""

import asyncio
import threading
from typing import Any

from typing_extensions import override

from core.store.cassandra.answers import Answers

COUNT = 20_000


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop that counts how often another thread wakes it."""

    wakes = 0

    @override
    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        self.wakes += 1
        return super().call_soon_threadsafe(callback, *args, context=context)


def test_burst_wakes_the_loop_once() -> None:
    taken: list[tuple[int, Any]] = []

    async def main() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, CountingLoop)
        answers: Answers[int] = Answers(loop=loop, take=lambda call, rows, _: taken.append((call, rows)))
        burst = threading.Thread(target=lambda: [answers.put_rows(number, number) for number in range(100)])
        burst.start()
        burst.join()  # the loop stands still meanwhile
        await asyncio.sleep(0)
        return loop.wakes

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        assert runner.run(main()) == 1
    assert taken == [(number, number) for number in range(100)]


async def test_no_answer_of_several_threads_is_left() -> None:
    """The race between the last look into the queue and the next answer, many times."""
    done = asyncio.Event()
    taken: list[int] = []

    def take(call: int, _: Any, error: Exception | None) -> None:
        taken.append(call)
        if len(taken) == 2 * COUNT:
            done.set()

    answers: Answers[int] = Answers(loop=asyncio.get_running_loop(), take=take)
    puts = (
        lambda: [answers.put_rows((), number) for number in range(COUNT)],
        lambda: [answers.put_error(ValueError(), number) for number in range(COUNT, 2 * COUNT)],
    )
    threads = [threading.Thread(target=put) for put in puts]
    for thread in threads:
        thread.start()
    await asyncio.wait_for(done.wait(), 60)
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(2 * COUNT))
    assert [call for call in taken if call < COUNT] == list(range(COUNT))


def test_answer_after_the_end_of_the_loop_is_dropped() -> None:
    loop = asyncio.new_event_loop()
    answers: Answers[int] = Answers(loop=loop, take=lambda *_: None)
    loop.close()
    answers.put_rows((), 1)
