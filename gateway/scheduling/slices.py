"""Long works that are done in slices: some steps in each turn of the loop, so that everything else has its turn."""

from collections import deque
from collections.abc import Iterator

from gateway.scheduling.batch_timer import CallLater, Handle


class Slices:
    """A work is an iterator that does one step each time. Works are done one after the other."""

    __slots__ = ("_call_later", "_handle", "_steps_a_turn", "_works")

    def __init__(self, *, steps_a_turn: int, call_later: CallLater) -> None:
        self._call_later = call_later
        self._handle: Handle | None = None
        self._steps_a_turn = steps_a_turn
        self._works: deque[Iterator[object]] = deque()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to be done."""
        return not self._works

    def add(self, work: Iterator[object]) -> None:
        """Do a work: its first steps in this turn, if no other is before it."""
        self._works.append(work)
        if len(self._works) == 1:
            self._go_on()

    def close(self) -> None:
        """Do nothing more."""
        self._works.clear()
        if self._handle is not None:
            self._handle.cancel()

    def _go_on(self) -> None:
        self._handle = None
        try:
            self._do_some()
        finally:
            if self._works:
                self._handle = self._call_later(0, self._go_on)

    def _do_some(self) -> None:
        for _ in range(self._steps_a_turn):
            try:
                next(self._works[0])
            except StopIteration:
                self._works.popleft()
                if not self._works:
                    return
