"""A work whose process is killed before its n-th step on the disk, for each n until it ends by itself.

A step is what the disk keeps in an order: a sync, a new name of a file, a removal. Each try is a process of its own, a
fork of one that has loaded everything already. Who calls has no threads.
"""

import os
import signal
from collections.abc import Callable
from itertools import count
from typing import Any, Final

_STEPS: Final = ("fsync", "link", "mkdir", "rename", "replace", "unlink")


def run_and_kill(work: Callable[[], None], prepare: Callable[[], None], check: Callable[[], None]) -> int:
    """For each n: prepare, run the work in a process that is killed before its n-th step, and check what it has left.

    Return the number of kills: with one step more the work has ended, and is checked as well.
    """
    for step in count(1):
        in_process(prepare)
        status = in_process(lambda step=step: _kill_at(step, work))  # type: ignore[misc]
        in_process(check)
        if status == 0:
            return step - 1
        assert os.WTERMSIG(status) == signal.SIGKILL
    raise AssertionError


def in_process(work: Callable[[], None]) -> int:
    """Run in a forked process, and return its wait status, which is zero or that of a kill."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise AssertionError("a process failed; its error is above")
    return status


def _kill_at(step: int, work: Callable[[], None]) -> None:
    steps = count(1)

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return run

    for name in _STEPS:
        setattr(os, name, counted(getattr(os, name)))
    work()
