"""What many sessions have to do at once, done by some of them in each turn of the loop.

```
 take ─→ one after the other is taken from its seat, SEATS_A_TURN in a turn ─→ stranded
 when no seats are left: those that are to `start` do so, STARTS_A_TURN in a turn
```

A few sessions do all of it in the turn in which it is asked for, and the next one. So no turn is longer the more
sessions there are: the lease is renewed, and heartbeats are answered.

Owns who has yet to be taken, and to start.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

from gateway.far.stranding import Stranded, Strandings
from gateway.scheduling.tasks import Tasks

SEATS_A_TURN: Final = 256
"""The seats that are taken in one turn of the loop: some 5 ms."""
STARTS_A_TURN: Final = 256
"""The moves that begin to ask in one turn of the loop: some 10 ms."""


class Crowd:
    """`on_stranded` takes each session that has lost its seat."""

    __slots__ = ("_is_going", "_on_stranded", "_starting", "_taking", "_tasks")

    def __init__(self, *, tasks: Tasks, on_stranded: Callable[[Stranded], None]) -> None:
        self._is_going = False
        """Whether a task goes on with what is left."""
        self._on_stranded = on_stranded
        self._starting: deque[Callable[[], Coroutine[Any, Any, None]]] = deque()
        self._taking: deque[Strandings] = deque()
        self._tasks = tasks

    def take(self, seats: Strandings) -> None:
        """Take sessions from their seats: the first ones in this turn, if no others are before them."""
        self._taking.append(seats)
        if len(self._taking) == 1:
            self._take_some()
        self._wake()

    def start(self, move: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a task in one of the next turns."""
        self._starting.append(move)
        self._wake()

    def _wake(self) -> None:
        if not self._is_going and (self._taking or self._starting):
            self._is_going = True
            self._tasks.spawn(self._go_on())

    async def _go_on(self) -> None:
        try:
            while self._taking or self._starting:
                if self._taking:
                    self._take_some()
                else:
                    for _ in range(min(STARTS_A_TURN, len(self._starting))):
                        self._tasks.spawn(self._starting.popleft()())
                await asyncio.sleep(0)
        finally:
            self._is_going = False

    def _take_some(self) -> None:
        for _ in range(SEATS_A_TURN):
            try:
                stranded = next(self._taking[0])
            except StopIteration:
                self._taking.popleft()
                if not self._taking:
                    return
                continue
            if stranded is not None:
                self._on_stranded(stranded)
