"""The event loop of one simulated process, on the world's clock.

It has what our code uses of a loop: calls, tasks, futures, and an executor without threads. Whatever it does not have
(sockets, signals, subprocesses) raises NotImplementedError, so nothing real is reached unnoticed.
"""

import asyncio
import contextlib
import enum
from asyncio import events
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

if TYPE_CHECKING:
    from tests.simulation.world.world import World

EXECUTOR_S: Final = 0.002
"""The virtual time of a function that a thread would run: hashing a password, reading a file."""

_CLOSES: Final = 3
"""A task group waits for its tasks even when it is closed, so the first time does not end a coroutine that has one."""


class LoopState(enum.Enum):
    """What the operating system does with the process."""

    RUNNING = "running"
    PAUSED = "paused"
    """SIGSTOP: time goes on, and the process does not see it."""
    KILLED = "killed"


class ProcessLoop(asyncio.AbstractEventLoop):
    """A loop whose handles the world runs."""

    def __init__(self, name: str, *, world: "World") -> None:
        self.name = name
        self.state = LoopState.RUNNING
        self.waiting: list[tuple[float, int, asyncio.Handle]] = []
        """The handles whose time has come while the process is paused."""
        self._world = world
        self._tasks: set[asyncio.Task[Any]] = set()

    # ---- the process

    def kill(self) -> None:
        """Run none of its handles any more."""
        self.state = LoopState.KILLED
        self.waiting.clear()

    def pause(self) -> None:
        """Stop it."""
        self.state = LoopState.PAUSED

    def resume(self) -> None:
        """Let it go on: it does all at once whose time has come meanwhile."""
        if self.state is LoopState.PAUSED:
            self.state = LoopState.RUNNING
            waiting, self.waiting = sorted(self.waiting), []
            for at_s, _, handle in waiting:
                self._world.put(at_s, handle)

    def bury(self) -> None:
        """Close the coroutines that were abandoned, so that no later collection does it at another time."""
        self.kill()
        events._set_running_loop(self)
        try:
            while self._tasks:  # what is closed may begin others
                task = self._tasks.pop()
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is known
                for _ in range(_CLOSES):
                    with contextlib.suppress(BaseException):
                        task.get_coro().close()  # type: ignore[union-attr]
        finally:
            events._set_running_loop(None)

    # ---- what asyncio and our code call

    @override
    def time(self) -> float:
        return self._world.now_s

    @override
    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:  # type: ignore[override]
        handle = asyncio.Handle(callback, args, self, context)
        self._world.put(self._world.now_s, handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    @override
    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._world.now_s + max(0.0, delay), callback, *args, context=context)

    @override
    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._world.put(when, handle)
        return handle

    @override
    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    @override
    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @override
    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future = self.create_future()
        self.call_later(EXECUTOR_S, self._run_function, future, func, args)
        return future

    @staticmethod
    def _run_function(future: asyncio.Future[Any], func: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            result = func(*args)
        except Exception as error:
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)

    @override
    def get_debug(self) -> bool:
        return False

    @override
    def is_running(self) -> bool:
        return events._get_running_loop() is self

    @override
    def is_closed(self) -> bool:
        return False

    @override
    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if self.state is not LoopState.KILLED:
            self._world.trace.fault(self.name, f"{context.get('message')}: {context.get('exception')!r}")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Nothing: a cancelled handle is dropped when its time comes."""
