"""The last moments of a process: it ends in time, whatever is left in it.

A process of which a part has failed serves nobody any more, and another one is started in its place only when it is
gone. So its other parts have some seconds for their end. What waits then is told, and the process ends without it: a
task that has swallowed its cancellation, a thread of a driver, a pipe that nobody reads.

When all is closed, nothing is left but objects. Python would look at each of them several times before it ends, which
takes a large process seconds on a busy machine. `leave` ends it at once.
"""

import asyncio
import contextlib
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Final, NoReturn

logger = logging.getLogger(__name__)

END_S: Final = 10.0
"""More than the bounds of all parts together, and less than anybody waits for who looks after the process."""
_WORDS_S: Final = 1.0
"""The time for telling what is left. The output may be what the process waits for."""
_FAILED: Final = 1
_TOLD: Final = 20
"""The most tasks that are told."""


class EndDeadline:
    """The bound of an end. It must be made on the loop of the process."""

    __slots__ = ("_has_begun", "_leave", "_limit_s", "_loop")

    def __init__(self, limit_s: float = END_S, *, leave: Callable[[int], object] = os._exit) -> None:
        """`leave` ends the process with a status."""
        self._limit_s = limit_s
        self._leave = leave
        self._loop = asyncio.get_running_loop()
        self._has_begun = False

    def begin(self) -> None:
        """Give the process its last seconds. A thread counts them, as the loop itself may stand still."""
        if not self._has_begun:
            self._has_begun = True
            _start_timer(self._limit_s, self._expire)

    def _expire(self) -> None:
        _start_timer(_WORDS_S, lambda: self._leave(_FAILED))
        with contextlib.suppress(Exception):
            logger.critical("the process did not end in time", extra={"waits": self._list_what_waits()})
        self._leave(_FAILED)

    def _list_what_waits(self) -> list[str]:
        main = sys._current_frames().get(threading.main_thread().ident or 0)
        place = "".join(traceback.format_stack(main, limit=3)[-1:]).strip()
        tasks = [task for task in asyncio.all_tasks(self._loop) if not task.done()]
        return [f"main thread: {place}", *map(_describe, tasks[:_TOLD])]


def leave(status: int) -> NoReturn:
    """End the process now. Everything that must be closed is closed already."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it, or it is closed
            stream.flush()
    os._exit(status)


def _start_timer(after_s: float, call: Callable[[], object]) -> None:
    timer = threading.Timer(after_s, call)
    timer.daemon = True
    timer.start()


def _describe(task: "asyncio.Task[object]") -> str:
    """Return a task's name and the innermost place of our code in which it waits."""
    frames = task.get_stack()
    place = f"{frames[-1].f_code.co_filename}:{frames[-1].f_lineno}" if frames else "nowhere"
    return f"{task.get_name()}: {place}"
