"""A transition: clients get ready for other keys or for another version, and then all change together."""

from collections.abc import Callable, Mapping

from voice.dave.participant import Participant, Timer


class Transition:
    """One transition. It is over when all are ready, or in time without those who are not."""

    __slots__ = ("_over", "_timer", "_waiting", "number", "told")

    def __init__(
        self, number: int, told: Mapping[int, Participant], *, start: Callable[[Callable[[], None]], Timer],
        over: Callable[[], None],
    ) -> None:  # fmt: skip
        """`start` sets the timer. `over` is called once, and never before this returns."""
        self.number = number
        self.told = dict(told)
        """Who takes part, by user id."""
        self._waiting = set(told)
        self._over = over
        self._timer = start(self._end)

    def ready(self, user_id: int) -> None:
        """Wait for this one no longer."""
        if user_id in self._waiting:
            self._waiting.discard(user_id)
            if not self._waiting:
                self._end()

    def leave(self, user_id: int) -> None:
        """Take somebody out who is gone."""
        self.told.pop(user_id, None)
        self.ready(user_id)

    def cancel(self) -> None:
        """Let it never be over."""
        self._timer.cancel()
        self._waiting.clear()

    def _end(self) -> None:
        self.cancel()
        self._over()
