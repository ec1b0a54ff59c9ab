"""What happens to a server, by the seed: it is killed and started again, stopped for a while, killed while it starts.

Half of the kills come at a time, the other half with an answer: most of what can go wrong lies within milliseconds of
one, and a random time hardly ever hits those.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from tests.simulation.world.network import HttpPort
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.server import EmbeddedServer

_KILLS: Final = (0, 1, 1, 1, 2, 3)
_PAUSES: Final = (0, 0, 1, 1)
_LONGEST_PAUSE_S: Final = 9.0
_DOWN_S: Final = (0.05, 4.0)
_AFTER_ANSWER_S: Final = 0.006
"""A kill with an answer comes within so long after it."""


class Fate:
    """Kills and pauses one server. `loop` is nobody's process, so that nothing stops it."""

    def __init__(self, *, loop: ProcessLoop, server: EmbeddedServer, http: HttpPort, chance: Random) -> None:
        self._answers = 0
        self._fatal_answers: set[int] = set()
        self._http = http
        self._loop = loop
        self._server = server
        self._chance = chance

    def plan(self, *, within_s: float, answers: int) -> None:
        """Plan all that happens within so long, and within so many answers."""
        self._http.on_answer = self._count_answer
        for _ in range(self._chance.choice(_KILLS)):
            if self._chance.random() < 0.5:
                self._at(self._chance.random() * within_s, self._kill)
            else:
                self._fatal_answers.add(self._chance.randrange(answers))
        for _ in range(self._chance.choice(_PAUSES)):
            self._at(self._chance.random() * within_s, self._pause)

    def end(self) -> None:
        """Let no later answer be fatal: fewer may have come than were planned for."""
        self._fatal_answers.clear()

    def _count_answer(self) -> None:
        self._answers += 1
        if self._answers in self._fatal_answers:
            self._at(self._chance.random() * _AFTER_ANSWER_S, self._kill)

    def _at(self, delay_s: float, happen: Callable[[], None]) -> None:
        self._loop.call_later(delay_s, happen)

    def _kill(self) -> None:
        self._server.kill()
        self._at(self._chance.uniform(*_DOWN_S), self._start)

    def _start(self) -> None:
        if not self._server.is_running:
            self._server.start()

    def _pause(self) -> None:
        self._server.pause()
        self._at(self._chance.random() * _LONGEST_PAUSE_S, self._server.resume)
